/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{IpAddr, SocketAddr, SocketAddrV6};

use direct_sockets_traits::Address;
use proptest::prelude::*;

fn text(ip: &str, scope_id: u32) -> String {
    let address = Address {
        ip: ip.parse().unwrap(),
        port: 80,
        scope_id,
    };
    address.host_text()
}

#[test]
fn tcp_info_06_addresses_are_text_in_the_shortest_form() {
    for (ip, expected) in [
        ("127.0.0.1", "127.0.0.1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::", "::"),
        ("2001:DB8::A:0:0:B", "2001:db8::a:0:0:b"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        // Not unmapped, with a dotted tail (AMB-38).
        ("::ffff:7f00:1", "::ffff:127.0.0.1"),
        ("fe80::1", "fe80::1"),
    ] {
        assert_eq!(text(ip, 0), expected);
    }
}

#[test]
fn tcp_info_06_a_zone_only_for_link_local_addresses() {
    assert_eq!(text("fe80::1", 3), "fe80::1%3");
    assert_eq!(text("febf::1", 3), "febf::1%3");
    for ip in [
        "::1",
        "2001:db8::1",
        "fec0::1",
        "ff02::1",
        "127.0.0.1",
        "169.254.0.1",
    ] {
        assert!(!text(ip, 3).contains('%'), "{ip}");
    }
}

#[test]
fn addresses_are_displayed_with_their_port() {
    let address = |ip: &str, scope_id| Address {
        ip: ip.parse().unwrap(),
        port: 443,
        scope_id,
    };
    assert_eq!(address("192.0.2.1", 0).to_string(), "192.0.2.1:443");
    assert_eq!(address("2001:db8::1", 0).to_string(), "[2001:db8::1]:443");
    assert_eq!(address("fe80::1", 2).to_string(), "[fe80::1%2]:443");
}

#[test]
fn the_scope_survives_all_conversions() {
    let socket = SocketAddr::V6(SocketAddrV6::new("fe80::1".parse().unwrap(), 5, 0, 7));
    let address = Address::from(socket);
    assert_eq!(address.scope_id, 7);
    assert_eq!(SocketAddr::from(address), socket);
    let bytes = postcard::to_stdvec(&address).unwrap();
    assert_eq!(postcard::from_bytes::<Address>(&bytes).unwrap(), address);
}

#[test]
fn the_default_is_the_unspecified_address() {
    assert_eq!(Address::default().to_string(), "0.0.0.0:0");
}

proptest! {
    #[test]
    fn tcp_info_06_any_address_reads_back(ip in any::<IpAddr>(), port in any::<u16>()) {
        let address = Address { ip, port, scope_id: 0 };
        prop_assert_eq!(address.host_text().parse::<IpAddr>(), Ok(ip));
        let socket = SocketAddr::from(address);
        prop_assert_eq!(address.to_string(), socket.to_string());
        prop_assert_eq!(Address::from(socket), address);
    }
}
