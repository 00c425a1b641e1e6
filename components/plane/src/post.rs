/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Both queues of a client, as one of the two sides has them: messages of the contract go out, and come in.

use std::collections::VecDeque;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::layout::Plane;
use crate::memory::Span;
use crate::queue::{MAX_MESSAGE, MessageReader, MessageWriter};
use crate::ring::Corrupt;

/// Why the queues are of no use any more. The client ends.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum PostError {
    /// The other side has written what cannot be.
    #[error("the shared memory holds impossible positions or messages")]
    Corrupt,
    /// One side writes more than the other one can take.
    #[error("too many messages wait")]
    Overrun,
    /// A message is longer than any of the contract.
    #[error("a message is too long")]
    TooLong,
}

impl From<Corrupt> for PostError {
    fn from(_: Corrupt) -> Self {
        Self::Corrupt
    }
}

/// A message as bytes, in a buffer whose contents are replaced.
pub fn encode(message: &impl Serialize, mut buffer: Vec<u8>) -> Result<Vec<u8>, PostError> {
    buffer.clear();
    postcard::to_extend(message, buffer).map_err(|_| PostError::TooLong)
}

/// The message that these bytes are.
pub fn decode<'bytes, T: Deserialize<'bytes>>(bytes: &'bytes [u8]) -> Result<T, PostError> {
    postcard::from_bytes(bytes).map_err(|_| PostError::Corrupt)
}

/// One side's ends of the two queues.
///
/// Nothing blocks: what there is no room for waits here, in order, up to a limit.
#[derive(Debug)]
pub struct Post {
    writer: MessageWriter<Span>,
    reader: MessageReader<Span>,
    waiting: VecDeque<Vec<u8>>,
    /// How many messages may wait.
    limit: usize,
    scratch: Vec<u8>,
}

impl Post {
    /// The side that sends requests and receives events, which may let `limit` requests wait.
    pub fn of_script(plane: &Plane, limit: usize) -> Self {
        Self::new(plane.requests(), plane.events(), limit)
    }

    /// The side that receives requests and sends events, which may let `limit` events wait.
    pub fn of_net(plane: &Plane, limit: usize) -> Self {
        Self::new(plane.events(), plane.requests(), limit)
    }

    fn new(out: Span, into: Span, limit: usize) -> Self {
        Self {
            writer: MessageWriter::new(out),
            reader: MessageReader::new(into),
            waiting: VecDeque::new(),
            limit,
            scratch: Vec::new(),
        }
    }

    /// Send a message. One that finds no room wishes to be told of some.
    pub fn send(&mut self, message: &impl Serialize) -> Result<(), PostError> {
        let bytes = encode(message, std::mem::take(&mut self.scratch))?;
        if bytes.len() > MAX_MESSAGE {
            return Err(PostError::TooLong);
        }
        if self.waiting.is_empty() && self.writer.write(&bytes)? {
            self.scratch = bytes;
            return Ok(());
        }
        if self.waiting.len() >= self.limit {
            return Err(PostError::Overrun);
        }
        self.waiting.push_back(bytes);
        self.flush()
    }

    /// The next message, if there is one.
    pub fn receive<T: DeserializeOwned>(&mut self) -> Result<Option<T>, PostError> {
        if !self.reader.read(&mut self.scratch)? {
            return Ok(None);
        }
        decode(&self.scratch).map(Some)
    }

    /// Whether [`Self::receive`] has something to say.
    pub fn has_more(&mut self) -> bool {
        !matches!(self.reader.available(), Ok(0))
    }

    /// Whether the other side sleeps and is to be told: of messages, or of room for its own. To be called after
    /// [`Self::send`] and after [`Self::receive`]. Says so once for each time.
    pub fn must_tell(&self) -> bool {
        // Both are asked: each forgets with the answer that the other side wished for it.
        let has_messages = self.writer.must_tell();
        let has_room = self.reader.must_tell();
        has_messages || has_room
    }

    /// Give out as many of the messages that wait here as there is room for.
    pub fn flush(&mut self) -> Result<(), PostError> {
        while let Some(message) = self.waiting.front() {
            if self.writer.write(message)? {
                self.waiting.pop_front();
            } else if self.writer.wait_for_room()? {
                break;
            }
        }
        Ok(())
    }

    /// Whether everything that was sent is in the queue.
    pub fn is_flushed(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Wish to be told when there is a message, or room for those that wait here. False if there is a message already.
    pub fn wait(&mut self) -> Result<bool, PostError> {
        self.flush()?;
        Ok(self.reader.wait_for_message()?)
    }
}
