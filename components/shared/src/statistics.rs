/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the net process counts, for the whole and for each socket.
//!
//! Figures "since the start" begin with the net process and are never reset; a net process that is started after one
//! was lost begins with 0. All others are of the moment of the answer.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Address, Owner};

/// What net holds, and what it has done since the start.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetStatistics {
    /// Clients (globals) registered.
    pub clients: u64,
    /// Sockets opening or open.
    pub sockets: u64,
    /// Bytes of page data on the way to the kernel at this moment, in rings and in net. Datagrams count with their
    /// destinations as long as they are in a ring.
    pub bytes_held: u64,
    /// Bytes that net has put into rings and pages have not taken out at this moment, and datagrams that wait for room
    /// there. Datagrams count with their senders.
    pub bytes_unread: u64,
    /// Datagrams on their way to the kernel at this moment.
    pub datagrams_in_flight: u64,
    /// Datagrams that the kernel has dropped because a socket's queue was full, as far as the sockets that
    /// are open now and those that were closed have told.
    pub datagrams_dropped: u64,
    /// Bytes read from the OS since the start: payload, of connections and datagrams.
    pub bytes_received: u64,
    /// Bytes taken by the OS since the start: payload, of connections and datagrams.
    pub bytes_sent: u64,
    /// Datagrams read from the OS since the start, empty ones included.
    pub datagrams_received: u64,
    /// Datagrams taken by the OS since the start, empty ones included.
    pub datagrams_sent: u64,
    /// System calls since the start that have read bytes of a connection, or any number of datagrams. Those that found
    /// nothing, the end of a connection or an error are not counted.
    pub reads: u64,
    /// System calls since the start by which the OS has taken bytes of a connection, or any number of datagrams. Those
    /// that it refused are not counted.
    pub writes: u64,
    /// Requests of clients since the start, whichever way they came. Bytes and datagrams are none: they stand in rings.
    pub requests: u64,
    /// Events for clients since the start.
    pub events: u64,
    /// Messages since the start by which clients have woken net: it had said that it sleeps, and there was something in
    /// the queue of requests, or room in that of events ([`crate::SocketRequest::Doorbell`]).
    pub doorbells: u64,
    /// How often since the start net has woken the thread of a client that waits for events: one futex(2) each. An
    /// event for a client that is awake needs none.
    pub bells: u64,
    /// How often since the start net's only thread has waited for something to happen, and something did: a message, a
    /// socket that was ready, a time that had come.
    pub wake_ups: u64,
    /// Messages from the broker since the start, among them the question that this is the answer to. Each wakes net
    /// once at most, so between two answers `wake_ups` grows by no more than this where nothing happens.
    pub control_messages: u64,
    /// Rings that sockets use at this moment: none before a socket's first byte, then up to one in each direction.
    pub rings: u64,
    /// Bytes of shared memory that clients have at this moment, rings that are not in use included. It takes as many
    /// pages of real memory as were ever written to.
    pub shared_memory: u64,
}

/// What a socket is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum SocketKind {
    /// A TCP connection, opened or accepted.
    Tcp,
    /// A TCP socket that listens.
    TcpServer,
    /// A UDP socket, bound or connected.
    Udp,
}

/// The name of a socket for as long as the net process runs. No two have the same. In order, clients that came earlier
/// stand before those that came later, and the sockets of one client by their numbers.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
pub struct SocketKey {
    /// The client, counted by net. A page or worker is one, and another one after net was lost.
    pub client: u64,
    /// The socket, numbered by its client.
    pub socket: u64,
}

/// A ring of a socket at one moment, in bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct RingStatistics {
    /// The size of the ring.
    pub capacity: u64,
    /// How much may be in it at the same time. Net lets it grow up to the capacity for a page that keeps up.
    pub window: u64,
    /// How much waits in it at this moment: for the page, or for the OS. Of UDP sockets with addresses and lengths, and
    /// with what net has taken out, or cannot put in yet. 0 where the ring is damaged.
    pub waiting: u64,
}

/// One socket, what it has done since it was made, and what it holds at this moment.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SocketStatistics {
    /// Which socket this is.
    pub key: SocketKey,
    /// What it is.
    pub kind: SocketKind,
    /// The origin that uses it, as granted by the broker. Cut at [`crate::limits::MAX_STATISTICS_TEXT`] bytes.
    pub origin: String,
    /// The page or worker that uses it, as it says itself. Cut likewise.
    pub owner: Owner,
    /// This end; `None` as long as it is being opened.
    pub local: Option<Address>,
    /// The other end, if it has one: none for a listener and a bound UDP socket.
    pub remote: Option<Address>,
    /// For how long net has had it, opening it included.
    pub age: Duration,
    /// Bytes read from the OS: payload.
    pub bytes_received: u64,
    /// Bytes taken by the OS: payload.
    pub bytes_sent: u64,
    /// Datagrams read from the OS, empty ones included.
    pub datagrams_received: u64,
    /// Datagrams taken by the OS, empty ones included.
    pub datagrams_sent: u64,
    /// Datagrams that the kernel has dropped because the socket's queue was full.
    pub datagrams_dropped: u64,
    /// System calls that have read something, as in [`NetStatistics::reads`].
    pub reads: u64,
    /// System calls by which the OS has taken something, as in [`NetStatistics::writes`].
    pub writes: u64,
    /// How often the page has told net that there is something in one of the socket's rings, or room, because net had
    /// said that it would not look by itself. Where the whole process slept, there was a message as well:
    /// [`NetStatistics::doorbells`].
    pub doorbells: u64,
    /// How often an event of this socket had to wake the thread of the client that waits for events, as in
    /// [`NetStatistics::bells`].
    pub bells: u64,
    /// How often its task in net has looked for something to do, since the socket was open: once at first, then after
    /// each order, each time the OS was ready, each time limit.
    pub wake_ups: u64,
    /// From net to the page. `None` before the first read, after the end, and for listeners.
    pub receive_ring: Option<RingStatistics>,
    /// From the page to net. `None` before the first write, after an error, and for listeners.
    pub send_ring: Option<RingStatistics>,
}

/// Sockets, in the order of their keys.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SocketList {
    /// No socket is in here twice.
    pub sockets: Vec<SocketStatistics>,
    /// Whether no socket follows. If not, there were more than a list may have, or there was no more time.
    pub is_complete: bool,
}
