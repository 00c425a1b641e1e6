/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Requests and events as bytes and back: what stands between script and net besides the channel.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use direct_sockets_traits::limits::{MAX_BATCH, MAX_PAYLOAD};
use direct_sockets_traits::{
    ClientEvent, Datagram, ReadResult, ReceiveResult, SocketEvent, SocketId, SocketRequest,
    WriteResult,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

const ID: SocketId = SocketId(1_000_000);

fn payload(size: usize) -> ByteBuf {
    ByteBuf::from(vec![7; size])
}

fn event(event: SocketEvent) -> ClientEvent {
    ClientEvent::Socket { id: ID, event }
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
    let write = |size| SocketRequest::Write {
        id: ID,
        bytes: payload(size),
        last: true,
    };
    let max = MAX_PAYLOAD as u32;
    both_ways(
        criterion,
        "request to read",
        &SocketRequest::Read { id: ID, max },
    );
    both_ways(criterion, "request to write 1 byte", &write(1));
    both_ways(criterion, "request to write a payload", &write(MAX_PAYLOAD));
}

fn events(criterion: &mut Criterion) {
    let data = |size| event(SocketEvent::Read(ReadResult::Data(payload(size))));
    let datagrams = (0..MAX_BATCH)
        .map(|_| Datagram {
            data: payload(64),
            from: None,
        })
        .collect();
    let batch = ReceiveResult::Datagrams {
        datagrams,
        last: true,
    };
    let written = event(SocketEvent::Written(WriteResult::Done));
    both_ways(criterion, "event of a write", &written);
    both_ways(criterion, "event of 1 byte", &data(1));
    both_ways(criterion, "event of a payload", &data(MAX_PAYLOAD));
    both_ways(
        criterion,
        "event of a batch of datagrams",
        &event(SocketEvent::Received(batch)),
    );
}

criterion_group!(benches, requests, events);
criterion_main!(benches);
