/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! From an open request to a UDP socket, and what such a socket can reach.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, UdpSocket as StdSocket};
use std::sync::Arc;

use direct_sockets_traits::{
    Address, AddressUse, BufferSizes, Destination, SocketError, UdpExtras, UdpMode, UdpOpen,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::address_policy::Gate;
use crate::connect::most_telling;
use crate::error::from_io;
use crate::resolver::{self, Resolve};
use crate::tcp_options::buffer_size;

/// A UDP socket and its ends.
#[derive(Debug)]
pub struct Opened {
    /// The socket.
    pub socket: UdpSocket,
    /// This end.
    pub local: Address,
    /// The other end, of a connected one.
    pub remote: Option<Address>,
    /// What it can send to.
    pub families: Families,
}

/// The families of addresses that a socket can send to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Families {
    /// IPv4, and in which form.
    pub ipv4: Option<Ipv4Form>,
    /// IPv6, other than IPv4 in the form of IPv6.
    pub ipv6: bool,
}

/// How a socket wants IPv4 addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ipv4Form {
    /// As they are.
    Plain,
    /// As `::ffff:a.b.c.d`.
    Mapped,
}

impl Families {
    /// What a socket with this local address can send to. IPv4 leaves it only if it was bound to IPv4, or to all
    /// addresses of both families.
    pub fn of(local: IpAddr, only_v6: bool) -> Self {
        match local {
            IpAddr::V4(_) => Self {
                ipv4: Some(Ipv4Form::Plain),
                ipv6: false,
            },
            IpAddr::V6(ip) => {
                let is_mapped = ip.to_ipv4_mapped().is_some();
                let both = ip.is_unspecified() && !only_v6;
                Self {
                    ipv4: (is_mapped || both).then_some(Ipv4Form::Mapped),
                    ipv6: !is_mapped,
                }
            },
        }
    }

    /// An address in the form that the socket wants, if it can send to it (decision AMB-38).
    pub fn fit(self, address: SocketAddr) -> Option<SocketAddr> {
        match address.ip() {
            IpAddr::V4(ip) => self.ipv4.map(|form| match form {
                Ipv4Form::Plain => address,
                Ipv4Form::Mapped => (ip.to_ipv6_mapped(), address.port()).into(),
            }),
            IpAddr::V6(ip) if ip.to_ipv4_mapped().is_some() => {
                (self.ipv4 == Some(Ipv4Form::Mapped)).then_some(address)
            },
            IpAddr::V6(_) => self.ipv6.then_some(address),
        }
    }
}

/// Resolve and connect, or bind.
///
/// Cancel safety: dropping this closes what it has opened.
pub async fn open(
    open: &UdpOpen,
    gate: &Gate,
    resolver: &dyn Resolve,
    lookups: &Arc<Semaphore>,
) -> Result<Opened, SocketError> {
    match &open.mode {
        UdpMode::Connected(to) => connect(open, to, gate, resolver, lookups).await,
        UdpMode::Bound {
            address,
            port,
            ipv6_only,
        } => {
            let address = (*address, port.map_or(0, u16::from)).into();
            gate.own(AddressUse::UdpBind, address).await?;
            bind(open, address, *ipv6_only).map_err(|error| from_io(&error))
        },
    }
}

async fn connect(
    open: &UdpOpen,
    to: &Destination,
    gate: &Gate,
    resolver: &dyn Resolve,
    lookups: &Arc<Semaphore>,
) -> Result<Opened, SocketError> {
    gate.port(AddressUse::UdpConnect, to.port)?;
    // Linux connects to it, and then every datagram fails (decision AMB-34).
    if to.port == 0 {
        return Err(SocketError::InvalidArgument);
    }
    let mut addresses = resolver::addresses(resolver, &to.host, to.dns_query_type, lookups).await?;
    for address in &mut addresses {
        address.set_port(to.port);
    }
    if let Some(address) = open.extras.bind_address {
        gate.own(AddressUse::UdpBind, address.into()).await?;
    }
    // The first for which a socket can be connected (decision AMB-45).
    let mut failure = None;
    for address in addresses {
        let opened = match gate.remote(AddressUse::UdpConnect, address).await {
            Ok(()) => connect_to(open, address),
            Err(error) => Err(error),
        };
        match opened {
            Ok(opened) => return Ok(opened),
            Err(error) => failure = Some(most_telling(failure, error)),
        }
    }
    Err(failure.unwrap_or(SocketError::NameNotResolved))
}

fn connect_to(open: &UdpOpen, remote: SocketAddr) -> Result<Opened, SocketError> {
    if let Some(bind) = open.extras.bind_address
        && bind.ip.is_ipv4() != remote.is_ipv4()
    {
        return Err(SocketError::AddressFamilyMismatch);
    }
    let connected = || {
        let socket = create(remote, &open.buffers, &open.extras)?;
        if let Some(address) = open.extras.bind_address {
            socket.bind(&SockAddr::from(SocketAddr::from(address)))?;
        }
        socket.connect(&remote.into())?;
        let socket = UdpSocket::from_std(StdSocket::from(socket))?;
        let (local, remote) = (socket.local_addr()?, socket.peer_addr()?);
        Ok(Opened {
            socket,
            local: local.into(),
            remote: Some(remote.into()),
            families: Families::of(local.ip(), false),
        })
    };
    connected().map_err(|error: io::Error| from_io(&error))
}

fn bind(open: &UdpOpen, address: SocketAddr, ipv6_only: Option<bool>) -> io::Result<Opened> {
    let socket = create(address, &open.buffers, &open.extras)?;
    // Left to the platform where nobody asked (decision AMB-40).
    if let Some(ipv6_only) = ipv6_only
        && address.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED)
    {
        socket.set_only_v6(ipv6_only)?;
    }
    socket.bind(&address.into())?;
    let only_v6 = address.is_ipv6() && socket.only_v6()?;
    let socket = UdpSocket::from_std(StdSocket::from(socket))?;
    let local = socket.local_addr()?;
    Ok(Opened {
        socket,
        local: local.into(),
        remote: None,
        families: Families::of(local.ip(), only_v6),
    })
}

/// A socket of the family of `address`, with everything set that is to be set before it gets one. Its port is its own
/// (decision AMB-42), and it sends to no broadcast address (decision AMB-59), unless a layer on top asks.
fn create(address: SocketAddr, buffers: &BufferSizes, extras: &UdpExtras) -> io::Result<Socket> {
    // Close-on-exec and never blocking from the start.
    let kind = Type::DGRAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))?;
    if let Some(size) = buffers.send {
        socket.set_send_buffer_size(buffer_size(size.get()))?;
    }
    if let Some(size) = buffers.receive {
        socket.set_recv_buffer_size(buffer_size(size.get()))?;
    }
    if let Some(hops) = extras.time_to_live {
        match address {
            SocketAddr::V4(_) => socket.set_ttl_v4(hops.into())?,
            SocketAddr::V6(_) => socket.set_unicast_hops_v6(hops.into())?,
        }
    }
    if extras.reuse_address {
        socket.set_reuse_address(true)?;
    }
    if extras.broadcast {
        socket.set_broadcast(true)?;
    }
    Ok(socket)
}
