/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The messages. Two enums carry the life of every socket, [`SocketRequest`] from script to net and
//! [`SocketEvent`] from net to script; all events of one socket travel on one channel and so keep their
//! order. Two more start and stop things: [`BrokerMessage`] from script to the broker and [`NetControl`]
//! from the broker to net.
//!
//! Channels are raw `ipc_channel` types throughout: Servo's own channel types serialise as a pointer in
//! single-process mode and must never reach another process.

use ipc_channel::ipc::{IpcReceiver, IpcSender};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    Address, AddressGrant, AddressQuestion, DnsQueryType, Host, PortFloors, QuestionId,
    SocketError, TcpListen, TcpOpen, UdpOpen,
};

/// Said in [`NetHello`]; a net binary of another version is refused.
pub const PROTOCOL_VERSION: u32 = 3;

/// Names a socket within its client (one global). Script picks it and never uses one twice.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct SocketId(pub u64);

/// The number of a ring among those that net has given to a client. Script decides what is in use (`components/plane`).
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct RingId(pub u32);

/// Which global a channel belongs to, as script says. Only the event loop that says so is certain.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Owner {
    /// The pipeline of the document, or of the document that made the worker.
    pub pipeline: String,
    /// The worker, if it is one.
    pub worker: Option<String>,
}

/// From script to the broker, on the sender of one event loop.
#[derive(Debug, Deserialize, Serialize)]
pub enum BrokerMessage {
    /// The first socket of a global: pass these channel ends on to net.
    Connect(ConnectRequest),
}

/// What a global hands to the broker for its first socket, and again after net was lost.
#[derive(Debug, Deserialize, Serialize)]
pub struct ConnectRequest {
    /// Whose sockets these will be.
    pub owner: Owner,
    /// The serialised origin of the global.
    pub origin: String,
    /// 0 at first; more when an earlier channel broke before net said [`ClientEvent::Ready`], so that
    /// the broker makes sure of net before it hands the channel on.
    pub attempt: u32,
    /// Net reads requests here. Net owns it from then on.
    pub requests: IpcReceiver<SocketRequest>,
    /// Net (or the broker, to refuse) writes events here. When the last copy is dropped, the global's sockets are lost.
    pub events: IpcSender<ClientEvent>,
}

/// What a global may do. Attached by the broker; net obeys it and no claim in a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Grant {
    /// The origin that the broker allowed.
    pub origin: String,
    /// The most sockets at the same time.
    pub max_sockets: usize,
    /// Where these sockets may reach, or be reached.
    pub addresses: AddressGrant,
    /// Which ports they may have, or reach.
    pub port_floors: PortFloors,
}

/// The first message of a net process, on the one-shot channel named in its command line.
#[derive(Debug, Deserialize, Serialize)]
pub struct NetHello {
    /// [`PROTOCOL_VERSION`] of the net binary.
    pub version: u32,
    /// Its process id.
    pub pid: u32,
    /// The broker owns this. When it is dropped, net ends.
    pub control: IpcSender<NetControl>,
    /// The broker reads questions here. Where nobody does, the answer to each of them is no.
    pub questions: IpcReceiver<AddressQuestion>,
}

/// From the broker to net.
#[derive(Debug, Deserialize, Serialize)]
pub enum NetControl {
    /// A new client. Net answers [`ClientEvent::Ready`] on `events`.
    Register {
        /// Whose sockets these will be.
        owner: Owner,
        /// What it may do.
        grant: Grant,
        /// Net reads requests here; when it breaks, net closes all sockets of the client.
        requests: IpcReceiver<SocketRequest>,
        /// Net writes events here, and drops it when the client has gone.
        events: IpcSender<ClientEvent>,
    },
    /// Answer at once: the broker wonders whether net still lives, or wants the figures.
    Statistics(IpcSender<NetStatistics>),
    /// The answer to an [`AddressQuestion`]. One that nobody waits for any more is ignored.
    Answer {
        /// Which question this is about.
        id: QuestionId,
        /// Whether the address may be used, this once.
        allow: bool,
    },
    /// Close everything and end.
    Exit,
}

/// A snapshot of what net holds.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetStatistics {
    /// Clients (globals) registered.
    pub clients: u64,
    /// Sockets opening or open.
    pub sockets: u64,
    /// Bytes of page data held in net's memory at this moment, on the way to the kernel.
    pub bytes_held: u64,
    /// Datagrams on their way to the kernel at this moment.
    pub datagrams_in_flight: u64,
    /// Datagrams that the kernel has dropped because a socket's queue was full, as far as the sockets that
    /// are open now and those that were closed have told.
    pub datagrams_dropped: u64,
    /// Bytes read from the OS since the start.
    pub bytes_received: u64,
    /// Bytes taken by the OS since the start.
    pub bytes_sent: u64,
}

/// From script to net. Unknown ids, and requests that make no sense in a socket's state, are ignored.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum SocketRequest {
    /// Open a TCP connection under a fresh id. Answered by [`SocketEvent::Opened`] or [`SocketEvent::OpenFailed`].
    /// The socket starts with [`crate::limits::WRITE_WINDOW`] bytes of write credit and no read.
    OpenTcp { id: SocketId, open: TcpOpen },
    /// Open a UDP socket under a fresh id. Answered by [`SocketEvent::UdpOpened`] or [`SocketEvent::OpenFailed`].
    /// The socket starts with no read.
    OpenUdp { id: SocketId, open: UdpOpen },
    /// Listen for TCP connections under a fresh id. Answered by [`SocketEvent::Listening`] or
    /// [`SocketEvent::OpenFailed`]. Nothing is accepted before it is asked for.
    ListenTcp { id: SocketId, listen: TcpListen },
    /// Read once from the OS, up to `max` bytes (at most [`crate::limits::MAX_PAYLOAD`] are given at once, at least
    /// 1 is asked for). Answered by exactly one [`SocketEvent::Read`], unless cancelled. A second one while one
    /// is outstanding is ignored.
    Read { id: SocketId, max: u32 },
    /// Wait for a datagram, then take what is there without waiting, up to `max` datagrams (at least 1, at most
    /// [`crate::limits::MAX_BATCH`]). Answered by [`SocketEvent::Received`], the last of which says so. A second one
    /// while one is outstanding is ignored.
    Receive { id: SocketId, max: u32 },
    /// Wait for a connection, then take what is there without waiting, up to `max` connections (at least 1, at
    /// most [`crate::limits::MAX_BATCH`]). Answered by exactly one [`SocketEvent::Accepted`]. The ids `first`,
    /// `first + 1` and so on, `max` of them, belong to these connections; script uses them for nothing else.
    /// A second one while one is outstanding is ignored.
    Accept {
        id: SocketId,
        first: SocketId,
        max: u32,
    },
    /// Cancel the outstanding read, batch or accept and all later ones; nothing more is reported about reading.
    CancelRead { id: SocketId },
    /// A part of a chunk, at most [`crate::limits::MAX_PAYLOAD`] bytes, covered by write credit.
    /// `last` marks the end of the chunk; when the OS has taken it, net answers
    /// [`SocketEvent::Written`] for the whole chunk. One chunk at a time.
    Write {
        id: SocketId,
        bytes: ByteBuf,
        last: bool,
    },
    /// One datagram, of at most [`crate::limits::MAX_DATAGRAM`] bytes, to the given destination, or to that of the
    /// constructor where there is none. One at a time. Answered by exactly one [`SocketEvent::Written`].
    Send {
        id: SocketId,
        data: ByteBuf,
        to: Option<Destination>,
    },
    /// Stop writing as soon as possible. A chunk that has begun and is not written completely is answered with
    /// [`WriteResult::Interrupted`]; where its answer is already on the way, nothing more is said. No write follows.
    AbortWrite { id: SocketId },
    /// Shut the socket down for writing (FIN). Answered by [`SocketEvent::WriteShutdown`], also when the OS reports an
    /// error (decision AMB-20).
    ShutdownWrite { id: SocketId },
    /// Close the OS socket, whatever it is doing. Answered by [`SocketEvent::Closed`], the last event of the socket.
    Close { id: SocketId },
    /// Nobody will look at this socket any more: close it and say nothing.
    Abandon { id: SocketId },
}

impl SocketRequest {
    /// The socket that this is about.
    pub fn id(&self) -> SocketId {
        match self {
            Self::OpenTcp { id, .. }
            | Self::OpenUdp { id, .. }
            | Self::ListenTcp { id, .. }
            | Self::Read { id, .. }
            | Self::Receive { id, .. }
            | Self::Accept { id, .. }
            | Self::Send { id, .. }
            | Self::CancelRead { id }
            | Self::Write { id, .. }
            | Self::AbortWrite { id }
            | Self::ShutdownWrite { id }
            | Self::Close { id }
            | Self::Abandon { id } => *id,
        }
    }
}

/// Where a datagram goes.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Destination {
    /// A literal or a name; resolving it is part of the write (decision AMB-57).
    pub host: Host,
    /// The port; 0 fails in the OS (decision AMB-56).
    pub port: u16,
    /// Which records the name may be resolved to.
    pub dns_query_type: Option<DnsQueryType>,
}

/// From net (or the broker) to a global.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum ClientEvent {
    /// Net has taken the channel; requests may be sent.
    Ready {
        /// The process id of net, for people who debug.
        net_pid: u32,
    },
    /// The broker did not hand the channel to net, for this reason. The last event.
    Refused(SocketError),
    /// Something happened to a socket.
    Socket { id: SocketId, event: SocketEvent },
}

/// What happens to one socket, in the order in which it happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum SocketEvent {
    /// The connection is there.
    Opened { local: Address, remote: Address },
    /// The UDP socket is there. `remote` is that of a connected one.
    UdpOpened {
        local: Address,
        remote: Option<Address>,
    },
    /// The server listens.
    Listening { local: Address },
    /// It could not be opened, and net has forgotten the socket. The last event.
    OpenFailed(SocketError),
    /// The answer to a read.
    Read(ReadResult),
    /// An answer to [`SocketRequest::Receive`].
    Received(ReceiveResult),
    /// The answer to [`SocketRequest::Accept`].
    Accepted(AcceptResult),
    /// The OS has taken so many more bytes of a chunk that goes on; they may be sent again.
    WriteCredit(u32),
    /// The answer to a chunk, with which all its credit is returned, or to a datagram.
    Written(WriteResult),
    /// The answer to [`SocketRequest::ShutdownWrite`].
    WriteShutdown,
    /// The OS socket is closed. The last event.
    Closed,
}

/// How a read ended: exactly one of three (decision AMB-06).
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum ReadResult {
    /// Bytes, at least one.
    Data(ByteBuf),
    /// The peer has shut its side down. No read follows.
    End,
    /// The OS reported an error. No read follows.
    Error(SocketError),
}

/// What a batch of datagrams brought.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum ReceiveResult {
    /// Datagrams in the order of their arrival, with at most [`crate::limits::MAX_PAYLOAD`] bytes together, or
    /// one. A batch with more bytes takes several of these; `last` says that it is complete.
    Datagrams {
        datagrams: Vec<Datagram>,
        last: bool,
    },
    /// The OS reported an error. Datagrams that came before it have been delivered; no batch follows.
    Error(SocketError),
}

/// One datagram from the OS. It may be empty.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Datagram {
    /// Its payload, whole.
    pub data: ByteBuf,
    /// Who sent it; absent for a connected socket, whose datagrams all come from one.
    pub from: Option<Address>,
}

/// How an accept ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum AcceptResult {
    /// Connections in the order in which the OS gave them, at least one. They are sockets of the client from
    /// now on, like those of [`SocketEvent::Opened`].
    Connections(Vec<AcceptedConnection>),
    /// The listening socket was ended in an orderly way that is not the page's doing (decision AMB-66). No accept
    /// follows.
    End,
    /// The OS reported an error of the listening operation itself (decision AMB-64). No accept follows.
    Error(SocketError),
}

/// A connection that was accepted.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AcceptedConnection {
    /// One of the ids that the request gave.
    pub id: SocketId,
    /// This end, concrete also where the server listens on all addresses.
    pub local: Address,
    /// The client's end.
    pub remote: Address,
}

/// How a chunk or a datagram ended: exactly one of three (decision AMB-16).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum WriteResult {
    /// The OS has taken every byte.
    Done,
    /// The OS reported an error. No write follows.
    Error(SocketError),
    /// An abort came first. No write follows.
    Interrupted,
}
