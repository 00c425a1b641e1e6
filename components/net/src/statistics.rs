/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the net process holds, counted where it changes. Everything lives on one thread.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use direct_sockets_traits::NetStatistics;
use tokio::net::UdpSocket;
use tokio::sync::Notify;

use crate::drops::dropped;
use crate::traffic::{Counter, Moved};

/// The counters of one net process.
#[derive(Debug, Default)]
pub struct Statistics {
    clients: Cell<u64>,
    sockets: Cell<u64>,
    bytes_held: Cell<u64>,
    datagrams_in_flight: Cell<u64>,
    drops: RefCell<Drops>,
    /// What has gone over all sockets.
    pub moved: Moved,
    /// Requests of clients.
    pub requests: Counter,
    /// Events for clients.
    pub events: Counter,
    /// Messages by which clients have woken net.
    pub doorbells: Counter,
    /// How often net has woken clients.
    pub bells: Counter,
    /// Messages from the broker.
    pub control_messages: Counter,
    wake_ups: WakeUps,
    /// Clients that there have ever been.
    registered: Counter,
    has_less: Notify,
}

/// How often the only thread has waited for something to happen, and something did. The runtime counts, and asks for
/// what could be shared with other threads.
#[derive(Clone, Debug, Default)]
pub struct WakeUps(Arc<AtomicU64>);

impl WakeUps {
    /// Count one more.
    pub fn one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Statistics {
    /// Nothing yet. Wake-ups are counted elsewhere.
    pub fn new(wake_ups: WakeUps) -> Self {
        Self {
            wake_ups,
            ..Self::default()
        }
    }

    /// The figures of this moment, without what only a look at every socket tells.
    pub fn snapshot(&self) -> NetStatistics {
        NetStatistics {
            clients: self.clients.get(),
            sockets: self.sockets.get(),
            bytes_held: self.bytes_held.get(),
            datagrams_in_flight: self.datagrams_in_flight.get(),
            datagrams_dropped: self.drops.borrow().all(),
            bytes_received: self.moved.bytes_received.get(),
            bytes_sent: self.moved.bytes_sent.get(),
            datagrams_received: self.moved.datagrams_received.get(),
            datagrams_sent: self.moved.datagrams_sent.get(),
            reads: self.moved.reads.get(),
            writes: self.moved.writes.get(),
            requests: self.requests.get(),
            events: self.events.get(),
            doorbells: self.doorbells.get(),
            bells: self.bells.get(),
            wake_ups: self.wake_ups.get(),
            control_messages: self.control_messages.get(),
            ..NetStatistics::default()
        }
    }

    /// Count a client for as long as the result lives.
    pub fn client(self: &Rc<Self>) -> Counted {
        Counted::new(self, |statistics| &statistics.clients, 1)
    }

    /// Count a socket for as long as the result lives.
    pub fn socket(self: &Rc<Self>) -> Counted {
        Counted::new(self, |statistics| &statistics.sockets, 1)
    }

    /// Count bytes of page data in memory for as long as the result lives.
    pub fn held(self: &Rc<Self>, bytes: usize) -> Counted {
        Counted::new(self, |statistics| &statistics.bytes_held, bytes)
    }

    /// Count a datagram on its way to the OS for as long as the result lives.
    pub fn datagram(self: &Rc<Self>) -> Counted {
        Counted::new(self, |statistics| &statistics.datagrams_in_flight, 1)
    }

    /// Count what the OS drops of a UDP socket, for as long as the result lives and once more at its end.
    pub fn watch_drops(self: &Rc<Self>, socket: &Rc<UdpSocket>) -> DropsWatch {
        let mut drops = self.drops.borrow_mut();
        let key = drops.next;
        drops.next += 1;
        drops.open.insert(key, socket.clone());
        DropsWatch {
            statistics: self.clone(),
            key,
        }
    }

    /// Sockets opening or open.
    pub fn sockets(&self) -> u64 {
        self.sockets.get()
    }

    /// Wait until something that was counted is there no more.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn fewer_sockets(&self) {
        self.has_less.notified().await;
    }

    /// Clients registered.
    pub fn clients(&self) -> u64 {
        self.clients.get()
    }

    /// A number for a client that no earlier one has: 1 for the first.
    pub fn number(&self) -> u64 {
        self.registered.one();
        self.registered.get()
    }
}

/// Datagrams that the OS has dropped.
#[derive(Debug, Default)]
struct Drops {
    /// Of sockets that are closed now.
    closed: u64,
    open: HashMap<u64, Rc<UdpSocket>>,
    next: u64,
}

impl Drops {
    fn all(&self) -> u64 {
        let open = self.open.values().map(dropped);
        open.fold(self.closed, u64::saturating_add)
    }
}

/// A UDP socket whose drops are counted. Keeps it open.
#[derive(Debug)]
pub struct DropsWatch {
    statistics: Rc<Statistics>,
    key: u64,
}

impl Drop for DropsWatch {
    fn drop(&mut self) {
        let mut drops = self.statistics.drops.borrow_mut();
        if let Some(socket) = drops.open.remove(&self.key) {
            drops.closed = drops.closed.saturating_add(dropped(&socket));
        }
    }
}

/// A part of a figure that goes when this is dropped.
#[derive(Debug)]
pub struct Counted {
    statistics: Rc<Statistics>,
    figure: fn(&Statistics) -> &Cell<u64>,
    amount: u64,
}

impl Counted {
    fn new(
        statistics: &Rc<Statistics>,
        figure: fn(&Statistics) -> &Cell<u64>,
        amount: usize,
    ) -> Self {
        let mut counted = Self {
            statistics: statistics.clone(),
            figure,
            amount: 0,
        };
        counted.set(amount);
        counted
    }

    /// Change the part.
    pub fn set(&mut self, amount: usize) {
        let cell = (self.figure)(&self.statistics);
        cell.set(cell.get() - self.amount + amount as u64);
        self.amount = amount as u64;
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.set(0);
        self.statistics.has_less.notify_one();
    }
}
