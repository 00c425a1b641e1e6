/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;

use direct_sockets_traits::limits::{MAX_PAYLOAD, WRITE_WINDOW};
use direct_sockets_traits::{
    ReadResult, SocketError, SocketEvent, SocketId, SocketRequest, WriteResult,
};

use crate::support::{TestClient, TestNet, peer, socket_descriptors_of, wait_until};

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
        assert_eq!(client.write(id, &bytes[..length]), WriteResult::Done);
        assert_eq!(client.read_exactly(id, length), &bytes[..length]);
    }
    let figures = net.statistics();
    assert_eq!(figures.bytes_sent, figures.bytes_received);
    client.close(id);
}

#[test]
fn a_read_gives_no_more_than_was_asked_for() {
    let mut pair = connected();
    pair.peer.write_all(&peer::pattern(100)).unwrap();
    let mut all = Vec::new();
    for max in [1, 7, 0, 50] {
        match pair.client.read_up_to(pair.id, max) {
            ReadResult::Data(data) => {
                // At least one is asked for.
                assert!(
                    !data.is_empty() && data.len() <= max.max(1) as usize,
                    "{max}"
                );
                all.extend_from_slice(&data);
            },
            other => panic!("{other:?}"),
        }
    }
    while all.len() < 100 {
        let ReadResult::Data(data) = pair.client.read_up_to(pair.id, u32::MAX) else {
            panic!("the rest is missing");
        };
        all.extend_from_slice(&data);
    }
    assert_eq!(all, peer::pattern(100));
}

#[test]
fn a_read_gives_at_most_one_payload() {
    let mut pair = connected();
    pair.peer.set_nonblocking(true).unwrap();
    let chunk = vec![1; 1024 * 1024];
    let mut written = 0;
    while let Ok(count) = pair.peer.write(&chunk) {
        written += count;
    }
    assert!(written > MAX_PAYLOAD);
    match pair.client.read_up_to(pair.id, u32::MAX) {
        ReadResult::Data(data) => assert!(data.len() <= MAX_PAYLOAD),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_read_unless_it_is_asked_for() {
    let mut pair = connected();
    pair.peer.write_all(b"unread").unwrap();
    pair.client.expect_nothing();
    assert_eq!(pair.net.statistics().bytes_received, 0);
}

#[test]
fn a_second_read_while_one_is_outstanding_is_ignored() {
    let mut pair = connected();
    for _ in 0..3 {
        pair.client.send(SocketRequest::Read {
            id: pair.id,
            max: 4,
        });
    }
    pair.client.expect_nothing();
    pair.peer.write_all(b"12345678").unwrap();
    let data = ReadResult::Data(b"1234".to_vec().into());
    assert_eq!(pair.client.next_of(pair.id), SocketEvent::Read(data));
    pair.client.expect_nothing();
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
        // No read follows.
        pair.client.send(SocketRequest::Read {
            id: pair.id,
            max: 1,
        });
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
    // Wait until the bytes are there; then the reset.
    pair.client.send(SocketRequest::Read {
        id: pair.id,
        max: 1,
    });
    let first = SocketEvent::Read(ReadResult::Data(b"b".to_vec().into()));
    assert_eq!(pair.client.next_of(pair.id), first);
    peer::reset(pair.peer);
    assert_eq!(pair.client.read_exactly(pair.id, 5), b"ehind");
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
        WriteResult::Error(SocketError::BrokenPipe | SocketError::ConnectionReset)
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
fn a_reset_while_a_write_waits_is_its_error() {
    let pair = connected();
    fill(&pair);
    peer::reset(pair.peer);
    let error = written(&pair.client, pair.id);
    assert!(
        matches!(
            error,
            WriteResult::Error(SocketError::ConnectionReset | SocketError::BrokenPipe)
        ),
        "{error:?}"
    );
    pair.client.close(pair.id);
}

#[test]
fn a_shutdown_is_a_fin_and_reading_goes_on() {
    let mut pair = connected();
    assert_eq!(pair.client.write(pair.id, b"last words"), WriteResult::Done);
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    assert_eq!(pair.client.next_of(pair.id), SocketEvent::WriteShutdown);
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"last words");
    // No write follows.
    pair.client.send_piece(pair.id, b"more", true);
    pair.client.expect_nothing();
    pair.peer.write_all(b"still listening").unwrap();
    assert_eq!(pair.client.read_exactly(pair.id, 15), b"still listening");
    pair.peer.shutdown(Shutdown::Write).unwrap();
    assert_eq!(pair.client.read(pair.id), ReadResult::End);
    pair.client.close(pair.id);
}

#[test]
fn a_shutdown_comes_after_what_was_written_before_it() {
    let mut pair = connected();
    let bytes = peer::pattern(WRITE_WINDOW as usize);
    for piece in bytes.chunks(MAX_PAYLOAD) {
        let last = piece.as_ptr_range().end == bytes.as_ptr_range().end;
        pair.client.send_piece(pair.id, piece, last);
    }
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, bytes);
    assert_eq!(written(&pair.client, pair.id), WriteResult::Done);
    assert_eq!(pair.client.next_of(pair.id), SocketEvent::WriteShutdown);
}

#[test]
fn a_shutdown_after_a_reset_is_answered_as_well() {
    let pair = connected();
    peer::reset(pair.peer);
    assert_eq!(
        pair.client.read(pair.id),
        ReadResult::Error(SocketError::ConnectionReset)
    );
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    assert_eq!(pair.client.next_of(pair.id), SocketEvent::WriteShutdown);
    pair.client.close(pair.id);
}

/// Write more than the OS takes from a socket whose peer does not read. The chunk does not end.
fn fill(pair: &Pair) {
    let piece = vec![9; MAX_PAYLOAD];
    let mut credit = WRITE_WINDOW as usize;
    loop {
        while credit >= piece.len() {
            pair.client.send_piece(pair.id, &piece, false);
            credit -= piece.len();
        }
        // The OS takes what it has room for, and then nothing more comes.
        match pair
            .client
            .events
            .try_recv_timeout(Duration::from_millis(300))
        {
            Ok(direct_sockets_traits::ClientEvent::Socket {
                event: SocketEvent::WriteCredit(more),
                ..
            }) => credit += more as usize,
            Ok(other) => panic!("{other:?}"),
            Err(_) => return,
        }
    }
}

/// The answer to a chunk, after whatever credit comes before it.
fn written(client: &TestClient, id: SocketId) -> WriteResult {
    loop {
        match client.next_of(id) {
            SocketEvent::WriteCredit(_) => {},
            SocketEvent::Written(result) => return result,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn an_abort_is_answered_although_the_peer_never_reads() {
    let pair = connected();
    fill(&pair);
    pair.client.send(SocketRequest::AbortWrite { id: pair.id });
    let interrupted = SocketEvent::Written(WriteResult::Interrupted);
    assert_eq!(pair.client.next_of(pair.id), interrupted);
    assert_eq!(pair.net.statistics().bytes_held, 0);
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    assert_eq!(pair.client.next_of(pair.id), SocketEvent::WriteShutdown);
    pair.client.close(pair.id);
}

#[test]
fn an_abort_of_nothing_says_nothing() {
    let pair = connected();
    pair.client.send(SocketRequest::AbortWrite { id: pair.id });
    pair.client.send(SocketRequest::AbortWrite { id: pair.id });
    pair.client.send_piece(pair.id, b"too late", true);
    pair.client.expect_nothing();
    pair.client.close(pair.id);
}

#[test]
fn what_the_os_took_before_an_abort_arrives_and_then_a_fin() {
    let mut pair = connected();
    assert_eq!(pair.client.write(pair.id, b"taken"), WriteResult::Done);
    pair.client.send(SocketRequest::AbortWrite { id: pair.id });
    pair.client
        .send(SocketRequest::ShutdownWrite { id: pair.id });
    assert_eq!(pair.client.next_of(pair.id), SocketEvent::WriteShutdown);
    let mut received = Vec::new();
    pair.peer.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"taken");
}

#[test]
fn life_09_a_peer_that_never_reads_is_waited_for_with_bounded_memory() {
    let mut pair = connected();
    fill(&pair);
    let held = pair.net.statistics().bytes_held;
    assert!(held > 0 && held <= u64::from(WRITE_WINDOW), "{held}");
    // Once it reads, everything arrives.
    let sent = pair.net.statistics().bytes_sent + held;
    pair.client.send_piece(pair.id, b"", true);
    let mut received = vec![0; 64 * 1024];
    let mut count = 0;
    while count < sent {
        count += pair.peer.read(&mut received).unwrap() as u64;
    }
    assert_eq!(written(&pair.client, pair.id), WriteResult::Done);
    assert_eq!(pair.net.statistics().bytes_held, 0);
}

#[test]
fn an_empty_chunk_is_answered_in_its_turn() {
    let mut pair = connected();
    assert_eq!(pair.client.write(pair.id, b""), WriteResult::Done);
    assert_eq!(pair.client.write(pair.id, b"x"), WriteResult::Done);
    assert_eq!(pair.client.write(pair.id, b""), WriteResult::Done);
    let mut received = [0; 1];
    pair.peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"x");
    assert_eq!(pair.net.statistics().bytes_sent, 1);
}

#[test]
fn a_cancelled_read_is_never_answered() {
    let mut pair = connected();
    pair.client.send(SocketRequest::Read {
        id: pair.id,
        max: 1,
    });
    pair.client.send(SocketRequest::CancelRead { id: pair.id });
    pair.client.expect_nothing();
    pair.peer.write_all(b"nobody wants this").unwrap();
    pair.client.send(SocketRequest::Read {
        id: pair.id,
        max: 1,
    });
    pair.client.expect_nothing();
    // Writing goes on.
    assert_eq!(pair.client.write(pair.id, b"x"), WriteResult::Done);
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
fn closing_drops_everything_at_once() {
    let mut pair = connected();
    fill(&pair);
    pair.client.send(SocketRequest::Read {
        id: pair.id,
        max: 1,
    });
    pair.client.close(pair.id);
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
fn an_abandoned_socket_is_closed_silently() {
    let mut pair = connected();
    fill(&pair);
    pair.client.send(SocketRequest::Read {
        id: pair.id,
        max: 1,
    });
    pair.client.send(SocketRequest::Abandon { id: pair.id });
    pair.net.wait_for("no socket", |figures| {
        figures.sockets == 0 && figures.bytes_held == 0
    });
    pair.client.expect_nothing();
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
    client.send(SocketRequest::Read { id, max: 10 });
    client.send_piece(id, b"early", true);
    assert!(matches!(client.next_of(id), SocketEvent::Opened { .. }));
    assert_eq!(client.next_of(id), SocketEvent::Written(WriteResult::Done));
    let mut stream = peer::accept(&listener);
    let mut received = [0; 5];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"early");
    stream.write_all(b"reply").unwrap();
    let data = ReadResult::Data(b"reply".to_vec().into());
    assert_eq!(client.next_of(id), SocketEvent::Read(data));
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
    let mut pieces = bytes.chunks(MAX_PAYLOAD).peekable();
    let (mut credit, mut received, mut is_written) = (WRITE_WINDOW as usize, Vec::new(), false);
    pair.client.send(SocketRequest::Read {
        id: pair.id,
        max: u32::MAX,
    });
    while received.len() < TOTAL || !is_written {
        while credit >= MAX_PAYLOAD
            && let Some(piece) = pieces.next()
        {
            credit -= piece.len();
            pair.client
                .send_piece(pair.id, piece, pieces.peek().is_none());
        }
        match pair.client.next_of(pair.id) {
            SocketEvent::Read(ReadResult::Data(data)) => {
                received.extend_from_slice(&data);
                pair.client.send(SocketRequest::Read {
                    id: pair.id,
                    max: u32::MAX,
                });
            },
            SocketEvent::WriteCredit(more) => credit += more as usize,
            SocketEvent::Written(WriteResult::Done) => is_written = true,
            other => panic!("{other:?}"),
        }
    }
    assert!(flood.join().unwrap());
    assert!(received == bytes, "what was received differs");
    assert!(drain.join().unwrap() == bytes, "what was sent differs");
}
