/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What lies where.
//!
//! ```text
//! the memory that a client gets first               those that it asks for later
//!   one page: bell, headers of the two queues         headers of its rings
//!   the queue of requests                             rings
//!   the queue of events
//!   headers of the first rings
//!   the first rings
//! ```

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use direct_sockets_traits::RingId;
use ipc_channel::ipc::IpcSharedMemory;

use crate::bell::Bell;
use crate::memory::{ALIGNMENT, Memory, Span};
use crate::ring::{Header, Room};

/// The capacity of each queue.
const QUEUE: usize = 256 * 1024;

/// The capacity of each ring. A ring takes as many of its pages as were ever full at the same time.
const RING: usize = 512 * 1024;

/// How many rings the first memory has.
pub const FIRST_SLOTS: u32 = 256;

/// How many rings each later one has.
pub const LATER_SLOTS: u32 = 1024;

const BELL: usize = 0;
const REQUESTS: usize = Header::SIZE;
const EVENTS: usize = 2 * Header::SIZE;
const FIRST_SEGMENT: usize = ALIGNMENT + 2 * QUEUE;

/// The bytes that so many rings take, headers included.
const fn segment_length(slots: u32) -> usize {
    headers_length(slots) + slots as usize * RING
}

const fn headers_length(slots: u32) -> usize {
    (slots as usize * Header::SIZE).next_multiple_of(ALIGNMENT)
}

/// The memory that a client gets first.
#[derive(Clone, Debug)]
pub struct Plane(Arc<Memory>);

impl Plane {
    const LENGTH: usize = FIRST_SEGMENT + segment_length(FIRST_SLOTS);

    /// Make one, and the descriptor to hand to script.
    pub fn create() -> io::Result<(Self, OwnedFd)> {
        let (memory, descriptor) = Memory::create(Self::LENGTH)?;
        let plane = Self(memory);
        plane.requests().header().reset();
        plane.events().header().reset();
        Ok((plane, descriptor))
    }

    /// Take the one that net has made. `None` if it is not one.
    pub fn received(memory: IpcSharedMemory) -> Option<Self> {
        Memory::received(memory, Self::LENGTH).map(Self)
    }

    /// One of this process alone, for tests.
    #[doc(hidden)]
    pub fn private() -> Self {
        let plane = Self(Memory::private(Self::LENGTH));
        plane.requests().header().reset();
        plane.events().header().reset();
        plane
    }

    /// Where the thread sleeps that waits for events.
    pub fn bell(&self) -> Bell {
        Bell::new(self.0.clone(), BELL)
    }

    /// The queue from script to net.
    pub fn requests(&self) -> Span {
        Span::new(self.0.clone(), REQUESTS, ALIGNMENT, QUEUE)
    }

    /// The queue from net to script.
    pub fn events(&self) -> Span {
        Span::new(self.0.clone(), EVENTS, ALIGNMENT + QUEUE, QUEUE)
    }

    /// The first rings.
    pub fn segment(&self) -> Segment {
        Segment {
            memory: self.0.clone(),
            start: FIRST_SEGMENT,
            slots: FIRST_SLOTS,
        }
    }
}

/// Rings side by side, in a memory that may hold other things too.
#[derive(Clone, Debug)]
pub struct Segment {
    memory: Arc<Memory>,
    start: usize,
    slots: u32,
}

impl Segment {
    /// Make more rings, and the descriptor to hand to script.
    pub fn create() -> io::Result<(Self, OwnedFd)> {
        let (memory, descriptor) = Memory::create(segment_length(LATER_SLOTS))?;
        Ok((Self::later(memory), descriptor))
    }

    /// Take those that net has made. `None` if they are none.
    pub fn received(memory: IpcSharedMemory) -> Option<Self> {
        Memory::received(memory, segment_length(LATER_SLOTS)).map(Self::later)
    }

    fn later(memory: Arc<Memory>) -> Self {
        Self {
            memory,
            start: 0,
            slots: LATER_SLOTS,
        }
    }

    /// The bytes of the memory, with whatever else is in it.
    pub fn memory_length(&self) -> usize {
        self.memory.length()
    }

    /// How many rings there are.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// One of the rings, counted from 0 in this segment.
    pub fn ring(&self, number: u32) -> Option<Span> {
        (number < self.slots).then(|| {
            let header = self.start + number as usize * Header::SIZE;
            let start = self.start + headers_length(self.slots) + number as usize * RING;
            Span::new(self.memory.clone(), header, start, RING)
        })
    }
}

/// The ring of this number among all segments of a client, in the order in which net has made them.
pub fn ring_of(segments: &[Segment], RingId(number): RingId) -> Option<Span> {
    let mut number = number;
    for segment in segments {
        if number < segment.slots() {
            return segment.ring(number);
        }
        number -= segment.slots();
    }
    None
}
