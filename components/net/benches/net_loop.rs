/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A real net process, spoken to as script does it, without an engine: what net and the channel cost together.

#[allow(dead_code, unused_imports, reason = "The tests use the rest of it.")]
#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use direct_sockets_traits::limits::MAX_PAYLOAD;
use direct_sockets_traits::{Outgoing, SocketEvent, WriteResult};
use support::{TestNet, destination, peer};

/// How much one bulk transfer moves: no more than the buffers between hold, as it is read when all is written.
const BULK: usize = 4 * MAX_PAYLOAD;

/// How many datagrams are sent in a row: they fit into a ring.
const DATAGRAMS: usize = 256;

fn ping_pong(criterion: &mut Criterion) {
    let net = TestNet::start();
    let client = net.client();
    let id = client.open(peer::echo());
    let mut group = criterion.benchmark_group("net/TCP ping-pong");
    for size in [1, 4096] {
        let message = vec![7; size];
        group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
            bencher.iter(|| {
                assert_eq!(client.put(id, &message), size);
                client.read_exactly(id, size)
            });
        });
    }
    group.finish();
}

fn bulk(criterion: &mut Criterion) {
    let net = TestNet::start();
    let client = net.client();
    let id = client.open(peer::echo());
    let chunk = vec![7; BULK];
    let mut group = criterion.benchmark_group("net/TCP bulk");
    group.throughput(Throughput::Bytes(BULK as u64));
    group.bench_function("to an echo and back", |bencher| {
        bencher.iter(|| {
            assert_eq!(client.put(id, &chunk), BULK);
            client.read_exactly(id, BULK)
        });
    });
    group.finish();
}

fn open_and_close(criterion: &mut Criterion) {
    let net = TestNet::start();
    let client = net.client();
    let address = peer::echo();
    criterion.bench_function("net/TCP open and close", |bencher| {
        bencher.iter(|| {
            let id = client.open(address);
            client.close(id);
        });
    });
}

fn datagrams(criterion: &mut Criterion) {
    let net = TestNet::start();
    let client = net.client();
    let (receiver, address) = client.bind("127.0.0.1");
    let (sender, _) = client.bind("127.0.0.1");
    criterion.bench_function("net/UDP datagram from socket to socket", |bencher| {
        bencher.iter(|| {
            let to = destination("127.0.0.1", address.port());
            assert_eq!(
                client.send_datagram(sender, &[7; 64], to),
                WriteResult::Done
            );
            let (datagrams, error) = client.receive(receiver, 1);
            assert_eq!((datagrams.len(), error), (1, None));
        });
    });
}

fn datagrams_in_a_row(criterion: &mut Criterion) {
    let net = TestNet::start();
    let client = net.client();
    // Nobody reads there: what it has no room for is dropped by the kernel.
    let (_receiver, address) = client.bind("127.0.0.1");
    let (sender, _) = client.bind("127.0.0.1");
    let mut group = criterion.benchmark_group("net/UDP datagrams in a row");
    for (name, sizes) in [
        ("64 bytes", [64, 64]),
        ("1200 bytes", [1200, 1200]),
        ("of two sizes in turn", [64, 65]),
    ] {
        group.throughput(Throughput::Elements(DATAGRAMS as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                for index in 1..=DATAGRAMS {
                    let outgoing = Outgoing {
                        data: &vec![7; sizes[index % 2]],
                        to: destination("127.0.0.1", address.port()),
                        // Whoever hears of the last one knows that all are sent.
                        answer: index == DATAGRAMS,
                    };
                    client.put_datagram(sender, &outgoing);
                }
                let done = SocketEvent::Written(WriteResult::Done);
                assert_eq!(client.next_of(sender), done);
            });
        });
    }
    group.finish();
}

criterion_group!(
    benches,
    ping_pong,
    bulk,
    open_and_close,
    datagrams,
    datagrams_in_a_row
);
criterion_main!(benches);
