/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Many sockets: descriptors and memory return to where they were.

use crate::support::{ReadResult, TestNet, descriptors_of, own_memory, peer};

fn open_and_close(net: &TestNet, count: usize) {
    let client = net.client();
    let address = peer::echo();
    for _ in 0..count {
        let id = client.open(address);
        assert_eq!(client.write(id, b"hello"), Ok(()));
        assert_eq!(client.read_exactly(id, 5), b"hello");
        client.close(id);
    }
}

#[test]
fn two_thousand_connections_leave_nothing_behind() {
    let net = TestNet::start();
    let observer = net.client();
    // What was done before an answer is done: descriptors that are no longer needed are closed.
    let descriptors = || {
        observer.expect_nothing();
        descriptors_of(net.pid())
    };
    open_and_close(&net, 10);
    net.wait_for("no other client", |figures| figures.clients == 1);
    let before = descriptors();
    open_and_close(&net, 1000);
    net.wait_for("no other client", |figures| figures.clients == 1);
    let middle = own_memory(net.pid());
    open_and_close(&net, 1000);
    net.wait_for("no other client", |figures| figures.clients == 1);
    let grown = own_memory(net.pid()).saturating_sub(middle);
    let after = descriptors();
    assert_eq!(after.len(), before.len(), "{before:?} {after:?}");
    assert!(grown < 1024 * 1024, "{grown} bytes more");
    assert_eq!(net.statistics().sockets, 0);
    assert_eq!(net.statistics().bytes_held, 0);
}

#[test]
fn life_10_a_thousand_sockets_at_the_same_time() {
    const COUNT: usize = 1000;
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    // One thread is enough to be a thousand peers: each gets its greeting and gives it back.
    let peers = std::thread::spawn(move || {
        let streams: Vec<_> = (0..COUNT).map(|_| peer::accept(&listener)).collect();
        use std::io::{Read, Write};
        for mut stream in &streams {
            let mut greeting = [0; 8];
            stream.read_exact(&mut greeting).unwrap();
            stream.write_all(&greeting).unwrap();
        }
        streams
    });
    let empty = own_memory(net.pid());
    let ids: Vec<_> = (0..COUNT).map(|_| client.open(address)).collect();
    let each = own_memory(net.pid()).saturating_sub(empty) / COUNT as u64;
    assert!(each < 8 * 1024, "an idle socket takes {each} bytes");
    assert_eq!(net.statistics().sockets, COUNT as u64);
    for id in &ids {
        client.start_read(*id);
        assert_eq!(client.put(*id, &id.0.to_le_bytes()), 8);
    }
    for id in &ids {
        assert_eq!(client.read_exactly(*id, 8), id.0.to_le_bytes());
    }
    let _streams = peers.join().unwrap();
    // No thread for a socket: the one that moves bytes, and the resolver's while it is used.
    let threads = std::fs::read_dir(format!("/proc/{}/task", net.pid()))
        .unwrap()
        .count();
    assert!(threads <= 2, "{threads} threads");
    drop(client);
    net.wait_for("no socket", |figures| figures.sockets == 0);
}

/// One client gets more than a third of the descriptors of a net process; a system with few of them shows less.
fn as_many_as_descriptors_allow(wanted: usize) -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
    let share = usize::try_from(limit.unwrap_or(u64::MAX) / 3).unwrap_or(usize::MAX);
    if share < wanted {
        eprintln!("only {share} sockets instead of {wanted}: the hard limit of descriptors is low");
    }
    wanted.min(share)
}

#[test]
fn life_10_five_thousand_accepted_connections_at_once() {
    let count = as_many_as_descriptors_allow(5000);
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = client.listen("127.0.0.1");
    let empty = own_memory(net.pid());
    // The clients are of a process of their own, because descriptors of this one may be few.
    let peers = TestNet::start();
    let outside = peers.client();
    let mut accepted = Vec::new();
    let mut connected = Vec::new();
    while accepted.len() < count {
        let batch = count.min(accepted.len() + 500) - accepted.len();
        for _ in 0..batch {
            connected.push(outside.open(address));
        }
        let end = accepted.len() + batch;
        while accepted.len() < end {
            accepted.extend(client.accept(listener, 32));
        }
    }
    let each = own_memory(net.pid()).saturating_sub(empty) / count as u64;
    assert!(each < 8 * 1024, "an idle connection takes {each} bytes");
    assert_eq!(net.statistics().sockets, count as u64 + 1);
    // The right ones are connected: each says its number, in the order in which they were accepted.
    for (number, id) in connected.iter().enumerate() {
        assert_eq!(outside.write(*id, &(number as u64).to_le_bytes()), Ok(()));
    }
    for (number, connection) in accepted.iter().enumerate() {
        let bytes = client.read_exactly(connection.id, 8);
        assert_eq!(bytes, (number as u64).to_le_bytes());
    }
    drop(client);
    net.wait_for("no socket", |figures| figures.sockets == 0);
    for id in connected {
        assert_eq!(outside.read(id), ReadResult::End);
    }
}

#[test]
fn life_10_udp_r_01_a_thousand_udp_sockets_cost_little() {
    const COUNT: usize = 1000;
    let net = TestNet::start();
    let client = net.client();
    // What is shared by all of them is there afterwards.
    let (first, address) = client.bind("127.0.0.1");
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"x", address).unwrap();
    assert_eq!(client.receive(first, 32).0.len(), 1);
    let empty = own_memory(net.pid());
    let sockets: Vec<_> = (0..COUNT).map(|_| client.bind("127.0.0.1")).collect();
    for (id, _) in &sockets {
        client.start_receive(*id, 32);
    }
    client.expect_nothing();
    let each = own_memory(net.pid()).saturating_sub(empty) / COUNT as u64;
    assert!(each < 8 * 1024, "an idle socket takes {each} bytes");
    // All of them hear, each what is meant for it.
    for (id, address) in &sockets {
        sender.send_to(&id.0.to_le_bytes(), address).unwrap();
        let (batch, _) = client.batch(*id);
        assert_eq!(batch[0].data, id.0.to_le_bytes());
    }
    drop(client);
    net.wait_for("no socket", |figures| figures.sockets == 0);
}
