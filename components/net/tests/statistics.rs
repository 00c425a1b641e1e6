/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::rc::Rc;

use direct_sockets_net::statistics::{Statistics, WakeUps};
use direct_sockets_traits::NetStatistics;

#[test]
fn what_there_is_is_counted_until_it_is_gone() {
    let statistics = Rc::new(Statistics::default());
    let client = statistics.client();
    let sockets = [statistics.socket(), statistics.socket()];
    let mut held = statistics.held(100);
    held.set(70);
    let expected = NetStatistics {
        clients: 1,
        sockets: 2,
        bytes_held: 70,
        ..Default::default()
    };
    assert_eq!(statistics.snapshot(), expected);
    drop((client, sockets, held));
    assert_eq!(statistics.snapshot(), NetStatistics::default());
}

#[test]
fn what_has_happened_stays() {
    let wake_ups = WakeUps::default();
    let statistics = Statistics::new(wake_ups.clone());
    wake_ups.one();
    for (counter, count) in [
        (&statistics.requests, 2),
        (&statistics.events, 3),
        (&statistics.doorbells, 4),
        (&statistics.bells, 5),
        (&statistics.control_messages, 6),
    ] {
        counter.add(count - 1);
        counter.one();
    }
    let expected = NetStatistics {
        wake_ups: 1,
        requests: 2,
        events: 3,
        doorbells: 4,
        bells: 5,
        control_messages: 6,
        ..Default::default()
    };
    assert_eq!(statistics.snapshot(), expected);
}

#[test]
fn no_two_clients_have_one_number() {
    let statistics = Rc::new(Statistics::default());
    let (first, counted) = (statistics.number(), statistics.client());
    drop(counted);
    assert!(statistics.number() > first);
}
