/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Steps 2 to 4 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>

use direct_sockets_traits::{OptionError, TcpOptions};
use proptest::prelude::*;

fn keep_alive(delay: u32) -> TcpOptions {
    TcpOptions {
        keep_alive_delay: Some(delay),
        ..Default::default()
    }
}

#[test]
fn tcp_ctor_02_keep_alive_delay_below_1000_is_refused() {
    for delay in [0, 1, 999] {
        assert_eq!(
            keep_alive(delay).validate(),
            Err(OptionError::KeepAliveDelay(delay))
        );
    }
    for delay in [1000, 1001, u32::MAX] {
        assert_eq!(keep_alive(delay).validate(), Ok(()));
    }
}

#[test]
fn tcp_ctor_03_a_send_buffer_of_0_is_refused() {
    let options = |size| TcpOptions {
        send_buffer_size: Some(size),
        ..Default::default()
    };
    assert_eq!(options(0).validate(), Err(OptionError::SendBufferSize));
    assert_eq!(options(1).validate(), Ok(()));
    assert_eq!(options(u32::MAX).validate(), Ok(()));
}

#[test]
fn tcp_ctor_04_a_receive_buffer_of_0_is_refused() {
    let options = |size| TcpOptions {
        receive_buffer_size: Some(size),
        ..Default::default()
    };
    assert_eq!(options(0).validate(), Err(OptionError::ReceiveBufferSize));
    assert_eq!(options(1).validate(), Ok(()));
    assert_eq!(options(u32::MAX).validate(), Ok(()));
}

#[test]
fn tcp_ctor_02_tcp_ctor_03_tcp_ctor_04_absent_members_pass() {
    assert_eq!(TcpOptions::default().validate(), Ok(()));
}

#[test]
fn tcp_ctor_05_checks_run_in_the_order_of_the_steps() {
    let mut options = TcpOptions {
        send_buffer_size: Some(0),
        receive_buffer_size: Some(0),
        keep_alive_delay: Some(5),
        ..Default::default()
    };
    assert_eq!(options.validate(), Err(OptionError::KeepAliveDelay(5)));
    options.keep_alive_delay = Some(1000);
    assert_eq!(options.validate(), Err(OptionError::SendBufferSize));
    options.send_buffer_size = None;
    assert_eq!(options.validate(), Err(OptionError::ReceiveBufferSize));
    options.receive_buffer_size = Some(1);
    assert_eq!(options.validate(), Ok(()));
}

#[test]
fn tcp_ctor_05_each_message_names_the_member_that_failed() {
    let all = ["keepAliveDelay", "sendBufferSize", "receiveBufferSize"];
    for (error, member) in [
        (OptionError::KeepAliveDelay(7), "keepAliveDelay"),
        (OptionError::SendBufferSize, "sendBufferSize"),
        (OptionError::ReceiveBufferSize, "receiveBufferSize"),
    ] {
        let message = error.to_string();
        let named: Vec<_> = all.iter().filter(|name| message.contains(**name)).collect();
        assert_eq!(named, [&member], "{message}");
    }
    assert!(OptionError::KeepAliveDelay(7).to_string().contains('7'));
}

proptest! {
    #[test]
    fn tcp_ctor_05_any_options_are_refused_for_the_first_reason(
        send in any::<Option<u32>>(),
        receive in any::<Option<u32>>(),
        delay in prop_oneof![any::<Option<u32>>(), (0..2000_u32).prop_map(Some)],
    ) {
        let options = TcpOptions {
            send_buffer_size: send,
            receive_buffer_size: receive,
            keep_alive_delay: delay,
            ..Default::default()
        };
        let expected = match (delay, send, receive) {
            (Some(delay @ ..1000), ..) => Err(OptionError::KeepAliveDelay(delay)),
            (_, Some(0), _) => Err(OptionError::SendBufferSize),
            (_, _, Some(0)) => Err(OptionError::ReceiveBufferSize),
            _ => Ok(()),
        };
        prop_assert_eq!(options.validate(), expected);
    }
}
