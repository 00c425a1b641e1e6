/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why something failed. Crosses process borders; [`std::io::Error`] never does.
///
/// Together with [`SocketError::dom_exception_name`] this is the one table from cause to DOMException
/// to message. The texts are for people and not an interface (decision AMB-47).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Error, Hash, PartialEq, Serialize)]
pub enum SocketError {
    /// `ECONNREFUSED`: nobody listens there, or a firewall answers for them.
    #[error("The connection was refused.")]
    ConnectionRefused,
    /// `ECONNRESET`: the peer ended the connection without closing it.
    #[error("The connection was reset by the peer.")]
    ConnectionReset,
    /// `ECONNABORTED`: the connection was ended on this side by the OS.
    #[error("The connection was aborted.")]
    ConnectionAborted,
    /// `EPIPE`: writing after the connection was reset or shut down.
    #[error("The connection no longer accepts data.")]
    BrokenPipe,
    /// `ENOTCONN`
    #[error("The socket is not connected.")]
    NotConnected,
    /// `ETIMEDOUT`: no answer in the time that the OS allows.
    #[error("The connection timed out.")]
    TimedOut,
    /// `EHOSTUNREACH`
    #[error("The host is unreachable.")]
    HostUnreachable,
    /// `ENETUNREACH`, `ENETDOWN`
    #[error("The network is unreachable.")]
    NetworkUnreachable,
    /// The resolver knows no address for the name.
    #[error("The name could not be resolved.")]
    NameNotResolved,
    /// The host is not something a resolver can be asked for (see [`crate::Host::parse`]).
    #[error("The remote address is not a valid host.")]
    InvalidHost,
    /// A literal of the other family than `dnsQueryType` asks for.
    #[error("The remote address is not of the family that dnsQueryType asks for.")]
    AddressFamilyMismatch,
    /// `EADDRINUSE`
    #[error("The address is already in use.")]
    AddressInUse,
    /// `EADDRNOTAVAIL`
    #[error("The address is not available.")]
    AddressNotAvailable,
    /// `EACCES`, `EPERM`: the OS or a firewall forbids it.
    #[error("The operating system denied permission.")]
    PermissionDenied,
    /// `EMFILE`, `ENFILE`: no descriptor is left.
    #[error("Too many sockets are open.")]
    TooManyOpenFiles,
    /// `ENOBUFS`, `ENOMEM`
    #[error("The operating system is out of buffer space.")]
    OutOfBuffers,
    /// `EINVAL`, `ENOPROTOOPT`, ...: the OS refuses an option or an argument.
    #[error("The operating system refused an option or an address.")]
    InvalidArgument,
    /// `EMSGSIZE`: more bytes than a datagram can carry to that address (decision AMB-54).
    #[error("The datagram is too large.")]
    MessageTooLarge,
    /// [`crate::limits::MAX_SOCKETS_PER_CLIENT`] is reached.
    #[error("The limit of sockets for one page or worker (MAX_SOCKETS_PER_CLIENT) is reached.")]
    SocketLimit,
    /// [`crate::limits::MAX_LISTENERS_PER_CLIENT`] is reached.
    #[error(
        "The limit of listening sockets for one page or worker (MAX_LISTENERS_PER_CLIENT) is reached."
    )]
    ListenerLimit,
    /// [`crate::limits::MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT`] is reached.
    #[error(
        "The limit of datagrams in flight for one page or worker (MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT) is reached."
    )]
    DatagramLimit,
    /// The sockets of all pages and workers of one origin together: see [`crate::limits::ORIGIN_SHARE`].
    #[error("The limit of sockets for one origin (ORIGIN_SHARE) is reached.")]
    OriginSocketLimit,
    /// [`crate::limits::MAX_LISTENERS_PER_ORIGIN`] is reached.
    #[error("The limit of listening sockets for one origin (MAX_LISTENERS_PER_ORIGIN) is reached.")]
    OriginListenerLimit,
    /// [`crate::limits::MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN`] is reached.
    #[error(
        "The limit of datagrams in flight for one origin (MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN) is reached."
    )]
    OriginDatagramLimit,
    /// The net process ended while the socket was in use (decision AMB-81).
    #[error("The network process was lost.")]
    NetProcessLost,
    /// The net process could not be started, or did not report in.
    #[error("The network process could not be started.")]
    NetProcessUnavailable,
    /// The memory that page and net process share holds what neither of them writes.
    #[error("The memory that is shared with the network process is damaged.")]
    MemoryDamaged,
    /// Bytes that were reported as written could not be given to the OS in time ([`crate::limits::LINGER_MS`]).
    #[error("Data that had been written could not be handed to the operating system in time.")]
    NotHandedOver,
    /// The embedder does not allow sockets to this origin.
    #[error("The embedder does not allow direct sockets to this origin.")]
    OriginNotAllowed,
    /// The embedder, or somebody whom it asked, does not allow this address (decision AMB-72).
    #[error("The embedder does not allow direct sockets to this address.")]
    AddressNotAllowed,
    /// The port is below the floor that the embedder has set (decision AMB-73).
    #[error("The embedder does not allow direct sockets on this port.")]
    PortNotAllowed,
    /// Any other failure, with the error number of the OS.
    #[error("The operating system reported error {0}.")]
    Os(i32),
}

/// The names of DOMException that this feature uses asynchronously.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum DomExceptionName {
    /// <https://webidl.spec.whatwg.org/#networkerror>
    NetworkError,
    /// <https://webidl.spec.whatwg.org/#notallowederror>
    NotAllowedError,
}

impl SocketError {
    /// Every cause, for tables and tests. [`SocketError::Os`] stands with one example.
    pub const ALL: &'static [SocketError] = &[
        SocketError::ConnectionRefused,
        SocketError::ConnectionReset,
        SocketError::ConnectionAborted,
        SocketError::BrokenPipe,
        SocketError::NotConnected,
        SocketError::TimedOut,
        SocketError::HostUnreachable,
        SocketError::NetworkUnreachable,
        SocketError::NameNotResolved,
        SocketError::InvalidHost,
        SocketError::AddressFamilyMismatch,
        SocketError::AddressInUse,
        SocketError::AddressNotAvailable,
        SocketError::PermissionDenied,
        SocketError::TooManyOpenFiles,
        SocketError::OutOfBuffers,
        SocketError::InvalidArgument,
        SocketError::MessageTooLarge,
        SocketError::SocketLimit,
        SocketError::ListenerLimit,
        SocketError::DatagramLimit,
        SocketError::OriginSocketLimit,
        SocketError::OriginListenerLimit,
        SocketError::OriginDatagramLimit,
        SocketError::NetProcessLost,
        SocketError::NetProcessUnavailable,
        SocketError::MemoryDamaged,
        SocketError::NotHandedOver,
        SocketError::OriginNotAllowed,
        SocketError::AddressNotAllowed,
        SocketError::PortNotAllowed,
        SocketError::Os(0),
    ];

    /// The name of the DOMException that a page gets: NetworkError for everything that the
    /// specification calls a network or operating system error (decision AMB-47).
    pub fn dom_exception_name(self) -> DomExceptionName {
        match self {
            Self::OriginNotAllowed | Self::AddressNotAllowed | Self::PortNotAllowed => {
                DomExceptionName::NotAllowedError
            },
            Self::ConnectionRefused
            | Self::ConnectionReset
            | Self::ConnectionAborted
            | Self::BrokenPipe
            | Self::NotConnected
            | Self::TimedOut
            | Self::HostUnreachable
            | Self::NetworkUnreachable
            | Self::NameNotResolved
            | Self::InvalidHost
            | Self::AddressFamilyMismatch
            | Self::AddressInUse
            | Self::AddressNotAvailable
            | Self::PermissionDenied
            | Self::TooManyOpenFiles
            | Self::OutOfBuffers
            | Self::InvalidArgument
            | Self::MessageTooLarge
            | Self::SocketLimit
            | Self::ListenerLimit
            | Self::DatagramLimit
            | Self::OriginSocketLimit
            | Self::OriginListenerLimit
            | Self::OriginDatagramLimit
            | Self::NetProcessLost
            | Self::NetProcessUnavailable
            | Self::MemoryDamaged
            | Self::NotHandedOver
            | Self::Os(_) => DomExceptionName::NetworkError,
        }
    }
}
