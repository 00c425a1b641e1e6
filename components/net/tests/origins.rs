/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::rc::Rc;

use direct_sockets_net::budget::Budget;
use direct_sockets_net::origins::Origins;
use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::limits::MAX_LOOKUPS_PER_ORIGIN;

use crate::support::{InProcess, grant_to, peer};

#[test]
fn clients_of_one_origin_share_and_those_of_another_do_not() {
    let budget = Budget::new(Some(1024));
    let origins = Origins::default();
    let first = origins.get("https://a.example", &budget);
    let same = origins.get("https://a.example", &budget);
    let other = origins.get("https://b.example", &budget);
    assert!(Rc::ptr_eq(&first, &same));
    assert!(!Rc::ptr_eq(&first, &other));
    let mut shares = Vec::new();
    while let Some(share) = first.sockets.take() {
        shares.push(share);
    }
    // Three quarters, and the rest is for others.
    assert_eq!(shares.len() as u64, budget.sockets / 4 * 3);
    assert!(same.sockets.is_used_up());
    assert!(other.sockets.take().is_some());
}

#[test]
fn an_origin_without_clients_is_forgotten() {
    let budget = Budget::new(Some(1024));
    let origins = Origins::default();
    let first = origins.get("https://a.example", &budget);
    let share = first.listeners.take();
    drop(first);
    // What is held longer than the origin does no harm.
    let again = origins.get("https://a.example", &budget);
    drop(share);
    assert!(again.listeners.take().is_some());
}

#[test]
fn names_that_are_never_resolved_keep_no_other_origin_waiting() {
    let resolver = ScriptedResolver::default()
        .hang("hangs.test")
        .answer("answers.test", &["127.0.0.1"]);
    let net = InProcess::start(resolver);
    let (first, second) = (net.client(), net.client());
    for client in [&first, &second] {
        for _ in 0..MAX_LOOKUPS_PER_ORIGIN {
            client.start_open("hangs.test", 1, Default::default());
        }
    }
    let other = net.client_of(grant_to("https://other.example"));
    let address = peer::echo();
    let id = other.start_open("answers.test", address.port(), Default::default());
    assert!(matches!(
        other.next_of(id),
        direct_sockets_traits::SocketEvent::Opened { .. }
    ));
}
