/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What ties the hops of two processes together: both sides of a client count the same things, and know its sockets and
//! its positions in the rings.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use direct_sockets_traits::{Owner, SocketId};

use crate::event::Event;
use crate::hop::Hop;
use crate::name::Name;
use crate::{RECORDER, is_on};

/// One side of a client.
#[derive(Clone, Debug, Default)]
pub struct Link(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    client: u32,
    sent: AtomicU64,
    received: AtomicU64,
    doorbells: AtomicU64,
}

impl Link {
    /// That of the global which both sides know as `owner`.
    pub fn new(owner: &Owner) -> Self {
        let Some(recorder) = RECORDER.get().filter(|_| is_on()) else {
            return Self::default();
        };
        let worker = owner.worker.as_deref().unwrap_or_default();
        let client = hash(owner.pipeline.bytes().chain([b'/']).chain(worker.bytes()));
        recorder.tell_client(client, &owner.pipeline, worker);
        Self(Arc::new(Counts {
            client,
            ..Counts::default()
        }))
    }

    /// A hop of this client, which may be about one of its sockets.
    #[inline]
    pub fn hop(&self, name: &'static Name, socket: impl Into<Option<SocketId>>) -> Hop {
        if !is_on() {
            return Hop::NONE;
        }
        Hop::begin(Event::new(name, self.0.client, socket.into()))
    }

    /// A message goes into the queue to the other side. Those that are about no socket are not counted, as some of them
    /// do not take that way.
    #[inline]
    pub fn sends(
        &self,
        name: &'static Name,
        socket: impl Into<Option<SocketId>>,
        message: &impl Debug,
    ) -> Hop {
        self.counted(name, socket, message, &self.0.sent)
    }

    /// A message has come out of the queue from the other side.
    #[inline]
    pub fn receives(
        &self,
        name: &'static Name,
        socket: impl Into<Option<SocketId>>,
        message: &impl Debug,
    ) -> Hop {
        self.counted(name, socket, message, &self.0.received)
    }

    /// The doorbell is rung, or is heard.
    #[inline]
    pub fn doorbell(&self, name: &'static Name) -> Hop {
        let hop = self.hop(name, None);
        hop.with(|event| event.tie(self.0.doorbells.fetch_add(1, Ordering::Relaxed)))
    }

    /// The bell is rung, or is heard, for the `count`th time.
    #[inline]
    pub fn bell(&self, name: &'static Name, count: impl FnOnce() -> u32) -> Hop {
        self.hop(name, None).with(|event| event.tie(count().into()))
    }

    #[inline]
    fn counted(
        &self,
        name: &'static Name,
        socket: impl Into<Option<SocketId>>,
        message: &impl Debug,
        count: &AtomicU64,
    ) -> Hop {
        let hop = self.hop(name, socket);
        hop.with(|event| {
            event.is_about(message);
            if event.has_socket() {
                event.tie(count.fetch_add(1, Ordering::Relaxed));
            }
        })
    }
}

/// A number for a text, the same in every process (FNV-1a).
fn hash(text: impl Iterator<Item = u8>) -> u32 {
    text.fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
