/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What one socket has done, counted where it happens. Additions and nothing else: no allocation, no clock.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use direct_sockets_traits::Address;
use tokio::net::UdpSocket;

use crate::drops::dropped;
use crate::statistics::Statistics;

/// A figure that only grows.
#[derive(Debug, Default)]
pub struct Counter(Cell<u64>);

impl Counter {
    /// Count one more.
    pub fn one(&self) {
        self.add(1);
    }

    /// Count some more.
    pub fn add(&self, count: usize) {
        self.0.set(self.0.get() + count as u64);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// What has gone over sockets: over one, or over all.
#[derive(Debug, Default)]
pub struct Moved {
    /// Bytes read from the OS.
    pub bytes_received: Counter,
    /// Bytes taken by the OS.
    pub bytes_sent: Counter,
    /// Datagrams read from the OS.
    pub datagrams_received: Counter,
    /// Datagrams taken by the OS.
    pub datagrams_sent: Counter,
    /// System calls that have read something.
    pub reads: Counter,
    /// System calls by which the OS has taken something.
    pub writes: Counter,
}

impl Moved {
    fn received(&self, datagrams: usize, bytes: usize) {
        self.reads.one();
        self.datagrams_received.add(datagrams);
        self.bytes_received.add(bytes);
    }

    fn sent(&self, datagrams: usize, bytes: usize) {
        self.writes.one();
        self.datagrams_sent.add(datagrams);
        self.bytes_sent.add(bytes);
    }
}

/// The counters of one socket. What they count is counted for the whole as well.
#[derive(Debug)]
pub struct Traffic {
    /// What has gone over this socket.
    pub moved: Moved,
    /// Requests that said that there is something in a ring, or room.
    pub doorbells: Counter,
    /// Events that had to wake somebody.
    pub bells: Counter,
    /// How often its task has looked for something to do.
    pub wake_ups: Counter,
    all: Rc<Statistics>,
    began: Instant,
    ends: Cell<(Option<Address>, Option<Address>)>,
    /// Whose drops the kernel counts. It must not be kept open by this.
    datagrams: RefCell<Weak<UdpSocket>>,
}

impl Traffic {
    /// Nothing yet. `all` is where the whole is counted.
    pub fn new(all: &Rc<Statistics>) -> Self {
        Self {
            moved: Moved::default(),
            doorbells: Counter::default(),
            bells: Counter::default(),
            wake_ups: Counter::default(),
            all: all.clone(),
            began: Instant::now(),
            ends: Cell::default(),
            datagrams: RefCell::default(),
        }
    }

    /// The socket is there.
    pub fn opened(&self, local: Address, remote: Option<Address>) {
        self.ends.set((Some(local), remote));
    }

    /// The socket is this one.
    pub fn watch_drops(&self, socket: &Rc<UdpSocket>) {
        self.datagrams.replace(Rc::downgrade(socket));
    }

    /// One system call has read bytes: of so many datagrams, or of a connection.
    pub fn received(&self, datagrams: usize, bytes: usize) {
        self.moved.received(datagrams, bytes);
        self.all.moved.received(datagrams, bytes);
    }

    /// The OS has taken bytes by one system call: those of so many datagrams, or of a connection.
    pub fn sent(&self, datagrams: usize, bytes: usize) {
        self.moved.sent(datagrams, bytes);
        self.all.moved.sent(datagrams, bytes);
    }

    /// Its two ends, as far as it has them.
    pub fn ends(&self) -> (Option<Address>, Option<Address>) {
        self.ends.get()
    }

    /// How long ago it was made.
    pub fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// How many datagrams the kernel has dropped. Asks the kernel.
    pub fn dropped(&self) -> u64 {
        let socket = self.datagrams.borrow().upgrade();
        socket.map_or(0, |socket| dropped(&socket))
    }
}
