/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::HashSet;

use direct_sockets_traits::{DomExceptionName, SocketError};

/// Forgetting one here does not compile, and so one in the table is noticed.
fn number(error: SocketError) -> usize {
    match error {
        SocketError::ConnectionRefused => 0,
        SocketError::ConnectionReset => 1,
        SocketError::ConnectionAborted => 2,
        SocketError::BrokenPipe => 3,
        SocketError::NotConnected => 4,
        SocketError::TimedOut => 5,
        SocketError::HostUnreachable => 6,
        SocketError::NetworkUnreachable => 7,
        SocketError::NameNotResolved => 8,
        SocketError::InvalidHost => 9,
        SocketError::AddressFamilyMismatch => 10,
        SocketError::AddressInUse => 11,
        SocketError::AddressNotAvailable => 12,
        SocketError::PermissionDenied => 13,
        SocketError::TooManyOpenFiles => 14,
        SocketError::OutOfBuffers => 15,
        SocketError::InvalidArgument => 16,
        SocketError::MessageTooLarge => 17,
        SocketError::SocketLimit => 18,
        SocketError::ListenerLimit => 19,
        SocketError::DatagramLimit => 20,
        SocketError::OriginSocketLimit => 21,
        SocketError::OriginListenerLimit => 22,
        SocketError::OriginDatagramLimit => 23,
        SocketError::NetProcessLost => 24,
        SocketError::NetProcessUnavailable => 25,
        SocketError::MemoryDamaged => 26,
        SocketError::NotHandedOver => 27,
        SocketError::OriginNotAllowed => 28,
        SocketError::AddressNotAllowed => 29,
        SocketError::PortNotAllowed => 30,
        SocketError::Os(_) => 31,
    }
}

#[test]
fn the_table_has_every_cause_once() {
    let numbers: Vec<usize> = SocketError::ALL.iter().copied().map(number).collect();
    assert_eq!(numbers, (0..32).collect::<Vec<_>>());
}

#[test]
fn tcp_open_02_udp_open_01_srv_open_02_every_cause_is_a_network_error_but_refusals() {
    for error in SocketError::ALL {
        let expected = match error {
            SocketError::OriginNotAllowed
            | SocketError::AddressNotAllowed
            | SocketError::PortNotAllowed => DomExceptionName::NotAllowedError,
            _ => DomExceptionName::NetworkError,
        };
        assert_eq!(error.dom_exception_name(), expected, "{error:?}");
    }
    assert_eq!(
        SocketError::Os(i32::MIN).dom_exception_name(),
        DomExceptionName::NetworkError
    );
}

#[test]
fn every_cause_has_a_message_of_its_own() {
    let messages: HashSet<String> = SocketError::ALL.iter().map(ToString::to_string).collect();
    assert_eq!(messages.len(), SocketError::ALL.len());
    for message in messages {
        assert!(message.len() > 10 && message.ends_with('.'), "{message}");
        assert!(!message.contains("Network Error"), "{message}");
    }
    // A limit that is reached is named.
    for (error, limit) in [
        (SocketError::SocketLimit, "MAX_SOCKETS_PER_CLIENT"),
        (SocketError::ListenerLimit, "MAX_LISTENERS_PER_CLIENT"),
        (
            SocketError::DatagramLimit,
            "MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT",
        ),
        (SocketError::OriginSocketLimit, "ORIGIN_SHARE"),
        (SocketError::OriginListenerLimit, "MAX_LISTENERS_PER_ORIGIN"),
        (
            SocketError::OriginDatagramLimit,
            "MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN",
        ),
    ] {
        assert!(error.to_string().contains(limit), "{error}");
    }
    assert!(SocketError::Os(113).to_string().contains("113"));
}
