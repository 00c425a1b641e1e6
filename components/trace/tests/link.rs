/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::BTreeMap;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::support::programs::run;
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(link:
        what_belongs_together_is_tied_across_processes,
        a_cause_stands_before_its_effect_on_one_clock,
    )
}

/// The hops on both sides of each tie: causes, then effects.
fn ties(hops: &[Value]) -> BTreeMap<String, (Vec<&Value>, Vec<&Value>)> {
    let mut ties: BTreeMap<String, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
    for hop in hops {
        let Some(tie) = hop.get("bind_id") else {
            continue;
        };
        let (causes, effects) = ties.entry(tie.as_str().unwrap().to_owned()).or_default();
        match (hop.get("flow_out"), hop.get("flow_in")) {
            (Some(Value::Bool(true)), None) => causes.push(hop),
            (None, Some(Value::Bool(true))) => effects.push(hop),
            _ => panic!("{hop}"),
        }
    }
    ties
}

/// What a hop is, and what it is about.
fn told(hop: &Value) -> String {
    let text = |value: &Value| value.to_string().trim_matches('"').to_owned();
    format!(
        "{}.{} {} {}",
        text(&hop["cat"]),
        text(&hop["name"]),
        text(&hop["args"]["socket"]),
        text(&hop["args"]["number"])
    )
}

fn what_belongs_together_is_tied_across_processes() {
    let hops = run("page").hops();
    let mut pairs = Vec::new();
    let mut alone = Vec::new();
    for (causes, effects) in ties(&hops).into_values() {
        match (causes.as_slice(), effects.as_slice()) {
            ([cause], [effect]) => {
                assert_ne!(cause["pid"], effect["pid"]);
                pairs.push([told(cause), told(effect)].join(" → "));
            },
            ([one], []) | ([], [one]) => alone.push(told(one)),
            _ => panic!("{causes:?} {effects:?}"),
        }
    }
    pairs.sort();
    alone.sort();
    assert_eq!(
        pairs,
        [
            "net.bell null 7 → page.wake null 7",
            "net.event 1 0 → page.event 1 0",
            "net.readv 1 15 → page.take 1 15",
            "page.doorbell null 0 → net.wake null 0",
            "page.put 1 20 → net.writev 1 20",
            "page.request 1 0 → net.request 1 0",
            "page.request 2 1 → net.request 2 1",
        ]
    );
    // The end of a chunk that is in the middle of a longer write, another socket's, and another client's.
    assert_eq!(alone, ["page.put 1 15", "page.put 2 15", "page.take 1 15"]);
}

fn a_cause_stands_before_its_effect_on_one_clock() {
    let hops = run("page").hops();
    for (causes, effects) in ties(&hops).into_values() {
        for (cause, effect) in causes.iter().zip(effects) {
            assert!(cause["ts"].as_f64() < effect["ts"].as_f64(), "{cause}");
        }
    }
}
