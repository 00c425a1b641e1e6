/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};

use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::{
    Address, DnsQueryType, Host, SocketError, SocketEvent, SocketRequest, TcpExtras, TcpOpen,
    TcpOptions,
};

use socket2::{Domain, Socket, Type};

use crate::support::{InProcess, TestNet, ipv6_is_off, peer, socket_descriptors_of, wait_until};

fn query(family: DnsQueryType) -> TcpOptions {
    TcpOptions {
        dns_query_type: Some(family),
        ..Default::default()
    }
}

#[test]
fn tcp_open_01_one_connection_with_the_ends_that_are_reported() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let (_, local, remote) = client.open_with(address, TcpOptions::default());
    let stream = peer::accept(&listener);
    assert_eq!(stream.peer_addr().unwrap(), local.into());
    assert_eq!(SocketAddr::from(remote), address);
    listener.set_nonblocking(true).unwrap();
    client.expect_nothing();
    assert!(listener.accept().is_err());
}

#[test]
fn tcp_info_04_tcp_info_05_both_ends_over_ipv6() {
    if ipv6_is_off() {
        return;
    }
    let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let net = TestNet::start();
    let client = net.client();
    let (_, local, remote) = client.open_with(listener.local_addr().unwrap(), Default::default());
    let stream = peer::accept(&listener);
    assert_eq!(stream.peer_addr().unwrap(), local.into());
    assert_eq!(remote.host_text(), "::1");
    assert_eq!(remote.port, listener.local_addr().unwrap().port());
}

#[test]
fn tcp_open_02_a_closed_port_refuses() {
    let net = TestNet::start();
    let client = net.client();
    let (_bound, address) = peer::closed_port();
    let error = client.open_error("127.0.0.1", address.port(), TcpOptions::default());
    assert_eq!(error, SocketError::ConnectionRefused);
}

#[test]
fn tcp_ctor_10_port_0_fails_in_the_os() {
    let net = TestNet::start();
    let client = net.client();
    for host in ["127.0.0.1", "localhost"] {
        let error = client.open_error(host, 0, TcpOptions::default());
        assert!(
            matches!(
                error,
                SocketError::ConnectionRefused | SocketError::AddressNotAvailable
            ),
            "{error:?}"
        );
    }
}

#[test]
fn tcp_open_02_an_unroutable_address_fails_with_its_cause() {
    let net = TestNet::start();
    let client = net.client();
    // A broadcast address is no TCP peer, whatever the routes are.
    let error = client.open_error("255.255.255.255", 9, TcpOptions::default());
    assert!(
        matches!(
            error,
            SocketError::NetworkUnreachable
                | SocketError::HostUnreachable
                | SocketError::PermissionDenied
        ),
        "{error:?}"
    );
}

#[test]
fn tcp_open_02_an_unknown_name_is_not_resolved() {
    let net = TestNet::start();
    let client = net.client();
    let error = client.open_error("name.invalid", 9, TcpOptions::default());
    assert_eq!(error, SocketError::NameNotResolved);
}

#[test]
fn tcp_opt_15_a_literal_of_the_other_family_fails_the_open() {
    let net = TestNet::start();
    let client = net.client();
    let (_listener, address) = peer::listen();
    let error = client.open_error("127.0.0.1", address.port(), query(DnsQueryType::Ipv6));
    assert_eq!(error, SocketError::AddressFamilyMismatch);
    let error = client.open_error("::1", address.port(), query(DnsQueryType::Ipv4));
    assert_eq!(error, SocketError::AddressFamilyMismatch);
}

#[test]
fn tcp_open_05_failures_leave_no_socket_behind() {
    let net = TestNet::start();
    let client = net.client();
    let (_bound, address) = peer::closed_port();
    client.open_error("127.0.0.1", address.port(), TcpOptions::default());
    let before = socket_descriptors_of(net.pid()).len();
    for round in 0..100 {
        let (host, port) = match round % 4 {
            0 => ("127.0.0.1", 0),
            1 => ("localhost", address.port()),
            2 => ("name.invalid", 9),
            _ => ("127.0.0.1", address.port()),
        };
        client.open_error(host, port, TcpOptions::default());
    }
    assert_eq!(net.statistics().sockets, 0);
    wait_until("the descriptors are as before", || {
        socket_descriptors_of(net.pid()).len() == before
    });
}

/// A listener, and its port taken without listening at another address.
fn bound_on_both(
    listen: impl Fn(u16) -> std::io::Result<TcpListener>,
    other: impl Into<IpAddr>,
) -> (TcpListener, Socket) {
    let other = other.into();
    let domain = Domain::for_address((other, 0).into());
    for _ in 0..100 {
        let listener = listen(0).unwrap();
        let port = listener.local_addr().unwrap().port();
        let socket = Socket::new(domain, Type::STREAM, None).unwrap();
        if socket.bind(&SocketAddr::from((other, port)).into()).is_ok() {
            return (listener, socket);
        }
    }
    panic!("no port is free in both families");
}

#[test]
fn localhost_reaches_a_peer_on_either_family() {
    if ipv6_is_off() {
        return;
    }
    let net = TestNet::start();
    let client = net.client();
    // Each on a port that nobody else has in the other family meanwhile.
    let four = bound_on_both(
        |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)),
        Ipv6Addr::LOCALHOST,
    );
    let six = bound_on_both(
        |port| TcpListener::bind((Ipv6Addr::LOCALHOST, port)),
        Ipv4Addr::LOCALHOST,
    );
    for (listener, _reserved) in [four, six] {
        let address = listener.local_addr().unwrap();
        let id = client.start_open("localhost", address.port(), TcpOptions::default());
        match client.next_of(id) {
            SocketEvent::Opened { remote, .. } => assert_eq!(SocketAddr::from(remote), address),
            other => panic!("{other:?}"),
        }
        let mut stream = peer::accept(&listener);
        stream.write_all(b"x").unwrap();
        assert_eq!(client.read_exactly(id, 1), b"x");
    }
}

#[test]
fn tcp_opt_14_every_address_is_tried_until_one_connects() {
    let (listener, address) = peer::listen();
    // Nobody listens on the first two.
    let resolver = ScriptedResolver::default()
        .answer(
            "several.example",
            &["127.0.0.2", "::1", "127.0.0.1", "127.0.0.3"],
        )
        .answer("dead.example", &["127.0.0.2", "127.0.0.3"]);
    let net = InProcess::start(resolver);
    let client = net.client();
    let id = client.start_open("several.example", address.port(), TcpOptions::default());
    match client.next_of(id) {
        SocketEvent::Opened { remote, .. } => assert_eq!(SocketAddr::from(remote), address),
        other => panic!("{other:?}"),
    }
    peer::accept(&listener);
    let error = client.open_error("dead.example", address.port(), TcpOptions::default());
    assert_eq!(error, SocketError::ConnectionRefused);
}

#[test]
fn tcp_opt_13_a_name_without_a_record_of_the_family_fails() {
    let resolver = ScriptedResolver::default().answer("four.example", &["127.0.0.1"]);
    let net = InProcess::start(resolver);
    let client = net.client();
    let (listener, address) = peer::listen();
    let error = client.open_error("four.example", address.port(), query(DnsQueryType::Ipv6));
    assert_eq!(error, SocketError::NameNotResolved);
    let id = client.start_open("four.example", address.port(), query(DnsQueryType::Ipv4));
    assert!(matches!(client.next_of(id), SocketEvent::Opened { .. }));
    peer::accept(&listener);
}

#[test]
fn the_most_telling_cause_of_several_is_reported() {
    let (_bound, address) = peer::closed_port();
    // A broadcast address fails before anything is sent; that somebody refused says more.
    let resolver = ScriptedResolver::default()
        .answer("one.example", &["127.0.0.1", "::ffff:0.0.0.0"])
        .answer("other.example", &["255.255.255.255", "127.0.0.1"]);
    let net = InProcess::start(resolver);
    let client = net.client();
    let error = client.open_error("other.example", address.port(), TcpOptions::default());
    assert!(
        matches!(
            error,
            SocketError::ConnectionRefused | SocketError::PermissionDenied
        ),
        "{error:?}"
    );
    let error = client.open_error("one.example", address.port(), TcpOptions::default());
    assert_eq!(error, SocketError::ConnectionRefused);
}

#[test]
fn tcp_open_07_a_resolver_that_never_answers_holds_up_nobody_else() {
    let net = InProcess::start(ScriptedResolver::default().hang("slow.example"));
    let (listener, address) = peer::listen();
    let client = net.client();
    // More than may be resolved at once.
    let slow: Vec<_> = (0..100)
        .map(|_| client.start_open("slow.example", 9, TcpOptions::default()))
        .collect();
    client.open(address);
    peer::accept(&listener);
    let other = net.client();
    other.open(address);
    peer::accept(&listener);
    assert_eq!(net.statistics().sockets, 102);
    // Closing is answered while the name is still being resolved.
    client.close(slow[0]);
    client.close(slow[99]);
    for id in &slow[1..99] {
        client.send(SocketRequest::Abandon { id: *id, keep: 0 });
        assert!(matches!(client.next_of(*id), SocketEvent::Closed(_)));
    }
    client.expect_nothing();
    wait_until("only the two are left", || net.statistics().sockets == 2);
}

#[test]
fn tcp_open_07_an_open_stays_pending_until_the_handshake_is_complete() {
    let net = TestNet::start();
    let client = net.client();
    // A listener whose queue is full: further handshakes are not completed.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket
        .bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())
        .unwrap();
    socket.listen(0).unwrap();
    let listener = TcpListener::from(socket);
    let address = listener.local_addr().unwrap();
    let ids: Vec<_> = (0..4)
        .map(|_| client.start_open("127.0.0.1", address.port(), TcpOptions::default()))
        .collect();
    let mut opened = vec![client.next()];
    client.send(SocketRequest::Close {
        id: ids[3],
        keep: 0,
    });
    // One event more tells the two cases apart: the fourth one closes without ever having been open.
    loop {
        let event = client.next();
        let is_closed = matches!(
            &event,
            crate::support::Event::Socket { id, event: SocketEvent::Closed(_) } if *id == ids[3]
        );
        if is_closed {
            break;
        }
        opened.push(event);
    }
    assert!(opened.len() < 4, "{opened:?}");
    assert!(net.statistics().sockets >= 1);
}

#[test]
fn a_peer_that_has_already_gone_does_not_fail_the_open() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    // Accept and reset at once, many times; an open must never fail for that, and it names its ends.
    let peers = std::thread::spawn(move || {
        for _ in 0..200 {
            peer::reset(peer::accept(&listener));
        }
    });
    for _ in 0..200 {
        let (id, local, remote) = client.open_with(address, TcpOptions::default());
        assert_eq!(SocketAddr::from(remote), address);
        assert_ne!(local.port, 0);
        client.close(id);
    }
    peers.join().unwrap();
}

#[test]
fn an_address_in_use_is_reported_as_that() {
    let net = TestNet::start();
    let client = net.client();
    let (_listener, address) = peer::listen();
    let (_other, used) = peer::listen();
    let id = client.fresh_id();
    client.send(SocketRequest::OpenTcp {
        id,
        open: TcpOpen {
            host: Host::Ip(address.ip()),
            port: address.port(),
            options: TcpOptions::default(),
            extras: TcpExtras {
                bind_address: Some(Address::from(used)),
                ..Default::default()
            },
        },
    });
    assert_eq!(
        client.next_of(id),
        SocketEvent::OpenFailed(SocketError::AddressInUse)
    );
}

#[test]
fn task_09_an_open_goes_on_while_nobody_reads_its_events() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    client.start_open("127.0.0.1", address.port(), TcpOptions::default());
    let mut stream = peer::accept(&listener);
    drop(client);
    assert_eq!(stream.read(&mut [0; 1]).unwrap_or(0), 0);
}
