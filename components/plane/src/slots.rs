/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Which rings are in use.
//!
//! Script decides that, as it decides on the ids of sockets: net takes a number from it and looks only whether there
//! is such a ring. A client that uses a ring twice mixes up its own bytes.

use direct_sockets_traits::RingId;

/// The rings of a client that are not in use.
#[derive(Debug, Default)]
pub struct Slots {
    /// Those that were in use: the last one is taken first, as its pages are there already.
    returned: Vec<RingId>,
    /// The first one that was never in use.
    next: u32,
    /// How many there are.
    count: u32,
}

impl Slots {
    /// There are `count` more.
    pub fn add(&mut self, count: u32) {
        self.count = self.count.saturating_add(count);
    }

    /// Take one that is not in use, if there is one.
    pub fn take(&mut self) -> Option<RingId> {
        if let Some(ring) = self.returned.pop() {
            return Some(ring);
        }
        (self.next < self.count).then(|| {
            self.next += 1;
            RingId(self.next - 1)
        })
    }

    /// This one is no longer in use.
    pub fn give_back(&mut self, ring: RingId) {
        debug_assert!(ring.0 < self.next && !self.returned.contains(&ring));
        self.returned.push(ring);
    }

    /// How many are in use.
    pub fn used(&self) -> u32 {
        self.next - self.returned.len() as u32
    }

    /// How many are not in use.
    pub fn unused(&self) -> u32 {
        self.count - self.used()
    }
}
