/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What a client has asked of one socket, and what the socket's task has not done yet.
//!
//! Orders are kept as state, not as a queue, so they take the same room whatever a client sends.

use std::cell::RefCell;
use std::rc::Rc;

use direct_sockets_plane::Span;
use direct_sockets_traits::SocketId;
use direct_sockets_traits::limits::MAX_BATCH;
use tokio::sync::Notify;

use crate::read_side::ReadSide;
use crate::receive_side::ReceiveSide;
use crate::send_side::SendSide;
use crate::statistics::{Counted, Statistics};
use crate::traffic::Traffic;
use crate::write_side::WriteSide;

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

/// What may be read: datagrams or connections.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reading {
    /// Nothing has been asked for.
    #[default]
    Idle,
    /// Up to so many, at least one.
    Wanted(usize),
    /// Cancelled, or ended by the peer or the OS.
    Over,
}

#[derive(Debug)]
struct State {
    reading: Reading,
    /// The first id for connections that are accepted.
    first: SocketId,
    read_side: ReadSide,
    writing: WriteSide,
    receiving: ReceiveSide,
    sending: SendSide,
    close: bool,
    held: Counted,
}

/// The orders for one socket.
#[derive(Debug)]
pub struct Orders {
    /// What the socket has done.
    pub traffic: Traffic,
    kind: Kind,
    state: RefCell<State>,
    changed: Notify,
}

impl Orders {
    /// No orders yet.
    pub fn new(kind: Kind, statistics: &Rc<Statistics>) -> Rc<Self> {
        Rc::new(Self {
            traffic: Traffic::new(statistics),
            kind,
            state: RefCell::new(State {
                reading: Reading::Idle,
                first: SocketId(0),
                read_side: ReadSide::default(),
                writing: WriteSide::default(),
                receiving: ReceiveSide::default(),
                sending: SendSide::default(),
                close: false,
                held: statistics.held(0),
            }),
            changed: Notify::new(),
        })
    }

    /// What kind of socket these are for.
    pub fn kind(&self) -> Kind {
        self.kind
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

    /// Read into this ring.
    pub fn read_into(&self, span: Span) {
        let mut state = self.state.borrow_mut();
        match self.kind {
            Kind::Connection => state.read_side.attach(span),
            Kind::Datagrams { .. } => state.receiving.attach(span),
            Kind::Listener => return,
        }
        self.changed.notify_one();
    }

    /// Write from this ring.
    pub fn write_from(&self, span: Span) {
        let mut state = self.state.borrow_mut();
        match self.kind {
            Kind::Connection => state.writing.attach(span),
            Kind::Datagrams { .. } => state.sending.attach(span),
            Kind::Listener => return,
        }
        self.changed.notify_one();
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
        if state.reading == Reading::Idle {
            state.reading = Reading::Wanted(max);
        }
        self.changed.notify_one();
    }

    /// Read no more.
    pub fn cancel_read(&self) {
        let mut state = self.state.borrow_mut();
        state.reading = Reading::Over;
        state.read_side.end();
        state.receiving.end();
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

    /// What was wanted has been read, all of it.
    pub fn has_read(&self) {
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

    /// The peer or the OS has ended reading.
    pub fn read_is_over(&self) {
        self.state.borrow_mut().reading = Reading::Over;
    }

    /// Write no more than what stands in the ring before `keep`.
    pub fn abort_write(&self, keep: u64) {
        match self.kind {
            Kind::Connection => self.writing(|writing| writing.stop_at(keep)),
            Kind::Datagrams { .. } => self.sending(|sending| sending.stop_at(keep)),
            Kind::Listener => return,
        }
        self.changed.notify_one();
    }

    /// Shut down for writing once everything is written.
    pub fn shut_down_write(&self) {
        if self.kind == Kind::Connection {
            self.writing(WriteSide::want_shutdown);
            self.changed.notify_one();
        }
    }

    /// Close, once the OS has taken the bytes before `keep`, whatever else there is to do.
    pub fn close(&self, keep: u64) {
        self.state.borrow_mut().close = true;
        self.abort_write(keep);
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

    /// Look at or change the read side of a UDP socket.
    pub fn receiving<R>(&self, action: impl FnOnce(&mut ReceiveSide) -> R) -> R {
        self.with(|state| action(&mut state.receiving))
    }

    /// Look at or change the write side of a UDP socket.
    pub fn sending<R>(&self, action: impl FnOnce(&mut SendSide) -> R) -> R {
        self.with(|state| action(&mut state.sending))
    }

    /// Look at or change the read side of a connection.
    pub fn reading<R>(&self, action: impl FnOnce(&mut ReadSide) -> R) -> R {
        self.with(|state| action(&mut state.read_side))
    }

    /// Look at or change the write side of a connection.
    pub fn writing<R>(&self, action: impl FnOnce(&mut WriteSide) -> R) -> R {
        self.with(|state| action(&mut state.writing))
    }

    /// Look at or change the state, and count what waits then.
    fn with<R>(&self, action: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.borrow_mut();
        let result = action(&mut state);
        let held = match self.kind {
            Kind::Connection => state.writing.waiting().unwrap_or(0),
            Kind::Datagrams { .. } => state.sending.held() + state.receiving.held(),
            Kind::Listener => 0,
        };
        state.held.set(held);
        result
    }
}
