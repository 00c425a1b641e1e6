/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an event loop shows to be believed what it says about the documents in it. Its channel to the constellation
/// is shared by all event loops, which fill in who speaks themselves. Given to nobody else, and not to be guessed.
///
/// The default is nobody's.
#[derive(Clone, Copy, Default, Deserialize, Serialize)]
pub struct EventLoopKey(u128);

impl EventLoopKey {
    /// From random bytes, none of which anybody has seen.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(u128::from_ne_bytes(bytes))
    }

    /// Whether whoever shows this one is the holder of the other.
    pub fn opens(self, other: Self) -> bool {
        self.0 != 0 && self.0 == other.0
    }
}

impl fmt::Debug for EventLoopKey {
    /// Logs are read by others.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EventLoopKey(..)")
    }
}
