/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Garbage in the shared memory while bytes, datagrams and messages are on their way.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use direct_sockets_plane::{MessageReader, MessageWriter, Room, Span, encode};
use direct_sockets_traits::limits::{MAX_BATCH, MAX_RECORD};
use direct_sockets_traits::{Outgoing, SocketId, SocketRequest};

use crate::hostile::Witness;
use crate::support::{StopOnDrop, TestClient, TestNet, destination, peer};

/// How many clients misbehave, one after the other.
const ROUNDS: u64 = 30;

/// Numbers that look random, and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (self.0 ^ (self.0 >> 29)).rotate_left(17)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Write something into a ring: anything, what is nearly right, or other contents.
    fn scribble(&mut self, span: &Span, honest: u64) {
        let capacity = span.capacity() as u64;
        match self.below(4) {
            0 => span.header().scribble([
                self.next(),
                self.next(),
                self.next(),
                self.next(),
                self.next(),
            ]),
            1 => span.header().scribble([
                honest.wrapping_add(self.below(64)),
                honest.wrapping_sub(self.below(8)),
                honest.wrapping_sub(self.below(64)),
                self.next() & 1,
                self.next() & 1,
            ]),
            2 => span.copy_in(
                (honest.wrapping_add(self.below(64)) % (capacity - 8)) as usize,
                &self.next().to_ne_bytes(),
            ),
            _ => span.copy_in(
                self.below(capacity - 8) as usize,
                // A length that a message could have.
                &self.below(2048).to_ne_bytes(),
            ),
        }
    }
}

/// The rings of a UDP socket, both in use.
fn rings(client: &TestClient, id: SocketId) -> [Span; 2] {
    let (ring, outgoing) = client.ring();
    client.send(SocketRequest::WriteFrom { id, ring });
    let (ring, incoming) = client.ring();
    client.send(SocketRequest::ReadInto { id, ring });
    [outgoing, incoming]
}

#[test]
fn life_08_garbage_among_datagrams_on_their_way_disturbs_nobody() {
    let mut net = TestNet::start();
    let witness = Witness::new(&net);
    let neighbour = net.client();
    let (other, other_address) = neighbour.bind("127.0.0.1");
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for round in 0..ROUNDS {
        let client = net.client();
        let (id, address) = client.bind("127.0.0.1");
        let [outgoing, incoming] = rings(&client, id);
        let mut writer = MessageWriter::with_limit(outgoing.clone(), MAX_RECORD);
        let mut reader = MessageReader::with_limit(incoming.clone(), MAX_RECORD);
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            let _stop = StopOnDrop(&stop);
            scope.spawn(|| {
                let mut numbers = Numbers(round);
                while !stop.load(Ordering::Relaxed) {
                    let _ = sender.send_to(&[7; 1000], address);
                    if numbers.below(8) == 0 {
                        numbers.scribble(&outgoing, 1000);
                        numbers.scribble(&incoming, 1000);
                    }
                }
            });
            let mut record = Vec::new();
            for _ in 0..50 {
                let to = destination("127.0.0.1", address.port());
                let datagram = Outgoing {
                    data: &[8; 500],
                    to,
                    answer: false,
                };
                // Its own ends may find the garbage as well.
                let _ = writer.write(&encode(&datagram, Vec::new()).unwrap());
                let _ = reader.read(&mut record);
                client.send(SocketRequest::Bytes { id });
                client.send(SocketRequest::Receive { id, max: MAX_BATCH });
                client.send(SocketRequest::Room { id });
            }
            witness.is_not_disturbed();
        });
    }
    assert!(net.is_alive());
    sender.send_to(b"whole", other_address).unwrap();
    assert_eq!(neighbour.receive(other, 1).0[0].data, b"whole");
    drop(neighbour);
    net.wait_for("only the witness is left", |figures| {
        figures.clients == 1 && figures.sockets == 1 && figures.bytes_held == 0
    });
}

#[test]
fn life_08_garbage_in_the_queues_during_transfers_ends_that_client_at_most() {
    let mut net = TestNet::start();
    let witness = Witness::new(&net);
    let address = peer::echo();
    for round in 0..ROUNDS {
        let mut numbers = Numbers(round);
        let client = net.client();
        let id = client.open(address);
        client.start_read(id);
        client.put(id, &[7; 100_000]);
        let (requests, events) = (client.plane().requests(), client.plane().events());
        for step in 0..40 {
            let queue = if step % 2 == 0 { &requests } else { &events };
            numbers.scribble(queue, 40);
            // The bytes go on, and what is said comes as messages: the queue is not to be relied upon.
            client.with(id, |ends| {
                let _ = ends.reader().read(&mut [0; 1000]);
                let _ = ends.writer().write(&[7; 1000]);
            });
            let _ = client.requests.send(SocketRequest::Bytes { id });
            let _ = client.requests.send(SocketRequest::Room { id });
            let _ = client.requests.send(SocketRequest::Doorbell);
        }
        witness.is_not_disturbed();
    }
    assert!(net.is_alive());
    net.wait_for("only the witness is left", |figures| {
        figures.clients == 1 && figures.sockets == 1 && figures.bytes_held == 0
    });
}

#[test]
fn life_08_garbage_that_was_left_by_a_dead_client_is_not_drained_for_ever() {
    let mut net = TestNet::start();
    let witness = Witness::new(&net);
    let (listener, address) = peer::listen();
    let mut numbers = Numbers(1);
    let mut streams = Vec::new();
    for _ in 0..8 {
        let client = net.client();
        let id = client.open(address);
        streams.push(peer::accept(&listener));
        client.fill(id);
        client.with(id, |ends| {
            let span = ends.writer().place().clone();
            numbers.scribble(&span, ends.writer().position());
        });
    }
    assert!(net.is_alive());
    witness.is_not_disturbed();
    // The peers never read: what is kept for them is, for a while, and then they see the end.
    net.wait_for("only the witness is left", |figures| {
        figures.clients == 1 && figures.sockets == 1 && figures.bytes_held == 0
    });
    drop(streams);
}
