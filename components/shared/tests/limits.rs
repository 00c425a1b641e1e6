/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! How the limits have to fit together.

use direct_sockets_traits::limits::*;
use direct_sockets_traits::{
    Address, Datagram, Destination, DnsQueryType, Host, Outgoing, Owner, RingStatistics, SocketKey,
    SocketKind, SocketList, SocketStatistics,
};

// These are checked when the tests are compiled; they are tests all the same, so that a report names them.

#[test]
fn life_09_windows_hold_whole_payloads() {
    assert_eq!(FIRST_WINDOW % MAX_PAYLOAD, 0);
    const { assert!(TCP_READABLE_HIGH_WATER_MARK as usize >= MAX_PAYLOAD) };
    // At most a mebibyte for a socket and direction.
    const { assert!(TCP_READABLE_HIGH_WATER_MARK as usize + FIRST_WINDOW <= 1024 * 1024) };
}

#[test]
fn the_largest_datagrams_fit_a_record() {
    let from = Address {
        ip: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap(),
        port: u16::MAX,
        scope_id: u32::MAX,
    };
    let data = &[0; MAX_DATAGRAM];
    let received = Datagram {
        data,
        from: Some(from),
        is_last: true,
    };
    let send = Outgoing {
        data,
        to: Some(Destination {
            host: Host::Name("x".repeat(MAX_HOST_BYTES)),
            port: u16::MAX,
            dns_query_type: Some(DnsQueryType::Ipv6),
        }),
        answer: true,
    };
    for length in [
        postcard::to_stdvec(&received).unwrap().len(),
        postcard::to_stdvec(&send).unwrap().len(),
    ] {
        assert!(length > MAX_DATAGRAM && length <= MAX_RECORD, "{length}");
    }
}

#[test]
fn the_longest_answer_about_sockets_is_one_message() {
    let text = "x".repeat(MAX_STATISTICS_TEXT);
    let address = Address {
        ip: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff".parse().unwrap(),
        port: u16::MAX,
        scope_id: u32::MAX,
    };
    let ring = RingStatistics {
        capacity: u64::MAX,
        window: u64::MAX,
        waiting: u64::MAX,
    };
    let longest = SocketStatistics {
        key: SocketKey {
            client: u64::MAX,
            socket: u64::MAX,
        },
        kind: SocketKind::Udp,
        origin: text.clone(),
        owner: Owner {
            pipeline: text.clone(),
            worker: Some(text),
        },
        local: Some(address),
        remote: Some(address),
        age: std::time::Duration::MAX,
        bytes_received: u64::MAX,
        bytes_sent: u64::MAX,
        datagrams_received: u64::MAX,
        datagrams_sent: u64::MAX,
        datagrams_dropped: u64::MAX,
        reads: u64::MAX,
        writes: u64::MAX,
        doorbells: u64::MAX,
        bells: u64::MAX,
        wake_ups: u64::MAX,
        receive_ring: Some(ring),
        send_ring: Some(ring),
    };
    let list = SocketList {
        sockets: vec![longest; SOCKETS_PER_ANSWER],
        is_complete: false,
    };
    let length = postcard::to_stdvec(&list).unwrap().len();
    assert!(length <= MAX_PAYLOAD, "{length}");
    const { assert!(MAX_LISTED_SOCKETS >= SOCKETS_PER_ANSWER) };
}

#[test]
fn udp_r_01_udp_r_02_a_whole_window_is_asked_for_at_once() {
    const { assert!(UDP_READABLE_HIGH_WATER_MARK <= MAX_BATCH) };
    const { assert!(SERVER_READABLE_HIGH_WATER_MARK <= MAX_BATCH) };
    // A full window of the longest datagrams, in net and once more on its way.
    const { assert!(MAX_BATCH as usize * MAX_DATAGRAM <= 2 * 1024 * 1024) };
    // Datagrams are no longer than what one message may carry.
    const { assert!(MAX_DATAGRAM <= MAX_PAYLOAD) };
}

#[test]
fn limits_of_one_kind_are_within_those_of_all() {
    const { assert!(MAX_LISTENERS_PER_CLIENT < MAX_SOCKETS_PER_CLIENT) };
    const { assert!(MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT < MAX_SOCKETS_PER_CLIENT) };
    const { assert!(MAX_LISTENERS_PER_ORIGIN >= MAX_LISTENERS_PER_CLIENT) };
    const { assert!(MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN >= MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT) };
    const { assert!(ORIGIN_SHARE > 0 && ORIGIN_SHARE < 4) };
}

#[test]
fn times_are_in_proportion() {
    const { assert!(NET_QUICK_DEATH_MS < NET_START_TIMEOUT_MS) };
    const { assert!(NET_BACK_OFF_MS > 0) };
    const { assert!(NET_QUICK_DEATHS_BEFORE_BACK_OFF > 0) };
    const { assert!(MAX_CONNECT_ATTEMPTS > 1) };
}

#[test]
fn an_honest_client_is_never_cut_off() {
    // Each socket has at most a read, a write, a shutdown and a close outstanding.
    const { assert!(MAX_QUEUED_EVENTS >= 4 * MAX_SOCKETS_PER_CLIENT) };
}
