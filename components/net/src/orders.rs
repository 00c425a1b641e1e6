/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What a client has asked of one socket, and what the socket's task has not done yet.
//!
//! Orders are kept as state, not as a queue, so they take the same room whatever a client sends.

use std::cell::RefCell;
use std::rc::Rc;

use direct_sockets_traits::limits::{MAX_BATCH, MAX_PAYLOAD};
use direct_sockets_traits::{Destination, SocketError, SocketEvent, SocketId};
use serde_bytes::ByteBuf;
use tokio::sync::Notify;

use crate::send_side::{InFlight, SendSide};
use crate::statistics::{Counted, Statistics};
use crate::write_side::{Overrun, WriteSide};

/// What kind of socket the orders are for. Those that only another kind can carry out are ignored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// A TCP connection.
    Connection,
    /// A UDP socket.
    Datagrams {
        /// Whether each datagram says where it goes.
        bound: bool,
    },
    /// A listening TCP socket.
    Listener,
}

/// What may be read: bytes, datagrams or connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reading {
    /// Nothing has been asked for.
    #[default]
    Idle,
    /// Up to so many, at least one.
    Wanted(usize),
    /// What the last read brought is still on their way to the client.
    Delivering {
        /// What was asked for meanwhile.
        next: Option<usize>,
    },
    /// Cancelled, or ended by the peer or the OS.
    Over,
}

#[derive(Debug)]
struct State {
    reading: Reading,
    /// The first id for connections that are accepted.
    first: SocketId,
    writing: WriteSide,
    sending: SendSide,
    close: bool,
    held: Counted,
}

/// The orders for one socket.
#[derive(Debug)]
pub struct Orders {
    kind: Kind,
    state: RefCell<State>,
    changed: Notify,
}

impl Orders {
    /// No orders yet.
    pub fn new(kind: Kind, statistics: &Rc<Statistics>) -> Rc<Self> {
        Rc::new(Self {
            kind,
            state: RefCell::new(State {
                reading: Reading::Idle,
                first: SocketId(0),
                writing: WriteSide::default(),
                sending: SendSide::default(),
                close: false,
                held: statistics.held(0),
            }),
            changed: Notify::new(),
        })
    }

    /// Something has been ordered, or delivered, since this was last awaited.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Let the socket's task look again.
    pub fn wake(&self) {
        self.changed.notify_one();
    }

    /// Read once. Ignored while a read is outstanding (decision AMB-08).
    pub fn read(&self, max: u32) {
        if self.kind == Kind::Connection {
            let max = usize::try_from(max).unwrap_or(MAX_PAYLOAD);
            self.want(max.min(MAX_PAYLOAD));
        }
    }

    /// Receive a batch of datagrams. Ignored while one is outstanding.
    pub fn receive(&self, max: u32) {
        if matches!(self.kind, Kind::Datagrams { .. }) {
            self.want(max.min(MAX_BATCH) as usize);
        }
    }

    /// Accept connections, and name them from `first` on. Ignored while an accept is outstanding.
    pub fn accept(&self, first: SocketId, max: u32) {
        if self.kind == Kind::Listener && self.state.borrow().reading == Reading::Idle {
            self.state.borrow_mut().first = first;
            self.want(max.min(MAX_BATCH) as usize);
        }
    }

    fn want(&self, max: usize) {
        let max = max.max(1);
        let mut state = self.state.borrow_mut();
        state.reading = match state.reading {
            Reading::Idle => Reading::Wanted(max),
            Reading::Delivering { next: None } => Reading::Delivering { next: Some(max) },
            reading => reading,
        };
        self.changed.notify_one();
    }

    /// Read no more.
    pub fn cancel_read(&self) {
        self.state.borrow_mut().reading = Reading::Over;
        self.changed.notify_one();
    }

    /// How much to read now, if anything.
    pub fn wanted(&self) -> Option<usize> {
        match self.state.borrow().reading {
            Reading::Wanted(max) => Some(max),
            _ => None,
        }
    }

    /// The first id of those for connections that are accepted now.
    pub fn first(&self) -> SocketId {
        self.state.borrow().first
    }

    /// Connections have been accepted and reported.
    pub fn has_accepted(&self) {
        let mut state = self.state.borrow_mut();
        if let Reading::Wanted(_) = state.reading {
            state.reading = Reading::Idle;
        }
    }

    /// Accept no more; whether an accept was outstanding.
    pub fn end_accepting(&self) -> bool {
        if self.kind != Kind::Listener {
            return false;
        }
        let mut state = self.state.borrow_mut();
        let reading = std::mem::replace(&mut state.reading, Reading::Over);
        self.changed.notify_one();
        matches!(reading, Reading::Wanted(_))
    }

    /// Something has been read, and may be on their way for a while.
    pub fn has_read(&self) {
        self.state.borrow_mut().reading = Reading::Delivering { next: None };
    }

    /// What the last read brought has left this process.
    pub fn delivered(&self) {
        let mut state = self.state.borrow_mut();
        if let Reading::Delivering { next } = state.reading {
            state.reading = next.map_or(Reading::Idle, Reading::Wanted);
            self.changed.notify_one();
        }
    }

    /// The peer or the OS has ended reading.
    pub fn read_is_over(&self) {
        self.state.borrow_mut().reading = Reading::Over;
    }

    /// A piece of a chunk.
    pub fn write(&self, bytes: ByteBuf, last: bool) -> Result<(), Overrun> {
        if self.kind != Kind::Connection {
            return Ok(());
        }
        let result = self.writing(|writing| writing.push(bytes, last));
        self.changed.notify_one();
        result
    }

    /// A datagram. Where it goes is said by it or by the socket, never by both.
    pub fn send(
        &self,
        data: ByteBuf,
        to: Option<Destination>,
        in_flight: InFlight,
    ) -> Result<(), Overrun> {
        let Kind::Datagrams { bound } = self.kind else {
            return Ok(());
        };
        if bound != to.is_some() {
            return Err(Overrun);
        }
        let result = self.sending(|sending| sending.push(data, to, in_flight));
        self.changed.notify_one();
        result
    }

    /// No datagram can be sent any more, for this reason; the answer to it.
    pub fn refuse_send(&self, error: SocketError) -> Option<SocketEvent> {
        match self.kind {
            Kind::Datagrams { .. } => self.sending(|sending| sending.refuse(error)),
            Kind::Connection | Kind::Listener => None,
        }
    }

    /// Write no more; the answer, if there is one to give.
    pub fn abort_write(&self) -> Option<SocketEvent> {
        let event = match self.kind {
            Kind::Connection => self.writing(WriteSide::abort),
            Kind::Datagrams { .. } => self.sending(SendSide::abort),
            Kind::Listener => None,
        };
        self.changed.notify_one();
        event
    }

    /// Shut down for writing once everything is written.
    pub fn shut_down_write(&self) {
        if self.kind == Kind::Connection {
            self.writing(WriteSide::want_shutdown);
            self.changed.notify_one();
        }
    }

    /// Close, whatever else there is to do.
    pub fn close(&self) {
        self.state.borrow_mut().close = true;
        self.changed.notify_one();
    }

    /// Whether to close.
    pub fn is_closing(&self) -> bool {
        self.state.borrow().close
    }

    /// Wait until the socket is to be closed.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn closing(&self) {
        while !self.is_closing() {
            self.changed().await;
        }
    }

    /// Look at or change the write side of a UDP socket.
    pub fn sending<R>(&self, action: impl FnOnce(&mut SendSide) -> R) -> R {
        let mut state = self.state.borrow_mut();
        let result = action(&mut state.sending);
        let held = state.sending.held();
        state.held.set(held);
        result
    }

    /// Look at or change the write side of a connection.
    pub fn writing<R>(&self, action: impl FnOnce(&mut WriteSide) -> R) -> R {
        let mut state = self.state.borrow_mut();
        let result = action(&mut state.writing);
        let held = state.writing.held();
        state.held.set(held);
        result
    }
}
