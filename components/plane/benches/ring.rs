/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the data plane costs: bytes and messages in and out within one thread, and waking a thread that sleeps.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use direct_sockets_plane::{Bell, Consumer, MessageReader, MessageWriter, Plane, Producer, Room};

/// How long a thread sleeps at most that nobody wakes.
const LIMIT: Duration = Duration::from_secs(1);

fn plane() -> Plane {
    Plane::create().expect("there is memory").0
}

fn bytes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("plane/ring");
    for size in [1, 1024, 64 * 1024] {
        let ring = plane().segment().ring(0).expect("a ring");
        ring.header().reset();
        let (mut producer, mut consumer) = (Producer::new(ring.clone()), Consumer::new(ring));
        let chunk = vec![7; size];
        let mut target = vec![0; size];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                assert_eq!(producer.write(black_box(&chunk)), Ok(size));
                assert!(!producer.must_tell());
                assert_eq!(consumer.read(black_box(&mut target)), Ok(size));
                assert!(!consumer.must_tell());
            });
        });
    }
    group.finish();
}

fn messages(criterion: &mut Criterion) {
    let queue = plane().events();
    let (mut writer, mut reader) = (MessageWriter::new(queue.clone()), MessageReader::new(queue));
    let message = [7; 16];
    let mut target = Vec::new();
    criterion.bench_function("plane/queue/16", |bencher| {
        bencher.iter(|| {
            assert_eq!(writer.write(black_box(&message)), Ok(true));
            assert_eq!(reader.read(&mut target), Ok(true));
        });
    });
}

/// Answer each ring of one bell with one of the other.
fn echo(rings: &Bell, answers: &Bell, stop: &AtomicBool) {
    let mut heard = rings.count();
    answers.ring();
    while !stop.load(Ordering::Relaxed) {
        rings.wait(heard, Some(LIMIT));
        while heard != rings.count() {
            heard = heard.wrapping_add(1);
            answers.ring();
        }
    }
}

fn bells(criterion: &mut Criterion) {
    let nobody = plane().bell();
    criterion.bench_function("plane/bell/nobody sleeps", |bencher| {
        bencher.iter(|| nobody.ring())
    });
    let (there, back) = (plane().bell(), plane().bell());
    let stop = AtomicBool::new(false);
    let wait_for = |count: u32| {
        while back.count() == count {
            back.wait(count, Some(LIMIT));
        }
    };
    thread::scope(|scope| {
        let before = back.count();
        scope.spawn(|| echo(&there, &back, &stop));
        wait_for(before);
        criterion.bench_function("plane/bell/there and back", |bencher| {
            bencher.iter(|| {
                let count = back.count();
                there.ring();
                wait_for(count);
            });
        });
        stop.store(true, Ordering::Relaxed);
        there.ring();
    });
}

criterion_group!(benches, bytes, messages, bells);
criterion_main!(benches);
