/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::Read;
use std::process::{Command, Stdio};

use direct_sockets_traits::{NetControl, NetStatistics, SocketId, SocketRequest};

use crate::support::{TestNet, peer, socket_descriptors_of, wait_until};

#[test]
fn it_reports_in_and_answers() {
    let net = TestNet::start();
    let figures = net.statistics();
    // The question itself, and what wakes a process that begins.
    let expected = NetStatistics {
        control_messages: 1,
        wake_ups: figures.wake_ups,
        ..Default::default()
    };
    assert_eq!(figures, expected);
}

#[test]
fn it_ends_when_the_control_channel_closes() {
    let mut net = TestNet::start();
    drop(net.control.take());
    assert!(net.wait_for_end().success());
}

#[test]
fn it_ends_when_it_is_told_to() {
    let mut net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    client.open(address);
    let mut stream = peer::accept(&listener);
    net.control().send(NetControl::Exit).unwrap();
    assert!(net.wait_for_end().success());
    // Its connections end with it.
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}

#[test]
fn srv_r_10_it_ends_in_an_orderly_way_when_the_machine_shuts_down() {
    let mut net = TestNet::start();
    // Once it answers it has heard of signals.
    net.statistics();
    let pid = rustix::process::Pid::from_raw(net.pid().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(net.wait_for_end().success());
}

#[test]
fn it_ends_while_a_name_is_being_resolved() {
    // A hosts file that nobody writes: opening it for reading waits for ever.
    let directory = tempfile::tempdir().unwrap();
    let fifo = directory.path().join("hosts");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let mut net = TestNet::start_with(|command| {
        command.env("HOST_FILE", &fifo);
    });
    let client = net.client();
    let id = client.start_open("slow.example", 1, Default::default());
    net.wait_for("the socket is there", |figures| figures.sockets == 1);
    client.send(SocketRequest::Abandon { id, keep: 0 });
    net.wait_for("the socket is forgotten", |figures| figures.sockets == 0);
    drop(net.control.take());
    assert!(net.wait_for_end().success());
}

#[test]
fn it_writes_nothing_to_standard_output() {
    let mut net = TestNet::start_with(|command| {
        command
            .stdout(Stdio::piped())
            .env("RUST_LOG", "trace")
            .stderr(Stdio::null());
    });
    let client = net.client();
    client.open(peer::echo());
    client.open_error("127.0.0.1", 0, Default::default());
    drop(net.control.take());
    net.wait_for_end();
    let mut written = Vec::new();
    net.child
        .stdout
        .take()
        .unwrap()
        .read_to_end(&mut written)
        .unwrap();
    assert!(written.is_empty());
}

#[test]
fn without_a_token_it_says_how_it_is_used() {
    for arguments in [
        &[][..],
        &["--direct-sockets-net"],
        &["--direct-sockets-net", "a", "b"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_direct-sockets-net"))
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn a_token_that_leads_nowhere_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_direct-sockets-net"))
        .args(["--direct-sockets-net", "/nonexistent/socket"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn malformed_control_messages_are_dropped() {
    let net = TestNet::start();
    // The same channel, as if it took numbers.
    let control = net.control().clone().to_opaque().to::<Vec<u64>>();
    control.send(vec![u64::MAX; 100]).unwrap();
    control.send(vec![]).unwrap();
    assert_eq!(net.statistics().clients, 0);
    let client = net.client();
    client.open(peer::echo());
}

#[test]
fn life_05_a_client_that_breaks_off_loses_its_sockets_and_nobody_elses() {
    let net = TestNet::start();
    let (listener, address) = peer::listen();
    let stays = net.client();
    let staying = stays.open(address);
    let mut staying_peer = peer::accept(&listener);
    let before = socket_descriptors_of(net.pid()).len();

    let goes = net.client();
    for _ in 0..5 {
        goes.open(address);
    }
    let mut peers: Vec<_> = (0..5).map(|_| peer::accept(&listener)).collect();
    goes.start_read(SocketId(1));
    drop(goes);
    for stream in &mut peers {
        assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
    }
    net.wait_for("one client with one socket", |figures| {
        figures.clients == 1 && figures.sockets == 1
    });
    wait_until("the descriptors are as before", || {
        socket_descriptors_of(net.pid()).len() == before
    });

    use std::io::Write;
    staying_peer.write_all(b"still here").unwrap();
    assert_eq!(stays.read_exactly(staying, 10), b"still here");
}
