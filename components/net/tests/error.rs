/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;

use direct_sockets_net::error::{from_io, from_number};
use direct_sockets_traits::SocketError;

#[test]
fn every_cause_that_the_os_can_report_has_a_number() {
    let numbers = [
        (libc::ECONNREFUSED, SocketError::ConnectionRefused),
        (libc::ECONNRESET, SocketError::ConnectionReset),
        (libc::ECONNABORTED, SocketError::ConnectionAborted),
        (libc::EPIPE, SocketError::BrokenPipe),
        (libc::ENOTCONN, SocketError::NotConnected),
        (libc::ETIMEDOUT, SocketError::TimedOut),
        (libc::EHOSTUNREACH, SocketError::HostUnreachable),
        (libc::EHOSTDOWN, SocketError::HostUnreachable),
        (libc::ENETUNREACH, SocketError::NetworkUnreachable),
        (libc::ENETDOWN, SocketError::NetworkUnreachable),
        (libc::EADDRINUSE, SocketError::AddressInUse),
        (libc::EADDRNOTAVAIL, SocketError::AddressNotAvailable),
        (libc::EACCES, SocketError::PermissionDenied),
        (libc::EPERM, SocketError::PermissionDenied),
        (libc::EMFILE, SocketError::TooManyOpenFiles),
        (libc::ENFILE, SocketError::TooManyOpenFiles),
        (libc::ENOBUFS, SocketError::OutOfBuffers),
        (libc::ENOMEM, SocketError::OutOfBuffers),
        (libc::EINVAL, SocketError::InvalidArgument),
        (libc::ENOPROTOOPT, SocketError::InvalidArgument),
        (libc::EAFNOSUPPORT, SocketError::InvalidArgument),
        (libc::EMSGSIZE, SocketError::MessageTooLarge),
        (libc::EBADF, SocketError::Os(libc::EBADF)),
    ];
    for (number, cause) in numbers {
        assert_eq!(from_number(number), cause, "{number}");
        assert_eq!(
            from_io(&io::Error::from_raw_os_error(number)),
            cause,
            "{number}"
        );
    }
    // The others are not the OS's to report.
    let own = [
        SocketError::NameNotResolved,
        SocketError::InvalidHost,
        SocketError::AddressFamilyMismatch,
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
    ];
    for cause in SocketError::ALL {
        let is_reported = numbers.iter().any(|(_, reported)| reported == cause);
        let is_example = matches!(cause, SocketError::Os(_));
        assert!(
            is_reported || own.contains(cause) || is_example,
            "{cause:?} is nowhere"
        );
    }
}

#[test]
fn errors_without_a_number_have_a_cause_as_well() {
    assert_eq!(
        from_io(&io::ErrorKind::ConnectionRefused.into()),
        SocketError::ConnectionRefused
    );
    assert_eq!(
        from_io(&io::ErrorKind::BrokenPipe.into()),
        SocketError::BrokenPipe
    );
    assert_eq!(
        from_io(&io::ErrorKind::TimedOut.into()),
        SocketError::TimedOut
    );
    assert_eq!(from_io(&io::Error::other("something")), SocketError::Os(0));
}
