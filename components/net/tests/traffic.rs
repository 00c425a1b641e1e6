/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::SocketAddr;
use std::rc::Rc;

use direct_sockets_net::statistics::Statistics;
use direct_sockets_net::traffic::{Moved, Traffic};
use tokio::net::UdpSocket;

fn figures(moved: &Moved) -> [u64; 6] {
    [
        moved.bytes_received.get(),
        moved.bytes_sent.get(),
        moved.datagrams_received.get(),
        moved.datagrams_sent.get(),
        moved.reads.get(),
        moved.writes.get(),
    ]
}

#[test]
fn what_one_socket_moves_counts_for_it_and_for_all() {
    let all = Rc::new(Statistics::default());
    let traffic = [Traffic::new(&all), Traffic::new(&all)];
    traffic[0].received(0, 1000);
    traffic[0].sent(0, 7);
    traffic[1].received(3, 60);
    traffic[1].sent(1, 0);
    assert_eq!(figures(&traffic[0].moved), [1000, 7, 0, 0, 1, 1]);
    assert_eq!(figures(&traffic[1].moved), [60, 0, 3, 1, 1, 1]);
    assert_eq!(figures(&all.moved), [1060, 7, 3, 1, 2, 2]);
    drop(traffic);
    assert_eq!(figures(&all.moved), [1060, 7, 3, 1, 2, 2]);
}

#[test]
fn a_socket_has_no_ends_before_it_is_there() {
    let traffic = Traffic::new(&Rc::default());
    assert_eq!(traffic.ends(), (None, None));
    let local = SocketAddr::from(([127, 0, 0, 1], 4000)).into();
    traffic.opened(local, None);
    assert_eq!(traffic.ends(), (Some(local), None));
    let age = traffic.age();
    assert!(traffic.age() >= age);
}

#[tokio::test(flavor = "current_thread")]
async fn to_watch_a_socket_does_not_keep_it_open() {
    let traffic = Traffic::new(&Rc::default());
    assert_eq!(traffic.dropped(), 0);
    let socket = Rc::new(UdpSocket::bind(("127.0.0.1", 0)).await.unwrap());
    traffic.watch_drops(&socket);
    assert_eq!(traffic.dropped(), 0);
    assert_eq!(Rc::strong_count(&socket), 1);
    drop(socket);
    assert_eq!(traffic.dropped(), 0);
}
