/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What a net process tells in a timeline.

use std::fs;

use direct_sockets_trace::VARIABLE;
use direct_sockets_traits::{SocketId, WriteResult};
use serde_json::Value;

use crate::support::{QUIET, TestClient, TestNet, destination, peer};

/// What net tells while `action` runs, from its start to its end, in the order in which it began.
fn told(begin: &str, action: impl FnOnce(&TestClient)) -> (String, Vec<Value>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trace.json");
    fs::write(&path, begin).unwrap();
    let mut net = TestNet::start_with(|command| {
        command.env(VARIABLE, &path);
    });
    let client = net.client();
    action(&client);
    drop(net.control.take());
    assert!(net.wait_for_end().success());
    let text = fs::read_to_string(&path).unwrap();
    let lines = text.lines().skip(1);
    let mut hops: Vec<Value> = lines
        .filter_map(|line| serde_json::from_str(line.trim_end_matches(',')).ok())
        .filter(|event: &Value| event["ph"] == "X")
        .collect();
    hops.sort_by(|one, other| {
        one["ts"]
            .as_f64()
            .partial_cmp(&other["ts"].as_f64())
            .unwrap()
    });
    (text, hops)
}

/// The place of the first hop after `after` that is so.
fn find(hops: &[Value], after: usize, what: &str, is_so: impl Fn(&Value) -> bool) -> usize {
    let found = hops.iter().skip(after).position(is_so);
    after + found.unwrap_or_else(|| panic!("no {what} after {after} of {hops:#?}")) + 1
}

fn named(name: &str, id: SocketId) -> impl Fn(&Value) -> bool {
    move |hop| hop["name"] == name && hop["args"]["socket"] == id.0
}

fn about(name: &str, id: SocketId, what: &str) -> impl Fn(&Value) -> bool {
    move |hop| named(name, id)(hop) && hop["args"]["what"] == what
}

fn bytes(hops: &[Value], name: &str, id: SocketId) -> u64 {
    let moved = hops.iter().filter(|hop| named(name, id)(hop));
    moved.filter_map(|hop| hop["args"]["bytes"].as_u64()).sum()
}

#[test]
fn a_transfer_leaves_its_hops_in_their_order() {
    const LENGTH: usize = 100_000;
    let mut socket = None;
    let (_, hops) = told("[\n", |client| {
        let id = *socket.insert(client.open(peer::echo()));
        // Both sides sleep now, and wake each other after this.
        assert!(client.try_next(QUIET).is_err());
        let sent = peer::pattern(LENGTH);
        let mut received = Vec::new();
        let mut rest = sent.as_slice();
        while received.len() < LENGTH {
            rest = &rest[client.put(id, rest)..];
            let here = LENGTH - rest.len() - received.len();
            received.extend(client.read_exactly(id, here));
        }
        assert_eq!(received, sent);
        client.close(id);
    });
    let id = socket.unwrap();
    let mut place = 0;
    for (name, what) in [
        ("request", "OpenTcp"),
        ("event", "Opened"),
        ("request", "WriteFrom"),
        ("writev", ""),
        ("readv", ""),
        ("request", "Close"),
        ("event", "Closed"),
    ] {
        place = match what {
            "" => find(&hops, place, name, named(name, id)),
            what => find(&hops, place, what, about(name, id, what)),
        };
    }
    assert_eq!(bytes(&hops, "writev", id), LENGTH as u64);
    assert_eq!(bytes(&hops, "readv", id), LENGTH as u64);
    // The last of each ends where the ring does, and is tied to script's.
    for (name, direction) in [("writev", "flow_in"), ("readv", "flow_out")] {
        let ends = |hop: &&Value| named(name, id)(hop) && hop["args"]["number"] == LENGTH;
        let last = hops.iter().find(ends).unwrap();
        assert_eq!(last[direction], true);
        assert!(last["bind_id"].is_string());
    }
    assert!(hops.iter().any(|hop| hop["name"] == "wake"));
    assert!(hops.iter().any(|hop| hop["name"] == "bell"));
    assert!(hops.iter().all(|hop| hop["cat"] == "net"));
}

#[test]
fn datagrams_leave_their_hops() {
    let mut sockets = None;
    let (_, hops) = told("[\n", |client| {
        let (receiver, address) = client.bind("127.0.0.1");
        let (sender, _) = client.bind("127.0.0.1");
        let to = || destination("127.0.0.1", address.port());
        assert_eq!(
            client.send_datagram(sender, &[7; 64], to()),
            WriteResult::Done
        );
        let (datagrams, error) = client.receive(receiver, 1);
        assert_eq!((datagrams.len(), error), (1, None));
        sockets = Some((sender, receiver));
    });
    let (sender, receiver) = sockets.unwrap();
    let sent = find(&hops, 0, "send", |hop| {
        named("send", sender)(hop) && hop["args"]["bytes"] == 64
    });
    find(&hops, sent, "recvmmsg", |hop| {
        named("recvmmsg", receiver)(hop) && hop["args"]["datagrams"] == 1
    });
    assert_eq!(bytes(&hops, "recvmmsg", receiver), 64);
}

#[test]
fn what_is_no_trace_is_left_alone_and_net_serves_all_the_same() {
    let (text, hops) = told("somebody else's\n", |client| {
        let id = client.open(peer::echo());
        client.close(id);
    });
    assert_eq!(text, "somebody else's\n");
    assert!(hops.is_empty());
}
