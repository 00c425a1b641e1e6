/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Messages over a ring: each is its length in four bytes, and its bytes. The queues of a client have them, and the
//! rings of UDP sockets.

use crate::ring::{Consumer, Corrupt, Producer, Room};

/// The longest message of a queue. Far above what any request or event needs, and so short that some always fit.
pub const MAX_MESSAGE: usize = 16 * 1024;

/// What stands before each message.
const LENGTH: usize = 4;

/// The end that writes messages.
#[derive(Debug)]
pub struct MessageWriter<R> {
    ring: Producer<R>,
    /// The longest message.
    limit: usize,
}

impl<R: Room> MessageWriter<R> {
    /// The writing end of a queue that is new.
    pub fn new(room: R) -> Self {
        Self::with_limit(room, MAX_MESSAGE)
    }

    /// The writing end of a ring that is new, for messages of at most `limit` bytes. The ring must have room for one.
    pub fn with_limit(room: R, limit: usize) -> Self {
        debug_assert!(LENGTH + limit <= room.capacity());
        Self {
            ring: Producer::new(room),
            limit,
        }
    }

    /// Where the ring lies.
    pub fn place(&self) -> &R {
        self.ring.place()
    }

    /// How many bytes of messages the reader has not taken, lengths included.
    pub fn used(&mut self) -> Result<usize, Corrupt> {
        self.ring.used()
    }

    /// How many bytes have been put in since the beginning, lengths included.
    pub fn position(&self) -> u64 {
        self.ring.position()
    }

    /// Write a message, or nothing where there is no room for all of it: false.
    ///
    /// # Panics
    ///
    /// If it is longer than the limit, which no message of the contract is.
    pub fn write(&mut self, message: &[u8]) -> Result<bool, Corrupt> {
        assert!(message.len() <= self.limit);
        if self.ring.room()? < LENGTH + message.len() {
            return Ok(false);
        }
        self.ring.put(0, &(message.len() as u32).to_ne_bytes());
        self.ring.put(LENGTH, message);
        self.ring.publish(LENGTH + message.len());
        Ok(true)
    }

    /// Whether the reader sleeps and is to be told. To be called after messages were written.
    pub fn must_tell(&self) -> bool {
        self.ring.must_tell()
    }

    /// Wish to be told when there is room for any message. False if there is already.
    pub fn wait_for_room(&mut self) -> Result<bool, Corrupt> {
        self.ring.wait_for_room(LENGTH + self.limit)
    }
}

/// The end that reads messages.
#[derive(Debug)]
pub struct MessageReader<R> {
    ring: Consumer<R>,
    /// The longest message.
    limit: usize,
}

impl<R: Room> MessageReader<R> {
    /// The reading end of a queue that is new.
    pub fn new(room: R) -> Self {
        Self::with_limit(room, MAX_MESSAGE)
    }

    /// The reading end of a ring that is new, for messages of at most `limit` bytes.
    pub fn with_limit(room: R, limit: usize) -> Self {
        Self {
            ring: Consumer::new(room),
            limit,
        }
    }

    /// Where the ring lies.
    pub fn place(&self) -> &R {
        self.ring.place()
    }

    /// How many bytes have been taken out since the beginning, lengths included.
    pub fn position(&self) -> u64 {
        self.ring.position()
    }

    /// How many bytes of messages there are, lengths included.
    pub fn available(&mut self) -> Result<usize, Corrupt> {
        self.ring.available()
    }

    /// Read the next message into `message`, whose contents are replaced. False where there is none.
    pub fn read(&mut self, message: &mut Vec<u8>) -> Result<bool, Corrupt> {
        let Some(bytes) = self.look(0, message)? else {
            return Ok(false);
        };
        self.skip(bytes);
        Ok(true)
    }

    /// Copy the message that stands behind `ahead` bytes of others into `message`, whose contents are replaced, and
    /// leave it there. How many bytes it takes there, its length included; nothing where there is none. All that stands
    /// ahead must have been looked at.
    pub fn look(&mut self, ahead: usize, message: &mut Vec<u8>) -> Result<Option<usize>, Corrupt> {
        let available = self.ring.available_behind(ahead)?;
        if available == 0 {
            return Ok(None);
        }
        // Messages are given whole or not at all.
        if available < LENGTH {
            return Err(Corrupt);
        }
        let mut length = [0; LENGTH];
        self.ring.peek(ahead, &mut length);
        let length = u32::from_ne_bytes(length) as usize;
        if length > self.limit || available - LENGTH < length {
            return Err(Corrupt);
        }
        // Without a look at what is there: all of it is replaced.
        message.resize(length, 0);
        self.ring.peek(ahead + LENGTH, message);
        Ok(Some(LENGTH + length))
    }

    /// Take away messages that have been looked at, which take so many bytes.
    pub fn skip(&mut self, bytes: usize) {
        self.ring.consume(bytes);
    }

    /// Whether the writer sleeps and is to be told. To be called after messages were read.
    pub fn must_tell(&self) -> bool {
        self.ring.must_tell()
    }

    /// Wish to be told when there is a message. False if there is one already.
    pub fn wait_for_message(&mut self) -> Result<bool, Corrupt> {
        self.ring.wait_for_bytes()
    }
}
