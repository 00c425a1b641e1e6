/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use direct_sockets_plane::Room;
use direct_sockets_traits::limits::{FIRST_WINDOW, LINGER_MS, MAX_PAYLOAD};
use direct_sockets_traits::{Handover, SocketError, SocketEvent, SocketId, SocketRequest};

use crate::support::{ReadResult, TestClient, TestNet, peer, socket_descriptors_of, wait_until};

/// A connection: the process, the client, the socket and the peer's end.
struct Pair {
    net: TestNet,
    client: TestClient,
    id: SocketId,
    peer: TcpStream,
    _listener: TcpListener,
}

fn connected() -> Pair {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let peer = peer::accept(&listener);
    Pair {
        net,
        client,
        id,
        peer,
        _listener: listener,
    }
}

#[test]
fn bytes_go_both_ways_unchanged() {
    let net = TestNet::start();
    let client = net.client();
    let id = client.open(peer::echo());
    let bytes = peer::pattern(3 * MAX_PAYLOAD + 1);
    for length in [1, 100, MAX_PAYLOAD, 3 * MAX_PAYLOAD + 1] {
        assert_eq!(client.write(id, &bytes[..length]), Ok(()));
        assert_eq!(client.read_exactly(id, length), &bytes[..length]);
    }
    let figures = net.statistics();
    assert_eq!(figures.bytes_sent, figures.bytes_received);
    client.close(id);
}

#[test]
fn life_09_tcp_r_02_no_more_is_read_ahead_than_a_window() {
    let mut pair = connected();
    pair.peer.set_nonblocking(true).unwrap();
    pair.client.start_read(pair.id);
    let chunk = vec![1; 1024 * 1024];
    let mut written = 0;
    while let Ok(count) = pair.peer.write(&chunk) {
        written += count;
    }
    pair.client.expect_nothing();
    let received = pair.net.statistics().bytes_received;
    assert!(
        received > 0 && received <= FIRST_WINDOW as u64,
        "{received}"
    );
    // Where the page reads, it gets more at a time, up to the capacity.
    let mut highest = 0;
    let mut read = 0;
    while read < written {
        let ReadResult::Data(data) = pair.client.read_up_to(pair.id, written) else {
            panic!("the rest is missing");
        };
        highest = highest.max(data.len());
        read += data.len();
    }
    let capacity = pair
        .client
        .with(pair.id, |ends| ends.reader().place().capacity());
    assert!(highest > FIRST_WINDOW && highest <= capacity, "{highest}");
}

#[test]
fn nothing_is_read_unless_it_is_asked_for() {
    let mut pair = connected();
    pair.peer.write_all(b"unread").unwrap();
    pair.client.expect_nothing();
    assert_eq!(pair.net.statistics().bytes_received, 0);
}

#[test]
fn a_second_ring_is_ignored() {
    let mut pair = connected();
    pair.client.start_read(pair.id);
    pair.client.put(pair.id, b"1");
    let (ring, _) = pair.client.ring();
    let id = pair.id;
    pair.client.send(SocketRequest::ReadInto { id, ring });
    pair.client.send(SocketRequest::WriteFrom { id, ring });
    pair.peer.write_all(b"12345678").unwrap();
    assert_eq!(pair.client.read_exactly(id, 8), b"12345678");
    pair.client.write(id, b"2").unwrap();
    let mut received = [0; 2];
    pair.peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"12");
}

#[test]
fn data_followed_by_a_fin_is_complete() {
    for _ in 0..20 {
        let mut pair = connected();
        let bytes = peer::pattern(100_000);
        pair.peer.write_all(&bytes).unwrap();
        drop(pair.peer);
        assert_eq!(pair.client.read_exactly(pair.id, bytes.len()), bytes);
        assert_eq!(pair.client.read(pair.id), ReadResult::End);
        // Nothing more is said.
        pair.client.send(SocketRequest::Room { id: pair.id });
        pair.client.expect_nothing();
        pair.client.close(pair.id);
    }
}

#[test]
fn data_that_came_before_a_reset_is_given_first() {
    let mut pair = connected();
    pair.peer.write_all(b"before").unwrap();
    assert_eq!(pair.client.read_exactly(pair.id, 6), b"before");
    pair.peer.write_all(b"behind").unwrap();
    pair.net.wait_for("the bytes are there", |figures| {
        figures.bytes_received == 12
    });
    peer::reset(pair.peer);
    assert_eq!(pair.client.read_exactly(pair.id, 6), b"behind");
    let error = ReadResult::Error(SocketError::ConnectionReset);
    assert_eq!(pair.client.read(pair.id), error);
    pair.client.close(pair.id);
}

#[test]
fn a_reset_is_reported_to_a_read_and_only_to_a_read() {
    let pair = connected();
    peer::reset(pair.peer);
    // Nobody has asked, so nothing is said (AMB-15).
    pair.client.expect_nothing();
    assert_eq!(
        pair.client.read(pair.id),
        ReadResult::Error(SocketError::ConnectionReset)
    );
    // The write side finds out by itself.
    assert!(matches!(
        pair.client.write(pair.id, b"x"),
        Err(SocketError::BrokenPipe | SocketError::ConnectionReset)
    ));
    pair.client.close(pair.id);
}

#[test]
fn a_reset_that_comes_with_the_connection_is_an_error_and_not_the_end() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let peers = std::thread::spawn(move || {
        for _ in 0..200 {
            peer::reset(peer::accept(&listener));
        }
    });
    for _ in 0..200 {
        let id = client.open(address);
        assert_eq!(
            client.read(id),
            ReadResult::Error(SocketError::ConnectionReset)
        );
        client.close(id);
    }
    peers.join().unwrap();
}

#[test]
fn a_reset_while_bytes_wait_is_told() {
    let pair = connected();
    pair.client.fill(pair.id);
    peer::reset(pair.peer);
    let event = pair.client.next_of(pair.id);
    assert!(
        matches!(
            event,
            SocketEvent::WriteFailed(SocketError::ConnectionReset | SocketError::BrokenPipe)
        ),
        "{event:?}"
    );
    assert_eq!(pair.net.statistics().bytes_held, 0);
    pair.client.close(pair.id);
}

#[test]
fn a_shutdown_is_a_fin_and_reading_goes_on() {
    let mut pair = connected();
    pair.client.put(pair.id, b"last words");
    assert_eq!(pair.client.shut_down(pair.id), Handover::Complete);
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"last words");
    // No write follows.
    pair.client.put(pair.id, b"more");
    pair.client.send(SocketRequest::Bytes { id: pair.id });
    pair.client.expect_nothing();
    pair.peer.write_all(b"still listening").unwrap();
    assert_eq!(pair.client.read_exactly(pair.id, 15), b"still listening");
    pair.peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(pair.client.read(pair.id), ReadResult::End);
    pair.client.send(SocketRequest::Close {
        id: pair.id,
        keep: 10,
    });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(pair.client.next_of(pair.id), closed);
}

#[test]
fn a_shutdown_comes_after_what_was_written_before_it() {
    let mut pair = connected();
    let bytes = peer::pattern(300_000);
    assert_eq!(pair.client.put(pair.id, &bytes), bytes.len());
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert!(received == bytes);
    let shutdown = SocketEvent::WriteShutdown(Handover::Complete);
    assert_eq!(pair.client.next_of(pair.id), shutdown);
}

#[test]
fn tcp_w_15_a_shutdown_waits_for_the_os_however_long_it_takes() {
    let mut pair = connected();
    let sent = pair.client.fill(pair.id);
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    // Longer than an abort would be waited for.
    let limit = Duration::from_millis(2 * LINGER_MS);
    let early = pair.client.try_next(limit);
    assert!(early.is_err(), "{early:?}");
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert_eq!(received.len() as u64, sent);
    let shutdown = SocketEvent::WriteShutdown(Handover::Complete);
    assert_eq!(pair.client.next_of(pair.id), shutdown);
}

#[test]
fn a_shutdown_after_a_reset_is_answered_as_well() {
    let pair = connected();
    peer::reset(pair.peer);
    assert_eq!(
        pair.client.read(pair.id),
        ReadResult::Error(SocketError::ConnectionReset)
    );
    assert_eq!(pair.client.shut_down(pair.id), Handover::Complete);
    pair.client.close(pair.id);
}

#[test]
fn tcp_w_12_an_abort_drops_what_was_not_reported_as_written_at_once() {
    let pair = connected();
    pair.client.fill(pair.id);
    pair.client.send(SocketRequest::AbortWrite {
        id: pair.id,
        keep: 0,
    });
    pair.client.expect_nothing();
    assert_eq!(pair.net.statistics().bytes_held, 0);
    assert_eq!(pair.client.shut_down(pair.id), Handover::Complete);
    pair.client.close(pair.id);
}

#[test]
fn tcp_w_13_an_abort_waits_for_what_was_reported_as_written_and_not_for_ever() {
    let pair = connected();
    let keep = pair.client.fill(pair.id);
    let id = pair.id;
    pair.client.send(SocketRequest::AbortWrite { id, keep });
    assert_eq!(pair.client.shut_down(id), Handover::Incomplete);
    assert_eq!(pair.net.statistics().bytes_held, 0);
    pair.client.send(SocketRequest::Close { id, keep });
    let closed = SocketEvent::Closed(Handover::Incomplete);
    assert_eq!(pair.client.next_of(id), closed);
}

#[test]
fn tcp_w_13_what_was_reported_as_written_before_an_abort_arrives_if_the_peer_reads() {
    let mut pair = connected();
    let keep = pair.client.fill(pair.id);
    let reader = std::thread::spawn(move || {
        let mut received = Vec::new();
        pair.peer.read_to_end(&mut received).unwrap();
        received.len() as u64
    });
    let id = pair.id;
    pair.client.send(SocketRequest::AbortWrite { id, keep });
    assert_eq!(pair.client.shut_down(id), Handover::Complete);
    assert_eq!(reader.join().unwrap(), keep);
}

#[test]
fn an_abort_of_nothing_says_nothing() {
    let pair = connected();
    let id = pair.id;
    pair.client.send(SocketRequest::AbortWrite { id, keep: 0 });
    pair.client.send(SocketRequest::AbortWrite { id, keep: 9 });
    pair.client.put(id, b"too late");
    pair.client.expect_nothing();
    assert_eq!(pair.net.statistics().bytes_sent, 0);
    pair.client.send(SocketRequest::Close { id, keep: 0 });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(pair.client.next_of(id), closed);
}

#[test]
fn what_the_os_took_before_an_abort_arrives_and_then_a_fin() {
    let mut pair = connected();
    assert_eq!(pair.client.write(pair.id, b"taken"), Ok(()));
    pair.client.send(SocketRequest::AbortWrite {
        id: pair.id,
        keep: 5,
    });
    assert_eq!(pair.client.shut_down(pair.id), Handover::Complete);
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"taken");
}

#[test]
fn life_09_a_peer_that_never_reads_is_waited_for_with_bounded_memory() {
    let mut pair = connected();
    let sent = pair.client.fill(pair.id);
    let held = pair.net.statistics().bytes_held;
    let capacity = pair
        .client
        .with(pair.id, |ends| ends.writer().place().capacity());
    assert!(held > 0 && held <= capacity as u64, "{held}");
    assert_eq!(pair.net.statistics().bytes_sent + held, sent);
    // Once it reads, everything arrives.
    let mut received = vec![0; 64 * 1024];
    let mut count = 0;
    while count < sent {
        count += pair.peer.read(&mut received).unwrap() as u64;
    }
    pair.net
        .wait_for("nothing is held", |figures| figures.bytes_held == 0);
}

#[test]
fn after_a_cancelled_read_nothing_is_told() {
    let mut pair = connected();
    pair.client.start_read(pair.id);
    assert!(
        pair.client
            .with(pair.id, |ends| ends.reader().wait_for_bytes().unwrap())
    );
    pair.client.send(SocketRequest::CancelRead { id: pair.id });
    pair.client.expect_nothing();
    pair.peer.write_all(b"nobody wants this").unwrap();
    let (ring, _) = pair.client.ring();
    pair.client
        .send(SocketRequest::ReadInto { id: pair.id, ring });
    pair.client.send(SocketRequest::Room { id: pair.id });
    pair.client.expect_nothing();
    // Writing goes on.
    assert_eq!(pair.client.write(pair.id, b"x"), Ok(()));
    pair.client.close(pair.id);
}

#[test]
fn task_07_closing_is_reported_after_the_descriptor_is_closed() {
    let net = TestNet::start();
    let client = net.client();
    let address = peer::echo();
    for _ in 0..50 {
        let before = socket_descriptors_of(net.pid()).len();
        let id = client.open(address);
        assert_eq!(socket_descriptors_of(net.pid()).len(), before + 1);
        client.close(id);
        assert_eq!(socket_descriptors_of(net.pid()).len(), before);
    }
}

#[test]
fn tcp_close_11_closing_drops_what_was_not_reported_as_written_at_once() {
    let mut pair = connected();
    pair.client.fill(pair.id);
    pair.client.start_read(pair.id);
    pair.client.send(SocketRequest::Close {
        id: pair.id,
        keep: 0,
    });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(pair.client.next_of(pair.id), closed);
    assert_eq!(pair.net.statistics().bytes_held, 0);
    assert_eq!(pair.net.statistics().sockets, 0);
    pair.client.expect_nothing();
    // The peer gets what the OS had taken, and then the end.
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match pair.peer.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {},
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                break;
            },
        }
    }
}

#[test]
fn tcp_close_11_closing_waits_for_what_was_reported_as_written_and_not_for_ever() {
    let pair = connected();
    let keep = pair.client.fill(pair.id);
    pair.client.send(SocketRequest::Close { id: pair.id, keep });
    let closed = SocketEvent::Closed(Handover::Incomplete);
    assert_eq!(pair.client.next_of(pair.id), closed);
    assert_eq!(pair.net.statistics().sockets, 0);
    assert_eq!(pair.net.statistics().bytes_held, 0);
}

#[test]
fn tcp_close_11_closing_loses_nothing_that_was_reported_as_written_if_the_peer_reads() {
    for _ in 0..20 {
        let mut pair = connected();
        let bytes = peer::pattern(400_000);
        assert_eq!(pair.client.put(pair.id, &bytes), bytes.len());
        let reader = std::thread::spawn(move || {
            let mut received = Vec::new();
            pair.peer.read_to_end(&mut received).unwrap();
            received
        });
        pair.client.close(pair.id);
        assert!(reader.join().unwrap() == bytes);
    }
}

#[test]
fn an_abandoned_socket_is_closed() {
    let mut pair = connected();
    pair.client.fill(pair.id);
    pair.client.start_read(pair.id);
    pair.client.send(SocketRequest::Abandon {
        id: pair.id,
        keep: 0,
    });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(pair.client.next_of(pair.id), closed);
    let figures = pair.net.statistics();
    assert_eq!((figures.sockets, figures.bytes_held), (0, 0));
    let mut buffer = vec![0; 1024 * 1024];
    wait_until("the peer sees the end", || {
        !matches!(pair.peer.read(&mut buffer), Ok(1..))
    });
}

#[test]
fn requests_that_overtake_the_connection_are_carried_out_after_it() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.start_open("127.0.0.1", address.port(), Default::default());
    client.start_read(id);
    client.put(id, b"early");
    assert!(matches!(client.next_of(id), SocketEvent::Opened { .. }));
    let mut stream = peer::accept(&listener);
    let mut received = [0; 5];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"early");
    stream.write_all(b"reply").unwrap();
    assert_eq!(client.read_exactly(id, 5), b"reply");
}

#[test]
fn both_directions_at_full_load_do_not_starve_each_other() {
    let pair = connected();
    let mut writer = pair.peer.try_clone().unwrap();
    let mut reader = pair.peer.try_clone().unwrap();
    const TOTAL: usize = 8 * 1024 * 1024;
    let flood = std::thread::spawn(move || writer.write_all(&peer::pattern(TOTAL)).is_ok());
    let drain = std::thread::spawn(move || {
        let mut bytes = vec![0; TOTAL];
        reader.read_exact(&mut bytes).map(|()| bytes).unwrap()
    });
    let bytes = peer::pattern(TOTAL);
    let (mut sent, mut received) = (0, Vec::new());
    let (client, id) = (&pair.client, pair.id);
    while received.len() < TOTAL || sent < TOTAL {
        let mut is_stuck = true;
        if sent < TOTAL {
            let count = client.put(id, &bytes[sent..]);
            sent += count;
            is_stuck =
                count == 0 && client.with(id, |ends| ends.writer().wait_for_room(1).unwrap());
        }
        match client.try_read(id, MAX_PAYLOAD) {
            Some(ReadResult::Data(data)) => {
                received.extend_from_slice(&data);
                is_stuck = false;
            },
            Some(other) => panic!("{other:?}"),
            None => is_stuck &= client.with(id, |ends| ends.reader().wait_for_bytes().unwrap()),
        }
        if is_stuck && (received.len() < TOTAL || sent < TOTAL) {
            client.next();
        }
    }
    assert!(flood.join().unwrap());
    assert!(received == bytes, "what was received differs");
    assert!(drain.join().unwrap() == bytes, "what was sent differs");
}
