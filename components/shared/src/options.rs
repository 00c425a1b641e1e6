/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::limits::MIN_KEEP_ALIVE_DELAY_MS;
use crate::{Address, Host};

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
    /// Constructor step 2.
    #[error("keepAliveDelay must be at least {MIN_KEEP_ALIVE_DELAY_MS} milliseconds, but is {0}")]
    KeepAliveDelay(u32),
    /// Constructor step 3.
    #[error("sendBufferSize must not be 0")]
    SendBufferSize,
    /// Constructor step 4.
    #[error("receiveBufferSize must not be 0")]
    ReceiveBufferSize,
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
