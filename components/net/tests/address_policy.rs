/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::{
    AddressGrant, AddressQuestion, AddressSpace, AddressUse, Decision, Destination, Grant, Host,
    NetControl, PortFloors, QuestionId, SocketError, SocketEvent, SocketId, SocketRequest,
    UdpExtras, UdpOpen, UdpOptions, WriteResult,
};

use crate::support::{
    InProcess, PATIENCE, TestClient, TestNet, destination, early, grant, peer, tcp_listen, udp,
    udp_bound, udp_connected,
};

fn deciding(addresses: AddressGrant) -> Grant {
    Grant {
        addresses,
        ..grant()
    }
}

fn without_loopback() -> Grant {
    deciding(AddressGrant {
        loopback: Decision::Deny,
        ..Default::default()
    })
}

fn asking() -> Grant {
    deciding(AddressGrant {
        loopback: Decision::Ask,
        ..Default::default()
    })
}

fn failure(client: &TestClient, id: SocketId) -> SocketError {
    match client.next_of(id) {
        SocketEvent::OpenFailed(error) => error,
        other => panic!("{other:?} instead of a failure"),
    }
}

fn question(net: &TestNet) -> AddressQuestion {
    net.questions
        .try_recv_timeout(PATIENCE)
        .expect("a question comes")
}

fn answer(net: &TestNet, id: QuestionId, allow: bool) {
    let answer = NetControl::Answer { id, allow };
    net.control().send(answer).unwrap();
}

#[test]
fn every_form_of_a_denied_address_is_refused() {
    let net = TestNet::start();
    let client = net.client_of(without_loopback());
    let (listener, address) = peer::listen();
    listener.set_nonblocking(true).unwrap();
    for host in [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:0.0.0.0",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::127.0.0.1",
        "2002:7f00:1::1",
        "localhost",
        "name.localhost",
        // As the resolver of the system reads it.
        "127.1",
        "2130706433",
    ] {
        let id = client.start_open(host, address.port(), Default::default());
        assert_eq!(
            failure(&client, id),
            SocketError::AddressNotAllowed,
            "{host}"
        );
        let id = client.start_udp(udp_connected(host, address.port()));
        assert_eq!(
            failure(&client, id),
            SocketError::AddressNotAllowed,
            "{host}"
        );
    }
    assert!(listener.accept().is_err(), "somebody has connected");
    for host in ["127.0.0.1", "::1"] {
        let id = client.start_udp(udp_bound(host));
        assert_eq!(
            failure(&client, id),
            SocketError::AddressNotAllowed,
            "{host}"
        );
        let id = client.start_listen(tcp_listen(host));
        assert_eq!(
            failure(&client, id),
            SocketError::AddressNotAllowed,
            "{host}"
        );
    }
    // Another client is not concerned.
    let other = net.client();
    other.open(address);
    assert_eq!(net.statistics().sockets, 1);
}

#[test]
fn only_the_denied_of_several_addresses_are_left_out() {
    let net = InProcess::start(
        ScriptedResolver::default()
            .answer("both.test", &["10.255.255.1", "127.0.0.1"])
            .answer(
                "local.test",
                &["10.255.255.1", "fd00::1", "169.254.169.254"],
            ),
    );
    let client = net.client_of(deciding(AddressGrant {
        local: Decision::Deny,
        ..Default::default()
    }));
    let (_listener, address) = peer::listen();
    let id = client.start_open("both.test", address.port(), Default::default());
    let SocketEvent::Opened { remote, .. } = client.next_of(id) else {
        panic!("not open");
    };
    assert_eq!(SocketAddr::from(remote), address);
    let id = client.start_open("local.test", address.port(), Default::default());
    assert_eq!(failure(&client, id), SocketError::AddressNotAllowed);
}

#[test]
fn every_datagram_is_looked_at() {
    let net = InProcess::start(ScriptedResolver::default().answer("near.test", &["127.0.0.1"]));
    let client = net.client_of(without_loopback());
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    peer.set_nonblocking(true).unwrap();
    let port = peer.local_addr().unwrap().port();
    for host in ["127.0.0.1", "near.test", "0.0.0.0", "localhost"] {
        let (id, _) = client.bind("0.0.0.0");
        let result = client.send_datagram(id, b"x", destination(host, port));
        let refused = WriteResult::Error(SocketError::AddressNotAllowed);
        assert_eq!(result, refused, "{host}");
    }
    // Also in the form that a socket of both families needs.
    let (id, _) = client.bind("::");
    let result = client.send_datagram(id, b"x", destination("127.0.0.1", port));
    assert_eq!(result, WriteResult::Error(SocketError::AddressNotAllowed));
    assert!(peer.recv(&mut [0; 1]).is_err(), "something was sent");
}

#[test]
fn what_counts_as_written_is_looked_at_as_well() {
    let net = TestNet::start();
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    peer.set_nonblocking(true).unwrap();
    let port = peer.local_addr().unwrap().port();
    let floor = Grant {
        port_floors: PortFloors {
            remote: u16::MAX,
            ..Default::default()
        },
        ..grant()
    };
    for (grant, error) in [
        (without_loopback(), SocketError::AddressNotAllowed),
        (floor, SocketError::PortNotAllowed),
    ] {
        let client = net.client_of(grant);
        let (id, _) = client.bind("0.0.0.0");
        client.put_datagrams(id, &vec![early(b"x", destination("127.0.0.1", port)); 10]);
        assert_eq!(client.next_of(id), SocketEvent::WriteFailed(error));
        client.close(id);
    }
    assert!(peer.recv(&mut [0; 1]).is_err(), "something was sent");
    assert_eq!(net.statistics().writes, 0);
}

#[test]
fn what_counts_as_written_waits_for_the_answer_and_then_goes_together() {
    let net = TestNet::start();
    let client = net.client_of(asking());
    let peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let port = peer.local_addr().unwrap().port();
    for allow in [false, true] {
        let (id, _) = client.bind("0.0.0.0");
        client.put_datagrams(id, &vec![early(b"x", destination("127.0.0.1", port)); 10]);
        let question = question(&net);
        assert_eq!(net.statistics().writes, 0);
        answer(&net, question.id, allow);
        if !allow {
            let error = SocketError::AddressNotAllowed;
            assert_eq!(client.next_of(id), SocketEvent::WriteFailed(error));
        }
    }
    for _ in 0..10 {
        assert_eq!(peer.recv(&mut [0; 2]).unwrap(), 1);
    }
    // The one that was asked about, and the others.
    net.wait_for("two calls", |figures| {
        (figures.datagrams_sent, figures.writes) == (10, 2)
    });
    assert!(net.questions.try_recv().is_err(), "one question too many");
}

#[test]
fn ports_below_the_floor_are_refused() {
    let net = TestNet::start();
    let client = net.client_of(Grant {
        port_floors: PortFloors {
            udp_bind: 1024,
            tcp_listen: 2000,
            remote: 3000,
        },
        ..grant()
    });
    let refused = SocketError::PortNotAllowed;
    for port in [0, 1, 2999] {
        let id = client.start_open("127.0.0.1", port, Default::default());
        assert_eq!(failure(&client, id), refused, "{port}");
        let id = client.start_udp(udp_connected("name.invalid", port));
        assert_eq!(failure(&client, id), refused, "{port}");
        let (id, _) = client.bind("127.0.0.1");
        let result = client.send_datagram(id, b"x", destination("127.0.0.1", port));
        assert_eq!(result, WriteResult::Error(refused));
        client.close(id);
    }
    let bound = |port| {
        udp(UdpOptions {
            local_address: Some("127.0.0.1".into()),
            local_port: Some(port),
            ..Default::default()
        })
    };
    let id = client.start_udp(bound(1023));
    assert_eq!(failure(&client, id), refused);
    let mut listen = tcp_listen("127.0.0.1");
    listen.port = 1999.try_into().ok();
    let id = client.start_listen(listen);
    assert_eq!(failure(&client, id), refused);
    // What only a content process that lies can ask for.
    let lying = UdpOpen {
        extras: UdpExtras {
            bind_address: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)).into()),
            ..Default::default()
        },
        ..udp_connected("127.0.0.1", 3000)
    };
    let id = client.start_udp(lying);
    assert_eq!(failure(&client, id), refused);
    // At the floor, and where the OS picks.
    client.open_udp(udp_connected("127.0.0.1", 3000));
    client.bind("127.0.0.1");
    client.listen("127.0.0.1");
    let (_listener, address) = peer::listen();
    assert!(address.port() >= 3000);
    client.open(address);
}

#[test]
fn who_is_asked_is_told_what_for_and_the_answer_holds_for_one_socket() {
    let net = TestNet::start();
    let client = net.client_of(asking());
    let (_listener, address) = peer::listen();
    let udp_peer = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let udp_address = udp_peer.local_addr().unwrap();
    let port = udp_address.port();
    let expect = |usage, address: Option<SocketAddr>, allow| {
        let question = question(&net);
        assert_eq!(question.origin, grant().origin);
        assert_eq!(question.space, AddressSpace::Loopback);
        assert_eq!(question.usage, usage);
        if let Some(address) = address {
            assert_eq!(SocketAddr::from(question.address), address);
        }
        answer(&net, question.id, allow);
    };
    for allow in [true, false] {
        let id = client.start_open("127.0.0.1", address.port(), Default::default());
        expect(AddressUse::TcpConnect, Some(address), allow);
        match client.next_of(id) {
            SocketEvent::Opened { .. } if allow => client.close(id),
            SocketEvent::OpenFailed(SocketError::AddressNotAllowed) if !allow => {},
            other => panic!("{other:?}"),
        }
        let id = client.start_udp(udp_connected("127.0.0.1", port));
        expect(AddressUse::UdpConnect, Some(udp_address), allow);
        match client.next_of(id) {
            SocketEvent::UdpOpened { .. } if allow => {
                assert_eq!(client.send_datagram(id, b"x", None), WriteResult::Done);
                client.close(id);
            },
            SocketEvent::OpenFailed(SocketError::AddressNotAllowed) if !allow => {},
            other => panic!("{other:?}"),
        }
        let id = client.start_listen(tcp_listen("127.0.0.1"));
        expect(AddressUse::TcpListen, None, allow);
        match client.next_of(id) {
            SocketEvent::Listening { .. } if allow => client.close(id),
            SocketEvent::OpenFailed(SocketError::AddressNotAllowed) if !allow => {},
            other => panic!("{other:?}"),
        }
        // All addresses are public, so nobody is asked for this; but for what is sent.
        let (id, _) = client.bind("0.0.0.0");
        client.start_send(id, b"x", destination("127.0.0.1", port));
        expect(AddressUse::UdpSend, Some(udp_address), allow);
        let result = match allow {
            true => WriteResult::Done,
            false => WriteResult::Error(SocketError::AddressNotAllowed),
        };
        assert_eq!(client.next_of(id), SocketEvent::Written(result));
        // Once for this socket.
        if allow {
            let again = client.send_datagram(id, b"y", destination("127.0.0.2", port));
            assert_eq!(again, WriteResult::Done);
        }
    }
    assert!(net.questions.try_recv().is_err(), "one question too many");
}

#[test]
fn what_waits_for_an_answer_can_be_ended_and_keeps_nobody_waiting() {
    let net = TestNet::start();
    let client = net.client_of(asking());
    let (_listener, address) = peer::listen();
    let waiting = client.start_open("127.0.0.1", address.port(), Default::default());
    let first = question(&net);
    // Others go on, also of this client.
    let (id, _) = client.bind("0.0.0.0");
    client.start_send(id, b"x", destination("127.0.0.1", 9));
    let second = question(&net);
    let other = net.client();
    other.open(address);
    client.send(SocketRequest::AbortWrite { id, keep: 0 });
    client.close(waiting);
    // Answers that nobody waits for, one of them for the second time, and one to no question at all.
    for id in [first.id, second.id, second.id, QuestionId(u64::MAX)] {
        answer(&net, id, true);
    }
    client.close(id);
    assert_eq!(net.statistics().sockets, 1);
    // The end of a client ends its questions.
    client.start_open("127.0.0.1", address.port(), Default::default());
    question(&net);
    drop(client);
    net.wait_for("the other client alone", |figures| figures.clients == 1);
    assert_eq!(net.statistics().sockets, 1);
    drop(other);
}

#[test]
fn many_questions_wait_for_their_turn() {
    let net = TestNet::start();
    let client = net.client_of(asking());
    let (_listener, address) = peer::listen();
    // More than fit the channel at once, as nobody reads them yet.
    let ids: Vec<_> = (0..3000)
        .map(|_| client.start_open("127.0.0.1", address.port(), Default::default()))
        .collect();
    for _ in &ids {
        let question = question(&net);
        answer(&net, question.id, false);
    }
    for _ in &ids {
        let crate::support::Event::Socket { event, .. } = client.next() else {
            panic!("no event of a socket");
        };
        let refused = SocketEvent::OpenFailed(SocketError::AddressNotAllowed);
        assert_eq!(event, refused);
    }
}

#[test]
fn where_nobody_can_be_asked_the_answer_is_no() {
    let net = InProcess::start(ScriptedResolver::default());
    let client = net.client_of(asking());
    let id = client.start_open("127.0.0.1", 9, Default::default());
    assert_eq!(failure(&client, id), SocketError::AddressNotAllowed);
}

/// A resolver that says something else each time.
struct Rebinding(std::cell::Cell<bool>);

impl direct_sockets_net::resolver::Resolve for Rebinding {
    fn resolve(
        &self,
        _: &str,
        _: Option<direct_sockets_traits::DnsQueryType>,
        _: tokio::sync::OwnedSemaphorePermit,
    ) -> std::pin::Pin<Box<dyn Future<Output = direct_sockets_net::resolver::Addresses>>> {
        // Public at first, and then this very machine.
        let is_first = !self.0.replace(true);
        let ip = match is_first {
            true => Ipv4Addr::new(255, 255, 255, 255),
            false => Ipv4Addr::LOCALHOST,
        };
        Box::pin(async move { Ok(vec![(ip, 0).into()]) })
    }
}

#[test]
fn a_name_is_resolved_once_and_what_was_looked_at_is_used() {
    let (control, endpoint) = direct_sockets_wire::Endpoint::for_ipc_sender().unwrap();
    let (_asked, questions) = direct_sockets_wire::Endpoint::pair().unwrap();
    let server = std::thread::spawn(move || {
        let resolver = std::rc::Rc::new(Rebinding(Default::default()));
        direct_sockets_net::process::serve(endpoint, questions, resolver).unwrap();
    });
    let client = crate::support::register(&control, without_loopback());
    client.next();
    let (listener, address) = peer::listen();
    listener.set_nonblocking(true).unwrap();
    // The address that was looked at leads nowhere, and the other one is not asked for.
    let id = client.start_open("rebinds.test", address.port(), Default::default());
    assert_ne!(failure(&client, id), SocketError::AddressNotAllowed);
    let id = client.start_open("rebinds.test", address.port(), Default::default());
    assert_eq!(failure(&client, id), SocketError::AddressNotAllowed);
    let (id, _) = client.bind("0.0.0.0");
    let to = Destination {
        host: Host::Name("rebinds.test".into()),
        port: 9,
        dns_query_type: None,
    };
    let result = client.send_datagram(id, b"x", Some(to));
    assert_eq!(result, WriteResult::Error(SocketError::AddressNotAllowed));
    assert!(listener.accept().is_err(), "somebody has connected");
    drop((client, control));
    server.join().unwrap();
}
