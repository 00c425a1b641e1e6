/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use direct_sockets_policy::address_space::{of_local, of_remote};
use direct_sockets_traits::AddressSpace::{self, Local, Loopback, Public};
use proptest::prelude::*;

/// The first and the last address of each block, and their neighbours.
const IPV4: [(&str, AddressSpace); 44] = [
    ("0.0.0.0", Loopback),
    ("0.255.255.255", Loopback),
    ("1.0.0.0", Public),
    ("9.255.255.255", Public),
    ("10.0.0.0", Local),
    ("10.255.255.255", Local),
    ("11.0.0.0", Public),
    ("100.63.255.255", Public),
    ("100.64.0.0", Local),
    ("100.127.255.255", Local),
    ("100.128.0.0", Public),
    ("126.255.255.255", Public),
    ("127.0.0.0", Loopback),
    ("127.0.0.1", Loopback),
    ("127.255.255.255", Loopback),
    ("128.0.0.0", Public),
    ("169.253.255.255", Public),
    ("169.254.0.0", Local),
    ("169.254.169.254", Local),
    ("169.254.255.255", Local),
    ("169.255.0.0", Public),
    ("172.15.255.255", Public),
    ("172.16.0.0", Local),
    ("172.31.255.255", Local),
    ("172.32.0.0", Public),
    ("191.255.255.255", Public),
    ("192.0.0.0", Local),
    ("192.0.0.255", Local),
    ("192.0.1.0", Public),
    ("192.167.255.255", Public),
    ("192.168.0.0", Local),
    ("192.168.255.255", Local),
    ("192.169.0.0", Public),
    ("198.17.255.255", Public),
    ("198.18.0.0", Local),
    ("198.19.255.255", Local),
    ("198.20.0.0", Public),
    ("223.255.255.255", Public),
    ("224.0.0.0", Local),
    ("239.255.255.255", Local),
    ("240.0.0.0", Local),
    ("255.255.255.255", Local),
    ("8.8.8.8", Public),
    ("203.0.112.255", Public),
];

const IPV6: [(&str, AddressSpace); 38] = [
    ("::", Loopback),
    ("::1", Loopback),
    ("::2", Loopback),
    ("::7f00:1", Loopback),
    ("::a00:1", Local),
    ("::808:808", Public),
    ("::1:0:0:0", Public),
    ("::ffff:127.0.0.1", Loopback),
    ("::ffff:0.0.0.0", Loopback),
    ("::ffff:192.168.1.1", Local),
    ("::ffff:169.254.169.254", Local),
    ("::ffff:8.8.8.8", Public),
    ("::ffff:0:127.0.0.1", Loopback),
    ("64:ff9b::127.0.0.1", Loopback),
    ("64:ff9b::10.0.0.1", Local),
    ("64:ff9b::8.8.8.8", Public),
    ("64:ff9b:1::127.0.0.1", Loopback),
    ("64:ff9b:1::8.8.8.8", Public),
    ("64:ff9b:1:7f00:0:100::", Local),
    ("64:ff9b:2::", Public),
    ("100::1", Local),
    ("100:0:0:1::", Public),
    ("2001::f5ff:fffe", Local),
    ("2001::f7f7:f7f7", Public),
    ("2001:2::1", Local),
    ("2001:db9::1", Public),
    ("2002:7f00:1::1", Loopback),
    ("2002:c0a8:101::1", Local),
    ("2002:808:808::1", Public),
    ("2606:4700::1111", Public),
    ("fbff::1", Public),
    ("fc00::", Local),
    ("fdff:ffff::1", Local),
    ("fe00::1", Public),
    ("fe80::1", Local),
    ("febf::1", Local),
    ("fec0::1", Local),
    ("ff02::1", Local),
];

#[test]
fn every_block_of_ipv4_has_its_space() {
    for (text, space) in IPV4 {
        assert_eq!(of_remote(text.parse().unwrap()), space, "{text}");
    }
}

#[test]
fn every_block_of_ipv6_has_its_space() {
    for (text, space) in IPV6 {
        assert_eq!(of_remote(text.parse().unwrap()), space, "{text}");
    }
}

#[test]
fn who_binds_to_all_addresses_is_reached_by_everybody() {
    for text in ["0.0.0.0", "::", "::ffff:0.0.0.0"] {
        assert_eq!(of_local(text.parse().unwrap()), Public, "{text}");
    }
    for (text, space) in IPV4.into_iter().chain(IPV6) {
        let ip: IpAddr = text.parse().unwrap();
        if !["0.0.0.0", "::", "::ffff:0.0.0.0"].contains(&text) {
            assert_eq!(of_local(ip), space, "{text}");
        }
    }
}

proptest! {
    #[test]
    fn every_form_of_an_ipv4_address_is_where_that_one_is(bits in any::<u32>()) {
        let ip = Ipv4Addr::from(bits);
        let space = of_remote(ip.into());
        let [high, low] = [(bits >> 16) as u16, bits as u16];
        let forms = [
            ip.to_ipv6_mapped(),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
            Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
            Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
            Ipv6Addr::new(0x2001, 0, 1, 2, 3, 4, !high, !low),
        ];
        for form in forms {
            prop_assert_eq!(of_remote(form.into()), space, "{}", form);
        }
    }

    #[test]
    fn what_the_standard_library_calls_near_is_not_public(bits in any::<u32>()) {
        let ip = Ipv4Addr::from(bits);
        let near = ip.is_private() || ip.is_link_local() || ip.is_broadcast() || ip.is_multicast();
        if ip.is_loopback() {
            prop_assert_eq!(of_remote(ip.into()), Loopback);
        } else if near {
            prop_assert_eq!(of_remote(ip.into()), Local);
        }
    }
}
