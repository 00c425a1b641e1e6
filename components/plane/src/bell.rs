/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A word in shared memory on which a thread of the content process sleeps (futex(2)).
//!
//! Net rings, and never waits. One system call wakes the sleeper; where nobody sleeps, the queues do not ring at all.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::thread::futex::{Flags, Timespec, wait, wake};

use crate::memory::Memory;

/// The bell of one client.
#[derive(Clone, Debug)]
pub struct Bell {
    memory: Arc<Memory>,
    offset: usize,
}

impl Bell {
    pub(crate) fn new(memory: Arc<Memory>, offset: usize) -> Self {
        memory.word(offset);
        Self { memory, offset }
    }

    /// How often it has rung, modulo 2³².
    pub fn count(&self) -> u32 {
        self.memory.word(self.offset).load(Ordering::Acquire)
    }

    /// Ring: wake whoever waits.
    pub fn ring(&self) {
        let word = self.memory.word(self.offset);
        word.fetch_add(1, Ordering::Release);
        // Fails for no reason that could be mended here: the address is valid.
        let _ = wake(word, Flags::empty(), 1);
    }

    /// Wait until it has rung since it had rung `count` times, at most for `limit`. May return early for no reason.
    pub fn wait(&self, count: u32, limit: Option<Duration>) {
        let word = self.memory.word(self.offset);
        let limit = limit.map(|limit| Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: limit.subsec_nanos().into(),
        });
        // Every way in which this ends means: look again.
        let _ = wait(word, Flags::empty(), count, limit.as_ref());
    }
}
