/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::Patience;
use direct_sockets_traits::limits::MAX_LOOKS_LEFT_OUT;

/// How often it is left out before the next time.
fn left_out(patience: &mut Patience) -> u32 {
    let mut count = 0;
    while patience.begin().is_none() {
        count += 1;
    }
    count
}

#[test]
fn what_is_in_vain_is_done_less_and_less_often() {
    let mut patience = Patience::default();
    let mut seen = Vec::new();
    for _ in 0..10 {
        seen.push(left_out(&mut patience));
        patience.end(false);
    }
    assert_eq!(seen[..5], [0, 1, 3, 7, 15]);
    assert_eq!(seen.last(), Some(&MAX_LOOKS_LEFT_OUT));
}

#[test]
fn what_is_found_makes_up_for_all() {
    let mut patience = Patience::default();
    for _ in 0..5 {
        left_out(&mut patience);
        patience.end(false);
    }
    left_out(&mut patience);
    patience.end(true);
    assert_eq!(left_out(&mut patience), 0);
    patience.end(false);
    assert_eq!(left_out(&mut patience), 1);
}

#[test]
fn a_moment_passes() {
    let moment = Patience::default().begin().expect("the first one");
    while moment.goes_on() {}
    assert!(!moment.goes_on());
}
