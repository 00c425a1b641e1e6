/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_net::budget::{Budget, Quota};

#[test]
fn what_is_shared_out_leaves_something_for_net() {
    for limit in [0, 1, 3, 64, 256, 1024, 20_000, 1 << 20, u64::MAX] {
        let budget = Budget::new(Some(limit));
        // A client takes two descriptors, a socket one.
        let all = budget.clients * 2 + budget.sockets;
        assert!(all <= limit - (limit / 4).min(512), "{limit} {budget:?}");
        assert!(budget.sockets_of_one_client as u64 <= budget.sockets / 4 * 3);
    }
    assert!(Budget::new(None).sockets > 1 << 32);
}

#[test]
fn a_quota_is_given_out_and_comes_back() {
    let quota = Quota::new(2);
    let first = quota.take().expect("the first");
    let second = quota.take().expect("the second");
    assert!(quota.take().is_none());
    drop(first);
    let third = quota.take().expect("the first again");
    assert!(quota.take().is_none());
    drop((second, third));
    assert!(quota.take().is_some());
    assert!(Quota::new(0).take().is_none());
}
