/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Steps 2 to 5 of <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-constructor>

use std::num::{NonZeroU16, NonZeroU32};

use direct_sockets_traits::{OptionError, ServerOptions, TcpListen};

fn validate(address: &str, options: ServerOptions) -> Result<TcpListen, OptionError> {
    options.validate(address.to_owned())
}

#[test]
fn srv_ctor_02_the_address_is_a_literal() {
    for address in [
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
    ] {
        let expected = OptionError::LocalAddress(address.to_owned());
        let options = ServerOptions::default();
        assert_eq!(validate(address, options), Err(expected), "{address:?}");
    }
    for address in ["127.0.0.1", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"] {
        let listen = validate(address, ServerOptions::default()).unwrap();
        assert_eq!(listen.address, address.parse::<std::net::IpAddr>().unwrap());
    }
}

#[test]
fn srv_ctor_03_a_port_of_0_is_refused_and_an_absent_one_is_not() {
    let with = |port| ServerOptions {
        local_port: port,
        ..Default::default()
    };
    assert_eq!(
        validate("127.0.0.1", with(Some(0))),
        Err(OptionError::LocalPort)
    );
    assert_eq!(validate("127.0.0.1", with(None)).unwrap().port, None);
    let port = validate("127.0.0.1", with(Some(u16::MAX))).unwrap().port;
    assert_eq!(port, Some(NonZeroU16::MAX));
}

#[test]
fn srv_ctor_04_a_backlog_of_0_is_refused_and_an_absent_one_is_not() {
    let with = |backlog| ServerOptions {
        backlog,
        ..Default::default()
    };
    assert_eq!(
        validate("127.0.0.1", with(Some(0))),
        Err(OptionError::Backlog)
    );
    assert_eq!(validate("127.0.0.1", with(None)).unwrap().backlog, None);
    for backlog in [1, u32::MAX] {
        let listen = validate("127.0.0.1", with(Some(backlog))).unwrap();
        assert_eq!(listen.backlog, NonZeroU32::new(backlog));
    }
}

#[test]
fn srv_ctor_05_srv_ctor_06_only_true_is_refused_off_the_unspecified_address() {
    for address in ["0.0.0.0", "127.0.0.1", "::1", "::ffff:0.0.0.0"] {
        let with = |ipv6_only| ServerOptions {
            ipv6_only: Some(ipv6_only),
            ..Default::default()
        };
        let refused = Err(OptionError::Ipv6OnlyServer);
        assert_eq!(validate(address, with(true)), refused, "{address}");
        // False does nothing there.
        let listen = validate(address, with(false)).unwrap();
        assert_eq!(listen.ipv6_only, None, "{address}");
    }
}

#[test]
fn srv_opt_04_srv_opt_05_present_and_absent_are_told_apart() {
    for address in ["::", "0:0:0:0:0:0:0:0"] {
        for value in [None, Some(false), Some(true)] {
            let options = ServerOptions {
                ipv6_only: value,
                ..Default::default()
            };
            assert_eq!(validate(address, options).unwrap().ipv6_only, value);
        }
    }
}

#[test]
fn srv_ctor_07_checks_run_in_the_order_of_the_steps() {
    let mut options = ServerOptions {
        local_port: Some(0),
        backlog: Some(0),
        ipv6_only: Some(true),
    };
    assert!(matches!(
        validate("nowhere", options),
        Err(OptionError::LocalAddress(_))
    ));
    let address = "127.0.0.1";
    assert_eq!(validate(address, options), Err(OptionError::LocalPort));
    options.local_port = Some(1);
    assert_eq!(validate(address, options), Err(OptionError::Backlog));
    options.backlog = Some(1);
    assert_eq!(validate(address, options), Err(OptionError::Ipv6OnlyServer));
    assert!(validate("::", options).is_ok());
}

#[test]
fn srv_opt_06_addresses_are_taken_again() {
    let listen = validate("127.0.0.1", ServerOptions::default()).unwrap();
    assert!(listen.reuse_address);
}
