/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Looking again for a moment before sleeping.
//!
//! To be woken takes longer than many an answer. So each side goes on looking for a moment, giving its processor to
//! whoever else wants it, before it asks to be woken. Where nothing came of that, it looks less and less often: a side
//! with nothing to do sleeps, and is as quiet as one that never looks.

use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_traits::limits::{LOOK_AGAIN_US, MAX_LOOKS_LEFT_OUT};

/// Whether looking again has been worth it.
#[derive(Debug, Default)]
pub struct Patience {
    /// How often it is left out from now on.
    left_out: u32,
    /// How often it is left out when it is in vain once more.
    next: u32,
}

impl Patience {
    /// About to sleep: the moment in which to look again. `None` where that was in vain lately.
    pub fn begin(&mut self) -> Option<Moment> {
        if self.left_out > 0 {
            self.left_out -= 1;
            return None;
        }
        Some(Moment(Instant::now()))
    }

    /// The moment is over, and something was found in it or not.
    pub fn end(&mut self, found: bool) {
        if found {
            self.next = 0;
        } else {
            self.next = (2 * self.next + 1).min(MAX_LOOKS_LEFT_OUT);
            self.left_out = self.next;
        }
    }
}

/// A time in which to look again.
#[derive(Debug)]
pub struct Moment(Instant);

impl Moment {
    /// Let others run that want this processor; whether there is time left to look once more afterwards.
    pub fn goes_on(&self) -> bool {
        thread::yield_now();
        self.0.elapsed() < Duration::from_micros(LOOK_AGAIN_US)
    }
}
