/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::{MessageWriter, Room};
use direct_sockets_traits::limits::MAX_QUEUED_EVENTS;
use direct_sockets_traits::{SocketEvent, SocketId, SocketRequest};

use crate::support::{PATIENCE, TestClient, TestNet, open_request, peer};

/// A request that is answered at once, with a failure.
fn refused(id: u64) -> SocketRequest {
    open_request(SocketId(id), "127.0.0.1", 0, Default::default())
}

fn fails(client: &TestClient, id: u64) {
    let event = client.next_of(SocketId(id));
    assert!(matches!(event, SocketEvent::OpenFailed(_)), "{event:?}");
}

#[test]
fn requests_of_both_ways_are_answered_through_the_queue() {
    let net = TestNet::start();
    let client = net.client();
    client.requests.send(refused(1000)).unwrap();
    fails(&client, 1000);
    client.send(refused(1001));
    fails(&client, 1001);
}

#[test]
fn many_requests_are_answered_in_order() {
    let net = TestNet::start();
    let client = net.client();
    const COUNT: u64 = 5000;
    for id in 0..COUNT {
        client.send(refused(1000 + id));
    }
    for id in 0..COUNT {
        fails(&client, 1000 + id);
    }
}

#[test]
fn events_that_find_no_room_follow_when_the_client_reads() {
    let net = TestNet::start();
    let client = net.client();
    let other = net.client();
    // More answers than the queue has room for, and fewer than would cut it off.
    const COUNT: u64 = MAX_QUEUED_EVENTS as u64 / 2;
    for id in 0..COUNT {
        client.send(refused(1000 + id));
    }
    // Net has gone through all of them when it has answered the other one many times.
    for _ in 0..100 {
        other.expect_nothing();
    }
    for id in 0..COUNT {
        fails(&client, 1000 + id);
    }
    client.expect_nothing();
}

#[test]
fn a_doorbell_without_a_reason_is_no_harm() {
    let net = TestNet::start();
    let client = net.client();
    for _ in 0..100 {
        client.requests.send(SocketRequest::Doorbell).unwrap();
    }
    client.expect_nothing();
    assert_eq!(net.statistics().clients, 1);
}

#[test]
fn life_08_queues_that_hold_nonsense_end_that_client_alone() {
    let net = TestNet::start();
    let witness = net.client();
    let connection = witness.open(peer::echo());
    let scribbles: [&dyn Fn(&TestClient); 5] = [
        // A position that cannot be, of requests and of events.
        &|client| scribble(client, [1 << 40, 0, 0, u64::MAX, u64::MAX]),
        &|client| {
            let events = client.plane().events();
            events
                .header()
                .scribble([0, 0, 1 << 40, u64::MAX, u64::MAX]);
        },
        // A request that is none, and one that is cut off.
        &|client| write(client, &[255; 20]),
        &|client| write(client, &[0, 1]),
        // A length that is longer than what there is.
        &|client| {
            let requests = client.plane().requests();
            requests.copy_in(0, &[255; 64]);
            requests.header().scribble([64, 0, 0, u64::MAX, u64::MAX]);
        },
    ];
    for (number, scribble) in scribbles.iter().enumerate() {
        let client = net.client();
        let (listener, address) = peer::listen();
        // Not through the queue, which is to be at its beginning.
        let open = open_request(SocketId(1), "127.0.0.1", address.port(), Default::default());
        client.requests.send(open).unwrap();
        let mut lost = peer::accept(&listener);
        scribble(&client);
        let _ = client.requests.send(SocketRequest::Doorbell);
        // What makes net say something.
        let _ = client.requests.send(refused(1000));
        let ended = std::io::Read::read(&mut lost, &mut [0; 1]).unwrap_or(0);
        assert_eq!(ended, 0, "scribble {number}");
        net.wait_for("only the witness is left", |figures| figures.clients == 1);
        witness.write(connection, b"not disturbed").unwrap();
        assert_eq!(witness.read_exactly(connection, 13), b"not disturbed");
    }
}

fn scribble(client: &TestClient, words: [u64; 5]) {
    client.plane().requests().header().scribble(words);
}

/// Put a message into the queue of requests, as the first one.
fn write(client: &TestClient, message: &[u8]) {
    let requests = client.plane().requests();
    MessageWriter::new(requests).write(message).unwrap();
}

#[test]
fn srv_r_10_what_net_said_before_it_ended_can_be_read() {
    let mut net = TestNet::start();
    let client = net.client();
    client.send(refused(1000));
    // When this is answered, the other one has been.
    net.client().expect_nothing();
    let pid = i32::try_from(net.pid()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    assert!(!net.wait_for_end().success());
    let event = client.try_next(PATIENCE);
    assert!(event.is_ok(), "{event:?}");
    assert!(client.try_next(PATIENCE).is_err());
}
