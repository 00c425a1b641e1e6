/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What of a connection's ring is to be given to the OS, and until when. No I/O.

use std::time::Duration;

use direct_sockets_plane::{Consumer, Corrupt, Span};
use direct_sockets_traits::limits::LINGER_MS;
use tokio::time::Instant;

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Shutdown {
    #[default]
    NotWanted,
    Wanted,
    Done,
}

/// The write side of one connection.
#[derive(Debug, Default)]
pub struct WriteSide {
    /// Where the bytes come from. Script owns the other end, and nothing that it writes there is believed.
    ring: Option<Consumer<Span>>,
    /// Bytes from this position on belong to no chunk that was reported as written, and need not be sent any more.
    keep: Option<u64>,
    /// When to stop waiting for the OS to take what is kept.
    deadline: Option<Instant>,
    /// No write follows.
    is_over: bool,
    shutdown: Shutdown,
}

impl WriteSide {
    /// Write from this ring. A second one is ignored.
    pub fn attach(&mut self, span: Span) {
        if self.ring.is_none() && !self.is_over {
            self.ring = Some(Consumer::new(span));
        }
    }

    /// The client wants no more to be written than what it has been told was written: the bytes before `keep`.
    pub fn stop_at(&mut self, keep: u64) {
        let keep = self.keep.map_or(keep, |earlier| earlier.min(keep));
        self.keep = Some(keep);
        let limit = Duration::from_millis(LINGER_MS);
        self.deadline.get_or_insert_with(|| Instant::now() + limit);
    }

    /// How many bytes wait for the OS.
    pub fn waiting(&mut self) -> Result<usize, Corrupt> {
        let Some(ring) = &mut self.ring else {
            return Ok(0);
        };
        if self.shutdown == Shutdown::Done {
            return Ok(0);
        }
        let available = ring.available()?;
        Ok(match self.keep {
            Some(keep) => {
                let allowed = keep.saturating_sub(ring.position());
                available.min(usize::try_from(allowed).unwrap_or(usize::MAX))
            },
            None => available,
        })
    }

    /// Whether there is something to write. Where there is not, script will tell when there is.
    pub fn has_work(&mut self) -> Result<bool, Corrupt> {
        if self.waiting()? > 0 {
            return Ok(true);
        }
        match &mut self.ring {
            // Nothing that comes now is to be written.
            Some(_) if self.keep.is_some() || self.shutdown == Shutdown::Done => Ok(false),
            Some(ring) => Ok(!ring.wait_for_bytes()?),
            None => Ok(false),
        }
    }

    /// The ring to write from.
    pub fn ring(&mut self) -> Option<&mut Consumer<Span>> {
        self.ring.as_mut()
    }

    /// The OS has reported an error, or the ring is of no use: whether script is to be told, which is once.
    pub fn fail(&mut self) -> bool {
        self.ring = None;
        !std::mem::replace(&mut self.is_over, true)
    }

    /// When to give up what has not been written by then, where there is something.
    pub fn deadline(&mut self) -> Option<Instant> {
        match self.waiting() {
            Ok(1..) => self.deadline,
            _ => None,
        }
    }

    /// Time is up: what has not been written is lost. Whether there was something.
    pub fn give_up(&mut self) -> bool {
        let is_lost = matches!(self.waiting(), Ok(1..));
        self.fail();
        is_lost
    }

    /// The client wants the socket to be shut down for writing, after what waits has been written.
    pub fn want_shutdown(&mut self) {
        if self.shutdown == Shutdown::NotWanted {
            self.shutdown = Shutdown::Wanted;
        }
    }

    /// Whether to shut down now. Says so once.
    pub fn take_shutdown(&mut self) -> bool {
        // What stands in a ring that is of no use is not waited for.
        let now = self.shutdown == Shutdown::Wanted && !matches!(self.waiting(), Ok(1..));
        if now {
            self.shutdown = Shutdown::Done;
        }
        now
    }
}
