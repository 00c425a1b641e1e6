/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{Read, Write};
use std::thread;
use std::time::Instant;

use direct_sockets_traits::limits::{FIRST_WINDOW, MAX_QUEUED_EVENTS};
use direct_sockets_traits::{SocketId, SocketRequest};

use crate::support::{PATIENCE, ReadResult, TestClient, TestNet, open_request, peer};

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
    honest.write(id, b"not disturbed").unwrap();
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
        let mut sent = 0;
        for stream in &mut streams {
            stream.set_nonblocking(true).unwrap();
            while let Ok(count) = stream.write(&[1; 64 * 1024]) {
                sent += count;
            }
        }
        (streams, sent)
    });
    let ids: Vec<_> = (0..SOCKETS).map(|_| deaf.open(address)).collect();
    let (_streams, sent) = flood.join().unwrap();
    // All its sockets are readable, it asks for all of them, and takes nothing.
    for id in &ids {
        deaf.start_read(*id);
    }
    let honest = net.client();
    let id = honest.open(peer::echo());
    for _ in 0..100 {
        honest.write(id, b"ping").unwrap();
        assert_eq!(honest.read_exactly(id, 4), b"ping");
    }
    // What was taken for it is bounded: what its rings are meant to hold at first.
    let received = net.statistics().bytes_received;
    assert!(
        received <= (SOCKETS * FIRST_WINDOW) as u64 + 400,
        "{received}"
    );
    // When it begins to take bytes, it gets all of them.
    let mut count = 0;
    for id in &ids {
        while let Some(ReadResult::Data(data)) = deaf.try_read(*id, 1024 * 1024) {
            count += data.len();
        }
    }
    assert!(
        count >= SOCKETS * FIRST_WINDOW && count <= sent,
        "{count} of {sent}"
    );
    assert_eq!(net.statistics().bytes_held, 0);
}

#[test]
fn a_client_that_drops_its_events_is_gone() {
    let net = TestNet::start();
    let client = net.client();
    client.bind("127.0.0.1");
    let TestClient {
        requests, events, ..
    } = client;
    drop(events);
    // The next event that is a message shows that nobody takes them any more.
    let _ = requests.send(SocketRequest::MoreRings);
    net.wait_for("the client is gone", |figures| {
        figures.clients == 0 && figures.sockets == 0
    });
}
