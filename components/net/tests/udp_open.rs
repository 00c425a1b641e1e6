/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_net::udp_open::{Families, Ipv4Form};
use direct_sockets_traits::{
    Address, DnsQueryType, SocketError, SocketEvent, UdpExtras, UdpMode, UdpOpen, UdpOptions,
};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::support::{
    InProcess, TestClient, TestNet, descriptors_of, ipv6_is_off, socket_in_net, udp, udp_bound,
    udp_connected,
};

fn peer() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn open_error(client: &TestClient, open: UdpOpen) -> SocketError {
    let id = client.start_udp(open);
    match client.next_of(id) {
        SocketEvent::OpenFailed(error) => error,
        other => panic!("{other:?} instead of a failure"),
    }
}

fn families(local: &str, only_v6: bool) -> Families {
    Families::of(local.parse().unwrap(), only_v6)
}

/// The first of the addresses that fits.
fn choose(families: Families, addresses: &[&str]) -> Option<String> {
    let chosen = addresses.iter().find_map(|address| {
        let ip: std::net::IpAddr = address.parse().unwrap();
        families.fit((ip, 9).into())
    })?;
    assert_eq!(chosen.port(), 9);
    Some(chosen.ip().to_string())
}

#[test]
fn udp_w_08_the_first_address_that_the_socket_can_send_to_is_chosen() {
    let ipv4 = families("0.0.0.0", false);
    assert_eq!(
        choose(ipv4, &["::1", "192.0.2.1"]),
        Some("192.0.2.1".into())
    );
    assert_eq!(choose(ipv4, &["::1"]), None);
    assert_eq!(choose(ipv4, &["::ffff:192.0.2.1"]), None);
    let both = families("::", false);
    let mapped = Some("::ffff:192.0.2.1".into());
    assert_eq!(choose(both, &["192.0.2.1", "::1"]), mapped);
    assert_eq!(choose(both, &["::ffff:192.0.2.1"]), mapped);
    assert_eq!(choose(both, &["::1", "192.0.2.1"]), Some("::1".into()));
    for ipv6 in [families("::", true), families("::1", false)] {
        assert_eq!(choose(ipv6, &["192.0.2.1", "::2"]), Some("::2".into()));
        assert_eq!(choose(ipv6, &["::ffff:192.0.2.1"]), None);
        assert_eq!(choose(ipv6, &["192.0.2.1"]), None);
    }
    let only_mapped = families("::ffff:127.0.0.1", false);
    assert_eq!(only_mapped.ipv4, Some(Ipv4Form::Mapped));
    assert_eq!(choose(only_mapped, &["::1", "192.0.2.1"]), mapped);
    assert_eq!(choose(only_mapped, &[]), None);
}

#[test]
fn udp_opt_01_a_connected_socket_has_both_ends() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = peer();
    let (id, local) = client.connect_udp(address);
    assert_eq!(local.ip(), Ipv4Addr::LOCALHOST);
    assert_ne!(local.port(), 0);
    // The kernel says the same.
    let own = socket_in_net(&net, Type::DGRAM, local.into());
    assert_eq!(own.peer_addr().unwrap().as_socket(), Some(address));
    client.close(id);
    drop(socket);
}

#[test]
fn udp_opt_02_a_bound_socket_is_bound_and_connected_to_nobody() {
    let net = TestNet::start();
    let client = net.client();
    let (_, local) = client.bind("127.0.0.1");
    assert_ne!(local.port(), 0);
    let own = socket_in_net(&net, Type::DGRAM, local.into());
    assert!(own.peer_addr().is_err());
    // A port that is asked for.
    let free = peer().1.port();
    let (_, chosen, _) = client.open_udp(udp(UdpOptions {
        local_address: Some("127.0.0.1".into()),
        local_port: Some(free),
        ..Default::default()
    }));
    assert_eq!(chosen.port, free);
}

#[test]
fn udp_opt_08_two_sockets_cannot_take_the_same_port() {
    let net = TestNet::start();
    let client = net.client();
    let (id, local) = client.bind("127.0.0.1");
    let same = udp(UdpOptions {
        local_address: Some("127.0.0.1".into()),
        local_port: Some(local.port()),
        ..Default::default()
    });
    assert_eq!(open_error(&client, same.clone()), SocketError::AddressInUse);
    // Closing makes it free at once.
    client.close(id);
    client.open_udp(same);
}

#[test]
fn udp_opt_03_buffer_sizes_are_set() {
    let net = TestNet::start();
    let client = net.client();
    for open in [
        udp_bound("127.0.0.1"),
        udp_connected("127.0.0.1", peer().1.port()),
    ] {
        let mut open = open;
        let (_, untouched, _) = client.open_udp(open.clone());
        open.buffers.send = 8192.try_into().ok();
        open.buffers.receive = 16384.try_into().ok();
        let (_, set, _) = client.open_udp(open.clone());
        let plain = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        let untouched = socket_in_net(&net, Type::DGRAM, untouched);
        assert_eq!(
            untouched.send_buffer_size().unwrap(),
            plain.send_buffer_size().unwrap()
        );
        assert_eq!(
            untouched.recv_buffer_size().unwrap(),
            plain.recv_buffer_size().unwrap()
        );
        // Linux doubles them.
        let set = socket_in_net(&net, Type::DGRAM, set);
        assert_eq!(set.send_buffer_size().unwrap(), 16384);
        assert_eq!(set.recv_buffer_size().unwrap(), 32768);
        // More than the OS can be asked for is as much as it can be.
        open.buffers.receive = u32::MAX.try_into().ok();
        client.open_udp(open);
    }
}

/// An option of the OS that is a number.
fn option(socket: &impl AsRawFd, level: i32, name: i32) -> Option<i32> {
    let mut value: libc::c_int = 0;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: `value` and `length` outlive the call, and `length` is the size of `value`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    (result == 0).then_some(value)
}

#[test]
fn udp_r_05_udp_w_10_sockets_have_the_options_of_plain_ones() {
    if ipv6_is_off() {
        return;
    }
    const OPTIONS: [(&str, i32, i32); 16] = [
        ("SO_REUSEADDR", libc::SOL_SOCKET, libc::SO_REUSEADDR),
        ("SO_REUSEPORT", libc::SOL_SOCKET, libc::SO_REUSEPORT),
        ("SO_BROADCAST", libc::SOL_SOCKET, libc::SO_BROADCAST),
        ("SO_TIMESTAMPNS", libc::SOL_SOCKET, libc::SO_TIMESTAMPNS),
        ("UDP_GRO", libc::SOL_UDP, libc::UDP_GRO),
        ("IP_MTU_DISCOVER", libc::IPPROTO_IP, libc::IP_MTU_DISCOVER),
        ("IP_RECVTOS", libc::IPPROTO_IP, libc::IP_RECVTOS),
        ("IP_PKTINFO", libc::IPPROTO_IP, libc::IP_PKTINFO),
        ("IP_RECVERR", libc::IPPROTO_IP, libc::IP_RECVERR),
        ("IP_TTL", libc::IPPROTO_IP, libc::IP_TTL),
        (
            "IPV6_MTU_DISCOVER",
            libc::IPPROTO_IPV6,
            libc::IPV6_MTU_DISCOVER,
        ),
        ("IPV6_DONTFRAG", libc::IPPROTO_IPV6, libc::IPV6_DONTFRAG),
        (
            "IPV6_RECVPKTINFO",
            libc::IPPROTO_IPV6,
            libc::IPV6_RECVPKTINFO,
        ),
        ("IPV6_RECVTCLASS", libc::IPPROTO_IPV6, libc::IPV6_RECVTCLASS),
        ("IPV6_RECVERR", libc::IPPROTO_IPV6, libc::IPV6_RECVERR),
        ("IPV6_V6ONLY", libc::IPPROTO_IPV6, libc::IPV6_V6ONLY),
    ];
    let net = TestNet::start();
    let client = net.client();
    for (address, domain) in [("127.0.0.1", Domain::IPV4), ("::", Domain::IPV6)] {
        let (id, local) = client.bind(address);
        // Also after datagrams came and went.
        let here: SocketAddr = match local {
            SocketAddr::V4(_) => local,
            SocketAddr::V6(_) => (Ipv6Addr::LOCALHOST, local.port()).into(),
        };
        client.send_datagram(
            id,
            b"to itself",
            crate::support::destination(&here.ip().to_string(), here.port()),
        );
        assert_eq!(client.receive(id, 32).0.len(), 1);
        let own = socket_in_net(&net, Type::DGRAM, local.into());
        let plain = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        for (name, level, number) in OPTIONS {
            assert_eq!(
                option(&own, level, number),
                option(&plain, level, number),
                "{name} of {address}"
            );
        }
    }
}

#[test]
fn udp_opt_05_udp_opt_06_both_families_as_asked_for() {
    if ipv6_is_off() {
        return;
    }
    let net = TestNet::start();
    let client = net.client();
    let plain = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    let default = plain.only_v6().unwrap();
    for (asked, expected) in [(None, default), (Some(false), false), (Some(true), true)] {
        let (_, local, _) = client.open_udp(udp(UdpOptions {
            local_address: Some("::".into()),
            ipv6_only: asked,
            ..Default::default()
        }));
        let own = socket_in_net(&net, Type::DGRAM, local);
        assert_eq!(own.only_v6().unwrap(), expected, "{asked:?}");
        // A socket of the same port tells whether IPv4 is taken.
        let ipv4 = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, local.port));
        assert_eq!(ipv4.is_ok(), expected);
    }
}

#[test]
fn udp_open_03_port_0_is_refused() {
    let net = TestNet::start();
    let error = open_error(&net.client(), udp_connected("127.0.0.1", 0));
    assert_eq!(error, SocketError::InvalidArgument);
}

#[test]
fn udp_open_01_failures_leave_nothing_behind() {
    let net = TestNet::start();
    let client = net.client();
    let literal = udp(UdpOptions {
        remote_address: Some("127.0.0.1".into()),
        remote_port: Some(9),
        dns_query_type: Some(DnsQueryType::Ipv6),
        ..Default::default()
    });
    let error = open_error(&client, literal);
    assert_eq!(error, SocketError::AddressFamilyMismatch);
    // An address of nobody here.
    let error = open_error(&client, udp_bound("192.0.2.1"));
    assert_eq!(error, SocketError::AddressNotAvailable);
    // Broadcast is not allowed by default (AMB-59).
    let error = open_error(&client, udp_connected("255.255.255.255", 9));
    assert!(
        matches!(
            error,
            SocketError::PermissionDenied | SocketError::NetworkUnreachable
        ),
        "{error:?}"
    );
    let before = descriptors_of(net.pid()).len();
    for _ in 0..100 {
        open_error(&client, udp_bound("192.0.2.1"));
    }
    assert_eq!(descriptors_of(net.pid()).len(), before);
    assert_eq!(net.statistics().sockets, 0);
}

#[test]
fn udp_opt_04_udp_opt_07_names_are_resolved_and_the_first_that_connects_is_taken() {
    if ipv6_is_off() {
        return;
    }
    let (_socket, address) = peer();
    let resolver = ScriptedResolver::default()
        .answer("both.test", &["::1", "127.0.0.1"])
        // Nobody can be connected to at the first: the OS refuses it without a word to anybody.
        .answer("second.test", &["255.255.255.255", "127.0.0.1"])
        .answer("none.test", &[]);
    let net = InProcess::start(resolver);
    let client = net.client();
    let open = |host: &str, query| {
        udp(UdpOptions {
            remote_address: Some(host.into()),
            remote_port: Some(address.port()),
            dns_query_type: query,
            ..Default::default()
        })
    };
    let remote = |open| client.open_udp(open).2.unwrap();
    let ipv4: Address = address.into();
    let ipv6: Address = SocketAddr::from((Ipv6Addr::LOCALHOST, address.port())).into();
    assert_eq!(remote(open("both.test", None)), ipv6);
    assert_eq!(remote(open("both.test", Some(DnsQueryType::Ipv4))), ipv4);
    assert_eq!(remote(open("both.test", Some(DnsQueryType::Ipv6))), ipv6);
    assert_eq!(remote(open("second.test", None)), ipv4);
    assert_eq!(remote(open("localhost", None)), ipv4);
    for name in ["none.test", "unknown.test"] {
        let error = open_error(&client, open(name, None));
        assert_eq!(error, SocketError::NameNotResolved);
    }
}

#[test]
fn closing_while_a_name_is_resolved_ends_it() {
    let net = InProcess::start(ScriptedResolver::default().hang("hangs.test"));
    let client = net.client();
    let id = client.start_udp(udp_connected("hangs.test", 9));
    client.close(id);
    assert_eq!(net.statistics().sockets, 0);
}

#[test]
fn what_layers_on_top_ask_for_is_set() {
    let net = TestNet::start();
    let client = net.client();
    let (_socket, address) = peer();
    let open = UdpOpen {
        extras: UdpExtras {
            bind_address: Some(SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), 0)).into()),
            time_to_live: Some(7),
            reuse_address: true,
            broadcast: true,
        },
        ..udp_connected("127.0.0.1", address.port())
    };
    let (_, local, _) = client.open_udp(open.clone());
    assert_eq!(local.ip, Ipv4Addr::new(127, 0, 0, 2));
    let own = socket_in_net(&net, Type::DGRAM, local);
    let own = SockRef::from(&own);
    assert_eq!(own.ttl_v4().unwrap(), 7);
    assert!(own.reuse_address().unwrap());
    assert!(own.broadcast().unwrap());
    let UdpMode::Connected(mut to) = open.mode.clone() else {
        panic!("not connected");
    };
    to.host = direct_sockets_traits::Host::Ip(Ipv6Addr::LOCALHOST.into());
    let mismatch = UdpOpen {
        mode: UdpMode::Connected(to),
        ..open
    };
    assert_eq!(
        open_error(&client, mismatch),
        SocketError::AddressFamilyMismatch
    );
}
