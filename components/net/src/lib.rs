/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The net process of Direct Sockets: the only process that owns OS sockets.
//!
//! The broker starts it as the embedder's own executable with [`NET_PROCESS_FLAG`]; the executable
//! becomes the net process when it calls [`run_if_requested`] at the top of `main`. The binary of this crate
//! does nothing else.
//!
//! One thread moves all bytes. Every system call it makes on a socket or a channel returns at once, copying
//! dominates, and most of what a page does is a round trip to a page's own thread: a second worker
//! thread would make each round trip slower and need locks around every socket. Names are resolved on
//! threads of their own.
//!
//! ```text
//! process.rs       entry, control channel
//! figures.rs         what the broker is told of what there is
//! statistics.rs        counted for the whole
//! traffic.rs           counted for each socket
//! client.rs          one for each global: reads its requests, knows its sockets
//! queues.rs            its requests, and what goes back to it
//! events.rs            memory for it
//! budget.rs            how much of everything there is
//! origins.rs             how much of it one origin may have
//! address_policy.rs    where they may reach
//! questions.rs           who decides that, if it has not been decided
//! tcp_socket.rs        one task for each connection
//! connect.rs             addresses, one after the other
//! tcp_options.rs           before connecting
//! udp_socket.rs        one task for each UDP socket
//! udp_open.rs            bound or connected
//! batch.rs               many datagrams from the OS by one system call
//! burst.rs               and to it
//! drops.rs               what the kernel could not keep
//! tcp_listener.rs      one task for each listening socket
//! orders.rs              what the client has asked of any of them
//! rings.rs                 the memory that it shares with the client
//! read_side.rs             where bytes go, no I/O
//! write_side.rs            where bytes come from, no I/O
//! send_side.rs             datagrams and destinations, no I/O
//! receive_side.rs          datagrams for the client, no I/O
//! resolver.rs            names
//! ```

pub mod address_policy;
pub mod batch;
pub mod budget;
pub mod burst;
pub mod channel;
pub mod client;
pub mod connect;
pub mod descriptors;
pub mod drops;
pub mod error;
pub mod events;
pub mod figures;
pub mod orders;
pub mod origins;
pub mod process;
pub mod questions;
pub mod queues;
pub mod read_side;
pub mod receive_side;
pub mod resolver;
pub mod rings;
pub mod send_side;
pub mod statistics;
pub mod tcp_listener;
pub mod tcp_options;
pub mod tcp_socket;
pub mod traffic;
pub mod udp_open;
pub mod udp_socket;
pub mod write_side;

pub use process::{NET_PROCESS_FLAG, run, run_if_requested};
