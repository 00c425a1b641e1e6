/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::BTreeSet;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::programs::{STRANGE, run};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(event:
        a_hop_has_what_viewers_need,
        processes_threads_and_clients_are_named,
        a_message_is_named_and_what_is_in_it_is_not_told,
        datagrams_are_counted,
    )
}

fn a_hop_has_what_viewers_need() {
    for hop in run("all").hops() {
        assert_eq!(hop["name"], "look");
        assert_eq!(hop["cat"], "page");
        assert!(hop["ts"].as_f64() > Some(0.0), "{hop}");
        assert!(hop["dur"].as_f64() > Some(0.0), "{hop}");
        assert!(hop["pid"].as_u64() > Some(0) && hop["tid"].as_u64() > Some(0));
        let arguments = hop["args"].as_object().unwrap();
        let keys: Vec<&str> = arguments.keys().map(String::as_str).collect();
        assert_eq!(keys, ["bytes", "client", "socket"]);
        assert_eq!(hop.get("bind_id"), None);
    }
}

fn named(events: &[Value], kind: &str) -> BTreeSet<String> {
    let named = events.iter().filter(|event| event["name"] == kind);
    named
        .map(|event| event["args"]["name"].as_str().unwrap().to_owned())
        .collect()
}

fn processes_threads_and_clients_are_named() {
    let events = run("all").events();
    assert_eq!(
        named(&events, "process_name"),
        BTreeSet::from(["embedder".to_owned(), "many".to_owned()])
    );
    assert_eq!(
        named(&events, "thread_name"),
        BTreeSet::from(["another".to_owned(), STRANGE.to_owned()])
    );
    let client = events.iter().find(|event| event["name"] == "client");
    let client = &client.unwrap()["args"];
    assert_eq!(client["pipeline"], "(1,\"2\")");
    assert_eq!(client["worker"], "w");
    let mut hops = events.iter().filter(|event| event["ph"] == "X");
    assert!(hops.all(|hop| hop["args"]["client"] == client["client"]));
}

fn a_message_is_named_and_what_is_in_it_is_not_told() {
    let hops = run("page").hops();
    let what = |category: &str| -> Vec<_> {
        let requests = hops
            .iter()
            .filter(|hop| hop["cat"] == category && hop["name"] == "request");
        requests.map(|hop| hop["args"]["what"].clone()).collect()
    };
    assert_eq!(what("page"), ["Room", "MoreRings", "CancelRead"]);
    assert_eq!(what("net"), what("page"));
}

fn datagrams_are_counted() {
    let hops = run("page").hops();
    let batch = hops.iter().find(|hop| hop["name"] == "recvmmsg").unwrap();
    assert_eq!(batch["args"]["datagrams"], 2);
    assert_eq!(batch["args"]["bytes"], 100);
}
