/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! From errors of the OS to the one table of causes.

use std::io;

use direct_sockets_traits::SocketError;

/// The cause that an error of the OS stands for.
pub fn from_io(error: &io::Error) -> SocketError {
    match error.raw_os_error() {
        Some(number) => from_number(number),
        // The standard library and tokio make a few without a number.
        None => match error.kind() {
            io::ErrorKind::ConnectionRefused => SocketError::ConnectionRefused,
            io::ErrorKind::ConnectionReset => SocketError::ConnectionReset,
            io::ErrorKind::ConnectionAborted => SocketError::ConnectionAborted,
            io::ErrorKind::BrokenPipe | io::ErrorKind::WriteZero => SocketError::BrokenPipe,
            io::ErrorKind::NotConnected => SocketError::NotConnected,
            io::ErrorKind::TimedOut => SocketError::TimedOut,
            io::ErrorKind::AddrInUse => SocketError::AddressInUse,
            io::ErrorKind::AddrNotAvailable => SocketError::AddressNotAvailable,
            io::ErrorKind::PermissionDenied => SocketError::PermissionDenied,
            io::ErrorKind::OutOfMemory => SocketError::OutOfBuffers,
            io::ErrorKind::InvalidInput => SocketError::InvalidArgument,
            _ => SocketError::Os(0),
        },
    }
}

/// The cause that an error number of the OS stands for.
pub fn from_number(number: i32) -> SocketError {
    match number {
        libc::ECONNREFUSED => SocketError::ConnectionRefused,
        libc::ECONNRESET => SocketError::ConnectionReset,
        libc::ECONNABORTED => SocketError::ConnectionAborted,
        libc::EPIPE => SocketError::BrokenPipe,
        libc::ENOTCONN => SocketError::NotConnected,
        libc::ETIMEDOUT => SocketError::TimedOut,
        libc::EHOSTUNREACH | libc::EHOSTDOWN => SocketError::HostUnreachable,
        libc::ENETUNREACH | libc::ENETDOWN => SocketError::NetworkUnreachable,
        libc::EADDRINUSE => SocketError::AddressInUse,
        libc::EADDRNOTAVAIL => SocketError::AddressNotAvailable,
        libc::EACCES | libc::EPERM => SocketError::PermissionDenied,
        libc::EMFILE | libc::ENFILE => SocketError::TooManyOpenFiles,
        libc::ENOBUFS | libc::ENOMEM => SocketError::OutOfBuffers,
        libc::EMSGSIZE => SocketError::MessageTooLarge,
        libc::EINVAL
        | libc::ENOPROTOOPT
        | libc::EOPNOTSUPP
        | libc::EAFNOSUPPORT
        | libc::EPROTONOSUPPORT
        | libc::EDOM => SocketError::InvalidArgument,
        other => SocketError::Os(other),
    }
}

/// Whether a call is to be made again, when the OS says so.
pub fn is_temporary(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}
