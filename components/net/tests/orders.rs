/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::rc::Rc;

use direct_sockets_net::orders::{Kind, Orders};
use direct_sockets_net::statistics::Statistics;
use direct_sockets_plane::{Plane, Producer, Room};
use direct_sockets_traits::limits::MAX_BATCH;

fn orders() -> Rc<Orders> {
    Orders::new(
        Kind::Datagrams { bound: true },
        &Rc::new(Statistics::default()),
    )
}

#[test]
fn a_batch_is_wanted_until_it_is_done() {
    let orders = orders();
    assert_eq!(orders.wanted(), None);
    orders.receive(10);
    assert_eq!(orders.wanted(), Some(10));
    // A second one changes nothing.
    orders.receive(20);
    assert_eq!(orders.wanted(), Some(10));
    orders.has_read();
    assert_eq!(orders.wanted(), None);
    orders.receive(20);
    assert_eq!(orders.wanted(), Some(20));
}

#[test]
fn a_batch_has_one_datagram_at_least_and_a_limit() {
    for (asked, wanted) in [(0, 1), (1, 1), (u32::MAX, MAX_BATCH as usize)] {
        let orders = orders();
        orders.receive(asked);
        assert_eq!(orders.wanted(), Some(wanted));
    }
}

#[test]
fn after_a_cancel_nothing_is_read() {
    for begin in [Orders::has_read as fn(&Orders), Orders::cancel_read] {
        let orders = orders();
        orders.receive(10);
        begin(&orders);
        orders.cancel_read();
        orders.receive(10);
        assert_eq!(orders.wanted(), None);
    }
}

#[test]
fn what_waits_to_be_written_is_counted_until_it_is_gone() {
    let statistics = Rc::new(Statistics::default());
    let orders = Orders::new(Kind::Connection, &statistics);
    let span = Plane::private().segment().ring(0).unwrap();
    span.header().reset();
    let mut script = Producer::new(span.clone());
    script.write(&[0; 100]).unwrap();
    orders.write_from(span);
    orders.writing(|writing| assert_eq!(writing.waiting(), Ok(100)));
    assert_eq!(statistics.snapshot().bytes_held, 100);
    orders.writing(|writing| writing.ring().unwrap().read(&mut [0; 60]).unwrap());
    assert_eq!(statistics.snapshot().bytes_held, 40);
    drop(orders);
    assert_eq!(statistics.snapshot().bytes_held, 0);
}

#[test]
fn closing_is_an_order_that_stays() {
    let orders = orders();
    assert!(!orders.is_closing());
    orders.close(0);
    orders.close(0);
    assert!(orders.is_closing());
}
