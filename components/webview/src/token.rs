/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// A text that no page can guess: 128 bits from the operating system's randomness, which the standard library
/// keys its hash maps with.
pub fn random() -> String {
    let half = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", half(), half())
}
