/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::support::programs::Embedder;
use crate::support::{ORIGIN, broker, connect, exists, signal, wait_until_gone};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(child:
        a_net_process_that_was_killed_leaves_no_zombie,
        an_embedder_that_was_killed_leaves_no_orphan,
        an_embedder_that_ends_leaves_no_orphan,
    )
}

fn a_net_process_that_was_killed_leaves_no_zombie() {
    let (broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    let pid = client.ready();
    signal(pid, Signal::KILL);
    client.is_lost();
    // A zombie would still exist.
    wait_until_gone(pid);
    crate::support::wait_until("the broker knows", || broker.net_process_id().is_none());
}

fn an_embedder_that_was_killed_leaves_no_orphan() {
    let mut embedder = Embedder::start(|_| {});
    let pid = embedder.net_pid();
    assert!(exists(pid));
    embedder.child.kill().unwrap();
    embedder.child.wait().unwrap();
    wait_until_gone(pid);
}

fn an_embedder_that_ends_leaves_no_orphan() {
    let mut embedder = Embedder::start(|_| {});
    let pid = embedder.net_pid();
    drop(embedder.child.stdin.take());
    assert!(embedder.child.wait().unwrap().success());
    wait_until_gone(pid);
}
