/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::Read;

use direct_sockets_plane::{FIRST_SLOTS, LATER_SLOTS};
use direct_sockets_traits::{
    ClientEvent, Handover, RingId, SocketError, SocketEvent, SocketId, SocketRequest,
};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::{Event, PATIENCE, QUIET, TestClient, TestNet, grant_to, peer};

#[test]
fn every_client_has_ids_of_its_own() {
    let net = TestNet::start();
    let (one, other) = (net.client(), net.client());
    let address = peer::echo();
    let (first, second) = (one.open(address), other.open(address));
    assert_eq!(first, second);
    one.write(first, b"one").unwrap();
    other.write(second, b"two").unwrap();
    assert_eq!(one.read_exactly(first, 3), b"one");
    assert_eq!(other.read_exactly(second, 3), b"two");
    one.close(first);
    other.write(second, b"three").unwrap();
    assert_eq!(other.read_exactly(second, 5), b"three");
}

#[test]
fn life_08_unknown_ids_are_ignored() {
    let net = TestNet::start();
    let client = net.client();
    let id = SocketId(u64::MAX);
    let ring = RingId(0);
    client.send(SocketRequest::ReadInto { id, ring });
    client.send(SocketRequest::Room { id });
    client.send(SocketRequest::CancelRead { id });
    client.send(SocketRequest::WriteFrom { id, ring });
    client.send(SocketRequest::Bytes { id });
    client.send(SocketRequest::AbortWrite { id, keep: 0 });
    client.send(SocketRequest::ShutdownWrite { id });
    client.send(SocketRequest::Close { id, keep: 0 });
    client.send(SocketRequest::Abandon { id, keep: 0 });
    client.expect_nothing();
}

#[test]
fn life_08_closing_twice_is_closing_once() {
    let net = TestNet::start();
    let client = net.client();
    let id = client.open(peer::echo());
    client.send(SocketRequest::Close { id, keep: 0 });
    client.send(SocketRequest::Close { id, keep: 0 });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(client.next_of(id), closed);
    client.send(SocketRequest::Close { id, keep: 0 });
    client.send(SocketRequest::Abandon { id, keep: 0 });
    client.expect_nothing();
}

#[test]
fn life_08_an_id_that_is_in_use_is_not_opened_again() {
    let net = TestNet::start();
    let client = net.client();
    let address = peer::echo();
    let id = client.open(address);
    let again = crate::support::open_request(id, "127.0.0.1", address.port(), Default::default());
    client.send(again);
    client.expect_nothing();
    client.write(id, b"the same").unwrap();
    assert_eq!(client.read_exactly(id, 8), b"the same");
    assert_eq!(net.statistics().sockets, 1);
}

#[test]
fn life_08_a_ring_that_does_not_exist_closes_that_socket_alone() {
    let net = TestNet::start();
    let client = net.client();
    let address = peer::echo();
    let honest = client.open(address);
    for ring in [FIRST_SLOTS, u32::MAX].map(RingId) {
        let id = client.open(address);
        client.send(SocketRequest::ReadInto { id, ring });
        let closed = SocketEvent::Closed(Handover::Complete);
        assert_eq!(client.next_of(id), closed);
        let id = client.open(address);
        client.send(SocketRequest::WriteFrom { id, ring });
        assert_eq!(client.next_of(id), closed);
    }
    client.write(honest, b"not disturbed").unwrap();
    assert_eq!(client.read_exactly(honest, 13), b"not disturbed");
    assert_eq!(net.statistics().sockets, 1);
}

#[test]
fn who_asks_for_rings_while_no_descriptor_is_left_gets_them_later() {
    let net = TestNet::start();
    let client = net.client_with(1000);
    let pid = Pid::from_raw(i32::try_from(net.pid()).unwrap());
    let limits = getrlimit_of(pid);
    let none_left = Rlimit {
        current: Some(1),
        maximum: limits.maximum,
    };
    prlimit(pid, Resource::Nofile, none_left).unwrap();
    client.send(SocketRequest::MoreRings);
    assert!(client.try_next(QUIET).is_err(), "there is none to give");
    prlimit(pid, Resource::Nofile, limits).unwrap();
    assert!(matches!(
        client.next(),
        Event::Message(ClientEvent::Rings(_))
    ));
    client.open(peer::echo());
}

/// The limit of descriptors of a process, which stays as it is.
fn getrlimit_of(pid: Option<Pid>) -> Rlimit {
    let unchanged = rustix::process::getrlimit(Resource::Nofile);
    let limits = prlimit(pid, Resource::Nofile, unchanged).unwrap();
    prlimit(pid, Resource::Nofile, limits).unwrap();
    limits
}

#[test]
fn rings_are_given_out_up_to_what_all_sockets_can_need() {
    let net = TestNet::start();
    // A client of few sockets has enough of them from the start.
    let small = net.client_with(10);
    small.send(SocketRequest::MoreRings);
    small.expect_nothing();
    let large = net.client_with(1000);
    let mut count = u64::from(FIRST_SLOTS);
    for _ in 0..100 {
        large.send(SocketRequest::MoreRings);
    }
    // Enough come, and then no more.
    while count < 2000 {
        match large.next() {
            Event::Message(ClientEvent::Rings(_)) => count += u64::from(LATER_SLOTS),
            other => panic!("{other:?}"),
        }
    }
    while let Ok(Event::Message(ClientEvent::Rings(_))) = large.try_next(QUIET) {
        count += u64::from(LATER_SLOTS);
    }
    assert!((2000..=5000).contains(&count), "{count}");
    // They can be used.
    let address = peer::echo();
    let socket = large.open(address);
    let last = RingId(u32::try_from(count).unwrap() - 1);
    large.send(SocketRequest::WriteFrom {
        id: socket,
        ring: last,
    });
    large.close(socket);
}

#[test]
fn the_grant_limits_the_sockets_at_the_same_time() {
    let net = TestNet::start();
    let client = net.client_with(2);
    let address = peer::echo();
    let first = client.open(address);
    client.open(address);
    let error = client.open_error("127.0.0.1", address.port(), Default::default());
    assert_eq!(error, SocketError::SocketLimit);
    // A closed one makes room.
    client.close(first);
    client.open(address);
    // Another client has its own.
    net.client_with(2).open(address);
}

/// A process with this many descriptors.
fn net_with(descriptors: u64) -> TestNet {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use std::os::unix::process::CommandExt;
    TestNet::start_with(|command| {
        let limit = Rlimit {
            current: Some(descriptors),
            maximum: Some(descriptors),
        };
        let lower = move || Ok(setrlimit(Resource::Nofile, limit)?);
        // SAFETY: setrlimit(2) may be called between fork and exec.
        unsafe { command.pre_exec(lower) };
    })
}

/// Open as many sockets as there can be; how many, and why there are no more.
fn open_all(client: &TestClient, port: u16) -> (usize, SocketError) {
    let mut opened = 0;
    loop {
        let id = client.start_open("127.0.0.1", port, Default::default());
        match client.next_of(id) {
            SocketEvent::Opened { .. } => opened += 1,
            SocketEvent::OpenFailed(error) => return (opened, error),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn no_client_may_take_all_descriptors() {
    let net = net_with(256);
    let port = peer::echo().port();
    let greedy = net.client();
    let (opened, error) = open_all(&greedy, port);
    assert!(opened > 64, "{opened}");
    assert_eq!(error, SocketError::SocketLimit);
    let other = net.client_of(grant_to("https://other.example"));
    let id = other.open(([127, 0, 0, 1], port).into());
    other.write(id, b"room enough").unwrap();
    assert_eq!(other.read_exactly(id, 11), b"room enough");
}

#[test]
fn all_clients_together_leave_descriptors_for_what_net_needs() {
    let net = net_with(256);
    let port = peer::echo().port();
    let first = net.client();
    let second = net.client_of(grant_to("https://other.example"));
    open_all(&first, port);
    let (_, error) = open_all(&second, port);
    assert_eq!(error, SocketError::TooManyOpenFiles);
    // Names can be resolved, the broker is answered.
    let error = second.open_error("name.invalid", port, Default::default());
    assert_eq!(error, SocketError::TooManyOpenFiles);
    assert!(net.statistics().sockets > 64);
    // A closed socket makes room.
    first.close(SocketId(1));
    second.open(([127, 0, 0, 1], port).into());
}

#[test]
fn too_many_clients_are_turned_away_and_leave_room_for_sockets() {
    let net = net_with(256);
    let mut clients = vec![net.client()];
    let turned_away = loop {
        assert!(clients.len() < 256);
        // Each of another origin.
        let origin = format!("https://{}.example", clients.len());
        let client = net.register(grant_to(&origin));
        match client.try_next(PATIENCE) {
            Ok(_) => clients.push(client),
            Err(error) => break error,
        }
    };
    assert!(!matches!(turned_away, ipc_channel::TryRecvError::Empty));
    assert!(clients.len() > 16, "{}", clients.len());
    clients[0].open(peer::echo());
    // When others have gone there is room again.
    clients.truncate(1);
    net.wait_for("they have gone", |figures| figures.clients == 1);
    net.client();
}

#[test]
fn one_origin_leaves_sockets_for_another() {
    let net = net_with(1024);
    let port = peer::echo().port();
    let (first, second) = (net.client(), net.client());
    let one = second.open(([127, 0, 0, 1], port).into());
    let (opened, error) = open_all(&first, port);
    assert!(opened > 256, "{opened}");
    assert_eq!(error, SocketError::OriginSocketLimit);
    let (_, error) = open_all(&second, port);
    assert_eq!(error, SocketError::OriginSocketLimit);
    let again = net.client();
    let (_, error) = open_all(&again, port);
    assert_eq!(error, SocketError::OriginSocketLimit);
    // Of every kind.
    let id = again.start_udp(crate::support::udp_bound("127.0.0.1"));
    let refused = SocketEvent::OpenFailed(SocketError::OriginSocketLimit);
    assert_eq!(again.next_of(id), refused);
    let other = net.client_of(grant_to("https://other.example"));
    let id = other.open(([127, 0, 0, 1], port).into());
    other.write(id, b"room enough").unwrap();
    assert_eq!(other.read_exactly(id, 11), b"room enough");
    other.bind("127.0.0.1");
    other.listen("127.0.0.1");
    // What is closed can be had again.
    second.close(one);
    again.open(([127, 0, 0, 1], port).into());
}

#[test]
fn one_origin_leaves_clients_for_another() {
    let net = net_with(1024);
    let mut clients = Vec::new();
    let refusal = loop {
        assert!(clients.len() < 1024);
        let client = net.register(crate::support::grant());
        match client.next() {
            Event::Message(ClientEvent::Ready { .. }) => clients.push(client),
            other => break other,
        }
    };
    let expected = Event::Message(ClientEvent::Refused(SocketError::OriginSocketLimit));
    assert_eq!(refusal, expected);
    assert!(clients.len() > 64, "{}", clients.len());
    net.client_of(grant_to("https://other.example"))
        .open(peer::echo());
    drop(clients.pop());
    net.wait_for("it has gone", |figures| {
        figures.clients <= clients.len() as u64
    });
    net.client();
}

#[test]
fn the_end_of_a_client_ends_a_write_that_waits() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let mut stream = peer::accept(&listener);
    let sent = client.fill(id);
    drop(client);
    // Nobody reads: what cannot be given to the OS within the limit is dropped.
    net.wait_for("nothing is held", |figures| {
        figures.bytes_held == 0 && figures.sockets == 0 && figures.clients == 0
    });
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    assert!(!received.is_empty() && received.len() as u64 <= sent);
}

#[test]
fn what_was_put_into_a_ring_arrives_after_the_end_of_the_client() {
    let net = TestNet::start();
    for _ in 0..20 {
        let client = net.client();
        let (listener, address) = peer::listen();
        let id = client.open(address);
        let mut stream = peer::accept(&listener);
        let bytes = peer::pattern(200_000);
        assert_eq!(client.put(id, &bytes), bytes.len());
        drop(client);
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        assert!(received == bytes, "{} bytes", received.len());
    }
}
