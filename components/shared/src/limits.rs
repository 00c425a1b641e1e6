/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Every limit of the feature, in one place, each with its reason.

/// The high water mark of a TCP readable stream, in bytes (decision AMB-07): enough for one full
/// payload to be read ahead, small enough for thousands of idle sockets.
pub const TCP_READABLE_HIGH_WATER_MARK: u32 = 64 * 1024;

/// The high water mark of a TCP writable stream, in chunks (decision AMB-07): the default of Streams.
pub const TCP_WRITABLE_HIGH_WATER_MARK: u32 = 1;

/// The high water mark of a UDP readable stream, in datagrams (decision AMB-07), and so the most that net takes
/// out of the kernel's queue for a page that does not read. What comes after them waits in the kernel's
/// queue, or is dropped by the kernel.
pub const UDP_READABLE_HIGH_WATER_MARK: u32 = 32;

/// The high water mark of a UDP writable stream, in messages (decision AMB-07): the default of Streams.
pub const UDP_WRITABLE_HIGH_WATER_MARK: u32 = 1;

/// The high water mark of a server's readable stream, in connections (decision AMB-07): one is accepted before
/// anybody asks, the others wait in the kernel's queue.
pub const SERVER_READABLE_HIGH_WATER_MARK: u32 = 1;

/// The most datagrams, or connections, that one request may ask for.
pub const MAX_BATCH: u32 = 32;

/// The most bytes of a datagram that a request may carry: no version of IP has a longer payload without
/// jumbograms. The OS refuses what is over its own, lower limit.
pub const MAX_DATAGRAM: usize = 65_535;

/// The most bytes that a datagram takes in a ring: itself, and its addresses or its host name.
pub const MAX_RECORD: usize = MAX_DATAGRAM + 2 * MAX_HOST_BYTES;

/// The most bytes of page data in one message. Below the size at which ipc-channel splits a message
/// over a second socket (a fragment of the send buffer of about 200 KiB).
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// How long net goes on giving the OS what was reported as written after an abort, a close, or the end of the page that
/// wrote it.
pub const LINGER_MS: u64 = 500;

/// How many bytes of a connection may be in a ring at first, in each direction: one payload.
pub const FIRST_WINDOW: usize = MAX_PAYLOAD;

/// The most bytes of a host name that are looked at. DNS allows 253; the rest is room for zones and for
/// names that other resolvers understand. Longer ones fail with [`crate::SocketError::InvalidHost`].
pub const MAX_HOST_BYTES: usize = 1024;

/// The smallest keep-alive delay that a page may ask for, in milliseconds (constructor step 2).
pub const MIN_KEEP_ALIVE_DELAY_MS: u32 = 1000;

/// The largest keep-alive delay that Linux takes, in seconds (`MAX_TCP_KEEPIDLE`).
pub const MAX_KEEP_ALIVE_SECONDS: u32 = 32767;

/// How many sockets one global may have in net at the same time. Keeps one page from taking the
/// descriptors of all others; above what pages are seen to use by two orders of magnitude.
pub const MAX_SOCKETS_PER_CLIENT: usize = 16 * 1024;

/// How many sockets of one global may listen at the same time.
pub const MAX_LISTENERS_PER_CLIENT: usize = 1024;

/// How many datagrams of one global may be on their way to the kernel at the same time: one a socket, as Streams
/// writes one at a time, for names that take long to resolve.
pub const MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT: usize = 4096;

/// While so many bytes of datagrams of one global wait in net for room in its rings, no more are received for it; each
/// socket that is receiving then may add one batch.
pub const MAX_WAITING_DATAGRAMS: usize = 1024 * 1024;

/// How many sockets of one origin may listen at the same time, in all its pages and workers together.
pub const MAX_LISTENERS_PER_ORIGIN: usize = 4 * MAX_LISTENERS_PER_CLIENT;

/// How many datagrams of one origin may be on their way to the kernel at the same time, in all its pages and workers
/// together.
pub const MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN: usize = 4 * MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT;

/// How many names one origin may have resolved at the same time. Each takes a thread of net while it lasts; others wait
/// for their turn.
pub const MAX_LOOKUPS_PER_ORIGIN: usize = 16;

/// How many questions about addresses may wait for the embedder at the same time. More are answered with no.
pub const MAX_QUESTIONS: usize = 1024;

/// The share of net's descriptors that the sockets of one origin may have, all its pages and workers together, in
/// parts of four: the last part is for others.
pub const ORIGIN_SHARE: u64 = 3;

/// How long script and net look for something from each other, or from the OS, before they sleep, in microseconds:
/// about as long as it takes to wake a thread whose processor sleeps too.
pub const LOOK_AGAIN_US: u64 = 100;

/// How often that is left out at most where it was in vain: whoever is woken now and then for little looks again in
/// less than a fiftieth of all cases.
pub const MAX_LOOKS_LEFT_OUT: u32 = 63;

/// How many events may wait for a content process that does not take them. An honest one causes
/// at most two for each socket request; one that is over this is cut off.
pub const MAX_QUEUED_EVENTS: usize = 64 * 1024;

/// How many requests of one global may wait for room in the queue to net, beside those that are in it. An honest net
/// process always reads.
pub const MAX_QUEUED_REQUESTS: usize = 256 * 1024;

/// The most sockets that one answer about sockets tells of, so that it is no longer than [`MAX_PAYLOAD`]: each takes up
/// to 1.2 KiB, most of it text. Net goes through all its sockets for each answer, and others have their turn between
/// two.
pub const SOCKETS_PER_ANSWER: usize = 48;

/// The most bytes of an origin, a pipeline or a worker in an answer about sockets. An origin has up to 267: a name of
/// 253, a scheme, a port. What content says of its workers may be of any length.
pub const MAX_STATISTICS_TEXT: usize = 300;

/// The most sockets in a list for the embedder: those of a page that has as many as it may. A list of them takes a few
/// mebibytes.
pub const MAX_LISTED_SOCKETS: usize = MAX_SOCKETS_PER_CLIENT;

/// How many events may wait in content for its tasks, or come without a pause. From an honest net process fewer than
/// ten come for each open socket before script has had its turn, and one for each that is refused, of which no more
/// than [`MAX_QUEUED_REQUESTS`] can be asked for; one that is over this is given up.
pub const MAX_ARRIVED_EVENTS: usize = 16 * MAX_SOCKETS_PER_CLIENT;

/// How long the net process may take from its start until it has reported in.
pub const NET_START_TIMEOUT_MS: u64 = 5_000;

/// A net process that ends sooner than this after its start has died quickly.
pub const NET_QUICK_DEATH_MS: u64 = 2_000;

/// After so many quick deaths in a row the broker waits before it starts net again.
pub const NET_QUICK_DEATHS_BEFORE_BACK_OFF: u32 = 3;

/// How long the broker refuses to start net after too many quick deaths.
pub const NET_BACK_OFF_MS: u64 = 2_000;

/// How often script asks the broker again when a channel breaks before net has taken it.
pub const MAX_CONNECT_ATTEMPTS: u32 = 3;

/// How many events of a timeline one process keeps before they are written: a megabyte of them, and as much as comes
/// within [`TRACE_DELAY_MS`] while small messages go to and fro as fast as they can.
pub const MAX_TRACE_EVENTS: usize = 8 * 1024;

/// How long after an event the timeline is written: short enough for little to be missing when a process is killed,
/// long enough for hundreds of events to go by one system call.
pub const TRACE_DELAY_MS: u64 = 50;

/// How long a timeline may get, all processes together: more than a million events. Viewers hold all of it in memory,
/// some in one string of at most 512 MiB.
pub const MAX_TRACE_BYTES: u64 = 256 * 1024 * 1024;

/// How long the embedder waits at its end for the last lines of the other processes, which have been told to end by
/// then.
pub const TRACE_END_MS: u64 = 500;
