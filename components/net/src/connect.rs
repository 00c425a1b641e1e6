/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! From an open request to a connection: names to addresses, then one address after the other.

use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::Arc;

use direct_sockets_traits::{Address, AddressUse, SocketError, TcpOpen};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::address_policy::Gate;
use crate::error::from_io;
use crate::resolver::{self, Resolve};
use crate::tcp_options;

/// A connection and its ends.
#[derive(Debug)]
pub struct Connected {
    /// The connection.
    pub stream: TcpStream,
    /// This end.
    pub local: Address,
    /// The other end.
    pub remote: Address,
    /// The peer has reset the connection as soon as it was there (decision AMB-87). The OS says so
    /// once, and said it here: the first read that finds no more bytes has to report it.
    pub was_reset: bool,
}

/// Resolve and connect.
///
/// Cancel safety: dropping this closes what it has opened.
pub async fn connect(
    open: &TcpOpen,
    gate: &Gate,
    resolver: &dyn Resolve,
    lookups: &Arc<Semaphore>,
) -> Result<Connected, SocketError> {
    gate.port(AddressUse::TcpConnect, open.port)?;
    let query = open.options.dns_query_type;
    let addresses = resolver::addresses(resolver, &open.host, query, lookups).await?;
    let mut failure: Option<SocketError> = None;
    // In the resolver's order until one connects (decision AMB-45).
    for mut address in addresses {
        address.set_port(open.port);
        match connect_to(open, gate, address).await {
            Ok(connected) => return Ok(connected),
            Err(error) => failure = Some(most_telling(failure, error)),
        }
    }
    Err(failure.unwrap_or(SocketError::NameNotResolved))
}

/// Which of two failures to report, of those of several addresses.
pub fn most_telling(earlier: Option<SocketError>, later: SocketError) -> SocketError {
    match earlier {
        Some(earlier) if tells(earlier) >= tells(later) => earlier,
        _ => later,
    }
}

/// How much a failure of one of several addresses tells about why none could be connected to. That this
/// machine has no IPv6, say, tells nothing where another address has refused.
fn tells(error: SocketError) -> u8 {
    match error {
        SocketError::NetworkUnreachable
        | SocketError::AddressNotAvailable
        | SocketError::AddressFamilyMismatch
        | SocketError::InvalidArgument => 0,
        SocketError::HostUnreachable => 1,
        SocketError::TimedOut => 2,
        // Lack of descriptors or memory is never the other side's doing.
        SocketError::TooManyOpenFiles | SocketError::OutOfBuffers => 4,
        _ => 3,
    }
}

async fn connect_to(
    open: &TcpOpen,
    gate: &Gate,
    remote: SocketAddr,
) -> Result<Connected, SocketError> {
    gate.remote(AddressUse::TcpConnect, remote).await?;
    if let Some(bind) = open.extras.bind_address
        && bind.ip.is_ipv4() != remote.is_ipv4()
    {
        return Err(SocketError::AddressFamilyMismatch);
    }
    let (stream, was_reset) = establish(open, remote)
        .await
        .map_err(|error| from_io(&error))?;
    let local = stream.local_addr().map_err(|error| from_io(&error))?;
    // Where nobody listens on a port of the ephemeral range, Linux may pick that very port for this
    // end and connect the socket to itself. Nobody asked for that.
    if local == remote && open.extras.bind_address.is_none() {
        return Err(SocketError::ConnectionRefused);
    }
    Ok(Connected {
        local: local.into(),
        // Where the peer has gone already, the OS no longer knows it.
        remote: stream.peer_addr().unwrap_or(remote).into(),
        stream,
        was_reset,
    })
}

/// A connection with every option set before it connects, and whether it was reset already.
async fn establish(open: &TcpOpen, remote: SocketAddr) -> io::Result<(TcpStream, bool)> {
    // Close-on-exec and never blocking from the start.
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(remote), kind, Some(Protocol::TCP))?;
    tcp_options::apply(&socket, &open.options)?;
    tcp_options::apply_extras(&socket, &open.extras, remote)?;
    let error = match socket.connect(&remote.into()) {
        Ok(()) => None,
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => None,
        Err(error) => Some(error),
    };
    let stream = TcpStream::from_std(StdStream::from(socket))?;
    let error = match error {
        Some(error) => Some(error),
        None => {
            stream.writable().await?;
            stream.take_error()?
        },
    };
    match error {
        None => Ok((stream, false)),
        // An attempt is refused, a connection is reset: the handshake was complete.
        Some(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok((stream, true)),
        Some(error) => Err(error),
    }
}
