/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fmt::Debug;

use crate::RECORDER;
use crate::event::{Event, now};

/// A hop, which lasts until this is dropped. Empty where nothing is traced.
#[derive(Debug)]
#[must_use = "a hop lasts until it is dropped"]
pub struct Hop(Option<Event>);

impl Hop {
    /// No hop.
    pub const NONE: Self = Self(None);

    pub(crate) fn begin(mut event: Event) -> Self {
        event.start = now();
        Self(Some(event))
    }

    #[inline]
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Event)) -> Self {
        if let Some(event) = &mut self.0 {
            change(event);
        }
        self
    }

    /// It is about so many bytes.
    #[inline]
    pub fn bytes(self, count: usize) -> Self {
        self.with(|event| event.bytes = Some(count as u64))
    }

    /// It is about this: the name of the variant is told.
    #[inline]
    pub fn about(self, what: &impl Debug) -> Self {
        self.with(|event| event.is_about(what))
    }

    /// It ends here, and has moved so many bytes, if that is known, up to this position in a ring.
    #[inline]
    pub fn moved(self, count: impl Into<Option<usize>>, position: impl FnOnce() -> u64) {
        let _ = self.with(|event| {
            event.bytes = count.into().map(|count| count as u64);
            event.tie(position());
        });
    }

    /// It has moved so many datagrams, which have so many bytes together.
    #[inline]
    pub fn datagrams(&mut self, count: usize, bytes: usize) {
        if let Some(event) = &mut self.0 {
            event.bytes = Some(bytes as u64);
            event.datagrams = count as u64;
        }
    }
}

impl Drop for Hop {
    #[inline]
    fn drop(&mut self) {
        if let Some(event) = self.0.take()
            && let Some(recorder) = RECORDER.get()
        {
            recorder.record(event);
        }
    }
}
