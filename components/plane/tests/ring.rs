/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::{Consumer, Plane, Producer, Room, Span};
use proptest::prelude::*;

fn ring() -> (Producer<Span>, Consumer<Span>) {
    let span = Plane::private().segment().ring(0).unwrap();
    span.header().reset();
    (Producer::new(span.clone()), Consumer::new(span))
}

#[test]
fn bytes_arrive_in_order() {
    let (mut producer, mut consumer) = ring();
    assert_eq!(producer.write(b"hello"), Ok(5));
    let mut bytes = [0; 3];
    assert_eq!(consumer.read(&mut bytes), Ok(3));
    assert_eq!(&bytes, b"hel");
    assert_eq!(consumer.read(&mut bytes), Ok(2));
    assert_eq!(&bytes[..2], b"lo");
    assert_eq!(consumer.read(&mut bytes), Ok(0));
}

#[test]
fn no_more_than_the_window_is_taken() {
    let (mut producer, mut consumer) = ring();
    producer.set_window(4);
    assert_eq!(producer.write(b"hello"), Ok(4));
    assert_eq!(producer.write(b"o"), Ok(0));
    let mut bytes = [0; 2];
    consumer.read(&mut bytes).unwrap();
    assert_eq!(producer.room(), Ok(2));
    assert_eq!(producer.used(), Ok(2));
}

#[test]
fn a_window_is_within_the_capacity() {
    let (mut producer, _consumer) = ring();
    let capacity = producer.place().capacity();
    producer.set_window(usize::MAX);
    assert_eq!(producer.window(), capacity);
    producer.set_window(0);
    assert_eq!(producer.window(), 1);
}

#[test]
fn a_full_ring_takes_nothing() {
    let (mut producer, mut consumer) = ring();
    let capacity = producer.place().capacity();
    assert_eq!(producer.write(&vec![7; capacity + 1]), Ok(capacity));
    assert_eq!(producer.write(b"x"), Ok(0));
    let mut bytes = vec![0; capacity + 1];
    assert_eq!(consumer.read(&mut bytes), Ok(capacity));
    assert!(bytes[..capacity].iter().all(|byte| *byte == 7));
}

#[test]
fn the_beginning_is_used_again_where_the_ring_is_empty() {
    let (mut producer, mut consumer) = ring();
    let span = producer.place().clone();
    let mut seen = [0; 8];
    for round in 0..100_u8 {
        producer.write(&[round; 8]).unwrap();
        // Where these bytes lie is where the first ones lay.
        span.copy_out(0, &mut seen);
        assert_eq!(seen, [round; 8]);
        assert_eq!(consumer.read(&mut seen), Ok(8));
        assert_eq!(seen, [round; 8]);
    }
}

#[test]
fn the_consumer_is_told_only_if_it_sleeps_and_only_once() {
    let (mut producer, mut consumer) = ring();
    producer.write(b"a").unwrap();
    assert!(!producer.must_tell());
    assert_eq!(consumer.wait_for_bytes(), Ok(false));
    consumer.read(&mut [0]).unwrap();
    assert_eq!(consumer.wait_for_bytes(), Ok(true));
    assert!(!producer.must_tell());
    producer.write(b"b").unwrap();
    assert!(producer.must_tell());
    producer.write(b"c").unwrap();
    assert!(!producer.must_tell());
}

#[test]
fn the_producer_is_told_when_there_is_as_much_room_as_it_wants() {
    let (mut producer, mut consumer) = ring();
    producer.set_window(8);
    producer.write(&[1; 8]).unwrap();
    assert_eq!(producer.wait_for_room(4), Ok(true));
    consumer.read(&mut [0; 3]).unwrap();
    assert!(!consumer.must_tell());
    consumer.read(&mut [0; 1]).unwrap();
    assert!(consumer.must_tell());
    assert!(!consumer.must_tell());
    assert_eq!(producer.wait_for_room(4), Ok(false));
}

#[test]
fn a_wish_for_more_than_the_window_is_one_for_all_of_it() {
    let (mut producer, mut consumer) = ring();
    producer.set_window(8);
    assert_eq!(producer.wait_for_room(9), Ok(false));
    producer.write(&[1; 8]).unwrap();
    assert_eq!(producer.wait_for_room(usize::MAX), Ok(true));
    consumer.read(&mut [0; 7]).unwrap();
    assert!(!consumer.must_tell());
    consumer.read(&mut [0; 1]).unwrap();
    assert!(consumer.must_tell());
}

proptest! {
    #[test]
    fn whatever_the_sizes_the_bytes_are_the_same(
        window in 1_usize..20_000,
        steps in prop::collection::vec((any::<bool>(), 0_usize..7_000), 1..60),
    ) {
        let (mut producer, mut consumer) = ring();
        producer.set_window(window);
        let (mut written, mut read) = (0_u64, 0_u64);
        // The byte at each position follows from the position.
        let byte_at = |position: u64| (position.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8;
        for (writes, length) in steps {
            if writes {
                let bytes: Vec<u8> = (0..length as u64).map(|index| byte_at(written + index)).collect();
                written += producer.write(&bytes).unwrap() as u64;
            } else {
                let mut bytes = vec![0; length];
                let count = consumer.read(&mut bytes).unwrap();
                for byte in &bytes[..count] {
                    prop_assert_eq!(*byte, byte_at(read));
                    read += 1;
                }
            }
            prop_assert!(written - read <= producer.window() as u64);
            prop_assert_eq!(consumer.available().unwrap() as u64, written - read);
        }
        prop_assert_eq!((producer.position(), consumer.position()), (written, read));
    }
}
