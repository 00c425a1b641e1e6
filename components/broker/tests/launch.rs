/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use direct_sockets_broker::{Config, KEPT_VARIABLES, NET_PROCESS_MARK, NetCommand};
use direct_sockets_traits::limits::NET_START_TIMEOUT_MS;
use direct_sockets_traits::{SocketError, TRACE_VARIABLE};
use libtest_mimic::Trial;
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

use crate::support::programs::{Embedder, Script, binary};
use crate::support::{ORIGIN, PATIENCE, broker, broker_with, connect, wait_until_gone};
use crate::trials;

const UNAVAILABLE: SocketError = SocketError::NetProcessUnavailable;

pub fn tests() -> Vec<Trial> {
    trials!(launch:
        a_binary_that_does_not_exist_is_an_error,
        a_binary_that_dies_at_once_is_an_error,
        a_binary_that_never_reports_in_is_given_up_and_killed,
        nothing_waits_for_a_binary_that_never_reports_in,
        a_start_is_given_up_by_shutdown,
        a_binary_of_another_version_is_refused_and_killed,
        a_broker_in_a_net_process_starts_no_other,
        the_environment_is_no_more_than_is_needed,
        descriptors_of_the_embedder_are_not_inherited,
        the_process_shows_what_it_is,
        a_long_name_of_the_temporary_directory_is_not_in_the_way,
    )
}

fn a_binary_that_does_not_exist_is_an_error() {
    let (_broker, sender) = broker_with(binary(Path::new("/nonexistent/net")));
    assert_eq!(connect(&sender, ORIGIN, 0).refused(), UNAVAILABLE);
}

fn a_binary_that_dies_at_once_is_an_error() {
    let script = Script::new("exit 1");
    let (broker, sender) = broker_with(script.config());
    let begin = Instant::now();
    let client = connect(&sender, ORIGIN, 0);
    assert_eq!(client.refused(), UNAVAILABLE);
    client.is_lost();
    // Its end was noticed, not waited for.
    assert!(begin.elapsed() < Duration::from_millis(NET_START_TIMEOUT_MS));
    assert_eq!(script.started().len(), 1);
    wait_until_gone(script.started()[0]);
    assert_eq!(broker.net_process_id(), None);
}

fn a_binary_that_never_reports_in_is_given_up_and_killed() {
    let script = Script::new("exec /bin/sleep 1000");
    let (_broker, sender) = broker_with(script.config());
    let clients: Vec<_> = (0..3).map(|_| connect(&sender, ORIGIN, 0)).collect();
    for client in clients {
        assert_eq!(client.refused(), UNAVAILABLE);
    }
    assert_eq!(script.started().len(), 1);
    wait_until_gone(script.started()[0]);
}

fn nothing_waits_for_a_binary_that_never_reports_in() {
    let script = Script::new("exec /bin/sleep 1000");
    let (broker, sender) = broker_with(script.config());
    let waiting = connect(&sender, ORIGIN, 0);
    crate::support::wait_until("it was started", || script.started().len() == 1);
    // The page goes on loading, others get their senders, figures and refusals.
    let begin = Instant::now();
    let other = crate::support::event_loop(&broker);
    assert_eq!(broker.statistics(PATIENCE), None);
    broker.set_allowed_origins(direct_sockets_broker::AllowedOrigins::List(vec![]));
    assert_eq!(
        connect(&other, ORIGIN, 0).refused(),
        SocketError::OriginNotAllowed
    );
    assert!(begin.elapsed() < Duration::from_millis(NET_START_TIMEOUT_MS));
    broker.shutdown(PATIENCE);
    assert_eq!(waiting.refused(), UNAVAILABLE);
}

fn a_start_is_given_up_by_shutdown() {
    let script = Script::new("exec /bin/sleep 1000");
    let (broker, sender) = broker_with(script.config());
    let waiting = connect(&sender, ORIGIN, 0);
    crate::support::wait_until("it was started", || script.started().len() == 1);
    broker.shutdown(PATIENCE);
    assert_eq!(waiting.refused(), UNAVAILABLE);
    wait_until_gone(script.started()[0]);
    // And does not come back as a failure of the next start.
    broker.configure(Config::default());
    connect(&sender, ORIGIN, 0).ready();
}

fn a_binary_of_another_version_is_refused_and_killed() {
    let script = Script::of_another_version();
    let (_broker, sender) = broker_with(script.config());
    assert_eq!(connect(&sender, ORIGIN, 0).refused(), UNAVAILABLE);
    assert_eq!(script.started().len(), 1);
    wait_until_gone(script.started()[0]);
}

fn a_broker_in_a_net_process_starts_no_other() {
    let embedder = Embedder::start(|command| {
        command.env(NET_PROCESS_MARK, "1");
    });
    assert_eq!(embedder.said, "Refused(NetProcessUnavailable)");
}

fn the_environment_is_no_more_than_is_needed() {
    let embedder = Embedder::start(|command| {
        command.env("SECRET", "of the embedder");
        command.env("RUST_LOG", "warn");
        command.env("HOST_FILE", "hosts");
        command.env(TRACE_VARIABLE, "trace.json");
        command.current_dir("/usr");
    });
    let environment = std::fs::read(format!("/proc/{}/environ", embedder.net_pid())).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let variables: Vec<&str> = environment
        .split('\0')
        .filter(|entry| !entry.is_empty())
        .collect();
    let names: BTreeSet<&str> = variables
        .iter()
        .filter_map(|variable| Some(variable.split_once('=')?.0))
        .collect();
    let mut allowed: BTreeSet<&str> = KEPT_VARIABLES.iter().copied().collect();
    allowed.insert(NET_PROCESS_MARK);
    assert!(names.is_subset(&allowed), "{names:?}");
    assert!(variables.contains(&"RUST_LOG=warn"), "{variables:?}");
    // Meant from the embedder's directory, and found from net's.
    assert!(variables.contains(&"HOST_FILE=/usr/hosts"), "{variables:?}");
    let trace = format!("{TRACE_VARIABLE}=/usr/trace.json");
    assert!(variables.contains(&trace.as_str()), "{variables:?}");
    assert!(variables.contains(&format!("{NET_PROCESS_MARK}=1").as_str()));
}

/// What a process has open.
fn descriptors_of(pid: u32) -> Vec<(i32, PathBuf)> {
    let directory = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let entries = directory.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        Some((number, std::fs::read_link(entry.path()).ok()?))
    });
    entries.collect()
}

fn descriptors_of_the_embedder_are_not_inherited() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let inherited = File::open(file.path()).unwrap();
    fcntl_setfd(
        &inherited,
        fcntl_getfd(&inherited).unwrap() - FdFlags::CLOEXEC,
    )
    .unwrap();
    let (_broker, sender) = broker();
    let pid = connect(&sender, ORIGIN, 0).ready();
    let open = descriptors_of(pid);
    assert!(
        !open.iter().any(|(_, target)| target == file.path()),
        "{open:?}"
    );
    for (number, target) in open {
        let target = target.to_string_lossy().into_owned();
        match number {
            0 | 1 => assert_eq!(target, "/dev/null"),
            2 => {},
            // Its own: channels, what watches them, and memory that is on its way to a client.
            _ => assert!(
                target.starts_with("socket:")
                    || target.starts_with("anon_inode:[event")
                    || target.starts_with("/memfd:direct-sockets"),
                "{number} is {target}"
            ),
        }
    }
}

fn the_process_shows_what_it_is() {
    let (_broker, sender) = broker_with(Config {
        net_command: NetCommand::CurrentExecutable,
        ..Config::default()
    });
    let pid = connect(&sender, ORIGIN, 0).ready();
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let line = String::from_utf8(line).unwrap();
    let words: Vec<&str> = line.split('\0').collect();
    assert_eq!(Path::new(words[0]), std::env::current_exe().unwrap());
    assert_eq!(words[1], "--direct-sockets-net");
    assert_eq!(
        std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(),
        Path::new("/")
    );
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    assert_eq!(name.trim(), "direct-sockets");
}

fn a_long_name_of_the_temporary_directory_is_not_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let long = directory.path().join("x".repeat(200));
    std::fs::create_dir(&long).unwrap();
    let embedder = Embedder::start(|command| {
        command.env("TMPDIR", &long);
    });
    embedder.net_pid();
    assert_eq!(std::fs::read_dir(&long).unwrap().count(), 0);
}
