/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Where traces are written, and what they say.

pub mod programs;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long to wait for what should happen at once.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What stands in a file that is no trace.
pub const FOREIGN: &[u8] = b"somebody else's";

/// A place for a trace.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().join("trace.json")
    }

    pub fn text(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// What stands in a trace that has ended, which is strict JSON.
    pub fn events(&self) -> Vec<Value> {
        serde_json::from_str(&self.text()).expect("strict JSON")
    }

    /// The hops of a trace that has ended.
    pub fn hops(&self) -> Vec<Value> {
        let events = self.events().into_iter();
        events.filter(|event| event["ph"] == "X").collect()
    }
}

/// The lines between the begin and the end, each without its comma. One that is being written does not count.
pub fn lines(text: &str) -> Vec<Value> {
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let lines = whole.lines().filter(|line| !matches!(*line, "[" | "]"));
    lines
        .map(|line| serde_json::from_str(line.trim_end_matches(',')).expect("a whole line"))
        .collect()
}

/// Look again and again, for a bounded time.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}
