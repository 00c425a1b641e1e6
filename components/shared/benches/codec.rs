/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Requests and events as bytes and back: what stands between script and net besides the channel.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use direct_sockets_traits::{
    Address, Datagram, Outgoing, SocketEvent, SocketId, SocketRequest, WriteResult,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

const ID: SocketId = SocketId(1_000_000);

fn event(event: SocketEvent) -> (SocketId, SocketEvent) {
    (ID, event)
}

fn both_ways<Message>(criterion: &mut Criterion, name: &str, message: &Message)
where
    Message: Serialize + DeserializeOwned,
{
    let mut group = criterion.benchmark_group(format!("codec/{name}"));
    group.bench_function("encode", |bencher| {
        bencher.iter(|| postcard::to_stdvec(black_box(message)).expect("it can be encoded"));
    });
    let bytes = postcard::to_stdvec(message).expect("it can be encoded");
    group.bench_function("decode", |bencher| {
        bencher.iter_batched(
            || bytes.clone(),
            |bytes| postcard::from_bytes::<Message>(&bytes).expect("it is a message"),
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

fn requests(criterion: &mut Criterion) {
    both_ways(
        criterion,
        "there are bytes",
        &SocketRequest::Bytes { id: ID },
    );
}

fn records(criterion: &mut Criterion) {
    let data = &[7; 64];
    let mut group = criterion.benchmark_group("codec/64 bytes");
    let outgoing = Outgoing {
        data,
        to: None,
        answer: false,
    };
    let mut buffer = Vec::new();
    group.bench_function("encode to send", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            let bytes = postcard::to_extend(black_box(&outgoing), std::mem::take(&mut buffer));
            buffer = bytes.expect("it can be encoded");
        });
    });
    let received = Datagram {
        data,
        from: Some(Address::default()),
        is_last: true,
    };
    let bytes = postcard::to_stdvec(&received).expect("it can be encoded");
    group.bench_function("decode received", |bencher| {
        bencher.iter(|| {
            let datagram = postcard::from_bytes::<Datagram>(black_box(&bytes));
            black_box(datagram.expect("it is a datagram").data.len())
        });
    });
    group.finish();
}

fn events(criterion: &mut Criterion) {
    let written = event(SocketEvent::Written(WriteResult::Done));
    both_ways(criterion, "event of a write", &written);
    both_ways(criterion, "event of bytes", &event(SocketEvent::Readable));
}

criterion_group!(benches, requests, events, records);
criterion_main!(benches);
