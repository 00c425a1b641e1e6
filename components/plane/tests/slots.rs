/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::Slots;
use direct_sockets_traits::RingId;

#[test]
fn there_is_none_before_there_are_some() {
    let mut slots = Slots::default();
    assert_eq!(slots.take(), None);
    slots.add(2);
    assert_eq!(slots.take(), Some(RingId(0)));
    assert_eq!(slots.take(), Some(RingId(1)));
    assert_eq!(slots.take(), None);
    slots.add(1);
    assert_eq!(slots.take(), Some(RingId(2)));
}

#[test]
fn the_last_one_returned_is_taken_first() {
    let mut slots = Slots::default();
    slots.add(10);
    let taken: Vec<_> = (0..3).filter_map(|_| slots.take()).collect();
    assert_eq!((slots.used(), slots.unused()), (3, 7));
    slots.give_back(taken[0]);
    slots.give_back(taken[2]);
    assert_eq!((slots.used(), slots.unused()), (1, 9));
    assert_eq!(slots.take(), Some(taken[2]));
    assert_eq!(slots.take(), Some(taken[0]));
    assert_eq!(slots.take(), Some(RingId(3)));
}
