/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The messages of `ipc_channel` on Unix sockets, sent and received without trusting the other side.
//!
//! Content processes speak `ipc_channel`. Its own receiver is written for processes that trust each
//! other: a hand-made message can make it panic (an index out of range, a descriptor that cannot be
//! mapped), abort the process (an announced size that cannot be allocated) or wait for ever (a message
//! whose rest never comes), and its sender blocks when the other side does not read. The broker and the net
//! process serve many content processes at once and may not be stopped by one of them. So they use the
//! same messages on the same sockets, but through this crate: nothing here panics because of what
//! was received, sizes are bounded before anything is allocated, and no call waits unless it is told to.
//!
//! The format is that of `ipc_channel` 0.23 where it uses Unix sockets (Linux and the free BSDs):
//! packets of an `AF_UNIX`, `SOCK_SEQPACKET` socket that start with two native `usize`, the length
//! of the packet and the length of the message, followed by postcard bytes; channels travel as
//! descriptors and stand in the bytes as an index. A message that does not fit one packet ends
//! its descriptors with a socket on which the rest follows. The tests hold this crate against the real
//! `ipc_channel`, and the manifest pins its version.

#[cfg(not(any(
    target_os = "linux",
    target_os = "freebsd",
    target_os = "openbsd",
    target_os = "illumos"
)))]
compile_error!(
    "ipc-channel does not use Unix sockets on this platform: direct-sockets-wire needs another transport"
);

mod endpoint;
mod listener;
mod messages;
mod receive;

pub use endpoint::{Endpoint, Wait};
pub use listener::Listener;
pub use messages::{Connect, Control, Hello, MAX_MESSAGE, Malformed, MemoryEvent};
pub use receive::{Assembly, Incoming, Message, ReceiveError};
