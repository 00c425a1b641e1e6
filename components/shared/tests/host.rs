/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_traits::limits::MAX_HOST_BYTES;
use direct_sockets_traits::{Host, SocketError};
use proptest::prelude::*;

fn name(text: &str) -> Result<Host, SocketError> {
    Ok(Host::Name(text.to_owned()))
}

fn ip(text: &str) -> Result<Host, SocketError> {
    Ok(Host::Ip(text.parse().unwrap()))
}

#[test]
fn tcp_ctor_07_hosts_that_no_resolver_can_know_are_refused() {
    let long = "a".repeat(MAX_HOST_BYTES + 1);
    for text in [
        "",
        "a\0b",
        "\0",
        "[::1]",
        "[",
        "]",
        "[example.com",
        "::1]",
        long.as_str(),
    ] {
        assert_eq!(Host::parse(text), Err(SocketError::InvalidHost), "{text:?}");
    }
}

#[test]
fn literals_are_recognised_strictly() {
    assert_eq!(Host::parse("127.0.0.1"), ip("127.0.0.1"));
    assert_eq!(Host::parse("::1"), ip("::1"));
    assert_eq!(Host::parse("0:0:0:0:0:0:0:1"), ip("::1"));
    assert_eq!(Host::parse("::ffff:192.0.2.1"), ip("::ffff:192.0.2.1"));
    // Older and looser forms are the resolver's to understand, and so are zones (AMB-35, AMB-36).
    for text in [
        "127.1",
        "0x7f.1",
        "127.0.0.01",
        "2130706433",
        "fe80::1%eth0",
        "1.2.3.4.5",
    ] {
        assert_eq!(Host::parse(text), name(text), "{text}");
    }
}

#[test]
fn names_that_are_ascii_are_not_changed() {
    for text in [
        "example.com",
        "EXAMPLE.com",
        "example.com.",
        "a_b",
        "-",
        "a b",
        "x".repeat(300).as_str(),
    ] {
        assert_eq!(Host::parse(text), name(text), "{text}");
    }
    let longest = "a".repeat(MAX_HOST_BYTES);
    assert_eq!(Host::parse(&longest), name(&longest));
}

#[test]
fn names_that_are_not_ascii_become_ascii() {
    assert_eq!(Host::parse("bücher.example"), name("xn--bcher-kva.example"));
    assert_eq!(Host::parse("BÜCHER.example"), name("xn--bcher-kva.example"));
    assert_eq!(Host::parse("例え.テスト"), name("xn--r8jz45g.xn--zckzah"));
    // Full-width characters are others in disguise.
    assert_eq!(Host::parse("ｅｘａｍｐｌｅ.com"), name("example.com"));
}

#[test]
fn names_that_cannot_be_encoded_are_refused() {
    for text in [
        "\u{fffd}.example",
        "a\u{200d}.example",
        "xn--\u{fc}",
        "\u{ad}",
    ] {
        assert_eq!(Host::parse(text), Err(SocketError::InvalidHost), "{text:?}");
    }
}

#[test]
fn localhost_is_known_without_asking() {
    for text in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "A.B.LocalHost.",
    ] {
        assert!(Host::parse(text).unwrap().is_localhost(), "{text}");
    }
    for text in [
        "localhost.example",
        "notlocalhost",
        ".localhost",
        "localhost..",
        "local",
        "127.0.0.1",
        "::1",
    ] {
        assert!(!Host::parse(text).unwrap().is_localhost(), "{text}");
    }
}

proptest! {
    #[test]
    fn life_11_any_text_is_a_host_or_refused(text in any::<String>()) {
        match Host::parse(&text) {
            Ok(host @ Host::Name(_)) => {
                let Host::Name(name) = &host else { unreachable!() };
                prop_assert!(name.is_ascii() && !name.is_empty() && name.len() <= MAX_HOST_BYTES);
                prop_assert!(!name.contains('\0'));
                host.is_localhost();
            },
            Ok(Host::Ip(ip)) => prop_assert_eq!(text.parse(), Ok(ip)),
            Err(error) => prop_assert_eq!(error, SocketError::InvalidHost),
        }
    }

    #[test]
    fn life_11_any_name_is_a_host_or_refused(text in "[a-zA-Z0-9äß%:\\[\\]. \u{0}]{0,30}") {
        let _ = Host::parse(&text);
    }
}
