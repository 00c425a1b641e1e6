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

use std::fmt;

use ipc_channel::ipc::{IpcReceiver, IpcSender, IpcSharedMemory};
use serde::{Deserialize, Serialize};

use crate::{
    Address, AddressGrant, AddressQuestion, DnsQueryType, Host, NetStatistics, PortFloors,
    QuestionId, SocketError, SocketKey, SocketList, TcpListen, TcpOpen, UdpOpen,
};

/// Said in [`NetHello`]; a net binary of another version is refused.
pub const PROTOCOL_VERSION: u32 = 5;

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
    /// Answer at once with the sockets that follow the given one, as many as [`crate::limits::SOCKETS_PER_ANSWER`].
    Sockets {
        /// The last one of the answer before this.
        after: Option<SocketKey>,
        /// Where to answer.
        reply: IpcSender<SocketList>,
    },
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

/// From script to net. Unknown ids, and requests that make no sense in a socket's state, are ignored.
///
/// They come as messages, or through the queue of requests in the shared memory as soon as script has that. Script
/// sends all of one socket's the same way, as there is no order between the two.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum SocketRequest {
    /// Open a TCP connection under a fresh id. Answered by [`SocketEvent::Opened`] or [`SocketEvent::OpenFailed`].
    /// Nothing is read before script says where to.
    OpenTcp { id: SocketId, open: TcpOpen },
    /// Open a UDP socket under a fresh id. Answered by [`SocketEvent::UdpOpened`] or [`SocketEvent::OpenFailed`].
    /// The socket starts with no read.
    OpenUdp { id: SocketId, open: UdpOpen },
    /// Listen for TCP connections under a fresh id. Answered by [`SocketEvent::Listening`] or
    /// [`SocketEvent::OpenFailed`]. Nothing is accepted before it is asked for.
    ListenTcp { id: SocketId, listen: TcpListen },
    /// Read from the OS into this ring: of a connection bytes, as long as it has room, until the peer or the OS ends it
    /// ([`SocketEvent::ReadEnded`]) or script does; of a UDP socket what [`SocketRequest::Receive`] asks for, one
    /// [`Datagram`] after the other. [`SocketEvent::Readable`] wakes who sleeps. A second one is ignored.
    ReadInto { id: SocketId, ring: RingId },
    /// Net has been found asleep for want of room in the ring that it reads into, and there is some now.
    Room { id: SocketId },
    /// Wait for a datagram, then take what is there without waiting, up to `max` datagrams (at least 1, at most
    /// [`crate::limits::MAX_BATCH`]), into the socket's ring; the last of them says so. A second one while one is
    /// outstanding is ignored.
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
    /// Give the OS what stands in this ring, and what will: bytes of a connection, or one [`Outgoing`] after the other.
    /// [`SocketEvent::Writable`] wakes who sleeps for want of room. A second one is ignored.
    WriteFrom { id: SocketId, ring: RingId },
    /// Net has been found asleep for want of bytes in the ring that it writes from, and there are some now.
    Bytes { id: SocketId },
    /// Stop writing as soon as possible. Of the ring only what stands before position `keep` was reported as written;
    /// net goes on giving that to the OS for at most [`crate::limits::LINGER_MS`]. No write follows, and nothing is
    /// said of what is dropped.
    AbortWrite { id: SocketId, keep: u64 },
    /// Shut the socket down for writing (FIN) once the OS has taken what is to be written. Answered by
    /// [`SocketEvent::WriteShutdown`], also when the OS reports an error (decision AMB-20).
    ShutdownWrite { id: SocketId },
    /// Close the OS socket, whatever it is doing, once the OS has taken the bytes before position `keep` of the ring
    /// that it writes from, but after [`crate::limits::LINGER_MS`] at the latest. Answered by [`SocketEvent::Closed`],
    /// the last event of the socket.
    Close { id: SocketId, keep: u64 },
    /// Nobody will look at this socket any more: as [`SocketRequest::Close`], and the answer says no more than that its
    /// rings are free.
    Abandon { id: SocketId, keep: u64 },
    /// Send more rings: [`ClientEvent::Rings`]. Ignored where there are enough for all sockets that the client may
    /// have.
    MoreRings,
    /// Net has been found asleep, and there is something in the queue of requests, or room in that of events. The only
    /// request that always comes as a message.
    Doorbell,
}

impl SocketRequest {
    /// The socket that this is about, if it is about one.
    pub fn id(&self) -> Option<SocketId> {
        Some(match self {
            Self::OpenTcp { id, .. }
            | Self::OpenUdp { id, .. }
            | Self::ListenTcp { id, .. }
            | Self::ReadInto { id, .. }
            | Self::Room { id }
            | Self::WriteFrom { id, .. }
            | Self::Bytes { id }
            | Self::Receive { id, .. }
            | Self::Accept { id, .. }
            | Self::CancelRead { id }
            | Self::AbortWrite { id, .. }
            | Self::ShutdownWrite { id }
            | Self::Close { id, .. }
            | Self::Abandon { id, .. } => *id,
            Self::MoreRings | Self::Doorbell => return None,
        })
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
        /// The rings of the client, to begin with.
        memory: SharedMemory,
    },
    /// The answer to [`SocketRequest::MoreRings`].
    Rings(SharedMemory),
    /// The broker did not hand the channel to net, for this reason. The last event.
    Refused(SocketError),
}

/// What happens to one socket, in the order in which it happened. It comes with the socket's id, through the queue of
/// events in the shared memory.
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
    /// There are bytes in the ring that script reads, which has been found asleep.
    Readable,
    /// Nothing more comes into the ring than what is in it.
    ReadEnded(ReadEnd),
    /// The answer to [`SocketRequest::Accept`].
    Accepted(AcceptResult),
    /// There is room in the ring that script writes to, which has been found asleep.
    Writable,
    /// The OS reported an error to a write from the ring. What is in it is lost, and no write follows.
    WriteFailed(SocketError),
    /// The answer to an [`Outgoing`] that asks for one.
    Written(WriteResult),
    /// The answer to [`SocketRequest::ShutdownWrite`].
    WriteShutdown(Handover),
    /// The OS socket is closed. The last event.
    Closed(Handover),
}

/// What came of the bytes that were reported as written.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Handover {
    /// The OS has taken all of them, or an error was reported before.
    Complete,
    /// Some of them could not be given to the OS in time.
    Incomplete,
}

/// Memory that net has made and script maps.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct SharedMemory(pub IpcSharedMemory);

impl fmt::Debug for SharedMemory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SharedMemory({} bytes)", self.0.len())
    }
}

impl PartialEq for SharedMemory {
    /// Whether both are the same mapping: looking at what is in there would be long, and not safe.
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ptr() == other.0.as_ptr()
    }
}

/// How reading a connection ended: one of two (decision AMB-06).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ReadEnd {
    /// The peer has shut its side down.
    End,
    /// The OS reported an error.
    Error(SocketError),
}

/// One datagram from the OS, as it stands in a ring. It may be empty.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Datagram<'a> {
    /// Its payload, whole.
    #[serde(borrow, with = "serde_bytes")]
    pub data: &'a [u8],
    /// Who sent it; absent for a connected socket, whose datagrams all come from one.
    pub from: Option<Address>,
    /// It is the last one of its batch: nothing more comes before the next [`SocketRequest::Receive`].
    pub is_last: bool,
}

/// One datagram to the OS, as it stands in a ring.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Outgoing<'a> {
    /// Its payload: at most [`crate::limits::MAX_DATAGRAM`] bytes.
    #[serde(borrow, with = "serde_bytes")]
    pub data: &'a [u8],
    /// Where it goes, if the constructor has not said so. Said by one of them, never by both.
    pub to: Option<Destination>,
    /// Whether script waits for a [`SocketEvent::Written`]. Of others it hears only that they failed
    /// ([`SocketEvent::WriteFailed`]).
    pub answer: bool,
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

/// How a write ended: exactly one of three (decision AMB-16).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum WriteResult {
    /// The OS has taken every byte.
    Done,
    /// The OS reported an error. No write follows.
    Error(SocketError),
    /// An abort came first. No write follows.
    Interrupted,
}
