/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The ring in all interleavings that the memory model allows. Run with
//! `RUSTFLAGS="--cfg loom" cargo test -p direct-sockets-plane --test loom --release`.

#![cfg(loom)]

use direct_sockets_plane::{Consumer, Header, MessageReader, MessageWriter, Producer, Room};
use loom::cell::UnsafeCell;
use loom::sync::{Arc, Notify};
use loom::thread;

/// A ring in memory of which loom knows who reads and writes which byte when.
#[derive(Clone)]
struct Model(Arc<(Header, Vec<UnsafeCell<u8>>)>);

impl Model {
    fn new(capacity: usize) -> Self {
        let bytes = (0..capacity).map(|_| UnsafeCell::new(0)).collect();
        Self(Arc::new((Header::new(), bytes)))
    }
}

impl Room for Model {
    fn header(&self) -> &Header {
        &self.0.0
    }

    fn capacity(&self) -> usize {
        self.0.1.len()
    }

    fn copy_in(&self, offset: usize, bytes: &[u8]) {
        for (cell, byte) in self.0.1[offset..].iter().zip(bytes) {
            // SAFETY: loom fails the test where somebody else is at this byte.
            cell.with_mut(|cell| unsafe { *cell = *byte });
        }
    }

    fn copy_out(&self, offset: usize, bytes: &mut [u8]) {
        for (cell, byte) in self.0.1[offset..].iter().zip(bytes) {
            // SAFETY: as above.
            *byte = cell.with(|cell| unsafe { *cell });
        }
    }
}

fn model(test: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // Enough for every pair of steps to be torn apart, and few enough to come to an end.
    builder.preemption_bound = Some(3);
    builder.check(test);
}

/// Each side sleeps until it is told. Were a wake-up lost, one would sleep for ever, which loom reports.
#[test]
fn no_wake_up_is_lost_and_no_byte_is_torn() {
    model(|| {
        let room = Model::new(2);
        let for_producer = Arc::new(Notify::new());
        let for_consumer = Arc::new(Notify::new());
        let producing = thread::spawn({
            let (room, own, other) = (room.clone(), for_producer.clone(), for_consumer.clone());
            move || {
                let mut producer = Producer::new(room);
                let mut waiting: &[u8] = &[1, 2, 3];
                while !waiting.is_empty() {
                    let count = producer.write(waiting).unwrap();
                    waiting = &waiting[count..];
                    if producer.must_tell() {
                        other.notify();
                    }
                    if count == 0 && producer.wait_for_room(1).unwrap() {
                        own.wait();
                    }
                }
            }
        });
        let mut consumer = Consumer::new(room);
        let mut received = Vec::new();
        while received.len() < 3 {
            let mut bytes = [0; 2];
            let count = consumer.read(&mut bytes).unwrap();
            received.extend_from_slice(&bytes[..count]);
            if count > 0 && consumer.must_tell() {
                for_producer.notify();
            }
            if count == 0 && consumer.wait_for_bytes().unwrap() {
                for_consumer.wait();
            }
        }
        assert_eq!(received, [1, 2, 3]);
        producing.join().unwrap();
    });
}

/// The beginning of the memory is used again while the other side may be looking at it.
#[test]
fn starting_over_is_never_seen_too_early() {
    model(|| {
        let room = Model::new(4);
        let producing = thread::spawn({
            let room = room.clone();
            move || {
                let mut producer = Producer::new(room);
                let mut written = 0;
                for byte in 1..=3 {
                    written += producer.write(&[byte]).unwrap();
                }
                written
            }
        });
        let mut consumer = Consumer::new(room);
        let mut bytes = [0; 3];
        let mut count = consumer.read(&mut bytes[..1]).unwrap();
        count += consumer.read(&mut bytes[count..]).unwrap();
        assert_eq!(producing.join().unwrap(), 3);
        count += consumer.read(&mut bytes[count..]).unwrap();
        assert_eq!((count, bytes), (3, [1, 2, 3]));
    });
}

/// Messages are seen whole.
#[test]
fn no_message_is_seen_in_part() {
    model(|| {
        let room = Model::new(16);
        let told = Arc::new(Notify::new());
        let writing = thread::spawn({
            let (room, told) = (room.clone(), told.clone());
            move || {
                let mut writer = MessageWriter::new(room);
                for message in [[1, 1], [2, 2]] {
                    assert!(writer.write(&message).unwrap());
                    if writer.must_tell() {
                        told.notify();
                    }
                }
            }
        });
        let mut reader = MessageReader::new(room);
        let mut message = Vec::new();
        for expected in [[1, 1], [2, 2]] {
            while !reader.read(&mut message).unwrap() {
                if reader.wait_for_message().unwrap() {
                    told.wait();
                }
            }
            assert_eq!(message, expected);
        }
        writing.join().unwrap();
    });
}
