/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

use serde::{Deserialize, Serialize};

/// A numeric address and port, as the OS reports it.
///
/// Unlike serde's form of [`SocketAddr`] it keeps the scope of link-local addresses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Address {
    /// The IP address, not unmapped (decision AMB-38).
    pub ip: IpAddr,
    /// The port, in host byte order.
    pub port: u16,
    /// The index of the interface of an IPv6 link-local address; 0 in all other cases.
    pub scope_id: u32,
}

impl Address {
    /// The address as pages see it: without brackets and port, IPv6 in the form of RFC 5952 with a
    /// dotted tail where it is IPv4-mapped, a zone only for link-local addresses (decisions AMB-36, AMB-38).
    pub fn host_text(&self) -> String {
        match self.ip {
            IpAddr::V6(ip) if self.scope_id != 0 && ip.is_unicast_link_local() => {
                format!("{ip}%{}", self.scope_id)
            },
            ip => ip.to_string(),
        }
    }
}

impl Default for Address {
    fn default() -> Self {
        Self {
            ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 0,
            scope_id: 0,
        }
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self {
            ip: address.ip(),
            port: address.port(),
            scope_id: match address {
                SocketAddr::V4(_) => 0,
                SocketAddr::V6(address) => address.scope_id(),
            },
        }
    }
}

impl From<Address> for SocketAddr {
    fn from(address: Address) -> Self {
        match address.ip {
            IpAddr::V4(ip) => (ip, address.port).into(),
            IpAddr::V6(ip) => SocketAddrV6::new(ip, address.port, 0, address.scope_id).into(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            IpAddr::V4(ip) => write!(formatter, "{ip}:{}", self.port),
            IpAddr::V6(_) => write!(formatter, "[{}]:{}", self.host_text(), self.port),
        }
    }
}
