/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Steps 2 to 10 of <https://wicg.github.io/direct-sockets/#dom-udpsocket-constructor>

use std::num::{NonZeroU16, NonZeroU32};

use direct_sockets_traits::{
    Destination, DnsQueryType, Host, OptionError, SocketError, UdpMode, UdpOpen, UdpOptions,
};
use proptest::prelude::*;

fn connected() -> UdpOptions {
    UdpOptions {
        remote_address: Some("127.0.0.1".to_owned()),
        remote_port: Some(53),
        ..Default::default()
    }
}

fn bound(address: &str) -> UdpOptions {
    UdpOptions {
        local_address: Some(address.to_owned()),
        ..Default::default()
    }
}

fn error(options: UdpOptions) -> OptionError {
    options.validate().expect_err("refused")
}

fn open(options: UdpOptions) -> UdpOpen {
    options.validate().expect("valid").expect("a host")
}

/// Texts that are no IP address.
const NO_ADDRESSES: [&str; 13] = [
    "",
    "localhost",
    "example.com",
    "127.1",
    "0x7f.0.0.1",
    "127.0.0.01",
    "127.0.0.1 ",
    " ::1",
    "[::1]",
    "127.0.0.1:80",
    "fe80::1%lo",
    "fe80::1%1",
    "256.0.0.1",
];

#[test]
fn udp_ctor_02_half_a_remote_pair_is_refused() {
    let options = UdpOptions {
        remote_port: None,
        ..connected()
    };
    assert_eq!(error(options), OptionError::RemotePortMissing);
    let options = UdpOptions {
        remote_address: None,
        ..connected()
    };
    assert_eq!(error(options), OptionError::RemoteAddressMissing);
    // Also where bound mode would be fine.
    let options = UdpOptions {
        remote_port: Some(1),
        ..bound("127.0.0.1")
    };
    assert_eq!(error(options), OptionError::RemoteAddressMissing);
}

#[test]
fn udp_ctor_03_presence_selects_connected_mode_not_value() {
    for port in [0, 53] {
        let options = UdpOptions {
            remote_port: Some(port),
            ..connected()
        };
        let expected = Destination {
            host: Host::Ip("127.0.0.1".parse().unwrap()),
            port,
            dns_query_type: None,
        };
        assert_eq!(open(options).mode, UdpMode::Connected(expected));
    }
    // An empty name is present as well; it fails later, as no resolver can know it (AMB-46).
    let options = UdpOptions {
        remote_address: Some(String::new()),
        ..connected()
    };
    assert_eq!(options.validate(), Ok(Err(SocketError::InvalidHost)));
}

#[test]
fn udp_ctor_04_a_local_port_of_0_is_refused() {
    let options = UdpOptions {
        local_port: Some(0),
        ..bound("127.0.0.1")
    };
    assert_eq!(error(options), OptionError::LocalPort);
    let options = UdpOptions {
        local_port: Some(1),
        ..bound("127.0.0.1")
    };
    assert!(matches!(
        open(options).mode,
        UdpMode::Bound { port: Some(port), .. } if port == NonZeroU16::MIN
    ));
    assert!(matches!(
        open(bound("127.0.0.1")).mode,
        UdpMode::Bound { port: None, .. }
    ));
}

#[test]
fn udp_ctor_05_a_local_port_needs_a_local_address_in_every_mode() {
    for options in [UdpOptions::default(), connected()] {
        let options = UdpOptions {
            local_port: Some(1),
            ..options
        };
        assert_eq!(error(options), OptionError::LocalPortWithoutLocalAddress);
    }
}

#[test]
fn udp_ctor_06_two_modes_are_refused() {
    for address in ["127.0.0.1", "not an address"] {
        let options = UdpOptions {
            local_address: Some(address.to_owned()),
            ..connected()
        };
        assert_eq!(error(options), OptionError::TwoModes);
    }
}

#[test]
fn udp_ctor_07_a_local_address_is_a_literal() {
    for address in NO_ADDRESSES {
        let expected = OptionError::LocalAddress(address.to_owned());
        assert_eq!(error(bound(address)), expected, "{address:?}");
    }
}

#[test]
fn udp_ctor_08_a_valid_local_address_selects_bound_mode() {
    for address in ["127.0.0.1", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"] {
        let expected = UdpMode::Bound {
            address: address.parse().unwrap(),
            port: None,
            ipv6_only: None,
        };
        assert_eq!(open(bound(address)).mode, expected);
    }
}

#[test]
fn udp_ctor_09_no_mode_is_refused() {
    assert_eq!(error(UdpOptions::default()), OptionError::NoMode);
}

#[test]
fn udp_ctor_10_dns_query_type_is_for_connected_mode() {
    for query in [DnsQueryType::Ipv4, DnsQueryType::Ipv6] {
        let options = UdpOptions {
            dns_query_type: Some(query),
            ..bound("127.0.0.1")
        };
        assert_eq!(error(options), OptionError::DnsQueryType);
        let options = UdpOptions {
            dns_query_type: Some(query),
            ..connected()
        };
        let UdpMode::Connected(to) = open(options).mode else {
            panic!("not connected");
        };
        assert_eq!(to.dns_query_type, Some(query));
    }
}

#[test]
fn udp_ctor_11_ipv6_only_is_not_for_connected_mode_whatever_its_value() {
    for value in [true, false] {
        let options = UdpOptions {
            ipv6_only: Some(value),
            ..connected()
        };
        assert_eq!(error(options), OptionError::Ipv6Only);
    }
}

#[test]
fn udp_ctor_12_ipv6_only_is_for_the_unspecified_address_also_when_false() {
    for value in [true, false] {
        for address in ["0.0.0.0", "127.0.0.1", "::1", "::ffff:0.0.0.0"] {
            let options = UdpOptions {
                ipv6_only: Some(value),
                ..bound(address)
            };
            assert_eq!(error(options), OptionError::Ipv6Only, "{address}");
        }
        for address in ["::", "0:0:0:0:0:0:0:0", "::0.0.0.0"] {
            let options = UdpOptions {
                ipv6_only: Some(value),
                ..bound(address)
            };
            let UdpMode::Bound { ipv6_only, .. } = open(options).mode else {
                panic!("not bound");
            };
            assert_eq!(ipv6_only, Some(value), "{address}");
        }
    }
}

#[test]
fn udp_ctor_13_udp_ctor_14_buffers_of_0_are_refused() {
    let options = UdpOptions {
        send_buffer_size: Some(0),
        ..connected()
    };
    assert_eq!(error(options), OptionError::SendBufferSize);
    let options = UdpOptions {
        receive_buffer_size: Some(0),
        ..connected()
    };
    assert_eq!(error(options), OptionError::ReceiveBufferSize);
    let options = UdpOptions {
        send_buffer_size: Some(1),
        receive_buffer_size: Some(u32::MAX),
        ..connected()
    };
    let buffers = open(options).buffers;
    assert_eq!(buffers.send, NonZeroU32::new(1));
    assert_eq!(buffers.receive, NonZeroU32::new(u32::MAX));
    assert_eq!(open(connected()).buffers.send, None);
}

#[test]
fn udp_ctor_15_checks_run_in_the_order_of_the_steps() {
    // Everything is wrong, and then one thing after the other is set right.
    let mut options = UdpOptions {
        remote_address: Some("127.0.0.1".to_owned()),
        remote_port: None,
        local_address: Some("nowhere".to_owned()),
        local_port: Some(0),
        send_buffer_size: Some(0),
        receive_buffer_size: Some(0),
        dns_query_type: Some(DnsQueryType::Ipv4),
        ipv6_only: Some(false),
    };
    assert_eq!(error(options.clone()), OptionError::RemotePortMissing);
    options.remote_port = Some(1);
    assert_eq!(error(options.clone()), OptionError::LocalPort);
    options.local_port = Some(1);
    assert_eq!(error(options.clone()), OptionError::TwoModes);
    options.remote_address = None;
    options.remote_port = None;
    assert_eq!(
        error(options.clone()),
        OptionError::LocalAddress("nowhere".to_owned())
    );
    options.local_address = None;
    assert_eq!(
        error(options.clone()),
        OptionError::LocalPortWithoutLocalAddress
    );
    options.local_port = None;
    assert_eq!(error(options.clone()), OptionError::NoMode);
    options.local_address = Some("127.0.0.1".to_owned());
    assert_eq!(error(options.clone()), OptionError::DnsQueryType);
    options.dns_query_type = None;
    assert_eq!(error(options.clone()), OptionError::Ipv6Only);
    options.ipv6_only = None;
    assert_eq!(error(options.clone()), OptionError::SendBufferSize);
    options.send_buffer_size = Some(1);
    assert_eq!(error(options.clone()), OptionError::ReceiveBufferSize);
    options.receive_buffer_size = None;
    open(options);
}

#[test]
fn udp_ctor_15_hosts_that_nobody_knows_are_found_after_every_check() {
    let mut options = UdpOptions {
        remote_address: Some("a\0b".to_owned()),
        receive_buffer_size: Some(0),
        ..connected()
    };
    assert_eq!(error(options.clone()), OptionError::ReceiveBufferSize);
    options.receive_buffer_size = None;
    assert_eq!(options.validate(), Ok(Err(SocketError::InvalidHost)));
}

#[test]
fn udp_opt_07_a_remote_host_may_be_a_name() {
    let options = UdpOptions {
        remote_address: Some("b\u{fc}cher.example".to_owned()),
        ..connected()
    };
    let UdpMode::Connected(to) = open(options).mode else {
        panic!("not connected");
    };
    assert_eq!(to.host, Host::Name("xn--bcher-kva.example".to_owned()));
}

fn address() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("::".to_owned())),
        Just(Some("127.0.0.1".to_owned())),
        Just(Some("nowhere".to_owned())),
    ]
}

fn small<T: std::fmt::Debug + Clone + 'static>(values: [T; 2]) -> impl Strategy<Value = Option<T>> {
    prop::option::of(prop::sample::select(values.to_vec()))
}

proptest! {
    #[test]
    fn udp_ctor_15_any_options_are_refused_for_the_first_reason(
        (remote_address, local_address) in (address(), address()),
        (remote_port, local_port) in (small([0_u16, 1]), small([0_u16, 1])),
        (send, receive) in (small([0_u32, 1]), small([0_u32, 1])),
        (query, ipv6_only) in (small([DnsQueryType::Ipv4, DnsQueryType::Ipv6]), small([true, false])),
    ) {
        let options = UdpOptions {
            remote_address: remote_address.clone(),
            remote_port,
            local_address: local_address.clone(),
            local_port,
            send_buffer_size: send,
            receive_buffer_size: receive,
            dns_query_type: query,
            ipv6_only,
        };
        let remote = remote_address.is_some();
        // The conditions in the order of the steps, each on its own.
        let checks = [
            (remote && remote_port.is_none(), OptionError::RemotePortMissing),
            (!remote && remote_port.is_some(), OptionError::RemoteAddressMissing),
            (local_port == Some(0), OptionError::LocalPort),
            (local_port.is_some() && local_address.is_none(), OptionError::LocalPortWithoutLocalAddress),
            (local_address.is_some() && remote, OptionError::TwoModes),
            (local_address.as_deref() == Some("nowhere"), OptionError::LocalAddress("nowhere".to_owned())),
            (local_address.is_none() && !remote, OptionError::NoMode),
            (query.is_some() && !remote, OptionError::DnsQueryType),
            (ipv6_only.is_some() && local_address.as_deref() != Some("::"), OptionError::Ipv6Only),
            (send == Some(0), OptionError::SendBufferSize),
            (receive == Some(0), OptionError::ReceiveBufferSize),
        ];
        let expected = checks.into_iter().find(|(fails, _)| *fails).map(|(_, error)| error);
        prop_assert_eq!(options.validate().err(), expected);
    }
}
