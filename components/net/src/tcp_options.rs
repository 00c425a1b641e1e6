/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Socket options of TCP connections, set before connecting.
//!
//! <https://wicg.github.io/direct-sockets/#dom-tcpsocketoptions>

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use direct_sockets_traits::limits::MAX_KEEP_ALIVE_SECONDS;
use direct_sockets_traits::{TcpExtras, TcpOptions};
use socket2::{SockAddr, Socket, TcpKeepalive};

/// The platforms whose keep-alive differs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Platform {
    /// `TCP_KEEPIDLE` and `TCP_KEEPINTVL`, in seconds. The free BSDs are the same.
    Linux,
    /// `TCP_KEEPALIVE`, in seconds.
    MacOs,
    /// `SIO_KEEPALIVE_VALS`, in milliseconds.
    Windows,
}

impl Platform {
    /// The one this is compiled for.
    pub const CURRENT: Self = if cfg!(windows) {
        Self::Windows
    } else if cfg!(target_vendor = "apple") {
        Self::MacOs
    } else {
        Self::Linux
    };
}

/// What a keep-alive delay means to a platform.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeepAlive {
    /// Seconds until the first probe, and between probes where that is set as well.
    Seconds {
        /// `TCP_KEEPIDLE` or `TCP_KEEPALIVE`.
        idle: u32,
        /// `TCP_KEEPINTVL`.
        interval: Option<u32>,
    },
    /// The members of `tcp_keepalive`.
    Milliseconds {
        /// `onoff`
        on: u32,
        /// `keepalivetime`
        time: u32,
        /// `keepaliveinterval`
        interval: u32,
    },
}

/// What a delay in milliseconds becomes on a platform: whole seconds rounded down where it counts in
/// seconds, the platform's maximum where it has one (decision AMB-32).
pub fn keep_alive(platform: Platform, delay_ms: u32) -> KeepAlive {
    // The contract refuses less than a second; a client that asks for it nevertheless gets the least.
    let seconds = (delay_ms / 1000).max(1);
    match platform {
        Platform::Linux => {
            let seconds = seconds.min(MAX_KEEP_ALIVE_SECONDS);
            KeepAlive::Seconds {
                idle: seconds,
                interval: Some(seconds),
            }
        },
        Platform::MacOs => KeepAlive::Seconds {
            idle: seconds,
            interval: None,
        },
        Platform::Windows => KeepAlive::Milliseconds {
            on: 1,
            time: delay_ms,
            interval: delay_ms,
        },
    }
}

/// The size to ask the OS for: its argument is signed (decision AMB-33).
pub fn buffer_size(size: u32) -> usize {
    size.min(i32::MAX.unsigned_abs()) as usize
}

/// Set what a page asked for.
pub fn apply(socket: &Socket, options: &TcpOptions) -> io::Result<()> {
    if let Some(size) = options.send_buffer_size {
        socket.set_send_buffer_size(buffer_size(size))?;
    }
    if let Some(size) = options.receive_buffer_size {
        socket.set_recv_buffer_size(buffer_size(size))?;
    }
    if options.no_delay {
        socket.set_tcp_nodelay(true)?;
    }
    if let Some(delay) = options.keep_alive_delay {
        let parameters = match keep_alive(Platform::CURRENT, delay) {
            KeepAlive::Seconds { idle, interval } => {
                let parameters = TcpKeepalive::new().with_time(Duration::from_secs(idle.into()));
                match interval {
                    Some(interval) => {
                        parameters.with_interval(Duration::from_secs(interval.into()))
                    },
                    None => parameters,
                }
            },
            KeepAlive::Milliseconds { time, interval, .. } => TcpKeepalive::new()
                .with_time(Duration::from_millis(time.into()))
                .with_interval(Duration::from_millis(interval.into())),
        };
        socket.set_tcp_keepalive(&parameters)?;
    }
    Ok(())
}

/// Set what only layers on top ask for. `remote` decides the family.
pub fn apply_extras(socket: &Socket, extras: &TcpExtras, remote: SocketAddr) -> io::Result<()> {
    if let Some(hops) = extras.time_to_live {
        match remote {
            SocketAddr::V4(_) => socket.set_ttl_v4(hops.into())?,
            SocketAddr::V6(_) => socket.set_unicast_hops_v6(hops.into())?,
        }
    }
    if extras.reset_on_close {
        socket.set_linger(Some(Duration::ZERO))?;
    }
    if extras.reuse_address {
        socket.set_reuse_address(true)?;
    }
    if let Some(address) = extras.bind_address {
        socket.bind(&SockAddr::from(SocketAddr::from(address)))?;
    }
    Ok(())
}
