/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! More datagrams than anybody wants.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_traits::limits::{MAX_BATCH, MAX_DATAGRAM, MAX_WAITING_DATAGRAMS};

use crate::support::{TestNet, own_memory, peer};

/// How long datagrams are sent: ten seconds where everything is tested.
fn duration() -> Duration {
    match std::env::var_os("DIRECT_SOCKETS_FULL_TESTS") {
        Some(_) => Duration::from_secs(10),
        None => Duration::from_secs(2),
    }
}

/// Send without a pause until told to stop; how many.
fn flood(to: SocketAddr, length: usize, stop: Arc<AtomicBool>) -> thread::JoinHandle<u64> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    thread::spawn(move || {
        let bytes = vec![0; length];
        let mut count = 0;
        while !stop.load(Ordering::Relaxed) {
            // The sender's own queue may be full.
            if socket.send_to(&bytes, to).is_ok() {
                count += 1;
            }
        }
        count
    })
}

#[test]
fn life_09_udp_r_07_a_flood_at_a_page_that_does_not_read_stays_in_the_kernel() {
    let net = TestNet::start();
    let witness = net.client();
    let echo = witness.open(peer::echo());
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let stop = Arc::new(AtomicBool::new(false));
    let sender = flood(address, 8000, stop.clone());
    // Its window is filled ahead, and nobody reads that.
    assert_eq!(client.receive(id, MAX_BATCH).1, None);
    net.wait_for("the kernel drops some", |figures| {
        figures.datagrams_dropped > 0
    });
    let (memory, received) = (own_memory(net.pid()), net.statistics().bytes_received);
    let most = u64::from(MAX_BATCH) * MAX_DATAGRAM as u64;
    let mut highest = memory;
    let mut echoed = 0;
    let end = Instant::now() + duration();
    while Instant::now() < end {
        let figures = net.statistics();
        assert!(figures.bytes_held <= most, "{} held", figures.bytes_held);
        // Nothing was asked for, so nothing has left the kernel's queue.
        assert_eq!(figures.bytes_received, received + echoed);
        highest = highest.max(own_memory(net.pid()));
        witness.write(echo, b"still there").unwrap();
        assert_eq!(witness.read_exactly(echo, 11), b"still there");
        echoed += 11;
    }
    stop.store(true, Ordering::Relaxed);
    let sent = sender.join().unwrap();
    let grown = highest - memory;
    assert!(grown < 1024 * 1024, "{grown} bytes more");
    assert!(received <= most, "{received} bytes");
    let dropped = net.statistics().datagrams_dropped;
    assert!(dropped > 0 && dropped < sent, "{dropped} of {sent}");
    client.close(id);
    assert_eq!(net.statistics().bytes_held, 0);
}

#[test]
fn life_09_a_client_that_asks_and_takes_no_events_holds_a_bounded_part_of_a_flood() {
    let net = TestNet::start();
    let witness = net.client();
    let echo = witness.open(peer::echo());
    let client = net.client();
    let ids: Vec<_> = (0..8).map(|_| client.bind("127.0.0.1")).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = ids
        .iter()
        .take(2)
        .map(|(_, address)| flood(*address, 60_000, stop.clone()))
        .collect();
    let filler = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for _ in 0..200 {
        for (id, address) in &ids {
            let _ = filler.send_to(&[0; 60_000], address);
            client.start_receive(*id, MAX_BATCH);
        }
        // What may wait, and a batch that came when there was still room.
        let held = net.statistics().bytes_held;
        let most = MAX_WAITING_DATAGRAMS + MAX_BATCH as usize * MAX_DATAGRAM;
        assert!(held <= most as u64, "{held} bytes held");
        witness.write(echo, b"still there").unwrap();
        assert_eq!(witness.read_exactly(echo, 11), b"still there");
    }
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().unwrap();
    }
    drop(client);
    net.wait_for("nothing is held", |figures| figures.bytes_held == 0);
}
