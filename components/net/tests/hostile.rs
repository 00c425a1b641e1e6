/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What no honest content process sends.

use std::num::NonZeroU32;
use std::time::Duration;

use direct_sockets_plane::Room;
use direct_sockets_traits::{
    Address, BufferSizes, ClientEvent, Destination, DnsQueryType, Handover, Host, ReadEnd, RingId,
    SocketError, SocketEvent, SocketId, SocketRequest, TcpExtras, TcpListen, TcpOpen, TcpOptions,
    UdpExtras, UdpMode, UdpOpen,
};
use direct_sockets_wire::{Endpoint, Wait};
use proptest::prelude::*;

use crate::support::{Event, TestClient, TestNet, peer};

/// A client that goes on while others misbehave.
pub struct Witness {
    client: TestClient,
    id: SocketId,
}

impl Witness {
    pub fn new(net: &TestNet) -> Self {
        let client = net.client();
        let id = client.open(peer::echo());
        Self { client, id }
    }

    pub fn is_not_disturbed(&self) {
        self.client.write(self.id, b"still there").unwrap();
        assert_eq!(self.client.read_exactly(self.id, 11), b"still there");
    }
}

/// A client whose request channel takes any bytes.
fn raw_client(net: &TestNet) -> (Endpoint, TestClient) {
    use direct_sockets_traits::{Grant, NetControl, Owner};
    use ipc_channel::ipc;
    // The client sends on a raw end; net gets what `ipc_channel` makes of the other.
    let (raw, to_net) = raw_channel();
    let (to_client, events) = ipc::channel().unwrap();
    let register = NetControl::Register {
        owner: Owner {
            pipeline: String::new(),
            worker: None,
        },
        grant: Grant {
            origin: String::new(),
            max_sockets: 16,
            addresses: Default::default(),
            port_floors: Default::default(),
        },
        requests: to_net,
        events: to_client,
    };
    net.control().send(register).unwrap();
    let (requests, _) = ipc::channel().unwrap();
    let client = TestClient::new(requests, events);
    assert!(matches!(
        client.next(),
        Event::Message(ClientEvent::Ready { .. })
    ));
    (raw, client)
}

/// An `ipc_channel` receiver whose sender is a raw end.
fn raw_channel() -> (Endpoint, ipc_channel::ipc::IpcReceiver<SocketRequest>) {
    use ipc_channel::ipc::{IpcOneShotServer, IpcReceiver};
    use std::os::fd::AsFd;
    // A receiver can only come out of a message: so a message with one is made by hand.
    let (server, path) = IpcOneShotServer::<IpcReceiver<SocketRequest>>::new().unwrap();
    let (raw, other) = Endpoint::pair().unwrap();
    let sender = Endpoint::connect(&path).unwrap();
    let index = [0];
    sender
        .send(&index, &[other.as_fd()], Wait::Forever)
        .unwrap();
    let (_, receiver) = server.accept().unwrap();
    (raw, receiver)
}

/// The client's channel breaks, sooner or later.
fn is_cut_off(client: &TestClient) -> bool {
    loop {
        match client.try_next(Duration::from_secs(10)) {
            Ok(_) => {},
            Err(ipc_channel::TryRecvError::Empty) => return false,
            Err(_) => return true,
        }
    }
}

#[test]
fn life_08_bytes_that_are_no_request_end_that_client_alone() {
    let net = TestNet::start();
    let witness = Witness::new(&net);
    for bytes in [
        &[][..],
        &[255; 100],
        &[0],
        &[0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255],
    ] {
        let (raw, client) = raw_client(&net);
        raw.send(bytes, &[], Wait::Forever).unwrap();
        assert!(is_cut_off(&client), "{bytes:?}");
        witness.is_not_disturbed();
    }
}

#[test]
fn life_08_packets_with_impossible_lengths_end_that_client_alone() {
    let net = TestNet::start();
    let witness = Witness::new(&net);
    for (packet, message) in [
        (0, 0),
        (usize::MAX, 0),
        (16, usize::MAX),
        (16, 1 << 46),
        (16, 1 << 20),
        (17, 1),
        (8, 0),
    ] {
        let (raw, client) = raw_client(&net);
        let mut bytes = usize::to_ne_bytes(packet).to_vec();
        bytes.extend(usize::to_ne_bytes(message));
        rustix::net::send(&raw, &bytes, rustix::net::SendFlags::empty()).unwrap();
        assert!(is_cut_off(&client), "{packet} {message}");
        witness.is_not_disturbed();
    }
    // Shorter than the lengths themselves.
    let (raw, client) = raw_client(&net);
    rustix::net::send(&raw, &[1, 2, 3], rustix::net::SendFlags::empty()).unwrap();
    assert!(is_cut_off(&client));
    // Longer than anything that is taken.
    let (raw, client) = raw_client(&net);
    let long = vec![0; 150_000];
    rustix::net::send(&raw, &long, rustix::net::SendFlags::empty()).unwrap();
    assert!(is_cut_off(&client));
    witness.is_not_disturbed();
}

#[test]
fn life_08_a_message_whose_rest_never_comes_holds_up_nobody_else() {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    use std::os::fd::AsFd;
    let net = TestNet::start();
    let witness = Witness::new(&net);
    let (raw, client) = raw_client(&net);
    let (rest, other) = Endpoint::pair().unwrap();
    let mut bytes = usize::to_ne_bytes(20).to_vec();
    bytes.extend(usize::to_ne_bytes(1000));
    bytes.extend([0; 4]);
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = [other.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&rights)));
    let parts = [std::io::IoSlice::new(&bytes)];
    sendmsg(&raw, &parts, &mut control, SendFlags::empty()).unwrap();
    drop(other);
    for _ in 0..10 {
        witness.is_not_disturbed();
    }
    assert_eq!(net.statistics().clients, 2);
    // Once it is clear that it never comes, the client is cut off.
    drop(rest);
    assert!(is_cut_off(&client));
    witness.is_not_disturbed();
}

#[test]
fn life_08_descriptors_that_nobody_asked_for_are_closed() {
    use std::os::fd::AsFd;
    let net = TestNet::start();
    let witness = Witness::new(&net);
    let (raw, client) = raw_client(&net);
    let before = crate::support::descriptors_of(net.pid()).len();
    let file = std::fs::File::open("/dev/null").unwrap();
    let request = postcard::to_stdvec(&SocketRequest::Close {
        id: SocketId(1),
        keep: 0,
    })
    .unwrap();
    for _ in 0..100 {
        let descriptors = [file.as_fd(), file.as_fd()];
        raw.send(&request, &descriptors, Wait::Forever).unwrap();
    }
    // The channel keeps its order: when this is answered, the others have been handled.
    let open = crate::support::open_request(SocketId(9), "127.0.0.1", 0, TcpOptions::default());
    raw.send(&postcard::to_stdvec(&open).unwrap(), &[], Wait::Forever)
        .unwrap();
    client.next();
    assert_eq!(crate::support::descriptors_of(net.pid()).len(), before);
    witness.is_not_disturbed();
}

#[test]
fn life_08_channels_that_are_none_are_refused() {
    use ipc_channel::ipc::{IpcOneShotServer, IpcReceiver};
    use std::os::fd::{AsFd, OwnedFd};
    let net = TestNet::start();
    let witness = Witness::new(&net);
    let tcp: OwnedFd = std::net::TcpListener::bind("127.0.0.1:0").unwrap().into();
    let datagram: OwnedFd = std::os::unix::net::UnixDatagram::unbound().unwrap().into();
    for descriptor in [tcp, datagram] {
        let (server, path) = IpcOneShotServer::<IpcReceiver<SocketRequest>>::new().unwrap();
        let sender = Endpoint::connect(&path).unwrap();
        sender
            .send(&[0], &[descriptor.as_fd()], Wait::Forever)
            .unwrap();
        let (_, requests) = server.accept().unwrap();
        let (to_client, events) = ipc_channel::ipc::channel::<ClientEvent>().unwrap();
        let register = direct_sockets_traits::NetControl::Register {
            owner: direct_sockets_traits::Owner {
                pipeline: String::new(),
                worker: None,
            },
            grant: direct_sockets_traits::Grant {
                origin: String::new(),
                max_sockets: 16,
                addresses: Default::default(),
                port_floors: Default::default(),
            },
            requests,
            events: to_client,
        };
        net.control().send(register).unwrap();
        assert!(events.try_recv_timeout(crate::support::PATIENCE).is_err());
    }
    witness.is_not_disturbed();
}

fn request(port: u16) -> impl Strategy<Value = SocketRequest> {
    let id = (0..4_u64).prop_map(SocketId);
    // Few, so that sockets get the same ones.
    let ring = prop_oneof![9 => 0..8_u32, 1 => any::<u32>()].prop_map(RingId);
    let name = prop_oneof![
        Just("localhost".to_owned()),
        Just(String::new()),
        Just("a\0b".to_owned()),
        Just("name.invalid".to_owned()),
        Just("x".repeat(5000)),
    ];
    let host = prop_oneof![
        4 => Just(Host::Ip("127.0.0.1".parse().unwrap())),
        1 => Just(Host::Ip("::1".parse().unwrap())),
        1 => name.prop_map(Host::Name),
    ];
    let options = (
        any::<Option<u32>>(),
        any::<Option<u32>>(),
        any::<bool>(),
        any::<Option<u32>>(),
    )
        .prop_map(|(send, receive, no_delay, keep_alive)| TcpOptions {
            send_buffer_size: send,
            receive_buffer_size: receive,
            no_delay,
            keep_alive_delay: keep_alive,
            dns_query_type: send
                .filter(|size| size % 3 == 0)
                .map(|_| DnsQueryType::Ipv4),
        });
    let extras =
        (any::<bool>(), any::<Option<u8>>(), any::<bool>()).prop_map(|(bind, ttl, flag)| {
            TcpExtras {
                bind_address: bind.then(Address::default),
                time_to_live: ttl,
                reuse_address: flag,
                reset_on_close: !flag,
            }
        });
    let port = prop_oneof![4 => Just(port), 1 => Just(0)];
    let address = prop_oneof![
        Just("127.0.0.1"),
        Just("::1"),
        Just("::"),
        Just("192.0.2.1")
    ]
    .prop_map(|text| text.parse::<std::net::IpAddr>().unwrap());
    let destination =
        (host.clone(), port.clone(), any::<bool>()).prop_map(|(host, port, query)| Destination {
            host,
            port,
            dns_query_type: query.then_some(DnsQueryType::Ipv6),
        });
    let mode = prop_oneof![
        destination.clone().prop_map(UdpMode::Connected),
        (address.clone(), any::<Option<bool>>()).prop_map(|(address, ipv6_only)| UdpMode::Bound {
            address,
            port: None,
            ipv6_only,
        }),
    ];
    let udp =
        (mode, any::<Option<NonZeroU32>>(), any::<bool>()).prop_map(|(mode, size, flag)| UdpOpen {
            mode,
            buffers: BufferSizes {
                send: size,
                receive: size,
            },
            extras: UdpExtras {
                bind_address: flag.then(Address::default),
                time_to_live: flag.then_some(0),
                reuse_address: flag,
                broadcast: false,
            },
        });
    let listen = (address, any::<Option<NonZeroU32>>(), any::<Option<bool>>()).prop_map(
        |(address, backlog, ipv6_only)| TcpListen {
            address,
            port: None,
            backlog,
            ipv6_only,
            reuse_address: backlog.is_none(),
        },
    );
    prop_oneof![
        4 => (id.clone(), udp).prop_map(|(id, open)| SocketRequest::OpenUdp { id, open }),
        2 => (id.clone(), listen).prop_map(|(id, listen)| SocketRequest::ListenTcp { id, listen }),
        2 => (id.clone(), any::<u32>()).prop_map(|(id, max)| SocketRequest::Receive { id, max }),
        2 => (id.clone(), id.clone(), any::<u32>()).prop_map(|(id, first, max)| {
            SocketRequest::Accept { id, first, max }
        }),
        4 => (id.clone(), host, port, options, extras).prop_map(|(id, host, port, options, extras)| {
            SocketRequest::OpenTcp { id, open: TcpOpen { host, port, options, extras } }
        }),
        4 => (id.clone(), ring.clone()).prop_map(|(id, ring)| SocketRequest::ReadInto { id, ring }),
        4 => (id.clone(), ring).prop_map(|(id, ring)| SocketRequest::WriteFrom { id, ring }),
        1 => id.clone().prop_map(|id| SocketRequest::Room { id }),
        1 => Just(SocketRequest::MoreRings),
        1 => id.clone().prop_map(|id| SocketRequest::CancelRead { id }),
        1 => id.clone().prop_map(|id| SocketRequest::Bytes { id }),
        1 => (id.clone(), any::<u64>()).prop_map(|(id, keep)| SocketRequest::AbortWrite { id, keep }),
        1 => id.clone().prop_map(|id| SocketRequest::ShutdownWrite { id }),
        2 => (id.clone(), any::<u64>()).prop_map(|(id, keep)| SocketRequest::Close { id, keep }),
        1 => (id, any::<u64>()).prop_map(|(id, keep)| SocketRequest::Abandon { id, keep }),
    ]
}

#[test]
fn life_08_life_11_any_sequence_of_requests_is_survived() {
    let mut net = TestNet::start();
    let witness = Witness::new(&net);
    let address = peer::echo();
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(requests in prop::collection::vec(request(address.port()), 1..60))| {
        let client = net.client();
        for request in requests {
            // A long piece may go over what is taken at all, and then the client is gone.
            if client.requests.send(request).is_err() {
                break;
            }
        }
        witness.is_not_disturbed();
        drop(client);
    });
    assert!(net.is_alive());
    net.wait_for("only the witness is left", |figures| {
        figures.clients == 1 && figures.sockets == 1 && figures.bytes_held == 0
    });
}

#[test]
fn life_08_life_11_any_bytes_as_requests_are_survived() {
    let mut net = TestNet::start();
    let witness = Witness::new(&net);
    let config = ProptestConfig {
        cases: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..10))| {
        let (raw, client) = raw_client(&net);
        for message in messages {
            if raw.send(&message, &[], Wait::Forever).is_err() {
                break;
            }
        }
        drop((raw, client));
    });
    assert!(net.is_alive());
    witness.is_not_disturbed();
    net.wait_for("only the witness is left", |figures| figures.clients == 1);
}

/// What a hostile page may write into the header of a ring: head, base, tail, and the two wishes.
const SCRIBBLES: [[u64; 5]; 8] = [
    [u64::MAX; 5],
    [0; 5],
    [u64::MAX, 0, 0, 0, 0],
    [0, 0, u64::MAX, 0, 0],
    [1 << 63, 1 << 62, 1 << 61, 1, 1],
    [512 * 1024 + 1, 0, 0, 0, 0],
    [100, u64::MAX - 7, 0, u64::MAX - 1, u64::MAX - 1],
    [5, 3, 1, 0, 0],
];

#[test]
fn life_08_whatever_is_scribbled_over_a_ring_ends_that_socket_at_most() {
    let net = TestNet::start();
    let witness = Witness::new(&net);
    let client = net.client();
    let address = peer::echo();
    let neighbour = client.open(address);
    client.write(neighbour, b"before").unwrap();
    assert_eq!(client.read_exactly(neighbour, 6), b"before");
    for words in SCRIBBLES {
        let id = client.open(address);
        client.put(id, b"some bytes");
        client.start_read(id);
        client.with(id, |ends| {
            ends.writer().place().header().scribble(words);
            ends.reader().place().header().scribble(words);
        });
        client.send(SocketRequest::Bytes { id });
        client.send(SocketRequest::Room { id });
        witness.is_not_disturbed();
        client.send(SocketRequest::Close { id, keep: 0 });
        // Whatever is said of it before, it is said of this socket, and it closes.
        while !matches!(client.next_of(id), SocketEvent::Closed(_)) {}
    }
    client.write(neighbour, b"after").unwrap();
    assert_eq!(client.read_exactly(neighbour, 5), b"after");
}

#[test]
fn life_08_damage_is_told_as_an_error_of_the_socket() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let mut stream = peer::accept(&listener);
    client.start_read(id);
    client.write(id, b"x").unwrap();
    client.with(id, |ends| {
        ends.writer().place().header().scribble([u64::MAX - 9; 5]);
        ends.reader().place().header().scribble([u64::MAX - 9; 5]);
    });
    client.send(SocketRequest::Bytes { id });
    let damaged = SocketError::MemoryDamaged;
    let failed = SocketEvent::WriteFailed(damaged);
    assert_eq!(client.next_of(id), failed);
    client.expect_nothing();
    let ended = client.with(id, |ends| ends.ended);
    assert_eq!(ended, Some(ReadEnd::Error(damaged)));
    client.send(SocketRequest::Close { id, keep: 0 });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(client.next_of(id), closed);
    assert_eq!(std::io::Read::read(&mut stream, &mut [0; 1]).unwrap(), 1);
}

#[test]
fn life_08_a_page_that_never_stops_scribbling_disturbs_nobody() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let mut net = TestNet::start();
    let witness = Witness::new(&net);
    let client = net.client();
    let address = peer::echo();
    let ids: Vec<_> = (0..4).map(|_| client.open(address)).collect();
    let mut headers = Vec::new();
    for id in &ids {
        client.start_read(*id);
        client.put(*id, &[7; 50_000]);
        client.with(*id, |ends| {
            headers.push(ends.writer().place().clone());
            headers.push(ends.reader().place().clone());
        });
    }
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut word = 0x9E37_79B9_7F4A_7C15_u64;
            while !stop.load(Ordering::Relaxed) {
                for span in &headers {
                    word = word.rotate_left(7).wrapping_mul(0xD129_0DD3_25C6_4E2D);
                    span.header()
                        .scribble([word, word >> 9, word >> 40, word >> 50, 0]);
                    span.copy_in((word >> 50) as usize, &word.to_ne_bytes());
                }
            }
        });
        for _ in 0..200 {
            for id in &ids {
                client.send(SocketRequest::Bytes { id: *id });
                client.send(SocketRequest::Room { id: *id });
            }
            witness.is_not_disturbed();
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(net.is_alive());
    drop(client);
    net.wait_for("only the witness is left", |figures| {
        figures.clients == 1 && figures.sockets == 1
    });
}
