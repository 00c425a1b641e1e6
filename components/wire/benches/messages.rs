/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! One message from end to end of a channel, within one thread: what sending and receiving cost without a wake-up.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use direct_sockets_traits::limits::MAX_PAYLOAD;
use direct_sockets_wire::{Endpoint, Incoming, Wait};

/// More than any message here, with what stands around its payload.
const ROOM: usize = MAX_PAYLOAD + 1024;

fn endpoints(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire/endpoint to endpoint");
    for size in [16, 1024, MAX_PAYLOAD] {
        let (one, other) = Endpoint::pair().expect("two ends");
        let message = vec![7; size];
        let mut buffer = vec![0; ROOM];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                one.send(black_box(&message), &[], Wait::Never)
                    .expect("there is room");
                match other.receive(&mut buffer, Wait::Never) {
                    Ok(Incoming::Whole { length, .. }) => assert_eq!(length, size),
                    other => panic!("{other:?} instead of the message"),
                }
            });
        });
    }
    group.finish();
}

fn from_ipc_channel(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wire/ipc-channel to endpoint");
    for size in [16, 1024, MAX_PAYLOAD] {
        let (sender, endpoint) = Endpoint::for_ipc_sender::<Vec<u8>>().expect("two ends");
        let message = vec![7_u8; size];
        let mut buffer = vec![0; ROOM];
        group.throughput(Throughput::Bytes(size as u64));
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                sender.send(message.clone()).expect("there is room");
                match endpoint.receive(&mut buffer, Wait::Never) {
                    Ok(Incoming::Whole { length, .. }) => assert!(length > size),
                    other => panic!("{other:?} instead of the message"),
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, endpoints, from_ipc_channel);
criterion_main!(benches);
