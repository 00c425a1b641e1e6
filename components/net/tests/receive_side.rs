/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_net::receive_side::ReceiveSide;
use direct_sockets_plane::{Corrupt, MessageReader, Plane, Room, Span, decode};
use direct_sockets_traits::Datagram;
use direct_sockets_traits::limits::{MAX_DATAGRAM, MAX_RECORD};

/// A receive side, its ring, and script's end of that.
fn with_ring() -> (ReceiveSide, Span, MessageReader<Span>) {
    let span = Plane::private().segment().ring(0).unwrap();
    span.header().reset();
    let mut side = ReceiveSide::default();
    side.attach(span.clone());
    let script = MessageReader::with_limit(span.clone(), MAX_RECORD);
    (side, span, script)
}

fn put(side: &mut ReceiveSide, data: &[u8]) {
    let datagram = Datagram {
        data,
        from: None,
        is_last: false,
    };
    side.put(&datagram, Vec::new()).unwrap();
}

#[test]
fn udp_r_03_datagrams_go_whole_and_in_order() {
    let (mut side, _, mut script) = with_ring();
    for length in [0, 1, 512, 9000, MAX_DATAGRAM] {
        put(&mut side, &vec![5; length]);
    }
    let mut record = Vec::new();
    for length in [0, 1, 512, 9000, MAX_DATAGRAM] {
        assert_eq!(script.read(&mut record), Ok(true));
        let datagram: Datagram = decode(&record).unwrap();
        assert_eq!(datagram.data, vec![5; length]);
    }
}

#[test]
fn what_finds_no_room_waits_and_nothing_more_is_received_before() {
    let (mut side, _, mut script) = with_ring();
    assert!(side.is_ready());
    const COUNT: u8 = 20;
    for number in 0..COUNT {
        put(&mut side, &[number; MAX_DATAGRAM]);
    }
    assert!(!side.is_ready());
    assert!(side.held() > MAX_DATAGRAM);
    side.flush().unwrap();
    assert!(!side.is_ready());
    let mut record = Vec::new();
    let mut number = 0;
    while number < COUNT {
        if script.read(&mut record).unwrap() {
            let datagram: Datagram = decode(&record).unwrap();
            assert_eq!(datagram.data, [number; MAX_DATAGRAM]);
            number += 1;
        } else {
            assert!(script.must_tell(), "net waits for room");
            side.flush().unwrap();
        }
    }
    assert!(side.is_ready());
    assert_eq!(side.held(), 0);
}

#[test]
fn nothing_is_received_without_a_ring_or_after_the_end() {
    let mut side = ReceiveSide::default();
    assert!(!side.is_ready());
    let (mut side_with_ring, _, _) = with_ring();
    assert!(side_with_ring.end(), "this is news");
    assert!(!side_with_ring.end());
    assert!(!side_with_ring.is_ready());
    assert!(side.end());
    side.attach(Plane::private().segment().ring(0).unwrap());
    assert!(!side.is_ready());
}

#[test]
fn life_08_positions_that_cannot_be_are_found() {
    let (mut side, span, _) = with_ring();
    put(&mut side, b"x");
    span.header().scribble([0, 0, u64::MAX, u64::MAX, u64::MAX]);
    let datagram = Datagram {
        data: b"y",
        from: None,
        is_last: true,
    };
    assert_eq!(side.put(&datagram, Vec::new()), Err(Corrupt));
}
