/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The datagrams on their way from the OS to a page. No I/O.

use std::collections::VecDeque;

use direct_sockets_plane::{Corrupt, MessageWriter, Span, encode};
use direct_sockets_traits::Datagram;
use direct_sockets_traits::limits::MAX_RECORD;

/// The read side of one UDP socket.
///
/// What a batch brought and the ring has no room for waits here: at most one batch, as none is received before the last
/// one is in the ring.
#[derive(Debug, Default)]
pub struct ReceiveSide {
    /// Where they go. Script owns the other end, and nothing that it writes there is believed.
    ring: Option<MessageWriter<Span>>,
    waiting: VecDeque<Vec<u8>>,
    /// No read follows: cancelled, or ended by the OS.
    is_over: bool,
}

impl ReceiveSide {
    /// Receive into this ring. A second one is ignored.
    pub fn attach(&mut self, span: Span) {
        if self.ring.is_none() && !self.is_over {
            self.ring = Some(MessageWriter::with_limit(span, MAX_RECORD));
        }
    }

    /// The ring to receive into.
    pub fn ring(&mut self) -> Option<&mut MessageWriter<Span>> {
        self.ring.as_mut()
    }

    /// Whether there is a ring, and nothing waits for room in it.
    pub fn is_ready(&self) -> bool {
        self.ring.is_some() && self.waiting.is_empty()
    }

    /// How many bytes wait for room in the ring.
    pub fn held(&self) -> usize {
        self.waiting.iter().map(Vec::len).sum()
    }

    /// A datagram has come. `scratch` is where it is encoded.
    pub fn put(&mut self, datagram: &Datagram<'_>, scratch: Vec<u8>) -> Result<Vec<u8>, Corrupt> {
        let Some(ring) = &mut self.ring else {
            return Ok(scratch);
        };
        // Fails for no datagram: the buffer grows.
        let Ok(record) = encode(datagram, scratch) else {
            return Ok(Vec::new());
        };
        if self.waiting.is_empty() && ring.write(&record)? {
            return Ok(record);
        }
        self.waiting.push_back(record);
        Ok(Vec::new())
    }

    /// Put in what waits, as far as there is room; whether there was any. Where there is too little, script will tell
    /// when there is more.
    pub fn flush(&mut self) -> Result<bool, Corrupt> {
        let Some(ring) = &mut self.ring else {
            return Ok(false);
        };
        let before = self.waiting.len();
        while let Some(record) = self.waiting.front() {
            if ring.write(record)? {
                self.waiting.pop_front();
            } else if ring.wait_for_room()? {
                break;
            }
        }
        Ok(self.waiting.len() < before)
    }

    /// Whether script sleeps and is to be told that there are datagrams.
    pub fn must_tell(&self) -> bool {
        self.ring.as_ref().is_some_and(MessageWriter::must_tell)
    }

    /// The client wants nothing more, or nothing more comes: whether this is news.
    pub fn end(&mut self) -> bool {
        self.ring = None;
        self.waiting.clear();
        !std::mem::replace(&mut self.is_over, true)
    }
}
