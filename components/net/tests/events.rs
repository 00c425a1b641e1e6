/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_traits::limits::{MAX_PAYLOAD, MAX_QUEUED_EVENTS};
use direct_sockets_traits::{ReadResult, SocketEvent, SocketId, SocketRequest};

use crate::support::{PATIENCE, TestClient, TestNet, open_request, peer};

/// Send as long as net takes requests at all. It always does, or cuts the client off.
fn send_until_cut_off(client: &TestClient, mut request: impl FnMut(u64) -> SocketRequest) -> u64 {
    let deadline = Instant::now() + PATIENCE;
    let mut count = 0;
    while client.requests.send(request(count)).is_ok() {
        count += 1;
        assert!(
            Instant::now() < deadline,
            "still taking after {count} requests"
        );
    }
    count
}

#[test]
fn a_client_that_takes_no_events_is_cut_off_and_disturbs_nobody() {
    let net = TestNet::start();
    let honest = net.client();
    let id = honest.open(peer::echo());
    // It may have one socket, so each of these is answered at once, and nobody reads that.
    let deaf = net.client_with(1);
    let (listener, address) = peer::listen();
    deaf.open(address);
    let mut lost = peer::accept(&listener);
    let count = send_until_cut_off(&deaf, |index| {
        let id = SocketId(100 + index);
        open_request(id, "127.0.0.1", 0, Default::default())
    });
    assert_eq!(lost.read(&mut [0; 1]).unwrap_or(0), 0);
    assert!(count >= MAX_QUEUED_EVENTS as u64, "{count}");
    net.wait_for("only the honest client is left", |figures| {
        figures.clients == 1
    });
    honest.write(id, b"not disturbed");
    assert_eq!(honest.read_exactly(id, 13), b"not disturbed");
}

#[test]
fn while_one_client_takes_no_events_another_is_served() {
    let net = TestNet::start();
    let deaf = net.client();
    let (listener, address) = peer::listen();
    const SOCKETS: usize = 64;
    let flood = thread::spawn(move || {
        let mut streams: Vec<_> = (0..SOCKETS).map(|_| peer::accept(&listener)).collect();
        for stream in &mut streams {
            stream.set_nonblocking(true).unwrap();
            while stream.write(&[1; 64 * 1024]).is_ok() {}
        }
        streams
    });
    let ids: Vec<_> = (0..SOCKETS).map(|_| deaf.open(address)).collect();
    let _streams = flood.join().unwrap();
    // All its sockets are readable, it asks for all of them again and again, and takes nothing.
    for _ in 0..50 {
        for id in &ids {
            deaf.send(SocketRequest::Read {
                id: *id,
                max: MAX_PAYLOAD as u32,
            });
        }
    }
    let honest = net.client();
    let id = honest.open(peer::echo());
    for _ in 0..100 {
        honest.write(id, b"ping");
        assert_eq!(honest.read_exactly(id, 4), b"ping");
    }
    // What is held for it is bounded: far less than what its sockets have to offer.
    let held = net.statistics().bytes_held;
    assert!(held <= 2 * 1024 * 1024, "{held}");
    // When it begins to take events, it gets all of them, each read once.
    let mut reads = 0;
    while let Ok(event) = deaf.events.try_recv_timeout(Duration::from_millis(500)) {
        match event {
            direct_sockets_traits::ClientEvent::Socket {
                event: SocketEvent::Read(ReadResult::Data(_)),
                ..
            } => reads += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(reads >= SOCKETS, "{reads}");
    assert_eq!(net.statistics().bytes_held, 0);
}

#[test]
fn a_client_that_drops_its_events_is_gone() {
    let net = TestNet::start();
    let client = net.client();
    let address = peer::echo();
    let id = client.open(address);
    let TestClient {
        requests, events, ..
    } = client;
    drop(events);
    // The next event shows that nobody takes them any more.
    let _ = requests.send(SocketRequest::Close { id });
    net.wait_for("the client is gone", |figures| {
        figures.clients == 0 && figures.sockets == 0
    });
}
