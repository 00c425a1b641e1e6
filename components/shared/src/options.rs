/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::{IpAddr, Ipv6Addr};
use std::num::{NonZeroU16, NonZeroU32};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::MIN_KEEP_ALIVE_DELAY_MS;
use crate::message::Destination;
use crate::{Address, Host, SocketError};

/// <https://wicg.github.io/direct-sockets/#dom-socketdnsquerytype>
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum DnsQueryType {
    /// Only A records.
    Ipv4,
    /// Only AAAA records.
    Ipv6,
}

/// <https://wicg.github.io/direct-sockets/#dom-tcpsocketoptions>, already converted from JavaScript.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TcpOptions {
    /// `SO_SNDBUF`, in bytes; absent means untouched.
    pub send_buffer_size: Option<u32>,
    /// `SO_RCVBUF`, in bytes; absent means untouched.
    pub receive_buffer_size: Option<u32>,
    /// `TCP_NODELAY`.
    pub no_delay: bool,
    /// Keep-alive delay, in milliseconds; absent means that keep-alive is off.
    pub keep_alive_delay: Option<u32>,
    /// Which records a name may be resolved to; absent means whatever the system does.
    pub dns_query_type: Option<DnsQueryType>,
}

/// A member of an options dictionary that the constructor refuses with a TypeError.
/// The text names the member and the value.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum OptionError {
    /// TCPSocket step 2.
    #[error("keepAliveDelay must be at least {MIN_KEEP_ALIVE_DELAY_MS} milliseconds, but is {0}")]
    KeepAliveDelay(u32),
    /// TCPSocket step 3, UDPSocket step 9.
    #[error("sendBufferSize must not be 0")]
    SendBufferSize,
    /// TCPSocket step 4, UDPSocket step 10.
    #[error("receiveBufferSize must not be 0")]
    ReceiveBufferSize,
    /// UDPSocket step 2.
    #[error("remoteAddress is missing: remotePort needs it")]
    RemoteAddressMissing,
    /// UDPSocket step 2.
    #[error("remotePort is missing: remoteAddress needs it")]
    RemotePortMissing,
    /// UDPSocket step 4, TCPServerSocket step 3.
    #[error("localPort must not be 0: leave it out to have one chosen")]
    LocalPort,
    /// UDPSocket step 4.
    #[error("localPort needs a localAddress")]
    LocalPortWithoutLocalAddress,
    /// UDPSocket step 5.
    #[error(
        "localAddress cannot be given together with remoteAddress: a socket is either bound or connected"
    )]
    TwoModes,
    /// UDPSocket step 5, TCPServerSocket step 2.
    #[error("localAddress must be an IP address, but is {0:?}")]
    LocalAddress(String),
    /// UDPSocket step 6.
    #[error("either localAddress, or remoteAddress and remotePort must be given")]
    NoMode,
    /// UDPSocket step 7.
    #[error("dnsQueryType has no meaning without a remoteAddress")]
    DnsQueryType,
    /// UDPSocket step 8.
    #[error("ipv6Only can be given only with a localAddress of \"::\"")]
    Ipv6Only,
    /// TCPServerSocket step 4.
    #[error("backlog must not be 0")]
    Backlog,
    /// TCPServerSocket step 5.
    #[error("ipv6Only can be true only with a localAddress of \"::\"")]
    Ipv6OnlyServer,
}

/// The sizes of a socket's buffers in the kernel.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct BufferSizes {
    /// `SO_SNDBUF`, in bytes; absent means untouched.
    pub send: Option<NonZeroU32>,
    /// `SO_RCVBUF`, in bytes; absent means untouched.
    pub receive: Option<NonZeroU32>,
}

impl TcpOptions {
    /// Steps 2 to 4 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>, in that order.
    /// Absent members pass every check (decision AMB-31).
    pub fn validate(&self) -> Result<(), OptionError> {
        // Step 2. A keep-alive delay under one second is refused.
        if let Some(delay) = self.keep_alive_delay
            && delay < MIN_KEEP_ALIVE_DELAY_MS
        {
            return Err(OptionError::KeepAliveDelay(delay));
        }
        // Step 3. So is a send buffer of no bytes,
        if self.send_buffer_size == Some(0) {
            return Err(OptionError::SendBufferSize);
        }
        // Step 4. and a receive buffer of no bytes.
        if self.receive_buffer_size == Some(0) {
            return Err(OptionError::ReceiveBufferSize);
        }
        Ok(())
    }
}

/// What a connection can do beyond the specification. Pages cannot ask for these; they are here so that
/// layers on top (compatibility modules) need no new message.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TcpExtras {
    /// The local address to bind to before connecting.
    pub bind_address: Option<Address>,
    /// `IP_TTL` or `IPV6_UNICAST_HOPS`.
    pub time_to_live: Option<u8>,
    /// `SO_REUSEADDR`.
    pub reuse_address: bool,
    /// Whether closing sends a RST and drops unsent bytes (`SO_LINGER` with 0).
    pub reset_on_close: bool,
}

/// Everything that is needed to open a TCP connection.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TcpOpen {
    /// Whom to connect to.
    pub host: Host,
    /// The remote port; 0 fails in the OS (decision AMB-34).
    pub port: u16,
    /// What the page asked for.
    pub options: TcpOptions,
    /// What only layers on top ask for.
    pub extras: TcpExtras,
}

/// <https://wicg.github.io/direct-sockets/#dom-udpsocketoptions>, already converted from JavaScript.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct UdpOptions {
    /// The host to connect to.
    pub remote_address: Option<String>,
    /// The port to connect to.
    pub remote_port: Option<u16>,
    /// The address to bind to.
    pub local_address: Option<String>,
    /// The port to bind to.
    pub local_port: Option<u16>,
    /// `SO_SNDBUF`, in bytes.
    pub send_buffer_size: Option<u32>,
    /// `SO_RCVBUF`, in bytes.
    pub receive_buffer_size: Option<u32>,
    /// Which records a name may be resolved to.
    pub dns_query_type: Option<DnsQueryType>,
    /// `IPV6_V6ONLY`.
    pub ipv6_only: Option<bool>,
}

impl UdpOptions {
    /// Steps 2 to 10 of <https://wicg.github.io/direct-sockets/#dom-udpsocket-constructor>, in that order.
    /// Presence counts, not value, wherever the steps say so (decisions AMB-31, AMB-39 and AMB-43).
    ///
    /// The inner result is about hosts that no resolver can know: those fail later, in a task (decision AMB-46).
    pub fn validate(self) -> Result<Result<UdpOpen, SocketError>, OptionError> {
        // Step 2. A remote pair is whole,
        let remote = match (self.remote_address, self.remote_port) {
            (Some(_), None) => return Err(OptionError::RemotePortMissing),
            (None, Some(_)) => return Err(OptionError::RemoteAddressMissing),
            // Step 3. and then selects connected mode.
            (Some(address), Some(port)) => Some((address, port)),
            (None, None) => None,
        };
        // Step 4. A local port belongs to a local address.
        let local_port = self.local_port.map(NonZeroU16::new);
        if local_port == Some(None) {
            return Err(OptionError::LocalPort);
        }
        if local_port.is_some() && self.local_address.is_none() {
            return Err(OptionError::LocalPortWithoutLocalAddress);
        }
        // Step 5. A local address
        let local = match self.local_address {
            None => None,
            // Step 5.1. excludes connected mode,
            Some(_) if remote.is_some() => return Err(OptionError::TwoModes),
            // Steps 5.2 and 5.3. is an IP address, and selects bound mode.
            Some(text) => Some(parse_local_address(text)?),
        };
        // Step 6. One mode is selected by now.
        if remote.is_none() && local.is_none() {
            return Err(OptionError::NoMode);
        }
        // Step 7. Only connected mode has a name to resolve.
        if self.dns_query_type.is_some() && local.is_some() {
            return Err(OptionError::DnsQueryType);
        }
        // Step 8. Only the IPv6 unspecified address can be of both families.
        if self.ipv6_only.is_some() && local != Some(IpAddr::V6(Ipv6Addr::UNSPECIFIED)) {
            return Err(OptionError::Ipv6Only);
        }
        let buffers = BufferSizes {
            // Step 9. A send buffer of no bytes is refused,
            send: non_zero(self.send_buffer_size).ok_or(OptionError::SendBufferSize)?,
            // Step 10. and so is a receive buffer of no bytes.
            receive: non_zero(self.receive_buffer_size).ok_or(OptionError::ReceiveBufferSize)?,
        };
        let mode = match (remote, local) {
            (Some((address, port)), _) => match Host::parse(&address) {
                Ok(host) => UdpMode::Connected(Destination {
                    host,
                    port,
                    dns_query_type: self.dns_query_type,
                }),
                Err(error) => return Ok(Err(error)),
            },
            (None, Some(address)) => UdpMode::Bound {
                address,
                port: local_port.flatten(),
                ipv6_only: self.ipv6_only,
            },
            // Step 6 has been here.
            (None, None) => return Err(OptionError::NoMode),
        };
        Ok(Ok(UdpOpen {
            mode,
            buffers,
            extras: UdpExtras::default(),
        }))
    }
}

/// <https://wicg.github.io/direct-sockets/#dom-tcpserversocketoptions>, already converted from JavaScript.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ServerOptions {
    /// The port to listen on.
    pub local_port: Option<u16>,
    /// The size of the kernel's queue, in connections.
    pub backlog: Option<u32>,
    /// `IPV6_V6ONLY`.
    pub ipv6_only: Option<bool>,
}

impl ServerOptions {
    /// Steps 2 to 5 of <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-constructor>, in that order.
    pub fn validate(self, local_address: String) -> Result<TcpListen, OptionError> {
        // Step 2. The address is an IP address,
        let address = parse_local_address(local_address)?;
        // Step 3. a port that is given is one,
        let port = self.local_port.map(NonZeroU16::new);
        if port == Some(None) {
            return Err(OptionError::LocalPort);
        }
        // Step 4. a queue has room,
        let backlog = non_zero(self.backlog).ok_or(OptionError::Backlog)?;
        // Step 5. and only the IPv6 unspecified address can leave IPv4 out. Truth counts here (decision AMB-39).
        if self.ipv6_only == Some(true) && address != IpAddr::V6(Ipv6Addr::UNSPECIFIED) {
            return Err(OptionError::Ipv6OnlyServer);
        }
        Ok(TcpListen {
            address,
            port: port.flatten(),
            backlog,
            // Off "::" the member can only be false, and then it does nothing.
            ipv6_only: self
                .ipv6_only
                .filter(|_| address == IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
            reuse_address: true,
        })
    }
}

/// A literal and nothing else: no brackets, zones, spaces or old forms (decisions AMB-35 and AMB-36).
fn parse_local_address(text: String) -> Result<IpAddr, OptionError> {
    text.parse().map_err(|_| OptionError::LocalAddress(text))
}

/// Absent members pass (decision AMB-31); `None` for a member that is 0.
fn non_zero(value: Option<u32>) -> Option<Option<NonZeroU32>> {
    value
        .map(NonZeroU32::new)
        .map_or(Some(None), |value| value.map(Some))
}

/// How a UDP socket is used. There is no way to say both, or neither.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum UdpMode {
    /// All datagrams go to one peer and come from it.
    Connected(Destination),
    /// Datagrams come from everywhere, and each says where it goes.
    Bound {
        /// The address to bind to.
        address: IpAddr,
        /// The port to bind to; absent means that the OS picks one.
        port: Option<NonZeroU16>,
        /// `IPV6_V6ONLY`; absent means untouched (decision AMB-40).
        ipv6_only: Option<bool>,
    },
}

/// What a UDP socket can do beyond the specification. Pages cannot ask for these; they are here so that layers on
/// top (compatibility modules) need no new message.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct UdpExtras {
    /// The local address of a connected socket.
    pub bind_address: Option<Address>,
    /// `IP_TTL` or `IPV6_UNICAST_HOPS`.
    pub time_to_live: Option<u8>,
    /// `SO_REUSEADDR`.
    pub reuse_address: bool,
    /// `SO_BROADCAST`
    pub broadcast: bool,
}

/// Everything that is needed to open a UDP socket.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UdpOpen {
    /// Connected or bound.
    pub mode: UdpMode,
    /// What the page asked for.
    pub buffers: BufferSizes,
    /// What only layers on top ask for.
    pub extras: UdpExtras,
}

/// Everything that is needed to listen for TCP connections.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TcpListen {
    /// The address to listen on.
    pub address: IpAddr,
    /// The port to listen on; absent means that the OS picks one.
    pub port: Option<NonZeroU16>,
    /// The size of the kernel's queue, in connections; absent means the system's maximum (decision AMB-41).
    pub backlog: Option<NonZeroU32>,
    /// `IPV6_V6ONLY`; absent means untouched (decision AMB-40).
    pub ipv6_only: Option<bool>,
    /// `SO_REUSEADDR` on POSIX (decision AMB-42). Always, where a page asks.
    pub reuse_address: bool,
}
