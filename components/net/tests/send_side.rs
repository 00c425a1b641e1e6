/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::SocketAddr;
use std::rc::Rc;

use direct_sockets_net::budget::Quota;
use direct_sockets_net::send_side::{InFlight, SendSide};
use direct_sockets_net::statistics::Statistics;
use direct_sockets_net::write_side::Overrun;
use direct_sockets_traits::limits::MAX_DATAGRAM;
use direct_sockets_traits::{SocketError, SocketEvent, WriteResult};
use serde_bytes::ByteBuf;

use crate::support::destination;

struct Sender {
    side: SendSide,
    statistics: Rc<Statistics>,
    quota: Quota,
}

impl Sender {
    fn new() -> Self {
        Self {
            side: SendSide::default(),
            statistics: Rc::default(),
            quota: Quota::new(4),
        }
    }

    fn push(&mut self, bytes: &[u8], to: Option<&str>) -> Result<(), Overrun> {
        let in_flight = InFlight {
            counted: self.statistics.datagram(),
            shares: [(); 2].map(|()| self.quota.take().expect("room")),
        };
        let to = to.and_then(|host| destination(host, 9));
        self.side.push(ByteBuf::from(bytes), to, in_flight)
    }

    fn in_flight(&self) -> u64 {
        self.statistics.snapshot().datagrams_in_flight
    }
}

fn written(result: WriteResult) -> Option<SocketEvent> {
    Some(SocketEvent::Written(result))
}

fn address() -> SocketAddr {
    "127.0.0.1:9".parse().unwrap()
}

#[test]
fn udp_w_07_without_a_destination_a_datagram_is_ready_at_once() {
    let mut sender = Sender::new();
    sender.push(b"x", None).unwrap();
    assert_eq!(sender.side.offer(), None);
    assert_eq!(sender.side.begin(), None);
    assert!(!sender.side.is_resolving());
    assert_eq!(sender.side.offer(), Some((&b"x"[..], None)));
    assert_eq!(sender.side.held(), 1);
    assert_eq!(sender.in_flight(), 1);
    assert_eq!(sender.side.sent(), written(WriteResult::Done));
    assert_eq!(sender.side.held(), 0);
    assert_eq!(sender.in_flight(), 0);
    assert_eq!(sender.side.offer(), None);
}

#[test]
fn udp_w_08_with_a_destination_it_is_looked_for_once() {
    let mut sender = Sender::new();
    sender.push(b"", Some("localhost")).unwrap();
    assert_eq!(sender.side.begin(), destination("localhost", 9));
    assert_eq!(sender.side.begin(), None);
    assert!(sender.side.is_resolving());
    assert_eq!(sender.side.offer(), None);
    sender.side.found(address());
    assert!(!sender.side.is_resolving());
    assert_eq!(sender.side.offer(), Some((&b""[..], Some(address()))));
    assert_eq!(sender.side.sent(), written(WriteResult::Done));
}

#[test]
fn udp_w_17_a_second_one_while_one_is_pending_breaks_the_rules() {
    let mut sender = Sender::new();
    sender.push(b"x", None).unwrap();
    assert_eq!(sender.push(b"y", None), Err(Overrun));
    let mut sender = Sender::new();
    assert_eq!(sender.push(&vec![0; MAX_DATAGRAM + 1], None), Err(Overrun));
    sender.push(&vec![0; MAX_DATAGRAM], None).unwrap();
}

#[test]
fn udp_w_12_udp_w_18_an_abort_answers_what_is_pending_and_nothing_follows() {
    for stage in 0..3 {
        let mut sender = Sender::new();
        sender.push(b"x", Some("localhost")).unwrap();
        if stage > 0 {
            sender.side.begin();
        }
        if stage > 1 {
            sender.side.found(address());
        }
        assert_eq!(sender.side.abort(), written(WriteResult::Interrupted));
        assert_eq!(sender.side.abort(), None);
        assert!(!sender.side.is_resolving());
        // What comes late does not bring it back.
        sender.side.found(address());
        assert_eq!(sender.side.offer(), None);
        sender.push(b"y", None).unwrap();
        assert_eq!(sender.side.begin(), None);
        assert_eq!(sender.side.offer(), None);
        assert_eq!(sender.in_flight(), 0);
    }
}

#[test]
fn udp_w_10_after_an_error_nothing_is_sent() {
    let mut sender = Sender::new();
    sender.push(b"x", None).unwrap();
    let error = SocketError::MessageTooLarge;
    assert_eq!(sender.side.fail(error), written(WriteResult::Error(error)));
    sender.push(b"y", None).unwrap();
    sender.side.begin();
    assert_eq!(sender.side.offer(), None);
    assert_eq!(sender.side.abort(), None);
}

#[test]
fn a_refused_datagram_is_answered_once() {
    let error = SocketError::DatagramLimit;
    let mut sender = Sender::new();
    assert_eq!(
        sender.side.refuse(error),
        written(WriteResult::Error(error))
    );
    assert_eq!(sender.side.refuse(error), None);
    sender.push(b"x", None).unwrap();
    assert_eq!(sender.side.held(), 0);
}
