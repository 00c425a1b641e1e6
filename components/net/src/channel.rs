/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Channels on the runtime.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use direct_sockets_traits::limits::MAX_PAYLOAD;
use direct_sockets_wire::{Endpoint, Incoming, MAX_MESSAGE, ReceiveError, Wait};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// What a message has around its payload: names, options, lengths.
const MAX_OVERHEAD: usize = 8 * 1024;

/// A channel that the runtime watches.
pub type Watched = AsyncFd<Arc<Endpoint>>;

/// Let the runtime watch a channel. Fails for descriptors that cannot be watched.
#[expect(unsafe_code, reason = "tokio asks for a promise about the descriptor")]
pub fn watch(channel: impl Into<Arc<Endpoint>>, interest: Interest) -> io::Result<Watched> {
    // SAFETY: the descriptor must stay open and be the same until it is no longer watched. An `Endpoint` owns one
    // descriptor for all its life, can only be taken apart by value, and the `Arc` prevents that.
    let watched = unsafe { AsyncFd::register_with_interest(channel.into(), interest) };
    Ok(watched?)
}

/// Where messages are put before they are decoded. One for all, because nothing waits with it in use.
pub struct Scratch(RefCell<Box<[u8]>>);

impl Default for Scratch {
    fn default() -> Self {
        let size = MAX_PAYLOAD.max(MAX_MESSAGE) + MAX_OVERHEAD;
        Self(RefCell::new(vec![0; size].into()))
    }
}

/// Receive the next message and decode it.
///
/// Cancel safety: a message that has begun and is not complete is lost, all others are not.
pub async fn receive<T>(
    channel: &Watched,
    scratch: &Scratch,
    decode: impl FnOnce(&[u8], Vec<OwnedFd>) -> T,
) -> Result<T, ReceiveError> {
    let mut assembly = loop {
        let mut ready = channel.readable().await?;
        let mut buffer = scratch.0.borrow_mut();
        match channel.get_ref().receive(&mut buffer, Wait::Never) {
            Ok(Incoming::Whole {
                length,
                descriptors,
            }) => return Ok(decode(&buffer[..length], descriptors)),
            Ok(Incoming::Begun(assembly)) => break assembly,
            Err(ReceiveError::WouldBlock) => ready.clear_ready(),
            Err(error) => return Err(error),
        }
    };
    let rest = watch(assembly.rest(), Interest::READABLE)?;
    loop {
        let mut ready = rest.readable().await?;
        match assembly.advance(Wait::Never) {
            Ok(true) => break,
            Ok(false) => {},
            Err(ReceiveError::WouldBlock) => ready.clear_ready(),
            Err(error) => return Err(error),
        }
    }
    let message = assembly.finish();
    Ok(decode(&message.bytes, message.descriptors))
}
