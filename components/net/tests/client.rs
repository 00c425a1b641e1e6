/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{Read, Write};

use direct_sockets_traits::limits::{MAX_PAYLOAD, WRITE_WINDOW};
use direct_sockets_traits::{SocketError, SocketEvent, SocketId, SocketRequest};

use crate::support::{TestNet, peer};

#[test]
fn every_client_has_ids_of_its_own() {
    let net = TestNet::start();
    let (one, other) = (net.client(), net.client());
    let address = peer::echo();
    let (first, second) = (one.open(address), other.open(address));
    assert_eq!(first, second);
    one.write(first, b"one");
    other.write(second, b"two");
    assert_eq!(one.read_exactly(first, 3), b"one");
    assert_eq!(other.read_exactly(second, 3), b"two");
    one.close(first);
    other.write(second, b"three");
    assert_eq!(other.read_exactly(second, 5), b"three");
}

#[test]
fn life_08_unknown_ids_are_ignored() {
    let net = TestNet::start();
    let client = net.client();
    let id = SocketId(u64::MAX);
    client.send(SocketRequest::Read { id, max: 1 });
    client.send(SocketRequest::CancelRead { id });
    client.send_piece(id, b"x", true);
    client.send(SocketRequest::AbortWrite { id });
    client.send(SocketRequest::ShutdownWrite { id });
    client.send(SocketRequest::Close { id });
    client.send(SocketRequest::Abandon { id });
    client.expect_nothing();
}

#[test]
fn life_08_closing_twice_is_closing_once() {
    let net = TestNet::start();
    let client = net.client();
    let id = client.open(peer::echo());
    client.send(SocketRequest::Close { id });
    client.send(SocketRequest::Close { id });
    assert_eq!(client.next_of(id), SocketEvent::Closed);
    client.send(SocketRequest::Close { id });
    client.send(SocketRequest::Abandon { id });
    client.expect_nothing();
}

#[test]
fn life_08_an_id_that_is_in_use_is_not_opened_again() {
    let net = TestNet::start();
    let client = net.client();
    let address = peer::echo();
    let id = client.open(address);
    let again = crate::support::open_request(id, "127.0.0.1", address.port(), Default::default());
    client.send(again);
    client.expect_nothing();
    client.write(id, b"the same");
    assert_eq!(client.read_exactly(id, 8), b"the same");
    assert_eq!(net.statistics().sockets, 1);
}

#[test]
fn life_08_more_than_the_credit_closes_that_socket_alone() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let greedy = client.open(address);
    let mut greedy_peer = peer::accept(&listener);
    let honest = client.open(peer::echo());
    let piece = vec![0; MAX_PAYLOAD];
    // A hundred windows at once, whatever the answers are.
    for _ in 0..100 * (WRITE_WINDOW as usize / MAX_PAYLOAD) {
        client.send_piece(greedy, &piece, false);
    }
    loop {
        match client.next_of(greedy) {
            SocketEvent::WriteCredit(_) => {},
            SocketEvent::Closed => break,
            other => panic!("{other:?}"),
        }
    }
    let mut received = Vec::new();
    let _ = greedy_peer.read_to_end(&mut received);
    client.write(honest, b"not disturbed");
    assert_eq!(client.read_exactly(honest, 13), b"not disturbed");
    assert_eq!(net.statistics().sockets, 1);
}

#[test]
fn life_08_a_piece_over_the_limit_closes_that_socket() {
    let net = TestNet::start();
    let client = net.client();
    let id = client.open(peer::echo());
    client.send_piece(id, &vec![0; MAX_PAYLOAD + 1], true);
    assert_eq!(client.next_of(id), SocketEvent::Closed);
}

#[test]
fn the_grant_limits_the_sockets_at_the_same_time() {
    let net = TestNet::start();
    let client = net.client_with(2);
    let address = peer::echo();
    let first = client.open(address);
    client.open(address);
    let error = client.open_error("127.0.0.1", address.port(), Default::default());
    assert_eq!(error, SocketError::SocketLimit);
    // A closed one makes room.
    client.close(first);
    client.open(address);
    // Another client has its own.
    net.client_with(2).open(address);
}

#[test]
fn no_client_may_take_all_descriptors() {
    let net = TestNet::start_with(|command| {
        use std::os::unix::process::CommandExt;
        let limit = rustix::process::Rlimit {
            current: Some(128),
            maximum: Some(128),
        };
        let lower = move || {
            rustix::process::setrlimit(rustix::process::Resource::Nofile, limit)?;
            Ok(())
        };
        // SAFETY: setrlimit(2) may be called between fork and exec.
        unsafe { command.pre_exec(lower) };
    });
    let greedy = net.client();
    let address = peer::echo();
    let mut opened = 0;
    loop {
        let id = greedy.start_open("127.0.0.1", address.port(), Default::default());
        match greedy.next_of(id) {
            SocketEvent::Opened { .. } => opened += 1,
            SocketEvent::OpenFailed(error) => {
                assert_eq!(error, SocketError::SocketLimit);
                break;
            },
            other => panic!("{other:?}"),
        }
    }
    assert!(opened > 16, "{opened}");
    let other = net.client();
    let id = other.open(address);
    other.write(id, b"room enough");
    assert_eq!(other.read_exactly(id, 11), b"room enough");
}

#[test]
fn the_end_of_a_client_ends_a_write_that_waits() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let mut stream = peer::accept(&listener);
    for _ in 0..WRITE_WINDOW as usize / MAX_PAYLOAD {
        client.send_piece(id, &vec![0; MAX_PAYLOAD], false);
    }
    drop(client);
    net.wait_for("nothing is held", |figures| {
        figures.bytes_held == 0 && figures.sockets == 0 && figures.clients == 0
    });
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    assert!(stream.write_all(b"x").is_ok() || received.len() <= WRITE_WINDOW as usize);
}
