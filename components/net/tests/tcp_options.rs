/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_net::tcp_options::{KeepAlive, Platform, buffer_size, keep_alive};
use direct_sockets_traits::{
    Address, Host, SocketEvent, SocketRequest, TcpExtras, TcpOpen, TcpOptions,
};
use socket2::{Domain, Protocol, Socket, Type};

use crate::support::{TestNet, peer, socket_in_net};

fn socket_with(options: TcpOptions) -> Socket {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let (_, local, _) = client.open_with(address, options);
    let _peer = peer::accept(&listener);
    socket_in_net(&net, Type::STREAM, local)
}

fn plain_socket() -> Socket {
    Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap()
}

#[test]
fn tcp_opt_01_the_send_buffer_size_is_set() {
    let socket = socket_with(TcpOptions {
        send_buffer_size: Some(65536),
        ..Default::default()
    });
    // Linux doubles it.
    assert_eq!(socket.send_buffer_size().unwrap(), 131072);
}

#[test]
fn tcp_opt_02_the_receive_buffer_size_is_set() {
    let socket = socket_with(TcpOptions {
        receive_buffer_size: Some(65536),
        ..Default::default()
    });
    assert_eq!(socket.recv_buffer_size().unwrap(), 131072);
}

#[test]
fn tcp_opt_04_sizes_beyond_the_signed_range_are_clamped() {
    assert_eq!(buffer_size(1), 1);
    assert_eq!(buffer_size(i32::MAX as u32), i32::MAX as usize);
    assert_eq!(buffer_size(i32::MAX as u32 + 1), i32::MAX as usize);
    assert_eq!(buffer_size(u32::MAX), i32::MAX as usize);
    let socket = socket_with(TcpOptions {
        send_buffer_size: Some(u32::MAX),
        receive_buffer_size: Some(u32::MAX),
        ..Default::default()
    });
    assert!(socket.send_buffer_size().unwrap() >= plain_socket().send_buffer_size().unwrap());
}

#[test]
fn tcp_opt_05_no_delay_is_set() {
    let socket = socket_with(TcpOptions {
        no_delay: true,
        ..Default::default()
    });
    assert!(socket.tcp_nodelay().unwrap());
}

#[test]
fn tcp_opt_06_tcp_opt_12_what_is_not_asked_for_is_off() {
    let socket = socket_with(TcpOptions::default());
    assert!(!socket.tcp_nodelay().unwrap());
    assert!(!socket.keepalive().unwrap());
    assert!(socket.linger().unwrap().is_none());
}

#[test]
fn tcp_opt_07_tcp_opt_08_keep_alive_is_switched_on_with_the_delay_in_seconds() {
    for (milliseconds, seconds) in [(1000, 1), (1999, 1), (2000, 2), (720_000, 720)] {
        let socket = socket_with(TcpOptions {
            keep_alive_delay: Some(milliseconds),
            ..Default::default()
        });
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap().as_secs(), seconds);
        assert_eq!(socket.tcp_keepalive_interval().unwrap().as_secs(), seconds);
        let default = plain_socket().tcp_keepalive_retries().unwrap();
        assert_eq!(socket.tcp_keepalive_retries().unwrap(), default);
    }
}

#[test]
fn tcp_opt_09_a_delay_beyond_the_kernels_maximum_is_clamped() {
    let socket = socket_with(TcpOptions {
        keep_alive_delay: Some(u32::MAX),
        ..Default::default()
    });
    assert_eq!(socket.tcp_keepalive_time().unwrap().as_secs(), 32767);
    assert_eq!(socket.tcp_keepalive_interval().unwrap().as_secs(), 32767);
}

#[test]
fn tcp_opt_08_tcp_opt_09_linux_takes_seconds_for_both_clamped() {
    for (milliseconds, seconds) in [
        (0, 1),
        (1000, 1),
        (1999, 1),
        (2000, 2),
        (32_767_999, 32767),
        (32_768_000, 32767),
        (u32::MAX, 32767),
    ] {
        let expected = KeepAlive::Seconds {
            idle: seconds,
            interval: Some(seconds),
        };
        assert_eq!(
            keep_alive(Platform::Linux, milliseconds),
            expected,
            "{milliseconds}"
        );
    }
}

#[test]
fn tcp_opt_10_macos_takes_seconds_for_one() {
    for (milliseconds, seconds) in [(1000, 1), (1999, 1), (720_000, 720), (u32::MAX, 4_294_967)] {
        let expected = KeepAlive::Seconds {
            idle: seconds,
            interval: None,
        };
        assert_eq!(
            keep_alive(Platform::MacOs, milliseconds),
            expected,
            "{milliseconds}"
        );
    }
}

#[test]
fn tcp_opt_11_windows_takes_milliseconds_for_both() {
    for milliseconds in [1000, 1999, 720_000, u32::MAX] {
        let expected = KeepAlive::Milliseconds {
            on: 1,
            time: milliseconds,
            interval: milliseconds,
        };
        assert_eq!(keep_alive(Platform::Windows, milliseconds), expected);
    }
}

#[test]
fn extras_are_set_before_connecting() {
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.fresh_id();
    let bind_address = Address {
        ip: "127.0.0.2".parse().unwrap(),
        ..Default::default()
    };
    client.send(SocketRequest::OpenTcp {
        id,
        open: TcpOpen {
            host: Host::Ip(address.ip()),
            port: address.port(),
            options: TcpOptions::default(),
            extras: TcpExtras {
                bind_address: Some(bind_address),
                time_to_live: Some(7),
                reuse_address: true,
                reset_on_close: true,
            },
        },
    });
    let SocketEvent::Opened { local, .. } = client.next_of(id) else {
        panic!("the socket does not open");
    };
    let stream = peer::accept(&listener);
    assert_eq!(local.ip, bind_address.ip);
    assert_eq!(stream.peer_addr().unwrap(), local.into());
    let socket = socket_in_net(&net, Type::STREAM, local);
    assert_eq!(socket.ttl_v4().unwrap(), 7);
    assert!(socket.reuse_address().unwrap());
    drop(socket);
    // Closing resets.
    client.close(id);
    use std::io::Read;
    let error = (&stream).read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn extras_of_another_family_fail_the_open() {
    let net = TestNet::start();
    let client = net.client();
    let id = client.fresh_id();
    client.send(SocketRequest::OpenTcp {
        id,
        open: TcpOpen {
            host: Host::Ip("127.0.0.1".parse().unwrap()),
            port: 9,
            options: TcpOptions::default(),
            extras: TcpExtras {
                bind_address: Some(Address {
                    ip: "::1".parse().unwrap(),
                    ..Default::default()
                }),
                ..Default::default()
            },
        },
    });
    let error = direct_sockets_traits::SocketError::AddressFamilyMismatch;
    assert_eq!(client.next_of(id), SocketEvent::OpenFailed(error));
}
