/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What comes of names, whatever the resolver says about them: through every request that takes one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, ToSocketAddrs, UdpSocket};
use std::time::Duration;

use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::{
    AddressGrant, Decision, Destination, DnsQueryType, Grant, Host, SocketError, SocketEvent,
    TcpOptions, UdpOptions, WriteResult,
};

use crate::support::{InProcess, TestClient, TestNet, grant, udp, udp_bound};

/// Names of all kinds. Addresses that nobody has (192.0.2.0/24) are never reached by a test.
fn names() -> ScriptedResolver {
    ScriptedResolver::default()
        .answer("a.test", &["127.0.0.1"])
        .answer("aaaa.test", &["::1"])
        .answer("both.test", &["::1", "127.0.0.1"])
        .answer("none.test", &[])
}

const QUERIES: [Option<DnsQueryType>; 3] =
    [None, Some(DnsQueryType::Ipv4), Some(DnsQueryType::Ipv6)];

/// For each name and query: the addresses that may be used, in order.
fn expected(name: &str, query: Option<DnsQueryType>) -> Option<IpAddr> {
    let (ipv4, ipv6) = (
        IpAddr::from(Ipv4Addr::LOCALHOST),
        IpAddr::from(Ipv6Addr::LOCALHOST),
    );
    match (name, query) {
        ("a.test", None | Some(DnsQueryType::Ipv4)) => Some(ipv4),
        ("aaaa.test", None | Some(DnsQueryType::Ipv6)) => Some(ipv6),
        ("both.test", None | Some(DnsQueryType::Ipv6)) => Some(ipv6),
        ("both.test", Some(DnsQueryType::Ipv4)) => Some(ipv4),
        _ => None,
    }
}

const NAMES: [&str; 4] = ["a.test", "aaaa.test", "both.test", "none.test"];

/// Whether this machine has the IPv6 loopback; a test that needs it says so when it has not.
fn has_ipv6() -> bool {
    let has = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if !has {
        eprintln!("IPv6 is off on this machine: names with AAAA records are left out");
    }
    has
}

fn names_to_try() -> Vec<&'static str> {
    let has_ipv6 = has_ipv6();
    let mut names = NAMES.to_vec();
    names.retain(|name| has_ipv6 || !["aaaa.test", "both.test"].contains(name));
    names
}

/// Listeners on one port of both loopback addresses, as far as there are two.
fn listeners() -> (Vec<TcpListener>, u16) {
    for _ in 0..100 {
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = first.local_addr().unwrap().port();
        match TcpListener::bind((Ipv6Addr::LOCALHOST, port)) {
            Ok(second) => return (vec![first, second], port),
            Err(_) if !has_ipv6() => return (vec![first], port),
            Err(_) => {},
        }
    }
    panic!("no port is free on both addresses");
}

fn open_tcp(
    client: &TestClient,
    host: &str,
    port: u16,
    query: Option<DnsQueryType>,
) -> Result<IpAddr, SocketError> {
    let options = TcpOptions {
        dns_query_type: query,
        ..Default::default()
    };
    let id = client.start_open(host, port, options);
    match client.next_of(id) {
        SocketEvent::Opened { remote, .. } => Ok(remote.ip),
        SocketEvent::OpenFailed(error) => Err(error),
        other => panic!("{other:?} instead of an outcome"),
    }
}

#[test]
fn tcp_opt_13_tcp_opt_14_a_tcp_connection_goes_where_the_records_asked_for_say() {
    let net = InProcess::start(names());
    let client = net.client();
    let (_listeners, port) = listeners();
    for name in names_to_try() {
        for query in QUERIES {
            let wanted = expected(name, query).ok_or(SocketError::NameNotResolved);
            assert_eq!(
                open_tcp(&client, name, port, query),
                wanted,
                "{name} {query:?}"
            );
        }
    }
}

#[test]
fn udp_opt_04_udp_opt_07_a_connected_udp_socket_goes_where_the_records_asked_for_say() {
    let net = InProcess::start(names());
    let client = net.client();
    for name in names_to_try() {
        for query in QUERIES {
            let id = client.start_udp(udp(UdpOptions {
                remote_address: Some(name.to_owned()),
                remote_port: Some(9),
                dns_query_type: query,
                ..Default::default()
            }));
            let outcome = match client.next_of(id) {
                SocketEvent::UdpOpened { remote, .. } => Ok(remote.unwrap().ip),
                SocketEvent::OpenFailed(error) => Err(error),
                other => panic!("{other:?} instead of an outcome"),
            };
            let wanted = expected(name, query).ok_or(SocketError::NameNotResolved);
            assert_eq!(outcome, wanted, "{name} {query:?}");
        }
    }
}

#[test]
fn udp_w_09_a_datagram_goes_where_the_records_asked_for_say() {
    let net = InProcess::start(names());
    let client = net.client();
    let has_ipv6 = has_ipv6();
    for name in names_to_try() {
        for query in QUERIES {
            // A socket each, as an error ends the write side.
            let (id, ..) = client.open_udp(udp_bound(if has_ipv6 { "::" } else { "0.0.0.0" }));
            let wanted = expected(name, query);
            let peer = UdpSocket::bind((wanted.unwrap_or(Ipv4Addr::LOCALHOST.into()), 0)).unwrap();
            peer.set_read_timeout(Some(Duration::from_secs(20)))
                .unwrap();
            let to = Destination {
                host: Host::parse(name).unwrap(),
                port: peer.local_addr().unwrap().port(),
                dns_query_type: query,
            };
            let result = client.send_datagram(id, name.as_bytes(), Some(to));
            if wanted.is_none() {
                let unknown = WriteResult::Error(SocketError::NameNotResolved);
                assert_eq!(result, unknown, "{name} {query:?}");
                continue;
            }
            assert_eq!(result, WriteResult::Done, "{name} {query:?}");
            let mut buffer = [0; 64];
            let count = peer.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..count], name.as_bytes(), "{name} {query:?}");
        }
    }
}

#[test]
fn tcp_opt_14_a_resolver_that_changes_its_answer_is_asked_each_time() {
    // Nothing is remembered between two sockets (decision AMB-45).
    let resolver = ScriptedResolver::default()
        .answer("moves.test", &["127.0.0.1"])
        .answer("moves.test", &["127.0.0.2"])
        .answer("moves.test", &[]);
    let net = InProcess::start(resolver);
    let client = net.client();
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let went = |outcome: Result<IpAddr, _>| outcome.map(|ip| ip.to_string());
    assert_eq!(
        went(open_tcp(&client, "moves.test", port, None)),
        Ok("127.0.0.1".to_owned())
    );
    assert_eq!(
        went(open_tcp(&client, "moves.test", port, None)),
        Ok("127.0.0.2".to_owned())
    );
    assert_eq!(
        open_tcp(&client, "moves.test", port, None),
        Err(SocketError::NameNotResolved)
    );
}

#[test]
fn pp_12_a_name_gets_nobody_to_an_address_that_is_not_allowed() {
    let resolver = ScriptedResolver::default()
        .answer("inside.test", &["127.0.0.1"])
        .answer("mapped.test", &["::ffff:127.0.0.1"]);
    let net = InProcess::start(resolver);
    let grant = Grant {
        addresses: AddressGrant {
            loopback: Decision::Deny,
            ..AddressGrant::default()
        },
        ..grant()
    };
    let client = net.client_of(grant);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    for name in ["inside.test", "mapped.test", "localhost"] {
        let outcome = open_tcp(&client, name, port, None);
        assert_eq!(outcome, Err(SocketError::AddressNotAllowed), "{name}");
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "somebody has come");
}

#[test]
fn tcp_opt_14_the_real_resolver_knows_this_machine() {
    let name = rustix::system::uname()
        .nodename()
        .to_str()
        .unwrap()
        .to_owned();
    let net = TestNet::start();
    let client = net.client();
    // Its addresses are this machine's own, so nothing leaves it. On all addresses of both families, as far as
    // there are two.
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0))
        .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    let outcome = open_tcp(&client, &name, port, None);
    // Some machines do not know their own name. Whatever this one knows, net knows the same.
    let known: Vec<IpAddr> = match (name.as_str(), port).to_socket_addrs() {
        Ok(addresses) => addresses.map(|address| address.ip()).collect(),
        Err(_) => Vec::new(),
    };
    match outcome {
        Ok(ip) => {
            assert!(known.contains(&ip), "{name}: {ip} is not in {known:?}");
            let same_family = match ip.is_ipv4() {
                true => DnsQueryType::Ipv4,
                false => DnsQueryType::Ipv6,
            };
            assert_eq!(open_tcp(&client, &name, port, Some(same_family)), Ok(ip));
        },
        Err(error) => {
            assert_eq!(error, SocketError::NameNotResolved, "{name}");
            assert!(known.is_empty(), "{name}: {known:?} are not found");
        },
    }
}
