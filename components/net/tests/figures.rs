/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::limits::{
    FIRST_WINDOW, MAX_BATCH, MAX_STATISTICS_TEXT, SOCKETS_PER_ANSWER,
};
use direct_sockets_traits::{
    NetStatistics, SocketId, SocketKey, SocketKind, SocketRequest, SocketStatistics, TcpOptions,
    UdpOptions, WriteResult,
};
use ipc_channel::TryRecvError;

use crate::support::{
    InProcess, PATIENCE, QUIET, TestClient, TestNet, destination, grant_to, peer, udp, wait_until,
};

fn socket(net: &TestNet, id: SocketId) -> SocketStatistics {
    let mut sockets = net.sockets().into_iter();
    let socket = sockets.find(|socket| socket.key.socket == id.0);
    socket.expect("the socket is in the list")
}

fn udp_peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn every_kind_of_socket_is_told_with_its_ends() {
    let net = TestNet::start();
    assert!(net.sockets().is_empty());
    let client = net.client_of(grant_to("https://page.example"));
    let (bound, address) = client.bind("127.0.0.1");
    let (connected, own) = client.connect_udp(address);
    let (listener, listens) = client.listen("127.0.0.1");
    let (connection, local, remote) = client.open_with(listens, TcpOptions::default());
    let accepted = client.accept(listener, 1)[0];
    let sockets = net.sockets();
    let kinds: Vec<_> = sockets
        .iter()
        .map(|socket| {
            (
                SocketId(socket.key.socket),
                socket.kind,
                socket.local,
                socket.remote,
            )
        })
        .collect();
    let expected = [
        (bound, SocketKind::Udp, Some(address.into()), None),
        (
            connected,
            SocketKind::Udp,
            Some(own.into()),
            Some(address.into()),
        ),
        (listener, SocketKind::TcpServer, Some(listens.into()), None),
        (connection, SocketKind::Tcp, Some(local), Some(remote)),
        (accepted.id, SocketKind::Tcp, Some(remote), Some(local)),
    ];
    assert_eq!(kinds, expected);
    for socket in &sockets {
        assert_eq!(socket.key.client, 1);
        assert_eq!(socket.origin, "https://page.example");
        assert_eq!(socket.owner.pipeline, "(1,1)");
        assert_eq!((socket.receive_ring, socket.send_ring), (None, None));
    }
    assert!(sockets[0].age >= sockets[4].age && sockets[0].age < PATIENCE);
    assert_eq!(net.statistics().sockets, 5);
    assert_eq!(net.statistics().rings, 0);
}

#[test]
fn a_socket_that_is_being_opened_has_no_ends() {
    let net = InProcess::start(ScriptedResolver::default().hang("slow.example"));
    let client = net.client();
    client.start_open("slow.example", 80, TcpOptions::default());
    client.expect_nothing();
    let sockets = net.sockets();
    assert_eq!(sockets.len(), 1);
    assert_eq!(sockets[0].kind, SocketKind::Tcp);
    assert_eq!((sockets[0].local, sockets[0].remote), (None, None));
    assert_eq!(sockets[0].wake_ups, 0);
}

#[test]
fn bytes_datagrams_and_calls_are_counted_for_each_socket_and_for_all() {
    let net = TestNet::start();
    let client = net.client();
    let connection = client.open(peer::echo());
    client.write(connection, &[1; 1000]).unwrap();
    client.read_exactly(connection, 1000);
    let (bound, address) = client.bind("127.0.0.1");
    let (peer, from) = udp_peer();
    for length in [0, 10, 500] {
        peer.send_to(&vec![0; length], address).unwrap();
    }
    assert_eq!(client.receive(bound, MAX_BATCH).0.len(), 3);
    let to = || destination(&from.ip().to_string(), from.port());
    for data in [&b""[..], b"four"] {
        let sent = client.send_datagram(bound, data, to());
        assert_eq!(sent, WriteResult::Done);
    }

    let tcp = socket(&net, connection);
    assert_eq!((tcp.bytes_sent, tcp.bytes_received), (1000, 1000));
    assert_eq!((tcp.datagrams_sent, tcp.datagrams_received), (0, 0));
    // Written at once; how the peer splits what it sends back is its own affair.
    assert_eq!(tcp.writes, 1);
    assert!(tcp.reads >= 1 && tcp.reads <= 1000, "{}", tcp.reads);

    let udp_socket = socket(&net, bound);
    assert_eq!((udp_socket.bytes_sent, udp_socket.bytes_received), (4, 510));
    assert_eq!(
        (udp_socket.datagrams_sent, udp_socket.datagrams_received),
        (2, 3)
    );
    assert_eq!((udp_socket.writes, udp_socket.reads), (2, 1));
    assert_eq!(udp_socket.datagrams_dropped, 0);

    let all = net.statistics();
    assert_eq!((all.bytes_sent, all.bytes_received), (1004, 1510));
    assert_eq!((all.datagrams_sent, all.datagrams_received), (2, 3));
    assert_eq!((all.writes, all.reads), (3, tcp.reads + 1));

    // Closed sockets leave the list. What they did stays in the whole.
    client.close(connection);
    let left = net.sockets();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].key, udp_socket.key);
    client.send(SocketRequest::Close {
        id: bound,
        keep: u64::MAX,
    });
    client.next_of(bound);
    assert!(net.sockets().is_empty());
    let later = net.statistics();
    assert_eq!((later.sockets, later.rings), (0, 0));
    assert_eq!((later.bytes_sent, later.bytes_received), (1004, 1510));
    assert_eq!((later.datagrams_sent, later.datagrams_received), (2, 3));
    assert_eq!((later.writes, later.reads), (all.writes, all.reads));
}

#[test]
fn rings_are_told_with_what_waits_in_them() {
    let net = TestNet::start();
    let client = net.client();
    let first_memory = net.statistics().shared_memory;
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let mut peer = peer::accept(&listener);
    assert_eq!(net.statistics().rings, 0);

    // The peer does not read: what the OS does not take stays in the ring.
    let written = client.fill(id);
    let statistics = socket(&net, id);
    let ring = statistics.send_ring.unwrap();
    assert_eq!(statistics.bytes_sent + ring.waiting, written);
    assert_eq!((ring.waiting, ring.window), (ring.capacity, ring.capacity));
    assert_eq!(statistics.receive_ring, None);
    let all = net.statistics();
    assert_eq!((all.rings, all.bytes_held), (1, ring.waiting));

    // Nor does the page: net reads ahead as much as the window has.
    client.start_read(id);
    peer.write_all(&vec![1; 2 * FIRST_WINDOW]).unwrap();
    let window = FIRST_WINDOW as u64;
    wait_until("so little room is left that nothing more is read", || {
        socket(&net, id).bytes_received > window / 4 * 3
    });
    let statistics = socket(&net, id);
    let ring = statistics.receive_ring.unwrap();
    assert_eq!(ring.waiting, statistics.bytes_received);
    assert!(ring.waiting <= window && ring.window == window, "{ring:?}");
    assert!(ring.capacity > window);
    let all = net.statistics();
    assert_eq!((all.rings, all.bytes_unread), (2, ring.waiting));
    assert_eq!(all.shared_memory, first_memory);
    assert!(first_memory > 2 * ring.capacity);
    client.read_exactly(id, 2 * FIRST_WINDOW);
    assert_eq!(socket(&net, id).receive_ring.unwrap().waiting, 0);

    // Datagrams wait with their senders and lengths.
    let (bound, address) = client.bind("127.0.0.1");
    let (sender, _) = udp_peer();
    sender.send_to(&[0; 300], address).unwrap();
    client.start_receive(bound, 1);
    wait_until("the datagram is there", || {
        socket(&net, bound).datagrams_received == 1
    });
    let ring = socket(&net, bound).receive_ring.unwrap();
    assert!(ring.waiting > 300 && ring.waiting < 350, "{ring:?}");
    assert_eq!(net.statistics().bytes_unread, ring.waiting);
    assert_eq!(client.batch(bound).0.len(), 1);
    assert_eq!(net.statistics().bytes_unread, 0);

    drop(client);
    net.wait_for("the memory is given back", |figures| {
        figures.sockets == 0 && figures.shared_memory == 0
    });
}

#[test]
fn more_memory_is_counted_when_it_is_handed_out() {
    let net = TestNet::start();
    let client = net.client();
    let before = net.statistics().shared_memory;
    client.send(SocketRequest::MoreRings);
    client.next();
    let after = net.statistics().shared_memory;
    assert!(after > before);
    let other = net.client();
    assert_eq!(net.statistics().shared_memory, after + before);
    drop((client, other));
    net.wait_for("it is given back", |figures| figures.shared_memory == 0);
}

#[test]
fn drops_are_told_of_the_socket_that_had_them() {
    let net = TestNet::start();
    let client = net.client();
    let options = UdpOptions {
        local_address: Some("127.0.0.1".into()),
        receive_buffer_size: Some(4096),
        ..Default::default()
    };
    let (flooded, local, _) = client.open_udp(udp(options));
    let (spared, _) = client.bind("127.0.0.1");
    let (sender, _) = udp_peer();
    for _ in 0..1000 {
        sender.send_to(&[0; 1000], SocketAddr::from(local)).unwrap();
    }
    let dropped = socket(&net, flooded).datagrams_dropped;
    assert!(dropped > 0 && dropped < 1000, "{dropped}");
    assert_eq!(socket(&net, spared).datagrams_dropped, 0);
    assert_eq!(net.statistics().datagrams_dropped, dropped);
}

#[test]
fn doorbells_and_bells_are_counted_as_they_ring() {
    let net = TestNet::start();
    let clients = [net.client(), net.client()];
    let (listener, address) = peer::listen();
    let mut ids = Vec::new();
    for client in &clients {
        let id = client.open(address);
        let mut peer = peer::accept(&listener);
        for round in 0..20 {
            client.write(id, &[round]).unwrap();
            peer.read_exact(&mut [0]).unwrap();
            peer.write_all(&[round]).unwrap();
            assert_eq!(client.read_exactly(id, 1), [round]);
        }
        ids.push((id, peer));
    }
    // Also those that are rung without a reason.
    for _ in 0..100 {
        clients[0].ring_doorbell();
    }
    let doorbells: u64 = clients.iter().map(|client| client.doorbells.get()).sum();
    net.wait_for("every doorbell was heard", |figures| {
        figures.doorbells == doorbells
    });
    // Net alone rings them, and they say how often they have rung.
    let rung = |client: &TestClient| u64::from(client.plane().bell().count());
    let bells: u64 = clients.iter().map(rung).sum();
    let figures = net.statistics();
    assert_eq!(figures.bells, bells);
    assert!(figures.bells > 0 && figures.bells <= figures.events);
    assert!(figures.requests > figures.doorbells);
    let of_sockets: u64 = net.sockets().iter().map(|socket| socket.bells).sum();
    assert!(of_sockets <= bells, "{of_sockets} of {bells}");

    // A thread that sleeps is woken for a socket.
    let ((id, mut peer), client) = (ids.remove(0), &clients[0]);
    assert!(client.with(id, |ends| ends.reader().wait_for_bytes().unwrap()));
    sleeps(client);
    let before = socket(&net, id);
    peer.write_all(b"!").unwrap();
    assert_eq!(client.read_exactly(id, 1), b"!");
    assert_eq!(socket(&net, id).bells, before.bells + 1);
    assert_eq!(net.statistics().bells, bells + 1);

    // And net is told that something is in a ring.
    let before = socket(&net, id);
    for _ in 0..5 {
        client.send(SocketRequest::Bytes { id });
    }
    client.expect_nothing();
    let after = socket(&net, id);
    assert_eq!(after.doorbells, before.doorbells + 5);
    assert!(after.wake_ups > before.wake_ups);
    assert_eq!(after.writes, before.writes);
}

/// Nothing is said to a client, which waits for it in vain.
fn sleeps(client: &TestClient) {
    let event = client.try_next(QUIET);
    assert!(matches!(event, Err(TryRecvError::Empty)), "{event:?}");
}

/// Both kinds of figures, without what passes by itself: time.
fn reading(net: &TestNet) -> (NetStatistics, Vec<SocketStatistics>) {
    let mut sockets = net.sockets();
    for socket in &mut sockets {
        socket.age = Duration::ZERO;
    }
    (net.statistics(), sockets)
}

/// Whether nothing has happened between two readings but the second one.
fn nothing_between(
    first: &(NetStatistics, Vec<SocketStatistics>),
    second: &(NetStatistics, Vec<SocketStatistics>),
) -> bool {
    let (earlier, later) = (&first.0, &second.0);
    // A reading is two messages, one for each kind of figures, which wake net once each or find it awake.
    let messages = later.control_messages - earlier.control_messages;
    let wake_ups = later.wake_ups - earlier.wake_ups;
    let expected = NetStatistics {
        control_messages: earlier.control_messages + messages,
        wake_ups: earlier.wake_ups + wake_ups,
        ..earlier.clone()
    };
    messages == 2 && wake_ups <= messages && *later == expected && first.1 == second.1
}

#[test]
fn nothing_grows_while_nothing_happens() {
    let net = TestNet::start();
    let client = net.client();
    let connections: Vec<_> = (0..20).map(|_| client.open(peer::echo())).collect();
    for id in &connections {
        client.write(*id, b"ping").unwrap();
        assert_eq!(client.read_exactly(*id, 4), b"ping");
    }
    let (bound, address) = client.bind("127.0.0.1");
    let (sender, _) = udp_peer();
    sender.send_to(b"ping", address).unwrap();
    assert_eq!(client.receive(bound, 1).0.len(), 1);
    client.start_receive(bound, MAX_BATCH);
    let (listener, _) = client.listen("127.0.0.1");
    client.start_accept(listener, 1);
    // What all that has begun comes to its end.
    let mut last = reading(&net);
    wait_until("nothing happens any more", || {
        // Readings are answered in a row, before the client has its turn.
        sleeps(&client);
        let before = std::mem::replace(&mut last, reading(&net));
        nothing_between(&before, &last)
    });
    for _ in 0..3 {
        sleeps(&client);
        let next = reading(&net);
        assert!(nothing_between(&last, &next), "{last:?}, then {next:?}");
        last = next;
    }
    // Something that does happen is seen.
    sender.send_to(b"ping", address).unwrap();
    assert_eq!(client.batch(bound).0.len(), 1);
    let next = reading(&net);
    assert!(!nothing_between(&last, &next));
    assert!(next.0.wake_ups > last.0.wake_ups);
    let changed = last.1.iter().zip(&next.1).filter(|(old, new)| old != new);
    let changed: Vec<_> = changed.map(|(old, _)| old.key.socket).collect();
    assert_eq!(changed, [bound.0]);
}

#[test]
fn more_sockets_than_an_answer_has_are_told_one_answer_after_the_other() {
    let net = TestNet::start();
    let clients = [net.client(), net.client(), net.client()];
    // The second client has none, and the last answer is full.
    for (client, count) in [
        (&clients[0], SOCKETS_PER_ANSWER + 5),
        (&clients[2], 2 * SOCKETS_PER_ANSWER - 5),
    ] {
        for _ in 0..count {
            client.bind("127.0.0.1");
        }
    }
    let mut all: Vec<SocketStatistics> = Vec::new();
    for page in 1..=3 {
        let list = net.sockets_after(all.last().map(|socket| socket.key));
        assert_eq!(list.sockets.len(), SOCKETS_PER_ANSWER, "page {page}");
        assert_eq!(list.is_complete, page == 3);
        all.extend(list.sockets);
    }
    assert!(all.is_sorted_by(|one, other| one.key < other.key));
    let of_first = all.iter().filter(|socket| socket.key.client == 1).count();
    assert_eq!(of_first, SOCKETS_PER_ANSWER + 5);
    let key = |client, socket| Some(SocketKey { client, socket });
    // Whether or not there is such a socket.
    let list = net.sockets_after(key(2, 7));
    assert_eq!(list.sockets[0].key, all[SOCKETS_PER_ANSWER + 5].key);
    for beyond in [
        all.last().map(|socket| socket.key),
        key(u64::MAX, 0),
        key(3, u64::MAX),
    ] {
        let list = net.sockets_after(beyond);
        assert!(list.sockets.is_empty() && list.is_complete, "{beyond:?}");
    }
}

#[test]
fn texts_that_are_too_long_are_cut() {
    let net = TestNet::start();
    // Characters of three bytes, which do not end where the text is to be cut.
    let origin = format!("https:/{}", "\u{20ac}".repeat(1000));
    let client = net.client_of(grant_to(&origin));
    let (id, _) = client.bind("127.0.0.1");
    let told = socket(&net, id).origin;
    assert!(origin.starts_with(&told));
    assert!(told.len() <= MAX_STATISTICS_TEXT && told.len() > MAX_STATISTICS_TEXT - 3);
}
