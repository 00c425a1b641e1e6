/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Many sockets at full load at the same time: every byte and every datagram comes back as it was sent.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use direct_sockets_traits::limits::{MAX_BATCH, MAX_PAYLOAD};
use direct_sockets_traits::{Outgoing, SocketId};

use crate::support::{ReadResult, StopOnDrop, TestClient, TestNet, peer};

/// How much more there is where everything is tested.
fn scale() -> usize {
    match std::env::var_os("DIRECT_SOCKETS_FULL_TESTS") {
        Some(_) => 64,
        None => 1,
    }
}

/// Numbers that look random, from a seed that a failing test prints.
struct Numbers(u64);

impl Numbers {
    fn new() -> Self {
        let clock = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let seed = std::env::var("DIRECT_SOCKETS_SEED").map_or(clock.as_nanos() as u64, |text| {
            text.parse().expect("DIRECT_SOCKETS_SEED is a number")
        });
        // Shown by libtest where the test fails.
        println!("DIRECT_SOCKETS_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (((self.0 ^ (self.0 >> 29)).rotate_left(17) >> 8) % end as u64) as usize
    }

    /// Small ones and large ones, each about as often.
    fn length(&mut self) -> usize {
        let scale = [16, 1500, 20_000, MAX_PAYLOAD][self.below(4)];
        1 + self.below(scale)
    }
}

/// What the stream of a socket is cut from. A prime number of bytes, so that no two places of it are alike.
const BYTES: usize = 1_000_003;

/// The bytes of a stream from a position on, as many as there are in one piece.
fn stream(bytes: &[u8], number: usize, position: usize) -> &[u8] {
    &bytes[(number * 7919 + position) % BYTES..]
}

/// Peers of many connections that send back what they get, all on one thread.
fn echo_many(listener: std::net::TcpListener, count: usize) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut streams: Vec<(TcpStream, VecDeque<u8>, bool)> = (0..count)
            .map(|_| {
                let stream = peer::accept(&listener);
                stream.set_nonblocking(true).unwrap();
                (stream, VecDeque::new(), false)
            })
            .collect();
        let mut buffer = vec![0; 64 * 1024];
        while !streams.is_empty() {
            let mut is_idle = true;
            streams.retain_mut(|(stream, waiting, has_ended)| {
                if waiting.len() < buffer.len() && !*has_ended {
                    match stream.read(&mut buffer) {
                        Ok(0) => *has_ended = true,
                        Ok(count) => {
                            waiting.extend(&buffer[..count]);
                            is_idle = false;
                        },
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {},
                        Err(error) => panic!("{error}"),
                    }
                }
                let (front, _) = waiting.as_slices();
                match stream.write(front) {
                    Ok(count) => {
                        is_idle &= count == 0;
                        waiting.drain(..count);
                    },
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {},
                    Err(error) => panic!("{error}"),
                }
                !(*has_ended && waiting.is_empty())
            });
            if is_idle {
                thread::sleep(Duration::from_millis(1));
            }
        }
    })
}

/// One connection, and how far it has come.
struct Transfer {
    id: SocketId,
    number: usize,
    sent: usize,
    received: usize,
}

impl Transfer {
    /// Move a little in each direction; whether anything has moved or could.
    fn step(
        &mut self,
        client: &TestClient,
        bytes: &[u8],
        total: usize,
        numbers: &mut Numbers,
    ) -> bool {
        let mut moves = false;
        if self.sent < total {
            let piece = stream(bytes, self.number, self.sent);
            let most = numbers.length().min(total - self.sent).min(piece.len());
            let count = client.put(self.id, &piece[..most]);
            self.sent += count;
            moves |=
                count > 0 || !client.with(self.id, |ends| ends.writer().wait_for_room(1).unwrap());
        }
        if self.received < total {
            match client.try_read(self.id, numbers.length()) {
                Some(ReadResult::Data(data)) => {
                    let mut data = &data[..];
                    while !data.is_empty() {
                        let piece = stream(bytes, self.number, self.received);
                        let count = piece.len().min(data.len());
                        let place = (self.number, self.received);
                        assert!(data[..count] == piece[..count], "bytes at {place:?}");
                        self.received += count;
                        data = &data[count..];
                    }
                    moves = true;
                },
                Some(other) => panic!("{other:?} after {} bytes", self.received),
                None => {
                    moves |= !client.with(self.id, |ends| ends.reader().wait_for_bytes().unwrap());
                },
            }
        }
        moves
    }
}

#[test]
fn life_10_tcp_r_09_tcp_w_07_many_connections_at_full_load_are_byte_exact() {
    const COUNT: usize = 100;
    let total = 512 * 1024 * scale();
    let mut numbers = Numbers::new();
    let bytes: Vec<u8> = (0..BYTES).map(|_| numbers.below(256) as u8).collect();
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let peers = echo_many(listener, COUNT);
    let mut transfers: Vec<_> = (0..COUNT)
        .map(|number| Transfer {
            id: client.open(address),
            number,
            sent: 0,
            received: 0,
        })
        .collect();
    loop {
        let mut moves = false;
        for transfer in &mut transfers {
            moves |= transfer.step(&client, &bytes, total, &mut numbers);
        }
        if transfers.iter().all(|transfer| transfer.received == total) {
            break;
        }
        if !moves {
            let event = client.next();
            assert!(client.note(&event), "{event:?}");
        }
    }
    for transfer in transfers {
        client.close(transfer.id);
    }
    peers.join().unwrap();
    assert_eq!(net.statistics().bytes_held, 0);
}

/// Send back what comes, until told to stop.
fn echo_datagrams(stop: &AtomicBool) -> (SocketAddr, impl FnOnce() + '_) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    socket
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    (address, move || {
        let mut buffer = [0; 2000];
        while !stop.load(Ordering::Relaxed) {
            if let Ok((count, from)) = socket.recv_from(&mut buffer) {
                socket.send_to(&buffer[..count], from).unwrap();
            }
        }
    })
}

#[test]
fn udp_r_03_udp_w_17_bursts_of_datagrams_come_back_whole_and_in_order() {
    const BURST: usize = MAX_BATCH as usize;
    let bursts = 200 * scale();
    let mut numbers = Numbers::new();
    let net = TestNet::start();
    let client = net.client();
    let stop = AtomicBool::new(false);
    let (address, echo) = echo_datagrams(&stop);
    let (id, _) = client.connect_udp(address);
    thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(echo);
        for burst in 0..bursts {
            let datagrams: Vec<Vec<u8>> = (0..BURST)
                .map(|index| {
                    let mut data = vec![numbers.below(256) as u8; 8 + numbers.below(1400)];
                    data[..8].copy_from_slice(&((burst * BURST + index) as u64).to_le_bytes());
                    data
                })
                .collect();
            for data in &datagrams {
                let outgoing = Outgoing {
                    data,
                    to: None,
                    answer: false,
                };
                client.put_datagram(id, &outgoing);
            }
            let mut received = Vec::new();
            while received.len() < BURST {
                let (batch, error) = client.receive(id, MAX_BATCH);
                assert_eq!(error, None);
                received.extend(batch.into_iter().map(|datagram| datagram.data));
            }
            assert!(received == datagrams, "burst {burst}");
        }
    });
    client.close(id);
}
