/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Messages over a ring: each is its length in four bytes, and its bytes.

use crate::ring::{Consumer, Corrupt, Producer, Room};

/// The longest message. Far above what any request or event needs, and so short that some always fit a queue.
pub const MAX_MESSAGE: usize = 16 * 1024;

/// What stands before each message.
const LENGTH: usize = 4;

/// The end that writes messages.
#[derive(Debug)]
pub struct MessageWriter<R>(Producer<R>);

impl<R: Room> MessageWriter<R> {
    /// The writing end of a ring that is new.
    pub fn new(room: R) -> Self {
        Self(Producer::new(room))
    }

    /// Write a message, or nothing where there is no room for all of it: false.
    ///
    /// # Panics
    ///
    /// If it is longer than [`MAX_MESSAGE`], which no message of the contract is.
    pub fn write(&mut self, message: &[u8]) -> Result<bool, Corrupt> {
        assert!(message.len() <= MAX_MESSAGE);
        if self.0.room()? < LENGTH + message.len() {
            return Ok(false);
        }
        self.0.put(0, &(message.len() as u32).to_ne_bytes());
        self.0.put(LENGTH, message);
        self.0.publish(LENGTH + message.len());
        Ok(true)
    }

    /// Whether the reader sleeps and is to be told. To be called after messages were written.
    pub fn must_tell(&self) -> bool {
        self.0.must_tell()
    }

    /// Wish to be told when there is room for any message. False if there is already.
    pub fn wait_for_room(&mut self) -> Result<bool, Corrupt> {
        self.0.wait_for_room(LENGTH + MAX_MESSAGE)
    }
}

/// The end that reads messages.
#[derive(Debug)]
pub struct MessageReader<R>(Consumer<R>);

impl<R: Room> MessageReader<R> {
    /// The reading end of a ring that is new.
    pub fn new(room: R) -> Self {
        Self(Consumer::new(room))
    }

    /// Read the next message into `message`, whose contents are replaced. False where there is none.
    pub fn read(&mut self, message: &mut Vec<u8>) -> Result<bool, Corrupt> {
        let available = self.0.available()?;
        if available == 0 {
            return Ok(false);
        }
        // Messages are given whole or not at all.
        if available < LENGTH {
            return Err(Corrupt);
        }
        let mut length = [0; LENGTH];
        self.0.peek(0, &mut length);
        let length = u32::from_ne_bytes(length) as usize;
        if length > MAX_MESSAGE || available - LENGTH < length {
            return Err(Corrupt);
        }
        message.clear();
        message.resize(length, 0);
        self.0.peek(LENGTH, message);
        self.0.consume(LENGTH + length);
        Ok(true)
    }

    /// Whether the writer sleeps and is to be told. To be called after messages were read.
    pub fn must_tell(&self) -> bool {
        self.0.must_tell()
    }

    /// Wish to be told when there is a message. False if there is one already.
    pub fn wait_for_message(&mut self) -> Result<bool, Corrupt> {
        self.0.wait_for_bytes()
    }
}
