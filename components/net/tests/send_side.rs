/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::SocketAddr;
use std::rc::Rc;

use direct_sockets_net::budget::Quota;
use direct_sockets_net::burst::{Burst, MostTogether};
use direct_sockets_net::send_side::{InFlight, Overrun, SendSide};
use direct_sockets_net::statistics::Statistics;
use direct_sockets_plane::{MessageWriter, Plane, Room, Span, encode};
use direct_sockets_traits::limits::{MAX_DATAGRAM, MAX_RECORD};
use direct_sockets_traits::{Host, Outgoing, SocketError, SocketEvent, WriteResult};

use crate::support::destination;

/// A send side, and script's end of its ring.
struct Sender {
    side: SendSide,
    script: MessageWriter<Span>,
    statistics: Rc<Statistics>,
    quota: Quota,
    scratch: Vec<u8>,
}

impl Sender {
    fn new() -> Self {
        let span = Plane::private().segment().ring(0).unwrap();
        span.header().reset();
        let mut side = SendSide::default();
        side.attach(span.clone());
        Self {
            side,
            script: MessageWriter::with_limit(span, 2 * MAX_RECORD),
            statistics: Rc::default(),
            quota: Quota::new(4),
            scratch: Vec::new(),
        }
    }

    /// Put a datagram into the ring; where the next one will stand.
    fn put(&mut self, data: &[u8], to: Option<&str>, answer: bool) -> u64 {
        let to = to.and_then(|host| destination(host, 9));
        let record = encode(&Outgoing { data, to, answer }, Vec::new()).unwrap();
        assert_eq!(self.script.write(&record), Ok(true));
        self.script.position()
    }

    /// Take the next one out.
    fn take(&mut self, bound: bool) -> Result<bool, Overrun> {
        assert_eq!(self.side.has_next(), Ok(true));
        let in_flight = InFlight {
            counted: self.statistics.datagram(),
            shares: [(); 2].map(|()| self.quota.take().expect("room")),
        };
        self.side.take(&mut self.scratch, bound, in_flight)
    }

    /// Put together what can be sent at once.
    fn gather(&mut self, bound: bool) -> Burst {
        let mut burst = Burst::default();
        let most = MostTogether::new(64);
        let scratch = &mut self.scratch;
        self.side
            .gather(&mut burst, &most, scratch, bound, |to| match to.host {
                Host::Ip(ip) => Some((ip, to.port).into()),
                Host::Name(_) => None,
            });
        burst
    }

    fn push(&mut self, data: &[u8], to: Option<&str>) {
        self.put(data, to, true);
        self.take(to.is_some()).unwrap();
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
    sender.push(b"x", None);
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
    sender.push(b"", Some("localhost"));
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
fn udp_w_17_they_are_taken_one_at_a_time_in_order() {
    let mut sender = Sender::new();
    sender.put(b"first", None, true);
    sender.put(b"second", None, false);
    sender.take(false).unwrap();
    assert_eq!(sender.side.has_next(), Ok(false), "one is pending");
    sender.side.begin();
    assert_eq!(sender.side.offer(), Some((&b"first"[..], None)));
    assert_eq!(sender.side.sent(), written(WriteResult::Done));
    sender.take(false).unwrap();
    sender.side.begin();
    assert_eq!(sender.side.offer(), Some((&b"second"[..], None)));
    assert_eq!(sender.side.sent(), None, "nobody waits for the result");
    assert_eq!(sender.side.has_next(), Ok(false));
}

#[test]
fn life_08_what_breaks_the_rules_is_found() {
    // A destination where there is one already, none where there is none, and too many bytes.
    let mut sender = Sender::new();
    sender.put(b"x", Some("localhost"), true);
    assert_eq!(sender.take(false), Err(Overrun));
    let mut sender = Sender::new();
    sender.put(b"x", None, true);
    assert_eq!(sender.take(true), Err(Overrun));
    let mut sender = Sender::new();
    sender.put(&vec![0; MAX_DATAGRAM + 1], None, true);
    assert_eq!(sender.take(false), Err(Overrun));
    let mut sender = Sender::new();
    sender.put(&vec![0; MAX_DATAGRAM], None, true);
    assert_eq!(sender.take(false), Ok(false));
    // What is no datagram at all.
    let mut sender = Sender::new();
    sender.script.write(&[255; 20]).unwrap();
    assert_eq!(sender.take(false), Err(Overrun));
}

#[test]
fn udp_w_12_udp_w_18_an_abort_drops_what_waits_for_its_result_and_nothing_follows() {
    for stage in 0..3 {
        let mut sender = Sender::new();
        sender.push(b"x", Some("localhost"));
        if stage > 0 {
            sender.side.begin();
        }
        if stage > 1 {
            sender.side.found(address());
        }
        sender.side.stop_at(0);
        assert!(!sender.side.is_resolving());
        // What comes late does not bring it back.
        sender.side.found(address());
        assert_eq!(sender.side.offer(), None);
        sender.put(b"y", None, true);
        assert_eq!(sender.side.has_next(), Ok(false));
        assert!(!sender.side.has_work());
        assert_eq!(sender.in_flight(), 0);
    }
}

#[test]
fn what_was_reported_as_written_is_sent_after_an_abort() {
    let mut sender = Sender::new();
    sender.put(b"first", None, false);
    let keep = sender.put(b"second", None, false);
    sender.put(b"not reported", None, true);
    sender.take(false).unwrap();
    sender.side.stop_at(keep);
    assert!(sender.side.deadline().is_some());
    for text in ["first", "second"] {
        sender.side.begin();
        assert_eq!(sender.side.offer(), Some((text.as_bytes(), None)));
        sender.side.sent();
        if text == "first" {
            sender.take(false).unwrap();
        }
    }
    assert_eq!(sender.side.has_next(), Ok(false));
    assert!(!sender.side.has_work());
    assert_eq!(sender.side.deadline(), None);
    assert!(!sender.side.give_up(), "nothing is lost");
}

#[test]
fn giving_up_says_whether_something_was_lost() {
    let mut sender = Sender::new();
    let keep = sender.put(b"x", None, false);
    sender.side.stop_at(keep);
    assert!(sender.side.give_up());
    assert!(!sender.side.give_up());
    assert!(!sender.side.has_work());
}

#[test]
fn udp_w_10_after_an_error_nothing_is_sent() {
    let error = SocketError::MessageTooLarge;
    let mut sender = Sender::new();
    sender.push(b"x", None);
    assert_eq!(sender.side.fail(error), written(WriteResult::Error(error)));
    assert_eq!(sender.side.fail(error), None);
    sender.put(b"y", None, true);
    assert_eq!(sender.side.has_next(), Ok(false));
    assert_eq!(sender.side.held(), 0);
}

#[test]
fn an_error_of_what_was_reported_as_written_is_told_by_itself() {
    let error = SocketError::NetworkUnreachable;
    let mut sender = Sender::new();
    sender.put(b"x", None, false);
    sender.take(false).unwrap();
    assert_eq!(
        sender.side.fail(error),
        Some(SocketEvent::WriteFailed(error))
    );
    let mut sender = Sender::new();
    sender.put(b"x", None, false);
    let none_taken = sender.side.fail(error);
    assert_eq!(none_taken, Some(SocketEvent::WriteFailed(error)));
}

#[test]
fn udp_w_17_what_was_reported_as_written_stays_in_the_ring_until_it_is_sent() {
    let mut sender = Sender::new();
    assert_eq!(sender.gather(false).count(), 0);
    for text in [&b"one"[..], b"two", b"3", b"four"] {
        sender.put(text, None, false);
    }
    let held = sender.side.held();
    for _ in 0..2 {
        let burst = sender.gather(false);
        assert_eq!(burst.contents(), (&b"onetwo3"[..], None));
        assert_eq!(burst.count(), 3);
        assert_eq!(sender.side.held(), held);
        assert!(sender.side.has_work());
        assert_eq!(sender.in_flight(), 0);
    }
    let mut burst = sender.gather(false);
    burst.keep_first();
    assert_eq!(burst.contents(), (&b"one"[..], None));
    assert!(!sender.side.sent_burst(burst.taken()));
    let burst = sender.gather(false);
    assert_eq!(burst.contents(), (&b"two3"[..], None));
    sender.side.sent_burst(burst.taken());
    let burst = sender.gather(false);
    assert_eq!(burst.contents(), (&b"four"[..], None));
    sender.side.sent_burst(burst.taken());
    assert_eq!(sender.gather(false).count(), 0);
    assert_eq!(sender.side.has_next(), Ok(false));
    assert_eq!(sender.side.held(), 0);
}

#[test]
fn udp_w_08_only_what_can_be_sent_at_once_is_put_together() {
    // What is asked about, has a name, breaks the rules, or is no datagram is for `take`.
    for bound in [false, true] {
        let to = bound.then_some("127.0.0.1");
        for odd in ["answer", "name", "destination", "length", "garbage"] {
            let mut sender = Sender::new();
            sender.put(b"x", to, false);
            match odd {
                "answer" => _ = sender.put(b"y", to, true),
                "name" => _ = sender.put(b"y", Some("name.test"), false),
                "destination" => _ = sender.put(b"y", (!bound).then_some("127.0.0.1"), false),
                "length" => _ = sender.put(&[0; MAX_DATAGRAM + 1], to, false),
                _ => _ = sender.script.write(&[255; 20]),
            }
            let burst = sender.gather(bound);
            let address = bound.then(address);
            assert_eq!(burst.contents(), (&b"x"[..], address), "{odd}");
            sender.side.sent_burst(burst.taken());
            assert_eq!(sender.gather(bound).count(), 0, "{odd}");
            assert_eq!(sender.side.has_next(), Ok(true), "{odd}");
        }
    }
}

#[test]
fn udp_w_12_nothing_behind_what_is_kept_is_put_together() {
    let mut sender = Sender::new();
    sender.put(b"1", None, false);
    let keep = sender.put(b"2", None, false);
    sender.put(b"3", None, false);
    sender.side.stop_at(keep);
    let burst = sender.gather(false);
    assert_eq!(burst.contents(), (&b"12"[..], None));
    sender.side.sent_burst(burst.taken());
    assert_eq!(sender.gather(false).count(), 0);
    assert!(!sender.side.has_work());
    // Nor behind one that is pending, nor after an error.
    let mut sender = Sender::new();
    sender.push(b"1", None);
    sender.put(b"2", None, false);
    assert_eq!(sender.gather(false).count(), 0);
    sender.side.fail(SocketError::NetworkUnreachable);
    assert_eq!(sender.gather(false).count(), 0);
}
