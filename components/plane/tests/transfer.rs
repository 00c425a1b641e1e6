/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::os::fd::{AsFd, OwnedFd};

use direct_sockets_plane::{Consumer, Plane, Producer, Room, Span, TransferError};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

fn ring() -> (Producer<Span>, Consumer<Span>) {
    let span = Plane::private().segment().ring(0).unwrap();
    span.header().reset();
    (Producer::new(span.clone()), Consumer::new(span))
}

fn sockets() -> (OwnedFd, OwnedFd) {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap()
}

fn is_would_block(error: &TransferError) -> bool {
    matches!(error, TransferError::Io(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

#[test]
fn bytes_go_straight_from_one_socket_to_another_over_the_wrap() {
    let (mut producer, mut consumer) = ring();
    let (input, source) = sockets();
    let (output, target) = sockets();
    producer.set_window(50_000);
    let sent: Vec<u8> = (0..2_000_000_u32).map(|index| (index / 7) as u8).collect();
    let mut given = 0;
    let mut received = Vec::new();
    let mut buffer = vec![0; 100_000];
    while received.len() < sent.len() {
        if let Ok(count) = rustix::io::write(&source, &sent[given..]) {
            given += count;
        }
        match producer.read_from(input.as_fd(), 30_011) {
            Ok(count) => assert!((1..=30_011).contains(&count)),
            Err(error) => {
                assert!(matches!(error, TransferError::Nothing) || is_would_block(&error))
            },
        }
        match consumer.write_to(output.as_fd(), 20_011) {
            Ok(count) => assert!((1..=20_011).contains(&count)),
            Err(error) => {
                assert!(matches!(error, TransferError::Nothing) || is_would_block(&error))
            },
        }
        if let Ok(count) = rustix::io::read(&target, &mut buffer) {
            received.extend_from_slice(&buffer[..count]);
        }
    }
    assert!(received == sent);
}

#[test]
fn the_end_is_told_from_nothing() {
    let (mut producer, mut consumer) = ring();
    let (input, source) = sockets();
    assert!(is_would_block(
        &producer.read_from(input.as_fd(), 10).unwrap_err()
    ));
    assert!(matches!(
        consumer.write_to(input.as_fd(), 10),
        Err(TransferError::Nothing)
    ));
    drop(source);
    assert_eq!(producer.read_from(input.as_fd(), 10).unwrap(), 0);
    producer.write(b"x").unwrap();
    assert!(matches!(
        consumer.write_to(input.as_fd(), 10),
        Err(TransferError::Io(_))
    ));
    // What could not be written is still there.
    assert_eq!(consumer.available(), Ok(1));
}
