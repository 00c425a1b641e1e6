/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::BTreeMap;
use std::fs;

use libtest_mimic::Trial;

use crate::support::programs::{HOPS, Program, THREADS, run};
use crate::support::{FOREIGN, Place, lines, wait_until};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(recorder:
        processes_and_threads_that_write_at_once_lose_nothing,
        what_a_killed_process_has_recorded_is_there,
        nothing_is_written_where_nothing_is_asked_for,
        a_file_that_cannot_be_joined_is_no_reason_to_fail,
    )
}

fn processes_and_threads_that_write_at_once_lose_nothing() {
    let hops = run("all").hops();
    let mut by_thread: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for hop in &hops {
        let thread = (hop["pid"].as_u64().unwrap(), hop["tid"].as_u64().unwrap());
        by_thread.entry(thread).or_default().push(hop);
    }
    assert_eq!(by_thread.len() as u64, 3 * THREADS);
    for hops in by_thread.into_values() {
        let order = hops
            .iter()
            .map(|hop| hop["args"]["socket"].as_u64().unwrap());
        assert!(order.eq(0..HOPS));
        // One after the other, on a clock that does not go back.
        for (earlier, later) in hops.iter().zip(&hops[1..]) {
            assert!(earlier["ts"].as_f64() <= later["ts"].as_f64());
        }
    }
}

fn what_a_killed_process_has_recorded_is_there() {
    let place = Place::new();
    fs::write(place.path(), "[\n").unwrap();
    let mut program = Program::start("killed", &place.path());
    assert_eq!(program.line(), "recorded\n");
    let has_hop = || {
        lines(&place.text())
            .iter()
            .any(|line| line["name"] == "pull")
    };
    wait_until("it is written without another word", has_hop);
    drop(program);
    assert!(has_hop());
}

fn nothing_is_written_where_nothing_is_asked_for() {
    let place = Place::new();
    fs::write(place.path(), FOREIGN).unwrap();
    let program = Program::start_with("off", &place.path(), |_| {});
    assert!(program.wait().success());
    let files = fs::read_dir(place.path().parent().unwrap()).unwrap();
    assert_eq!(files.count(), 1);
}

fn a_file_that_cannot_be_joined_is_no_reason_to_fail() {
    let place = Place::new();
    fs::write(place.path(), FOREIGN).unwrap();
    assert!(Program::start("off", &place.path()).wait().success());
}
