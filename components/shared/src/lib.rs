/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The contract of Direct Sockets.
//!
//! Three processes take part: *script* (the process with SpiderMonkey), the *broker*
//! (a thread in the embedder's process) and *net* (the process that owns every OS socket).
//! This crate holds what they say to each other, the validation of what pages pass in, the one
//! table of errors, and the limits. It is plain data: no engine, no runtime, no socket.
//!
//! <https://wicg.github.io/direct-sockets/>

mod address;
mod error;
mod event_loop_key;
mod host;
pub mod limits;
mod message;
mod options;
mod policy;
mod statistics;

pub use address::Address;
pub use error::{DomExceptionName, SocketError};
pub use event_loop_key::EventLoopKey;
pub use host::Host;
pub use message::{
    AcceptResult, AcceptedConnection, BrokerMessage, ClientEvent, ConnectRequest, Datagram,
    Destination, Grant, Handover, NetControl, NetHello, Outgoing, Owner, PROTOCOL_VERSION, ReadEnd,
    RingId, SharedMemory, SocketEvent, SocketId, SocketRequest, WriteResult,
};
pub use options::{
    BufferSizes, DnsQueryType, OptionError, ServerOptions, TcpExtras, TcpListen, TcpOpen,
    TcpOptions, UdpExtras, UdpMode, UdpOpen, UdpOptions,
};
pub use policy::{
    AddressGrant, AddressQuestion, AddressSpace, AddressUse, Decision, PortFloors, QuestionId,
};
pub use statistics::{
    NetStatistics, RingStatistics, SocketKey, SocketKind, SocketList, SocketStatistics,
};

/// The variable of the environment that tells a process into which file a timeline is written, if one is.
pub const TRACE_VARIABLE: &str = "DIRECT_SOCKETS_TRACE";
