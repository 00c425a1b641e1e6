/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Where an address is, seen from this machine.
//!
//! The ranges are those of the registries of special-purpose addresses
//! (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>). What is not known to stay nearby is public: so an
//! embedder that wants to keep pages away from its own networks denies the other two spaces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use direct_sockets_traits::AddressSpace;

/// Where something is that is connected or sent to. The unspecified address means this machine there, and an address
/// that leads to an IPv4 address is where that one is.
pub fn of_remote(ip: IpAddr) -> AddressSpace {
    match ip {
        IpAddr::V4(ip) => of_ipv4(ip),
        IpAddr::V6(ip) => of_ipv6(ip),
    }
}

/// Whom something can be reached from that is bound to this address. The unspecified address is all addresses of the
/// machine, and so the widest of all.
pub fn of_local(ip: IpAddr) -> AddressSpace {
    let mapped = match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => ip.to_ipv4_mapped().map_or(ip.into(), IpAddr::from),
    };
    match mapped.is_unspecified() {
        true => AddressSpace::Public,
        false => of_remote(mapped),
    }
}

fn of_ipv4(ip: Ipv4Addr) -> AddressSpace {
    match ip.octets() {
        // "This host on this network": Linux sends what goes to the first of them to itself.
        [0, ..] | [127, ..] => AddressSpace::Loopback,
        // Private use, shared address space of providers, link-local (where clouds keep their metadata),
        [10, ..] | [192, 168, ..] | [169, 254, ..] => AddressSpace::Local,
        [172, 16..=31, ..] | [100, 64..=127, ..] => AddressSpace::Local,
        // protocol assignments, and benchmarking, which are inside of networks by definition.
        [192, 0, 0, _] | [198, 18..=19, ..] => AddressSpace::Local,
        // Multicast does not leave the networks that this machine is in unless somebody routes it, and broadcast
        // does not leave them at all; the reserved block is used as private addresses where it is used.
        [224..=255, ..] => AddressSpace::Local,
        _ => AddressSpace::Public,
    }
}

fn of_ipv6(ip: Ipv6Addr) -> AddressSpace {
    if let Some(inner) = embedded_ipv4(ip) {
        return of_ipv4(inner);
    }
    match ip.segments() {
        // Loopback, and unspecified.
        [0, 0, 0, 0, 0, 0, 0, 0..=1] => AddressSpace::Loopback,
        // Unique local, link-local, what used to be site-local, and multicast.
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfeff, ..] | [0xff00..=0xffff, ..] => {
            AddressSpace::Local
        },
        // The rest of the block that is for translation inside of networks (RFC 8215), discard-only, benchmarking.
        [0x64, 0xff9b, 1, ..] | [0x100, 0, 0, 0, ..] | [0x2001, 2, 0, ..] => AddressSpace::Local,
        _ => AddressSpace::Public,
    }
}

/// The IPv4 address to which packets for this address are taken, where it says so.
fn embedded_ipv4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        // Neither of these is an IPv4 address.
        [0, 0, 0, 0, 0, 0, 0, 0..=1] => None,
        // IPv4-mapped, IPv4-compatible (deprecated), IPv4-translated (RFC 2765).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => {
            Some(from(high, low))
        },
        // NAT64: the well-known prefix (RFC 6052), and the local-use one (RFC 8215) in its longest form.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 1, 0, 0, 0, high, low] => {
            Some(from(high, low))
        },
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => Some(from(high, low)),
        // Teredo (RFC 4380) hides the client's address.
        [0x2001, 0, _, _, _, _, high, low] => Some(from(!high, !low)),
        _ => None,
    }
}
