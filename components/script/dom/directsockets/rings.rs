/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Script's side of the memory that is shared with net: which rings are in use, and what is being written to them.
//!
//! The ends that bytes come out of belong to the sockets, and are used on the script thread alone. The ends that bytes
//! are put into are here, because the thread that receives events goes on with a chunk for which there was no room.

use direct_sockets_plane::{Corrupt, MessageWriter, Producer, Room, Segment, Slots, Span, ring_of};
use direct_sockets_traits::limits::MAX_RECORD;
use direct_sockets_traits::{RingId, SocketError, SocketId, SocketRequest, WriteResult};
use rustc_hash::FxHashMap;

/// With fewer rings left than this, more are asked for.
const FEW: u32 = 64;

/// How far a chunk has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Written {
    /// All of it is in the ring.
    Now,
    /// The rest follows when there is room.
    Later,
    /// The ring is of no use.
    Failed(SocketError),
}

/// What a chunk is to its ring.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Chunk {
    /// Bytes of a connection, which go in as room comes. They are written when all are in the ring.
    Bytes,
    /// A datagram, which goes in whole.
    Datagram {
        /// Whether it is written when it is in the ring. Of others net says so.
        early: bool,
    },
}

/// A chunk for which there was no room.
struct Rest {
    bytes: Vec<u8>,
    done: usize,
    chunk: Chunk,
}

/// The end that chunks are put into.
enum Writer {
    Bytes(Producer<Span>),
    Datagrams(MessageWriter<Span>),
}

impl Writer {
    fn new(span: Span, chunk: Chunk) -> Self {
        match chunk {
            Chunk::Bytes => Self::Bytes(Producer::new(span)),
            Chunk::Datagram { .. } => Self::Datagrams(MessageWriter::with_limit(span, MAX_RECORD)),
        }
    }

    /// Put in as many bytes as there is room for; how many.
    fn put(&mut self, bytes: &[u8]) -> Result<usize, Corrupt> {
        match self {
            Self::Bytes(ring) => ring.write(bytes),
            Self::Datagrams(ring) => Ok(if ring.write(bytes)? { bytes.len() } else { 0 }),
        }
    }

    /// Wish to be told of room. False if there is some already.
    fn wait_for_room(&mut self) -> Result<bool, Corrupt> {
        match self {
            Self::Bytes(ring) => ring.wait_for_room(ring.window() / 2),
            Self::Datagrams(ring) => ring.wait_for_room(),
        }
    }

    fn must_tell(&self) -> bool {
        match self {
            Self::Bytes(ring) => ring.must_tell(),
            Self::Datagrams(ring) => ring.must_tell(),
        }
    }

    fn position(&self) -> u64 {
        match self {
            Self::Bytes(ring) => ring.position(),
            Self::Datagrams(ring) => ring.position(),
        }
    }

    /// How many bytes net has not taken.
    fn used(&mut self) -> Result<usize, Corrupt> {
        match self {
            Self::Bytes(ring) => ring.used(),
            Self::Datagrams(ring) => ring.used(),
        }
    }
}

/// The rings of one global.
#[derive(Default)]
pub(crate) struct Rings {
    segments: Vec<Segment>,
    slots: Slots,
    /// Whether net has been asked for more.
    asked: bool,
    /// Who gets a ring when there are more.
    waiting: Vec<SocketId>,
    sockets: FxHashMap<SocketId, SocketRings>,
    /// How many sockets have a chunk for which there was no room.
    rests: usize,
}

/// The rings of one connection.
#[derive(Default)]
struct SocketRings {
    in_use: Vec<RingId>,
    writer: Option<Writer>,
    /// At most one chunk a socket, as Streams writes one at a time.
    rest: Option<Rest>,
    /// What stands before this position belongs to chunks that are reported as written.
    reported: u64,
    /// No write follows.
    is_over: bool,
}

impl SocketRings {
    /// Whether something that is reported as written was not given to the OS, as far as net has said.
    fn has_unsent(&mut self) -> bool {
        // Where the OS has refused it, that is told already.
        let Some(writer) = &mut self.writer else {
            return false;
        };
        match writer.used() {
            Ok(used) => writer.position() - (used as u64) < self.reported,
            Err(Corrupt) => true,
        }
    }

    /// Put a chunk into the ring, as far as there is room for it; whether net is to be told, and how many bytes.
    fn put(&mut self, bytes: &[u8], chunk: Chunk) -> Result<(bool, usize), Corrupt> {
        let Some(writer) = &mut self.writer else {
            return Ok((false, 0));
        };
        let mut count = 0;
        loop {
            count += writer.put(&bytes[count..])?;
            if count == bytes.len() {
                if chunk != (Chunk::Datagram { early: false }) {
                    self.reported = writer.position();
                }
                return Ok((writer.must_tell(), count));
            }
            // Whether net has made room meanwhile.
            if writer.wait_for_room()? {
                return Ok((writer.must_tell(), count));
            }
        }
    }
}

impl Rings {
    /// There are more rings; those who wait for one.
    pub(crate) fn add(&mut self, segment: Segment) -> Vec<SocketId> {
        self.slots.add(segment.slots());
        self.segments.push(segment);
        self.asked = false;
        std::mem::take(&mut self.waiting)
    }

    /// Nothing is written any more. The sockets of which something is lost that was reported as written.
    pub(crate) fn end(&mut self) -> Vec<SocketId> {
        let mut ended = std::mem::take(self);
        let unsent = ended
            .sockets
            .iter_mut()
            .filter_map(|(id, socket)| socket.has_unsent().then_some(*id));
        unsent.collect()
    }

    /// Whether a chunk waits for room.
    pub(crate) fn has_rest(&self) -> bool {
        self.rests > 0
    }

    /// Where what was put in last ends.
    pub(crate) fn position(&self, id: SocketId) -> u64 {
        let socket = self.sockets.get(&id);
        let writer = socket.and_then(|socket| socket.writer.as_ref());
        writer.map_or(0, Writer::position)
    }

    /// A ring that nobody uses.
    fn take(&mut self, id: SocketId, requests: &mut Vec<SocketRequest>) -> Option<(RingId, Span)> {
        if self.slots.unused() < FEW && !std::mem::replace(&mut self.asked, true) {
            requests.push(SocketRequest::MoreRings);
        }
        let Some(ring) = self.slots.take() else {
            self.waiting.push(id);
            return None;
        };
        let span = ring_of(&self.segments, ring)?;
        span.header().reset();
        self.sockets.entry(id).or_default().in_use.push(ring);
        Some((ring, span))
    }

    /// Have net read into a ring: what to ask of it, and the ring.
    pub(crate) fn start_read(&mut self, id: SocketId) -> (Vec<SocketRequest>, Option<Span>) {
        let mut requests = Vec::new();
        let span = self.take(id, &mut requests).map(|(ring, span)| {
            requests.push(SocketRequest::ReadInto { id, ring });
            span
        });
        (requests, span)
    }

    /// Write a chunk: what to ask of net, and how far it has come.
    pub(crate) fn write(
        &mut self,
        id: SocketId,
        bytes: &[u8],
        chunk: Chunk,
    ) -> (Vec<SocketRequest>, Written) {
        let mut requests = Vec::new();
        // An empty chunk needs no ring (decision AMB-22). An empty datagram is not empty there.
        if bytes.is_empty() {
            return (requests, Written::Now);
        }
        self.start_write(id, chunk, &mut requests);
        let socket = self.sockets.entry(id).or_default();
        let written = match socket.put(bytes, chunk) {
            Ok((tells, count)) => {
                if tells {
                    requests.push(SocketRequest::Bytes { id });
                }
                if count < bytes.len() {
                    socket.rest = Some(Rest {
                        bytes: bytes[count..].to_vec(),
                        done: 0,
                        chunk,
                    });
                    self.rests += 1;
                    Written::Later
                } else {
                    Written::Now
                }
            },
            Err(Corrupt) => Written::Failed(SocketError::MemoryDamaged),
        };
        (requests, written)
    }

    /// Have net write from a ring, if it does not already and if there is one.
    fn start_write(&mut self, id: SocketId, chunk: Chunk, requests: &mut Vec<SocketRequest>) {
        let has_writer = |socket: &SocketRings| socket.writer.is_some() || socket.is_over;
        if self.sockets.get(&id).is_some_and(has_writer) {
            return;
        }
        if let Some((ring, span)) = self.take(id, requests) {
            self.sockets.entry(id).or_default().writer = Some(Writer::new(span, chunk));
            requests.push(SocketRequest::WriteFrom { id, ring });
        }
    }

    /// There is room, or a ring: go on with the chunk that waits for it. What to ask of net, and how the chunk ended if
    /// it did.
    pub(crate) fn go_on(&mut self, id: SocketId) -> (Vec<SocketRequest>, Option<WriteResult>) {
        let mut requests = Vec::new();
        let rest = self
            .sockets
            .get(&id)
            .and_then(|socket| socket.rest.as_ref());
        let Some(chunk) = rest.map(|rest| rest.chunk) else {
            return (requests, None);
        };
        self.start_write(id, chunk, &mut requests);
        let socket = self.sockets.entry(id).or_default();
        let Some(mut rest) = socket.rest.take() else {
            return (requests, None);
        };
        self.rests -= 1;
        let result = match socket.put(&rest.bytes[rest.done..], chunk) {
            Ok((tells, count)) => {
                if tells {
                    requests.push(SocketRequest::Bytes { id });
                }
                rest.done += count;
                if rest.done < rest.bytes.len() {
                    socket.rest = Some(rest);
                    self.rests += 1;
                    None
                } else {
                    (chunk != (Chunk::Datagram { early: false })).then_some(WriteResult::Done)
                }
            },
            Err(Corrupt) => Some(WriteResult::Error(SocketError::MemoryDamaged)),
        };
        (requests, result)
    }

    /// Write no more: whether a chunk was waiting for room, and which bytes belong to chunks that are reported as
    /// written.
    pub(crate) fn interrupt(&mut self, id: SocketId) -> (bool, u64) {
        match self.sockets.get_mut(&id) {
            Some(socket) => {
                socket.is_over = true;
                let was_writing = socket.rest.take().is_some();
                self.rests -= usize::from(was_writing);
                (was_writing, socket.reported)
            },
            None => (false, 0),
        }
    }

    /// The OS takes no more: what was in the ring is lost.
    pub(crate) fn stop(&mut self, id: SocketId) {
        self.interrupt(id);
        if let Some(socket) = self.sockets.get_mut(&id) {
            socket.writer = None;
        }
    }

    /// Neither net nor the socket uses its rings any more.
    pub(crate) fn release(&mut self, id: SocketId) {
        let Some(socket) = self.sockets.remove(&id) else {
            return;
        };
        self.rests -= usize::from(socket.rest.is_some());
        for ring in socket.in_use {
            if let Some(span) = ring_of(&self.segments, ring) {
                span.recycle();
            }
            self.slots.give_back(ring);
        }
    }
}
