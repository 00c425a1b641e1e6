/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What a client has asked of one socket, and what the socket's task has not done yet.
//!
//! Orders are kept as state, not as a queue, so they take the same room whatever a client sends.

use std::cell::RefCell;
use std::rc::Rc;

use direct_sockets_traits::SocketEvent;
use direct_sockets_traits::limits::MAX_PAYLOAD;
use serde_bytes::ByteBuf;
use tokio::sync::Notify;

use crate::statistics::{Counted, Statistics};
use crate::write_side::{Overrun, WriteSide};

/// What may be read.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Reading {
    /// Nothing has been asked for.
    #[default]
    Idle,
    /// Up to so many bytes, at least one.
    Wanted(usize),
    /// The bytes of the last read are still on their way to the client.
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
    writing: WriteSide,
    close: bool,
    held: Counted,
}

/// The orders for one socket.
#[derive(Debug)]
pub struct Orders {
    state: RefCell<State>,
    changed: Notify,
}

impl Orders {
    /// No orders yet.
    pub fn new(statistics: &Rc<Statistics>) -> Rc<Self> {
        Rc::new(Self {
            state: RefCell::new(State {
                reading: Reading::Idle,
                writing: WriteSide::default(),
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
        let max = usize::try_from(max)
            .unwrap_or(MAX_PAYLOAD)
            .clamp(1, MAX_PAYLOAD);
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

    /// Bytes have been read, and may be on their way for a while.
    pub fn has_read(&self) {
        self.state.borrow_mut().reading = Reading::Delivering { next: None };
    }

    /// The bytes of the last read have left this process.
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
        let result = self.writing(|writing| writing.push(bytes, last));
        self.changed.notify_one();
        result
    }

    /// Write no more; the answer, if there is one to give.
    pub fn abort_write(&self) -> Option<SocketEvent> {
        let event = self.writing(WriteSide::abort);
        self.changed.notify_one();
        event
    }

    /// Shut down for writing once everything is written.
    pub fn shut_down_write(&self) {
        self.writing(WriteSide::want_shutdown);
        self.changed.notify_one();
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

    /// Look at or change the write side.
    pub fn writing<R>(&self, action: impl FnOnce(&mut WriteSide) -> R) -> R {
        let mut state = self.state.borrow_mut();
        let result = action(&mut state.writing);
        let held = state.writing.held();
        state.held.set(held);
        result
    }
}
