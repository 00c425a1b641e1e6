/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::limits::{MAX_BATCH, MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT};
use direct_sockets_traits::{
    Destination, DnsQueryType, Host, SocketError, SocketEvent, SocketId, SocketRequest, UdpOptions,
    WriteResult,
};
use socket2::Type;

use crate::support::{
    InProcess, PATIENCE, Received, TestClient, TestNet, destination, ipv6_is_off, peer,
    socket_descriptors_of, socket_in_net, udp,
};

fn udp_peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn to(address: SocketAddr) -> Option<Destination> {
    destination(&address.ip().to_string(), address.port())
}

fn receive_from(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65536];
    let (count, from) = socket.recv_from(&mut buffer).unwrap();
    buffer.truncate(count);
    (buffer, from)
}

/// The payloads of so many datagrams, in batches of any size.
fn receive_all(client: &TestClient, id: SocketId, count: usize, max: u32) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    while all.len() < count {
        let (batch, error) = client.receive(id, max);
        assert_eq!(error, None);
        assert!(!batch.is_empty() && batch.len() <= max as usize);
        all.extend(batch.into_iter().map(|datagram| datagram.data));
    }
    assert_eq!(all.len(), count);
    all
}

#[test]
fn udp_r_03_udp_w_17_datagrams_keep_their_order_and_borders_both_ways() {
    let net = TestNet::start();
    let client = net.client();
    let (bound, address) = client.bind("127.0.0.1");
    let (connected, own) = client.connect_udp(address);
    for length in 1..150_usize {
        let bytes = peer::pattern(length * 7);
        assert_eq!(
            client.send_datagram(connected, &bytes, None),
            WriteResult::Done
        );
        let (batch, _) = client.receive(bound, 32);
        let expected = Received {
            data: bytes.clone(),
            from: Some(own.into()),
        };
        assert_eq!(batch, [expected]);
        // And back.
        assert_eq!(
            client.send_datagram(bound, &bytes, to(own)),
            WriteResult::Done
        );
        let (batch, _) = client.receive(connected, 1);
        let data = bytes;
        assert_eq!(batch, [Received { data, from: None }]);
    }
    let figures = net.statistics();
    assert_eq!(figures.bytes_sent, figures.bytes_received);
    assert_eq!((figures.bytes_held, figures.datagrams_in_flight), (0, 0));
}

#[test]
fn udp_r_02_udp_r_07_a_batch_has_what_is_there_and_no_more_than_asked_for() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let (socket, from) = udp_peer();
    for index in 0..100_u8 {
        socket.send_to(&[index], address).unwrap();
    }
    let mut expected = 0..100_u8;
    for (asked, got) in [(0, 1), (1, 1), (7, 7), (32, 32), (u32::MAX, 32), (32, 27)] {
        let (batch, error) = client.receive(id, asked);
        assert_eq!(error, None);
        let batch: Vec<_> = batch
            .into_iter()
            .map(|datagram| (datagram.data, datagram.from))
            .collect();
        let wanted: Vec<_> = expected
            .by_ref()
            .take(got)
            .map(|index| (vec![index], Some(from.into())))
            .collect();
        assert_eq!(batch, wanted, "{asked}");
    }
}

#[test]
fn udp_r_07_nothing_leaves_the_kernel_unless_it_is_asked_for() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let (socket, _) = udp_peer();
    socket.send_to(b"waits", address).unwrap();
    client.expect_nothing();
    assert_eq!(net.statistics().bytes_received, 0);
    // Two requests at once are one.
    for _ in 0..3 {
        client.start_receive(id, 1);
    }
    assert_eq!(client.batch(id).0.len(), 1);
    client.expect_nothing();
}

#[test]
fn udp_r_03_what_finds_no_room_in_the_ring_follows_when_the_client_reads() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let (socket, _) = udp_peer();
    // The last one is more than the ring holds, and nobody reads.
    const COUNT: u8 = 9;
    const SIZE: usize = 60_000;
    for number in 0..COUNT {
        socket.send_to(&[number; SIZE], address).unwrap();
        client.start_receive(id, 1);
        let received = (usize::from(number) + 1) * SIZE;
        net.wait_for("it is received", |figures| {
            figures.bytes_received >= received as u64
        });
    }
    assert!(net.statistics().bytes_held > SIZE as u64, "one waits");
    for number in 0..COUNT {
        let (batch, error) = client.batch(id);
        assert_eq!((batch.len(), error), (1, None));
        assert_eq!(batch[0].data, [number; SIZE]);
    }
    assert_eq!(net.statistics().bytes_held, 0);
}

#[test]
fn udp_r_04_udp_w_06_empty_datagrams_go_both_ways() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let (socket, own) = udp_peer();
    assert_eq!(client.send_datagram(id, b"", to(own)), WriteResult::Done);
    assert_eq!(receive_from(&socket), (Vec::new(), address));
    for _ in 0..3 {
        socket.send_to(b"", address).unwrap();
    }
    socket.send_to(b"not empty", address).unwrap();
    let all = receive_all(&client, id, 4, 32);
    assert_eq!(all, [&b""[..], b"", b"", b"not empty"]);
}

#[test]
fn udp_r_05_the_longest_datagrams_are_whole() {
    const LONGEST: usize = 65507;
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let (socket, own) = udp_peer();
    let bytes = peer::pattern(LONGEST);
    // Several in one batch, which takes several events.
    for _ in 0..3 {
        socket.send_to(&bytes, address).unwrap();
    }
    assert!(
        receive_all(&client, id, 3, 32)
            .iter()
            .all(|data| *data == bytes)
    );
    // Far above the MTU of anything, so this one is cut up and put together again by the kernel.
    assert_eq!(client.send_datagram(id, &bytes, to(own)), WriteResult::Done);
    assert_eq!(receive_from(&socket).0, bytes);
}

#[test]
fn udp_w_10_a_datagram_that_is_too_long_is_an_error() {
    let net = TestNet::start();
    let client = net.client();
    let (id, _) = client.bind("127.0.0.1");
    let (_socket, own) = udp_peer();
    let error = SocketError::MessageTooLarge;
    let result = client.send_datagram(id, &vec![0; 65508], to(own));
    assert_eq!(result, WriteResult::Error(error));
    // No write follows; reading goes on.
    client.start_send(id, b"x", to(own));
    client.expect_nothing();
    client.close(id);
}

#[test]
fn udp_w_10_port_0_and_broadcast_are_errors() {
    let net = TestNet::start();
    let client = net.client();
    for (host, port, expected) in [
        ("127.0.0.1", 0, SocketError::InvalidArgument),
        ("127.255.255.255", 9, SocketError::PermissionDenied),
    ] {
        let (id, _) = client.bind("127.0.0.1");
        let result = client.send_datagram(id, b"x", destination(host, port));
        assert_eq!(result, WriteResult::Error(expected), "{host}");
    }
}

#[test]
fn udp_w_08_udp_w_09_each_datagram_goes_where_it_says() {
    let (socket, own) = udp_peer();
    let resolver = ScriptedResolver::default()
        .answer("both.test", &["::1", "127.0.0.1"])
        .answer("six.test", &["::1"]);
    let net = InProcess::start(resolver);
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    for host in ["127.0.0.1", "localhost", "both.test"] {
        let result = client.send_datagram(id, host.as_bytes(), destination(host, own.port()));
        assert_eq!(result, WriteResult::Done);
        assert_eq!(receive_from(&socket), (host.into(), address));
    }
    for (host, query, error) in [
        ("six.test", None, SocketError::AddressFamilyMismatch),
        ("::1", None, SocketError::AddressFamilyMismatch),
        ("unknown.test", None, SocketError::NameNotResolved),
        // Decision AMB-88.
        (
            "127.0.0.1",
            Some(DnsQueryType::Ipv6),
            SocketError::AddressFamilyMismatch,
        ),
        (
            "both.test",
            Some(DnsQueryType::Ipv6),
            SocketError::AddressFamilyMismatch,
        ),
    ] {
        let (id, _) = client.bind("127.0.0.1");
        let to = Destination {
            host: Host::parse(host).unwrap(),
            port: own.port(),
            dns_query_type: query,
        };
        let result = client.send_datagram(id, b"x", Some(to));
        assert_eq!(result, WriteResult::Error(error), "{host}");
    }
}

#[test]
fn udp_w_08_a_socket_of_both_families_sends_to_both() {
    if ipv6_is_off() {
        return;
    }
    let net = TestNet::start();
    let client = net.client();
    let (id, local) = client.bind("::");
    let (socket, own) = udp_peer();
    for host in ["127.0.0.1", "::ffff:127.0.0.1", "localhost"] {
        let result = client.send_datagram(id, b"x", destination(host, own.port()));
        assert_eq!(result, WriteResult::Done);
        let (_, from) = receive_from(&socket);
        assert_eq!(from, (Ipv4Addr::LOCALHOST, local.port()).into());
    }
    // What comes back has the address in the form in which the OS has it (AMB-38), and that one can be used.
    socket
        .send_to(b"y", (Ipv4Addr::LOCALHOST, local.port()))
        .unwrap();
    let (batch, _) = client.receive(id, 1);
    let from = batch[0].from.unwrap();
    assert_eq!(from.host_text(), "::ffff:127.0.0.1");
    let back = destination(&from.host_text(), from.port);
    assert_eq!(client.send_datagram(id, b"z", back), WriteResult::Done);
    assert_eq!(receive_from(&socket).0, b"z");
    // IPv6 as well.
    let (six, address) = client.bind("::1");
    assert_eq!(
        client.send_datagram(id, b"six", to(address)),
        WriteResult::Done
    );
    let (batch, _) = client.receive(six, 1);
    assert_eq!(batch[0].from.unwrap().host_text(), "::1");
}

#[test]
fn udp_r_10_a_connected_socket_hears_its_peer_alone() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer();
    let (stranger, _) = udp_peer();
    let (id, local) = client.connect_udp(address);
    stranger.send_to(b"stranger", local).unwrap();
    socket.send_to(b"peer", local).unwrap();
    assert_eq!(receive_all(&client, id, 1, 32), [b"peer"]);
}

/// A port that was free a moment ago.
fn closed_port() -> SocketAddr {
    udp_peer().1
}

#[test]
fn udp_r_06_an_icmp_error_reaches_a_pending_receive() {
    let net = TestNet::start();
    let client = net.client();
    let (id, _) = client.connect_udp(closed_port());
    client.start_receive(id, 32);
    assert_eq!(client.send_datagram(id, b"x", None), WriteResult::Done);
    let (batch, error) = client.batch(id);
    assert_eq!(
        (batch.len(), error),
        (0, Some(SocketError::ConnectionRefused))
    );
    // No batch follows.
    client.start_receive(id, 32);
    client.expect_nothing();
    client.close(id);
}

#[test]
fn udp_r_06_udp_w_10_an_icmp_error_waits_for_whoever_comes_next() {
    let net = TestNet::start();
    let client = net.client();
    let (id, _) = client.connect_udp(closed_port());
    assert_eq!(client.send_datagram(id, b"x", None), WriteResult::Done);
    client.expect_nothing();
    // On loopback the answer is there when the call returns.
    assert_eq!(
        client.receive(id, 1).1,
        Some(SocketError::ConnectionRefused)
    );
    let (id, _) = client.connect_udp(closed_port());
    assert_eq!(client.send_datagram(id, b"x", None), WriteResult::Done);
    let refused = WriteResult::Error(SocketError::ConnectionRefused);
    assert_eq!(client.send_datagram(id, b"y", None), refused);
    // Told once: reading goes on.
    client.start_receive(id, 1);
    client.expect_nothing();
}

#[test]
fn udp_r_06_datagrams_that_came_before_an_error_are_delivered() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer();
    let (id, local) = client.connect_udp(address);
    for index in 0..5_u8 {
        socket.send_to(&[index], local).unwrap();
    }
    drop(socket);
    assert_eq!(client.send_datagram(id, b"x", None), WriteResult::Done);
    let (batch, error) = client.receive(id, 32);
    assert_eq!(batch.len(), 5);
    assert_eq!(error, Some(SocketError::ConnectionRefused));
}

#[test]
fn udp_r_06_bound_sockets_hear_of_no_icmp_errors() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    client.start_receive(id, 1);
    for _ in 0..3 {
        assert_eq!(
            client.send_datagram(id, b"x", to(closed_port())),
            WriteResult::Done
        );
    }
    udp_peer().0.send_to(b"y", address).unwrap();
    let (batch, error) = client.batch(id);
    assert_eq!((batch.len(), error), (1, None));
}

#[test]
fn udp_w_12_an_abort_interrupts_resolving_at_once_and_reading_goes_on() {
    let net = InProcess::start(ScriptedResolver::default().hang("hangs.test"));
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    client.start_send(id, b"never", destination("hangs.test", 9));
    // While the name is being resolved the socket receives.
    udp_peer().0.send_to(b"received", address).unwrap();
    assert_eq!(receive_all(&client, id, 1, 32), [b"received"]);
    assert_eq!(net.statistics().datagrams_in_flight, 1);
    assert_eq!(net.statistics().bytes_held, 5);
    client.send(SocketRequest::AbortWrite { id, keep: 0 });
    client.expect_nothing();
    client.send(SocketRequest::AbortWrite { id, keep: 0 });
    client.start_send(id, b"too late", to(address));
    udp_peer().0.send_to(b"again", address).unwrap();
    assert_eq!(receive_all(&client, id, 1, 32), [b"again"]);
    assert_eq!(net.statistics().datagrams_in_flight, 0);
    assert_eq!(net.statistics().bytes_held, 0);
    client.close(id);
}

#[test]
fn after_a_cancel_nothing_is_received() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.bind("127.0.0.1");
    let (socket, own) = udp_peer();
    client.start_receive(id, 1);
    client.send(SocketRequest::CancelRead { id });
    client.expect_nothing();
    socket.send_to(b"x", address).unwrap();
    client.start_receive(id, 1);
    client.expect_nothing();
    assert_eq!(net.statistics().bytes_received, 0);
    // Sending goes on.
    assert_eq!(client.send_datagram(id, b"y", to(own)), WriteResult::Done);
    assert_eq!(receive_from(&socket).0, b"y");
}

#[test]
fn udp_close_05_udp_hc_02_the_port_is_free_when_closed_has_been_said() {
    let net = TestNet::start();
    let client = net.client();
    for _ in 0..20 {
        let (id, address) = client.bind("127.0.0.1");
        client.start_receive(id, 1);
        client.close(id);
        UdpSocket::bind(address).expect("the port is free");
        assert!(socket_descriptors_of(net.pid()).len() < 20);
    }
    // Also without a word, when the client has gone.
    let (_, address) = client.bind("127.0.0.1");
    drop(client);
    net.wait_for("no socket", |figures| figures.sockets == 0);
    UdpSocket::bind(address).expect("the port is free");
}

#[test]
fn life_08_who_breaks_the_rules_of_sending_loses_that_socket_alone() {
    let net = TestNet::start();
    let client = net.client();
    let (witness, address) = client.bind("127.0.0.1");
    let closed = |id| loop {
        match client.next_of(id) {
            SocketEvent::Closed(_) => return,
            SocketEvent::Written(_) => {},
            other => panic!("{other:?}"),
        }
    };
    // A destination where the socket has one, and none where it has none.
    let (id, _) = client.connect_udp(address);
    client.start_send(id, b"x", to(address));
    closed(id);
    let (id, _) = client.bind("127.0.0.1");
    client.start_send(id, b"x", None);
    closed(id);
    // More than fits any datagram.
    let (id, _) = client.bind("127.0.0.1");
    client.start_send(id, &vec![0; 65536], to(address));
    closed(id);
    // What is no datagram.
    let (id, _) = client.bind("127.0.0.1");
    client.put_garbage(id);
    closed(id);
    // Orders for other kinds of sockets are ignored.
    client.send(SocketRequest::Accept {
        id: witness,
        first: SocketId(1 << 32),
        max: 1,
    });
    client.send(SocketRequest::ShutdownWrite { id: witness });
    client.expect_nothing();
    assert_eq!(
        client.send_datagram(witness, b"still", to(address)),
        WriteResult::Done
    );
    assert_eq!(receive_all(&client, witness, 1, 1), [b"still"]);
}

#[test]
fn datagrams_in_flight_are_limited_for_each_client() {
    let net = InProcess::start(ScriptedResolver::default().hang("hangs.test"));
    let client = net.client();
    let mut pending = Vec::new();
    // Sockets are fewer than that where the process may have few descriptors.
    let error = loop {
        let id = client.fresh_id();
        let open = crate::support::udp_bound("127.0.0.1");
        client.send(SocketRequest::OpenUdp { id, open });
        match client.next_of(id) {
            SocketEvent::UdpOpened { .. } => {},
            SocketEvent::OpenFailed(error) => break error,
            other => panic!("{other:?}"),
        }
        client.start_send(id, b"x", destination("hangs.test", 9));
        if pending.len() == MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT {
            let SocketEvent::WriteFailed(error) = client.next_of(id) else {
                panic!("one too many");
            };
            break error;
        }
        pending.push(id);
    };
    if error == SocketError::DatagramLimit {
        let most = MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT;
        assert_eq!(net.statistics().datagrams_in_flight, most as u64);
        // Another client has its own, and one that is answered makes room.
        let other = net.client();
        let (id, address) = other.bind("127.0.0.1");
        assert_eq!(
            other.send_datagram(id, b"x", to(address)),
            WriteResult::Done
        );
        client.send(SocketRequest::AbortWrite {
            id: pending[0],
            keep: 0,
        });
        let (id, address) = client.bind("127.0.0.1");
        assert_eq!(
            client.send_datagram(id, b"x", to(address)),
            WriteResult::Done
        );
    }
    drop(client);
}

#[test]
fn what_the_kernel_drops_is_counted_while_open_and_after() {
    let net = TestNet::start();
    let client = net.client();
    let options = UdpOptions {
        local_address: Some("127.0.0.1".into()),
        receive_buffer_size: Some(4096),
        ..Default::default()
    };
    let (id, local, _) = client.open_udp(udp(options));
    let (socket, _) = udp_peer();
    let count = 1000;
    for _ in 0..count {
        socket.send_to(&[0; 1000], SocketAddr::from(local)).unwrap();
    }
    let dropped = net.statistics().datagrams_dropped;
    assert!(dropped > 0 && dropped < count, "{dropped}");
    let own = socket_in_net(&net, Type::DGRAM, local);
    assert!(own.recv_buffer_size().unwrap() < 100_000);
    drop(own);
    let mut received = 0;
    while received + dropped < count {
        received += client.receive(id, MAX_BATCH).0.len() as u64;
    }
    assert_eq!(received + dropped, count);
    client.close(id);
    assert_eq!(net.statistics().datagrams_dropped, dropped);
}
