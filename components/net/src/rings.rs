/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The memory that one client shares with net.

use std::io;
use std::os::fd::OwnedFd;

use direct_sockets_plane::{Plane, Segment, Span, ring_of};
use direct_sockets_traits::RingId;

/// The rings of one client. Mapped until the last socket of the client that uses one is closed.
#[derive(Debug)]
pub struct Rings {
    segments: Vec<Segment>,
    /// How many rings the client can need at most.
    enough: u64,
}

impl Rings {
    /// The first ones, for a client that may have so many sockets.
    pub fn new(plane: &Plane, max_sockets: usize) -> Self {
        Self {
            segments: vec![plane.segment()],
            // One in each direction, and as many that are not free again yet.
            enough: (max_sockets as u64).saturating_mul(4),
        }
    }

    /// Some more, and the descriptor to hand to the client; nothing if it has enough.
    pub fn add(&mut self) -> io::Result<Option<OwnedFd>> {
        let count: u64 = self
            .segments
            .iter()
            .map(|segment| u64::from(segment.slots()))
            .sum();
        if count >= self.enough {
            return Ok(None);
        }
        let (segment, descriptor) = Segment::create()?;
        self.segments.push(segment);
        Ok(Some(descriptor))
    }

    /// The bytes of all memory that the client has.
    pub fn memory_length(&self) -> u64 {
        let lengths = self.segments.iter().map(Segment::memory_length);
        lengths.map(|length| length as u64).sum()
    }

    /// One of them.
    pub fn get(&self, ring: RingId) -> Option<Span> {
        ring_of(&self.segments, ring)
    }
}
