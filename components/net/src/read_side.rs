/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Where a connection's bytes go, and how many may wait there. No I/O.

use direct_sockets_plane::{Corrupt, Producer, Room, Span};
use direct_sockets_traits::limits::FIRST_WINDOW;

/// The read side of one connection.
#[derive(Debug, Default)]
pub struct ReadSide {
    /// Where the bytes go. Script owns the other end, and nothing that it writes there is believed.
    ring: Option<Producer<Span>>,
    /// Script has been asked to tell when there is room.
    sleeps: bool,
    /// No read follows: cancelled, or ended by the peer or the OS.
    is_over: bool,
}

impl ReadSide {
    /// Read into this ring. A second one is ignored.
    pub fn attach(&mut self, span: Span) {
        if self.ring.is_none() && !self.is_over {
            let mut ring = Producer::new(span);
            ring.set_window(FIRST_WINDOW);
            self.ring = Some(ring);
        }
    }

    /// Whether there is so much room that reading is worth a system call. Where there is not, script will tell
    /// when there is.
    pub fn has_room(&mut self) -> Result<bool, Corrupt> {
        let Some(ring) = &mut self.ring else {
            return Ok(false);
        };
        let window = ring.window();
        if ring.room()? < window / 4 && ring.wait_for_room(window / 2)? {
            self.sleeps = true;
            return Ok(false);
        }
        if std::mem::take(&mut self.sleeps) && window < ring.place().capacity() {
            // It was full, and the page reads: it proves busy.
            ring.set_window(window * 2);
        }
        Ok(true)
    }

    /// The ring to read into.
    pub fn ring(&mut self) -> Option<&mut Producer<Span>> {
        self.ring.as_mut()
    }

    /// The client wants nothing more, or nothing more comes: whether this is news.
    pub fn end(&mut self) -> bool {
        self.ring = None;
        !std::mem::replace(&mut self.is_over, true)
    }
}
