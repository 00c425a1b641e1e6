/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The data plane: memory that one global (script) and the net process share, and that neither trusts.
//!
//! ```text
//! memory.rs    a mapping, and spans of it: all unsafe code of this crate
//! ring.rs        one producer, one consumer, bytes; who sleeps is told, and nobody else
//! queue.rs         messages over a ring
//! post.rs            the contract's messages over both queues, as one side has them
//! transfer.rs      between rings and descriptors
//! patience.rs      whether to look again before sleeping
//! bell.rs          a word in the memory on which a thread of the content process sleeps
//! layout.rs      what lies where
//! slots.rs         which rings are in use: script decides
//! sync.rs        atomics, or loom's where the model is checked
//! ```
//!
//! # Who owns what
//!
//! Net makes the memory, sealed so that its size cannot change, and hands it to script when it takes a client, and
//! again when script needs more rings. Each side maps all of it and unmaps it with its last [`Memory`]. Script says
//! which ring belongs to which direction of which socket, as it picks the ids of sockets; a ring is free again when
//! net has reported the socket as closed.
//!
//! # What is believed
//!
//! Nothing. The other side may write anything at any time. Each end keeps its own position in its own memory; the one
//! that it reads is held against it at every use ([`Corrupt`]), offsets are masked, so that no position leads
//! out of the ring, and bytes are copied out before anybody looks at them. Corruption ends the socket, or the
//! client if it is a queue's, and nothing else.

#![deny(missing_docs)]
// Set where the model of the rings is checked. Workspaces that this crate is copied into need not know it.
#![allow(unexpected_cfgs)]

#[cfg(not(loom))]
mod bell;
#[cfg(not(loom))]
mod layout;
#[cfg(not(loom))]
mod memory;
#[cfg(not(loom))]
mod patience;
#[cfg(not(loom))]
mod post;
mod queue;
mod ring;
mod slots;
mod sync;
#[cfg(not(loom))]
mod transfer;

#[cfg(not(loom))]
pub use bell::Bell;
#[cfg(not(loom))]
pub use layout::{FIRST_SLOTS, LATER_SLOTS, Plane, Segment, ring_of};
#[cfg(not(loom))]
pub use memory::{Memory, Span};
#[cfg(not(loom))]
pub use patience::{Moment, Patience};
#[cfg(not(loom))]
pub use post::{Post, PostError, decode, encode};
pub use queue::{MAX_MESSAGE, MessageReader, MessageWriter};
pub use ring::{Consumer, Corrupt, Header, Producer, Room};
pub use slots::Slots;
#[cfg(not(loom))]
pub use transfer::TransferError;
