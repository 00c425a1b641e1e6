/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_plane::Plane;

/// Far more than anything here takes.
const LONG: Duration = Duration::from_secs(20);

#[test]
fn ringing_wakes_the_sleeper() {
    let bell = Plane::private().bell();
    let before = bell.count();
    let sleeper = thread::spawn({
        let bell = bell.clone();
        move || {
            let start = Instant::now();
            while bell.count() == before && start.elapsed() < LONG {
                bell.wait(before, Some(LONG));
            }
            bell.count()
        }
    });
    bell.ring();
    assert_eq!(sleeper.join().unwrap(), before.wrapping_add(1));
}

#[test]
fn a_bell_that_has_rung_is_not_waited_for() {
    let bell = Plane::private().bell();
    let before = bell.count();
    bell.ring();
    // Returns at once: with no limit this would be for ever.
    bell.wait(before, None);
}

#[test]
fn waiting_has_an_end() {
    let bell = Plane::private().bell();
    bell.wait(bell.count(), Some(Duration::from_millis(1)));
}

#[test]
fn it_rings_across_mappings() {
    let (plane, descriptor) = Plane::create().unwrap();
    let other = crate::memory::map_again(descriptor);
    let before = other.bell().count();
    plane.bell().ring();
    assert_eq!(other.bell().count(), before.wrapping_add(1));
}
