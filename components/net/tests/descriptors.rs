/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;

use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};

use crate::support::{TestNet, descriptors_of};

#[test]
fn inherited_descriptors_are_closed_first_of_all() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // A few that are inherited, one of them with a large number.
    let inherited: Vec<File> = (0..3).map(|_| File::open(file.path()).unwrap()).collect();
    for file in &inherited {
        fcntl_setfd(file, fcntl_getfd(file).unwrap() - FdFlags::CLOEXEC).unwrap();
    }
    let net = TestNet::start();
    let open = descriptors_of(net.pid());
    let path = file.path().to_path_buf();
    assert!(
        descriptors_of(std::process::id())
            .iter()
            .any(|(_, target)| *target == path)
    );
    assert!(!open.iter().any(|(_, target)| *target == path), "{open:?}");
    // What it has is its own: the runtime's and the channel to the broker.
    for (number, target) in open.into_iter().filter(|(number, _)| *number > 2) {
        let target = target.to_string_lossy().into_owned();
        let is_own = [
            "socket:",
            "anon_inode:[eventpoll]",
            "anon_inode:[eventfd]",
            "pipe:",
        ]
        .iter()
        .any(|kind| target.starts_with(kind));
        assert!(is_own, "{number} is {target}");
    }
    assert!(inherited.iter().all(|file| file.as_raw_fd() > 2));
}

#[test]
fn the_soft_limit_of_descriptors_is_raised_to_the_hard_one() {
    let own = getrlimit(Resource::Nofile);
    let hard = own.maximum.unwrap_or(4096).min(4096);
    let limit = Rlimit {
        current: Some(64),
        maximum: Some(hard),
    };
    let net = TestNet::start_with(|command| {
        let lowered = limit;
        let lower = move || {
            rustix::process::setrlimit(Resource::Nofile, lowered)?;
            Ok(())
        };
        // SAFETY: setrlimit(2) may be called between fork and exec.
        unsafe { command.pre_exec(lower) };
    });
    let text = std::fs::read_to_string(format!("/proc/{}/limits", net.pid())).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let mut numbers = line
        .split_whitespace()
        .filter_map(|word| word.parse::<u64>().ok());
    assert_eq!(
        (numbers.next(), numbers.next()),
        (Some(hard), Some(hard)),
        "{line}"
    );
}

#[test]
fn tcp_open_02_without_descriptors_an_open_fails_and_the_process_survives() {
    let net = TestNet::start();
    let client = net.client();
    let address = crate::support::peer::echo();
    let first = client.open(address);
    // From now on no descriptor beyond those that are open.
    let pid = Pid::from_raw(net.pid() as i32).unwrap();
    let old = prlimit(
        Some(pid),
        Resource::Nofile,
        Rlimit {
            current: Some(3),
            maximum: getrlimit(Resource::Nofile).maximum,
        },
    )
    .unwrap();
    let error = client.open_error("127.0.0.1", address.port(), Default::default());
    assert_eq!(error, direct_sockets_traits::SocketError::TooManyOpenFiles);
    // Neither can a new client come; its channel breaks and the process goes on.
    let lost = net.register(crate::support::grant());
    assert!(
        lost.events
            .try_recv_timeout(crate::support::PATIENCE)
            .is_err()
    );
    prlimit(Some(pid), Resource::Nofile, old).unwrap();
    let second = client.open(address);
    for id in [first, second] {
        client.write(id, b"x").unwrap();
        assert_eq!(client.read_exactly(id, 1), b"x");
    }
}
