/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::rc::Rc;

use direct_sockets_net::orders::{Kind, Orders};
use direct_sockets_net::statistics::Statistics;
use direct_sockets_traits::limits::MAX_PAYLOAD;
use serde_bytes::ByteBuf;

fn orders() -> Rc<Orders> {
    Orders::new(Kind::Connection, &Rc::new(Statistics::default()))
}

#[test]
fn a_read_is_wanted_until_it_is_done() {
    let orders = orders();
    assert_eq!(orders.wanted(), None);
    orders.read(10);
    assert_eq!(orders.wanted(), Some(10));
    // A second one changes nothing.
    orders.read(20);
    assert_eq!(orders.wanted(), Some(10));
    orders.has_read();
    orders.delivered();
    assert_eq!(orders.wanted(), None);
}

#[test]
fn a_read_is_for_one_byte_at_least_and_one_payload_at_most() {
    for (asked, wanted) in [(0, 1), (1, 1), (u32::MAX, MAX_PAYLOAD)] {
        let orders = orders();
        orders.read(asked);
        assert_eq!(orders.wanted(), Some(wanted));
    }
}

#[test]
fn life_09_nothing_is_read_while_bytes_are_on_their_way_and_no_order_is_lost() {
    let orders = orders();
    orders.read(10);
    orders.has_read();
    orders.read(30);
    assert_eq!(orders.wanted(), None);
    orders.read(40);
    orders.delivered();
    assert_eq!(orders.wanted(), Some(30));
}

#[test]
fn after_a_cancel_nothing_is_read() {
    for begin in [
        Orders::has_read as fn(&Orders),
        Orders::delivered,
        Orders::cancel_read,
    ] {
        let orders = orders();
        orders.read(10);
        begin(&orders);
        orders.cancel_read();
        orders.delivered();
        orders.read(10);
        assert_eq!(orders.wanted(), None);
    }
}

#[test]
fn what_waits_to_be_written_is_counted_until_it_is_gone() {
    let statistics = Rc::new(Statistics::default());
    let orders = Orders::new(Kind::Connection, &statistics);
    orders.write(ByteBuf::from(vec![0; 100]), false).unwrap();
    assert_eq!(statistics.snapshot().bytes_held, 100);
    orders.writing(|writing| writing.taken(60));
    assert_eq!(statistics.snapshot().bytes_held, 40);
    drop(orders);
    assert_eq!(statistics.snapshot().bytes_held, 0);
}

#[test]
fn closing_is_an_order_that_stays() {
    let orders = orders();
    assert!(!orders.is_closing());
    orders.close();
    orders.close();
    assert!(orders.is_closing());
}
