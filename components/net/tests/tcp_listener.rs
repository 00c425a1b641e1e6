/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::num::NonZeroU32;

use direct_sockets_net::tcp_listener::{backlog, concerns_one_connection};
use direct_sockets_traits::limits::MAX_LISTENERS_PER_CLIENT;
use direct_sockets_traits::{
    AcceptResult, Handover, NetControl, ServerOptions, SocketError, SocketEvent, SocketId,
    SocketRequest, TcpListen,
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::support::{
    PATIENCE, ReadResult, TestClient, TestNet, descriptors_of, ipv6_is_off, peer, socket_in_net,
    tcp_listen, wait_until,
};

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn listen(address: &str, options: ServerOptions) -> TcpListen {
    options.validate(address.to_owned()).unwrap()
}

fn listen_error(client: &TestClient, listen: TcpListen) -> SocketError {
    let id = client.start_listen(listen);
    match client.next_of(id) {
        SocketEvent::OpenFailed(error) => error,
        other => panic!("{other:?} instead of a failure"),
    }
}

#[test]
fn srv_open_01_srv_opt_01_it_listens_where_it_says() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    assert_ne!(address.port(), 0);
    let own = socket_in_net(&net, Type::STREAM, address.into());
    assert!(own.is_listener().unwrap());
    connect(address);
    drop(own);
    client.close(id);
    assert!(TcpStream::connect(address).is_err());
    // A port that is asked for.
    let options = ServerOptions {
        local_port: Some(address.port()),
        ..Default::default()
    };
    let (_, again) = client.listen_with(listen("127.0.0.1", options));
    assert_eq!(again, address);
}

#[test]
fn srv_opt_06_a_port_in_time_wait_is_taken_and_one_with_a_listener_is_not() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    let mut stream = connect(address);
    let accepted = client.accept(id, 1)[0].id;
    let options = ServerOptions {
        local_port: Some(address.port()),
        ..Default::default()
    };
    let same = listen("127.0.0.1", options);
    assert_eq!(
        listen_error(&client, same.clone()),
        SocketError::AddressInUse
    );
    // This side closes first, and so has the port in TIME_WAIT.
    client.close(accepted);
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    drop(stream);
    client.close(id);
    client.listen_with(same);
}

#[test]
fn srv_opt_02_srv_opt_03_the_backlog_is_within_what_the_system_allows() {
    let some = NonZeroU32::new;
    assert_eq!(backlog(some(5), Some(4096)), 5);
    assert_eq!(backlog(some(5000), Some(4096)), 4096);
    assert_eq!(backlog(some(u32::MAX), Some(4096)), 4096);
    assert_eq!(backlog(None, Some(4096)), 4096);
    assert_eq!(backlog(None, Some(u32::MAX)), i32::MAX);
    assert_eq!(backlog(some(u32::MAX), None), i32::MAX);
    assert_eq!(backlog(some(7), None), 7);
    assert_eq!(backlog(None, None), i32::MAX);
}

#[test]
fn srv_opt_02_connections_wait_in_the_queue_up_to_the_backlog() {
    let net = TestNet::start();
    let client = net.client();
    let options = ServerOptions {
        backlog: Some(3),
        ..Default::default()
    };
    let (id, address) = client.listen_with(listen("127.0.0.1", options));
    // Linux takes one more than it was told.
    let streams: Vec<_> = (0..4).map(|_| connect(address)).collect();
    let fifth = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    fifth.set_nonblocking(true).unwrap();
    assert!(fifth.connect(&address.into()).is_err());
    client.expect_nothing();
    assert_eq!(net.statistics().sockets, 1);
    // Room in the queue, and the fifth gets in when it tries again.
    assert_eq!(client.accept(id, 32).len(), 4);
    fifth.set_nonblocking(false).unwrap();
    let first = client.start_accept(id, 1);
    let AcceptResult::Connections(connections) = client.accepted(id) else {
        panic!("no fifth");
    };
    assert_eq!(connections[0].id, first);
    drop(streams);
}

#[test]
fn srv_opt_04_srv_opt_05_srv_ctor_06_both_families_as_asked_for() {
    if ipv6_is_off() {
        return;
    }
    let net = TestNet::start();
    let client = net.client();
    let plain = Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)).unwrap();
    let default = plain.only_v6().unwrap();
    for (asked, expected) in [(None, default), (Some(false), false), (Some(true), true)] {
        let options = ServerOptions {
            ipv6_only: asked,
            ..Default::default()
        };
        // Where this one does not take the port of IPv4, somebody else may have it.
        let is_as_expected = (0..5).any(|_| {
            let (_, local) = client.listen_with(listen("::", options));
            let own = socket_in_net(&net, Type::STREAM, local.into());
            assert_eq!(own.only_v6().unwrap(), expected, "{asked:?}");
            connect((Ipv6Addr::LOCALHOST, local.port()).into());
            let ipv4 = TcpStream::connect((Ipv4Addr::LOCALHOST, local.port()));
            ipv4.is_err() == expected
        });
        assert!(is_as_expected, "{asked:?}");
    }
    // False does nothing elsewhere.
    let options = ServerOptions {
        ipv6_only: Some(false),
        ..Default::default()
    };
    client.listen_with(listen("127.0.0.1", options));
    client.listen_with(listen("::1", options));
}

#[test]
fn srv_open_02_failures_leave_nothing_behind() {
    let net = TestNet::start();
    let client = net.client();
    let error = listen_error(&client, tcp_listen("192.0.2.1"));
    assert_eq!(error, SocketError::AddressNotAvailable);
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let options = ServerOptions {
        local_port: Some(taken.local_addr().unwrap().port()),
        ..Default::default()
    };
    let before = descriptors_of(net.pid()).len();
    for _ in 0..100 {
        let error = listen_error(&client, listen("127.0.0.1", options));
        assert_eq!(error, SocketError::AddressInUse);
    }
    assert_eq!(descriptors_of(net.pid()).len(), before);
    assert_eq!(net.statistics().sockets, 0);
}

#[test]
fn srv_r_02_srv_r_03_connections_come_in_order_and_as_many_as_asked_for() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    let streams: Vec<_> = (0..50).map(|_| connect(address)).collect();
    let mut connections = Vec::new();
    for (asked, got) in [(1, 1), (7, 7), (32, 32), (32, 10)] {
        let accepted = client.accept(id, asked);
        assert_eq!(accepted.len(), got);
        connections.extend(accepted);
    }
    for (stream, connection) in streams.iter().zip(&connections) {
        assert_eq!(stream.local_addr().unwrap(), connection.remote.into());
        assert_eq!(stream.peer_addr().unwrap(), connection.local.into());
    }
}

#[test]
fn srv_r_11_nothing_is_accepted_unless_it_is_asked_for() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    let streams = [connect(address), connect(address), connect(address)];
    client.expect_nothing();
    assert_eq!(net.statistics().sockets, 1);
    // Several requests at once are one.
    let first = client.start_accept(id, 1);
    client.send(SocketRequest::Accept { id, first, max: 1 });
    assert!(matches!(client.accepted(id), AcceptResult::Connections(_)));
    net.wait_for("one or two connections", |figures| {
        (2..=3).contains(&figures.sockets)
    });
    drop(streams);
}

#[test]
fn srv_r_05_local_addresses_are_concrete() {
    if ipv6_is_off() {
        return;
    }
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("::");
    let port = address.port();
    let six = connect((Ipv6Addr::LOCALHOST, port).into());
    let four = connect((Ipv4Addr::LOCALHOST, port).into());
    let mut connections = client.accept(id, 2);
    if connections.len() == 1 {
        connections.extend(client.accept(id, 1));
    }
    assert_eq!(connections[0].local.host_text(), "::1");
    assert_eq!(connections[0].remote.host_text(), "::1");
    assert_eq!(connections[0].local.port, port);
    assert_eq!(connections[1].local.host_text(), "::ffff:127.0.0.1");
    let own = four.local_addr().unwrap().port();
    assert_eq!(connections[1].remote.host_text(), "::ffff:127.0.0.1");
    assert_eq!(connections[1].remote.port, own);
    drop(six);
}

#[test]
fn srv_r_06_an_accepted_connection_is_like_one_that_was_opened() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = client.listen("127.0.0.1");
    let mut stream = connect(address);
    let id = client.accept(listener, 1)[0].id;
    // It lives on without the one that listened.
    client.close(listener);
    let bytes = peer::pattern(300_000);
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || {
        stream.write_all(&sent).unwrap();
        stream
    });
    assert_eq!(client.read_exactly(id, bytes.len()), bytes);
    let mut stream = writer.join().unwrap();
    assert_eq!(client.write(id, b"answer"), Ok(()));
    let mut answer = [0; 6];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"answer");
    assert_eq!(client.shut_down(id), Handover::Complete);
    assert_eq!(stream.read(&mut answer).unwrap(), 0);
    drop(stream);
    assert_eq!(client.read(id), ReadResult::End);
    client.close(id);
    assert_eq!(net.statistics().sockets, 0);
}

#[test]
fn srv_r_07_an_accepted_connection_has_the_defaults() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = client.listen("127.0.0.1");
    let stream = connect(address);
    client.accept(listener, 1);
    let plain = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    // The listening socket has the same address, and nobody at its other end.
    let own = wait_for_accepted(&net, stream.local_addr().unwrap());
    assert_eq!(own.tcp_nodelay().unwrap(), plain.tcp_nodelay().unwrap());
    assert_eq!(own.keepalive().unwrap(), plain.keepalive().unwrap());
    assert_eq!(own.linger().unwrap(), None);
}

fn wait_for_accepted(net: &TestNet, remote: SocketAddr) -> Socket {
    use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
    let process = pidfd_open(
        Pid::from_raw(net.pid() as i32).unwrap(),
        PidfdFlags::empty(),
    )
    .unwrap();
    crate::support::socket_descriptors_of(net.pid())
        .into_iter()
        .filter_map(|number| pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok())
        .map(Socket::from)
        .find(|socket| {
            let peer = socket.peer_addr().ok();
            peer.and_then(|peer| peer.as_socket()) == Some(remote)
        })
        .expect("the connection is in net")
}

#[test]
fn srv_r_05_a_client_that_has_gone_is_accepted_with_its_address() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = client.listen("127.0.0.1");
    let stream = connect(address);
    let remote = stream.local_addr().unwrap();
    peer::reset(stream);
    let connection = client.accept(listener, 1)[0];
    assert_eq!(SocketAddr::from(connection.remote), remote);
    assert_eq!(SocketAddr::from(connection.local), address);
    assert_eq!(
        client.read(connection.id),
        ReadResult::Error(SocketError::ConnectionReset)
    );
    client.close(connection.id);
}

#[test]
fn srv_r_09_errors_of_one_connection_are_told_from_those_of_accepting() {
    for number in [
        libc::ECONNABORTED,
        libc::ECONNRESET,
        libc::EHOSTDOWN,
        libc::EHOSTUNREACH,
        libc::EINTR,
        libc::ENETDOWN,
        libc::ENETUNREACH,
        libc::ENONET,
        libc::ENOPROTOOPT,
        libc::EOPNOTSUPP,
        libc::EPERM,
        libc::EPROTO,
        libc::ETIMEDOUT,
    ] {
        let error = io::Error::from_raw_os_error(number);
        assert!(concerns_one_connection(&error), "{error}");
    }
    for number in [
        libc::EMFILE,
        libc::ENFILE,
        libc::ENOBUFS,
        libc::ENOMEM,
        libc::EBADF,
        libc::EINVAL,
        libc::ENOTSOCK,
        libc::EFAULT,
    ] {
        let error = io::Error::from_raw_os_error(number);
        assert!(!concerns_one_connection(&error), "{error}");
    }
    assert!(!concerns_one_connection(&io::Error::other("something")));
}

#[test]
fn srv_r_08_too_many_sockets_are_an_error_of_accepting() {
    let net = TestNet::start();
    let client = net.client_with(3);
    let (id, address) = client.listen("127.0.0.1");
    let streams: Vec<_> = (0..4).map(|_| connect(address)).collect();
    // Those for which there is room first,
    assert_eq!(client.accept(id, 32).len(), 2);
    // then the error.
    client.start_accept(id, 32);
    let error = AcceptResult::Error(SocketError::SocketLimit);
    assert_eq!(client.accepted(id), error);
    // No accept follows.
    client.start_accept(id, 1);
    client.close(id);
    drop(streams);
}

#[test]
fn srv_r_12_after_a_cancel_nothing_is_accepted() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    client.start_accept(id, 1);
    client.send(SocketRequest::CancelRead { id });
    // On the same channel, so the order is kept.
    let stream = {
        client.start_accept(id, 1);
        net.wait_for("the listening socket alone", |figures| figures.sockets == 1);
        connect(address)
    };
    let second = client.listen("127.0.0.1").0;
    client.close(second);
    assert_eq!(net.statistics().sockets, 1);
    client.close(id);
    // What was in the queue is gone (SRV-R-13).
    let mut stream = stream;
    assert!(!matches!(stream.read(&mut [0; 1]), Ok(1..)));
}

#[test]
fn srv_hc_02_the_port_refuses_when_closed_has_been_said() {
    let net = TestNet::start();
    let client = net.client();
    for _ in 0..20 {
        let (id, address) = client.listen("127.0.0.1");
        client.start_accept(id, 32);
        client.close(id);
        let error = TcpStream::connect(address).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
    let (_, address) = client.listen("127.0.0.1");
    drop(client);
    net.wait_for("no socket", |figures| figures.sockets == 0);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn srv_r_10_an_orderly_end_answers_the_accept_that_is_outstanding() {
    let mut net = TestNet::start();
    let client = net.client();
    let (waiting, _) = client.listen("127.0.0.1");
    let (idle, _) = client.listen("127.0.0.1");
    client.start_accept(waiting, 1);
    client.expect_nothing();
    net.control().send(NetControl::Exit).unwrap();
    assert_eq!(client.accepted(waiting), AcceptResult::End);
    // Nothing about the other one, whose client asks for nothing.
    assert!(client.try_next(PATIENCE).is_err(), "{idle:?}");
    assert!(net.wait_for_end().success());
}

#[test]
fn srv_r_10_clients_that_take_no_events_do_not_keep_net_from_ending() {
    let mut net = TestNet::start();
    let deaf = net.client();
    let (id, _) = deaf.listen("127.0.0.1");
    deaf.start_accept(id, 1);
    deaf.expect_nothing();
    // Its channel is full of answers.
    for _ in 0..20_000 {
        let id = deaf.fresh_id();
        let open = crate::support::open_request(id, "127.0.0.1", 0, Default::default());
        deaf.send(open);
    }
    net.control().send(NetControl::Exit).unwrap();
    assert!(net.wait_for_end().success());
}

#[test]
fn listening_sockets_are_limited_for_each_client() {
    let net = TestNet::start();
    let client = net.client();
    let ids: Vec<_> = (0..MAX_LISTENERS_PER_CLIENT)
        .map(|_| client.listen("127.0.0.1").0)
        .collect();
    let error = listen_error(&client, tcp_listen("127.0.0.1"));
    assert_eq!(error, SocketError::ListenerLimit);
    // Other sockets are not concerned, nor are other clients, and a closed one makes room.
    client.open(peer::echo());
    net.client().listen("127.0.0.1");
    client.close(ids[0]);
    client.listen("127.0.0.1");
}

#[test]
fn life_08_ids_that_are_in_use_are_left_out() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    let _streams = [connect(address), connect(address)];
    // Its own id is the first of the range.
    let max = 3;
    client.send(SocketRequest::Accept { id, first: id, max });
    let AcceptResult::Connections(connections) = client.accepted(id) else {
        panic!("no connections");
    };
    let ids: Vec<_> = connections.iter().map(|connection| connection.id).collect();
    assert_eq!(ids, [SocketId(id.0 + 1), SocketId(id.0 + 2)]);
    // And the only one.
    let _stream = connect(address);
    client.send(SocketRequest::Accept {
        id,
        first: id,
        max: 1,
    });
    assert!(matches!(client.accepted(id), AcceptResult::Error(_)));
    // At the end of all numbers.
    while client.fresh_id().0 < id.0 + u64::from(max) {}
    let (id, address) = client.listen("127.0.0.1");
    let _stream = connect(address);
    client.send(SocketRequest::Accept {
        id,
        first: SocketId(u64::MAX),
        max: 32,
    });
    let AcceptResult::Connections(connections) = client.accepted(id) else {
        panic!("no connections");
    };
    assert_eq!(connections[0].id, SocketId(u64::MAX));
}

#[test]
fn life_08_orders_for_other_kinds_of_sockets_are_ignored() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    client.start_read(id);
    client.send(SocketRequest::Receive { id, max: 1 });
    client.put(id, b"x");
    client.start_send(id, b"x", None);
    client.send(SocketRequest::AbortWrite { id, keep: 0 });
    client.send(SocketRequest::ShutdownWrite { id });
    client.expect_nothing();
    let connection = client.open(peer::echo());
    client.send(SocketRequest::Receive {
        id: connection,
        max: 1,
    });
    client.send(SocketRequest::Accept {
        id: connection,
        first: SocketId(1 << 40),
        max: 1,
    });
    client.start_send(connection, b"x", None);
    client.expect_nothing();
    let _stream = connect(address);
    assert_eq!(client.accept(id, 1).len(), 1);
    client.close(connection);
    client.close(id);
}

#[test]
fn srv_r_13_abandoning_closes() {
    let net = TestNet::start();
    let client = net.client();
    let (id, address) = client.listen("127.0.0.1");
    let mut stream = connect(address);
    let accepted = client.accept(id, 1)[0].id;
    for id in [accepted, id] {
        client.send(SocketRequest::Abandon { id, keep: 0 });
        let closed = SocketEvent::Closed(Handover::Complete);
        assert_eq!(client.next_of(id), closed);
    }
    client.expect_nothing();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0);
    wait_until("the port refuses", || TcpStream::connect(address).is_err());
    assert_eq!(net.statistics().sockets, 0);
}
