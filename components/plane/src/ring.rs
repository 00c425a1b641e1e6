/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! One producer, one consumer, and bytes between them.
//!
//! Positions count bytes since the beginning of the ring and never wrap (64 bits last for centuries). The byte of
//! position
//! `p` lies at `(p - base) mod capacity`. The producer moves `base` up to its own position whenever it finds the ring
//! empty, so that little traffic uses little memory: the pages at the end of a ring that was never full were never
//! touched.
//!
//! # Waking
//!
//! A side that finds nothing to do writes into the header at which position of the other side it wants to be
//! told, *then* looks again, and sleeps only if there is still nothing. The other side moves its position, *then*
//! looks at that wish. Between the two steps each side has a sequentially consistent fence, so at least one of them
//! sees the other's step: no wake-up is lost. `tests/loom.rs` checks that over all interleavings that the memory
//! model allows. Taking the wish away is one atomic exchange, so each wish is answered once at most.

use std::mem::size_of;

use thiserror::Error;

use crate::sync::{AtomicU64, Ordering, fence};

/// Nobody wants to be told.
const NEVER: u64 = u64::MAX;

/// The other side has written positions that cannot be. The ring is of no use any more.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the shared memory holds impossible positions")]
pub struct Corrupt;

/// What stands in the memory for each ring: a line of the producer's, one of the consumer's, and one for the two
/// wishes, so that the sides do not take the same cache line from each other for each byte.
///
/// All bit patterns are valid.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Header {
    head: AtomicU64,
    base: AtomicU64,
    _producer: [u64; 6],
    tail: AtomicU64,
    _consumer: [u64; 7],
    tell_producer_at: AtomicU64,
    tell_consumer_at: AtomicU64,
    _wishes: [u64; 6],
}

impl Header {
    /// How many bytes of the memory a header takes.
    pub const SIZE: usize = size_of::<Self>();

    /// A header in memory of this process alone, for tests.
    pub fn new() -> Self {
        Self {
            head: AtomicU64::new(0),
            base: AtomicU64::new(0),
            _producer: [0; 6],
            tail: AtomicU64::new(0),
            _consumer: [0; 7],
            tell_producer_at: AtomicU64::new(NEVER),
            tell_consumer_at: AtomicU64::new(NEVER),
            _wishes: [0; 6],
        }
    }

    /// Make the ring empty and new. Only for the side that gives it away, before the other one knows of it.
    pub fn reset(&self) {
        self.head.store(0, Ordering::Relaxed);
        self.base.store(0, Ordering::Relaxed);
        self.tail.store(0, Ordering::Relaxed);
        self.tell_producer_at.store(NEVER, Ordering::Relaxed);
        self.tell_consumer_at.store(NEVER, Ordering::Relaxed);
    }

    /// How many bytes the producer says it has put in. A hint, and no more.
    #[cfg_attr(loom, allow(dead_code))]
    pub(crate) fn claimed(&self) -> u64 {
        self.head.load(Ordering::Relaxed)
    }

    /// Overwrite everything, as a hostile peer may at any time. For tests.
    #[doc(hidden)]
    pub fn scribble(&self, words: [u64; 5]) {
        let [head, base, tail, producer, consumer] = words;
        self.head.store(head, Ordering::Relaxed);
        self.base.store(base, Ordering::Relaxed);
        self.tail.store(tail, Ordering::Relaxed);
        self.tell_producer_at.store(producer, Ordering::Relaxed);
        self.tell_consumer_at.store(consumer, Ordering::Relaxed);
    }
}

impl Default for Header {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a ring lies: a header and a power of two of bytes.
pub trait Room {
    /// The header. Always the same one.
    fn header(&self) -> &Header;

    /// How many bytes there are: a power of two, always the same.
    fn capacity(&self) -> usize;

    /// Copy bytes in at an offset; the range lies within the capacity.
    fn copy_in(&self, offset: usize, bytes: &[u8]);

    /// Copy bytes out from an offset; the range lies within the capacity.
    fn copy_out(&self, offset: usize, bytes: &mut [u8]);
}

/// Up to two pieces of a ring that follow each other, the second one at the ring's beginning: offset and length.
pub(crate) type Pieces = [(usize, usize); 2];

fn pieces(position: u64, base: u64, length: usize, capacity: usize) -> Pieces {
    // Masked, whatever the positions are: no offset lies outside.
    let offset = position.wrapping_sub(base) as usize & (capacity - 1);
    let first = length.min(capacity - offset);
    [(offset, first), (0, length - first)]
}

/// Wish to be told at a position. The exchange orders this after the answer to an earlier wish.
fn make_wish(wish: &AtomicU64, at: u64) {
    wish.swap(at, Ordering::AcqRel);
    // After the wish was written, before the position is looked at again.
    fence(Ordering::SeqCst);
}

/// There is no need to be told.
fn drop_wish(wish: &AtomicU64) {
    wish.swap(NEVER, Ordering::AcqRel);
}

/// Whether somebody who wished to be told at `wish` is to be told now; says so once.
fn take_wish(wish: &AtomicU64, position: u64) -> bool {
    // After the position was moved, before the wish is looked at.
    fence(Ordering::SeqCst);
    let at = wish.load(Ordering::Relaxed);
    at <= position && at != NEVER && wish.swap(NEVER, Ordering::AcqRel) != NEVER
}

/// The end that puts bytes in.
#[derive(Debug)]
pub struct Producer<R> {
    room: R,
    head: u64,
    /// The consumer's position when it was last looked at.
    tail: u64,
    base: u64,
    /// How many bytes may be in the ring at most.
    window: usize,
}

impl<R: Room> Producer<R> {
    /// The producing end of a ring that is new.
    pub fn new(room: R) -> Self {
        let window = room.capacity();
        debug_assert!(window.is_power_of_two());
        Self {
            room,
            head: 0,
            tail: 0,
            base: 0,
            window,
        }
    }

    /// Where the ring lies.
    pub fn place(&self) -> &R {
        &self.room
    }

    /// How many bytes have been put in since the beginning.
    pub fn position(&self) -> u64 {
        self.head
    }

    /// How many bytes may be in the ring at the same time.
    pub fn window(&self) -> usize {
        self.window
    }

    /// Change how many bytes may be in the ring at the same time: at least 1, at most the capacity.
    pub fn set_window(&mut self, bytes: usize) {
        self.window = bytes.clamp(1, self.room.capacity());
    }

    /// How many bytes can be put in now.
    pub fn room(&mut self) -> Result<usize, Corrupt> {
        Ok(self.window.saturating_sub(self.used()?))
    }

    /// How many bytes the consumer has not taken.
    pub fn used(&mut self) -> Result<usize, Corrupt> {
        let header = self.room.header();
        let tail = header.tail.load(Ordering::Acquire);
        if tail < self.tail || tail > self.head {
            return Err(Corrupt);
        }
        self.tail = tail;
        if tail == self.head && self.base != tail {
            // The consumer looks at it only where there are bytes, after it has seen the position that `publish` writes
            // after this.
            self.base = tail;
            header.base.store(tail, Ordering::Relaxed);
        }
        Ok((self.head - tail) as usize)
    }

    /// Copy in as many of the bytes as there is room for, and give them to the consumer. Returns how many.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Corrupt> {
        let count = bytes.len().min(self.room()?);
        if count > 0 {
            self.put(0, &bytes[..count]);
            self.publish(count);
        }
        Ok(count)
    }

    /// Copy bytes in behind `ahead` others that have not been given to the consumer. There must be room for all.
    pub(crate) fn put(&self, ahead: usize, bytes: &[u8]) {
        let at = self.head + ahead as u64;
        let [(offset, first), (_, rest)] = pieces(at, self.base, bytes.len(), self.room.capacity());
        self.room.copy_in(offset, &bytes[..first]);
        if rest > 0 {
            self.room.copy_in(0, &bytes[first..]);
        }
    }

    /// Where the next `length` bytes go. There must be room for them.
    #[cfg_attr(loom, allow(dead_code))]
    pub(crate) fn next(&self, length: usize) -> Pieces {
        pieces(self.head, self.base, length, self.room.capacity())
    }

    /// Give the consumer `count` bytes more.
    pub(crate) fn publish(&mut self, count: usize) {
        self.head += count as u64;
        let header = self.room.header();
        header.head.store(self.head, Ordering::Release);
    }

    /// Whether the consumer sleeps and is to be told now that bytes are there. Says so once for each time.
    /// To be called after bytes were put in.
    pub fn must_tell(&self) -> bool {
        take_wish(&self.room.header().tell_consumer_at, self.head)
    }

    /// Wish to be told when there is room for `bytes` more, or for a whole window if that is less: there is never room
    /// for more. False if there is already.
    pub fn wait_for_room(&mut self, bytes: usize) -> Result<bool, Corrupt> {
        let bytes = bytes.min(self.window);
        let at = (self.head + bytes as u64).saturating_sub(self.window as u64);
        make_wish(&self.room.header().tell_producer_at, at);
        if self.room()? < bytes {
            return Ok(true);
        }
        // Where the consumer has taken the wish in between, being told once too often does no harm.
        drop_wish(&self.room.header().tell_producer_at);
        Ok(false)
    }
}

/// The end that takes bytes out.
#[derive(Debug)]
pub struct Consumer<R> {
    room: R,
    tail: u64,
    /// The producer's position when it was last looked at.
    head: u64,
    base: u64,
}

impl<R: Room> Consumer<R> {
    /// The consuming end of a ring that is new.
    pub fn new(room: R) -> Self {
        Self {
            room,
            tail: 0,
            head: 0,
            base: 0,
        }
    }

    /// Where the ring lies.
    pub fn place(&self) -> &R {
        &self.room
    }

    /// How many bytes have been taken out since the beginning.
    pub fn position(&self) -> u64 {
        self.tail
    }

    /// How many bytes can be taken out now.
    pub fn available(&mut self) -> Result<usize, Corrupt> {
        let header = self.room.header();
        let head = header.head.load(Ordering::Acquire);
        // A position ahead of the capacity would have overwritten what is here.
        if head < self.head || head - self.tail > self.room.capacity() as u64 {
            return Err(Corrupt);
        }
        self.head = head;
        if head != self.tail {
            // The producer moves it only while the ring is empty.
            self.base = header.base.load(Ordering::Relaxed);
        }
        Ok((head - self.tail) as usize)
    }

    /// How many bytes can be taken out behind `ahead` others. Looks at the producer's position only where it knows of
    /// none, as that takes the cache line from a producer that is busy.
    pub(crate) fn available_behind(&mut self, ahead: usize) -> Result<usize, Corrupt> {
        let known = (self.head - self.tail) as usize;
        let available = if known > ahead {
            known
        } else {
            self.available()?
        };
        Ok(available.saturating_sub(ahead))
    }

    /// Copy out up to as many bytes as there are, and take them away. Returns how many.
    pub fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Corrupt> {
        let count = bytes.len().min(self.available()?);
        if count > 0 {
            self.peek(0, &mut bytes[..count]);
            self.consume(count);
        }
        Ok(count)
    }

    /// Copy bytes out that stand behind `ahead` others, and leave all of them. So many must be available.
    pub(crate) fn peek(&self, ahead: usize, bytes: &mut [u8]) {
        let at = self.tail + ahead as u64;
        let [(offset, first), (_, rest)] = pieces(at, self.base, bytes.len(), self.room.capacity());
        self.room.copy_out(offset, &mut bytes[..first]);
        if rest > 0 {
            self.room.copy_out(0, &mut bytes[first..]);
        }
    }

    /// Where the next `length` bytes lie. So many must be available.
    #[cfg_attr(loom, allow(dead_code))]
    pub(crate) fn next(&self, length: usize) -> Pieces {
        pieces(self.tail, self.base, length, self.room.capacity())
    }

    /// Take `count` bytes away. So many must be available.
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(self.tail + count as u64 <= self.head);
        self.tail += count as u64;
        let header = self.room.header();
        header.tail.store(self.tail, Ordering::Release);
    }

    /// Whether the producer sleeps and is to be told now that there is room. Says so once for each time.
    /// To be called after bytes were taken out.
    pub fn must_tell(&self) -> bool {
        take_wish(&self.room.header().tell_producer_at, self.tail)
    }

    /// Wish to be told when there are bytes. False if there are some already.
    pub fn wait_for_bytes(&mut self) -> Result<bool, Corrupt> {
        make_wish(&self.room.header().tell_consumer_at, self.tail + 1);
        if self.available()? == 0 {
            return Ok(true);
        }
        // Where the producer has taken the wish in between, being told once too often does no harm.
        drop_wish(&self.room.header().tell_consumer_at);
        Ok(false)
    }
}
