/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The bytes on their way from a page to the OS: chunks, credit, and the answers to them. No I/O.

use std::collections::VecDeque;
use std::io::IoSlice;

use direct_sockets_traits::limits::{MAX_PAYLOAD, WRITE_CREDIT_BATCH, WRITE_WINDOW};
use direct_sockets_traits::{SocketError, SocketEvent, WriteResult};
use serde_bytes::ByteBuf;

/// How many pieces may wait. Four full ones fill the window; the rest is room for small ones.
const MAX_PIECES: usize = 64;

/// How many pieces are offered to the OS at once: the whole window where the pieces are full.
const PIECES_AT_ONCE: usize = 4;

/// The client has sent more than it was allowed to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Overrun;

#[derive(Debug)]
struct Piece {
    bytes: ByteBuf,
    sent: usize,
    last: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Shutdown {
    #[default]
    NotWanted,
    Wanted,
    Done,
}

/// The write side of one socket.
#[derive(Debug, Default)]
pub struct WriteSide {
    pieces: VecDeque<Piece>,
    /// Bytes in `pieces` that the OS has not taken.
    held: usize,
    /// Bytes that the client has sent and got no credit back for.
    uncredited: usize,
    /// Those of them that the OS has taken.
    taken: usize,
    /// A chunk has begun and has not been answered.
    chunk_is_open: bool,
    /// No write follows.
    is_over: bool,
    shutdown: Shutdown,
}

impl WriteSide {
    /// A piece of a chunk has come. After an error, an abort or a shutdown it is dropped.
    pub fn push(&mut self, bytes: ByteBuf, last: bool) -> Result<(), Overrun> {
        if self.is_over || self.shutdown != Shutdown::NotWanted {
            return Ok(());
        }
        let length = bytes.len();
        if length > MAX_PAYLOAD
            || self.uncredited + length > WRITE_WINDOW as usize
            || self.pieces.len() >= MAX_PIECES
        {
            return Err(Overrun);
        }
        self.uncredited += length;
        self.held += length;
        self.chunk_is_open = true;
        // A piece of no bytes that does not end its chunk says nothing.
        if length > 0 || last {
            self.pieces.push_back(Piece {
                bytes,
                sent: 0,
                last,
            });
        }
        Ok(())
    }

    /// How many bytes wait for the OS.
    pub fn held(&self) -> usize {
        self.held
    }

    /// What to offer to the OS next, in `room`.
    pub fn offer<'a>(&'a self, room: &mut [IoSlice<'a>; PIECES_AT_ONCE]) -> usize {
        let waiting = self
            .pieces
            .iter()
            .filter(|piece| piece.sent < piece.bytes.len());
        let mut count = 0;
        for (slot, piece) in room.iter_mut().zip(waiting) {
            *slot = IoSlice::new(&piece.bytes[piece.sent..]);
            count += 1;
        }
        count
    }

    /// Room for [`WriteSide::offer`].
    pub fn room<'a>() -> [IoSlice<'a>; PIECES_AT_ONCE] {
        [IoSlice::new(&[]); PIECES_AT_ONCE]
    }

    /// The OS has taken `count` bytes of what was offered. Also to be called with 0 when pieces have
    /// come, for chunks that need no system call (decision AMB-22).
    pub fn taken(&mut self, mut count: usize) -> Vec<SocketEvent> {
        let mut events = Vec::new();
        while let Some(piece) = self.pieces.front_mut() {
            let part = count.min(piece.bytes.len() - piece.sent);
            piece.sent += part;
            count -= part;
            self.held -= part;
            self.taken += part;
            if piece.sent < piece.bytes.len() {
                break;
            }
            let last = piece.last;
            self.pieces.pop_front();
            if last {
                // The answer to a chunk returns all its credit.
                self.uncredited -= self.taken;
                self.taken = 0;
                self.chunk_is_open = !self.pieces.is_empty();
                events.push(SocketEvent::Written(WriteResult::Done));
            }
        }
        if self.taken >= WRITE_CREDIT_BATCH as usize {
            self.uncredited -= self.taken;
            // Within the window, so it fits.
            events.push(SocketEvent::WriteCredit(self.taken as u32));
            self.taken = 0;
        }
        events
    }

    /// The OS has reported an error.
    pub fn fail(&mut self, error: SocketError) -> Option<SocketEvent> {
        self.end(WriteResult::Error(error))
    }

    /// The client wants no more to be written (decision AMB-16).
    pub fn abort(&mut self) -> Option<SocketEvent> {
        self.end(WriteResult::Interrupted)
    }

    fn end(&mut self, result: WriteResult) -> Option<SocketEvent> {
        self.is_over = true;
        self.pieces = VecDeque::new();
        self.held = 0;
        std::mem::take(&mut self.chunk_is_open).then_some(SocketEvent::Written(result))
    }

    /// The client wants the socket to be shut down for writing, after what waits has been written.
    pub fn want_shutdown(&mut self) {
        if self.shutdown == Shutdown::NotWanted {
            self.shutdown = Shutdown::Wanted;
        }
    }

    /// Whether to shut down now. Says so once.
    pub fn take_shutdown(&mut self) -> bool {
        let now = self.shutdown == Shutdown::Wanted && self.pieces.is_empty();
        if now {
            self.shutdown = Shutdown::Done;
        }
        now
    }
}
