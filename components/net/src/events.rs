/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What goes back to one client.
//!
//! Events are written at once where the channel takes them. Where it does not, they wait here, bounded, and
//! a task writes them when the client reads again. Nothing ever blocks, so a client that does not
//! read disturbs nobody else.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;

use direct_sockets_traits::limits::MAX_QUEUED_EVENTS;
use direct_sockets_traits::{
    ClientEvent, Datagram, ReadResult, ReceiveResult, SocketEvent, SocketId,
};
use direct_sockets_wire::{Endpoint, Wait};
use log::{debug, warn};
use serde_bytes::ByteBuf;
use tokio::io::Interest;
use tokio::sync::Notify;

use crate::channel::{Watched, watch};
use crate::orders::Orders;
use crate::statistics::{Counted, Statistics};

/// While so many bytes wait for a client, its sockets are not read.
const MAX_QUEUED_BYTES: usize = 1024 * 1024;

/// How long to wait when the OS is out of buffers.
const BUFFER_SHORTAGE_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct Queued {
    message: Vec<u8>,
    /// What has been read, if it is a read.
    load: Load,
}

/// The page data in an event.
#[derive(Debug, Default)]
struct Load {
    _held: Option<Counted>,
    /// Who hears when the event has left this process.
    reader: Option<Rc<Orders>>,
}

impl Load {
    fn delivered(self) {
        if let Some(orders) = self.reader {
            orders.delivered();
        }
    }
}

/// The way back to one client.
#[derive(Debug)]
pub struct Events {
    channel: RefCell<Option<Rc<Watched>>>,
    queue: RefCell<VecDeque<Queued>>,
    queued_bytes: Cell<usize>,
    waiting_for_room: RefCell<HashMap<SocketId, Rc<Orders>>>,
    has_more: Notify,
    is_empty: Notify,
    has_ended: Notify,
    statistics: Rc<Statistics>,
}

impl Events {
    /// Take the events channel of a client. To be called on the runtime.
    pub fn new(channel: Endpoint, statistics: &Rc<Statistics>) -> io::Result<Rc<Self>> {
        let channel = watch(channel, Interest::WRITABLE)?;
        Ok(Rc::new(Self {
            channel: RefCell::new(Some(Rc::new(channel))),
            queue: RefCell::default(),
            queued_bytes: Cell::new(0),
            waiting_for_room: RefCell::default(),
            has_more: Notify::new(),
            is_empty: Notify::new(),
            has_ended: Notify::new(),
            statistics: statistics.clone(),
        }))
    }

    /// Send an event of a socket.
    pub fn socket(&self, id: SocketId, event: SocketEvent) {
        self.send(&ClientEvent::Socket { id, event });
    }

    /// Send an event without page data.
    pub fn send(&self, event: &ClientEvent) {
        self.push(event, Load::default());
    }

    /// Send what has been read from a socket. Until it has left this process, nothing more is read.
    pub fn data(&self, id: SocketId, bytes: &[u8], orders: &Rc<Orders>) {
        let event = SocketEvent::Read(ReadResult::Data(ByteBuf::from(bytes)));
        self.read(id, event, bytes.len(), Some(orders));
    }

    /// Send datagrams of one batch. Until the last of them have left this process, nothing more is received.
    pub fn datagrams(
        &self,
        id: SocketId,
        datagrams: Vec<Datagram>,
        last: bool,
        orders: &Rc<Orders>,
    ) {
        let bytes = datagrams.iter().map(|datagram| datagram.data.len()).sum();
        let result = ReceiveResult::Datagrams { datagrams, last };
        self.read(
            id,
            SocketEvent::Received(result),
            bytes,
            last.then_some(orders),
        );
    }

    fn read(&self, id: SocketId, event: SocketEvent, bytes: usize, reader: Option<&Rc<Orders>>) {
        if let Some(orders) = reader {
            orders.has_read();
        }
        let load = Load {
            _held: Some(self.statistics.held(bytes)),
            reader: reader.cloned(),
        };
        self.push(&ClientEvent::Socket { id, event }, load);
    }

    /// Whether too much waits to read more for this client. If so, `orders` hears when that changes.
    pub fn is_full(&self, id: SocketId, orders: &Rc<Orders>) -> bool {
        let is_full = self.queued_bytes.get() >= MAX_QUEUED_BYTES;
        if is_full {
            self.waiting_for_room
                .borrow_mut()
                .insert(id, orders.clone());
        }
        is_full
    }

    /// Whether nothing more can be sent.
    pub fn is_over(&self) -> bool {
        self.channel.borrow().is_none()
    }

    /// Wait until nothing more can be sent.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn over(&self) {
        while !self.is_over() {
            self.has_ended.notified().await;
        }
    }

    /// Wait until nothing waits to be sent.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn flushed(&self) {
        while !self.queue.borrow().is_empty() {
            self.is_empty.notified().await;
        }
    }

    /// Drop the channel and everything that waits.
    pub fn end(&self) {
        self.channel.borrow_mut().take();
        self.queue.borrow_mut().clear();
        self.queued_bytes.set(0);
        self.waiting_for_room.borrow_mut().clear();
        self.has_more.notify_one();
        self.is_empty.notify_waiters();
        // The client's reader and the writer below may both wait for this.
        self.has_ended.notify_waiters();
    }

    fn push(&self, event: &ClientEvent, load: Load) {
        let Some(channel) = self.channel.borrow().clone() else {
            return;
        };
        let message = match postcard::to_stdvec(event) {
            Ok(message) => message,
            Err(error) => {
                warn!("An event cannot be encoded: {error}");
                return self.end();
            },
        };
        if self.queue.borrow().is_empty() {
            match channel.get_ref().send(&message, &[], Wait::Never) {
                Ok(()) => return load.delivered(),
                Err(error) if is_temporary(&error) => {},
                Err(error) => {
                    debug!("A client takes no events any more: {error}");
                    return self.end();
                },
            }
        }
        if self.queue.borrow().len() >= MAX_QUEUED_EVENTS {
            warn!("A client that takes no events is cut off");
            return self.end();
        }
        self.queued_bytes
            .set(self.queued_bytes.get() + message.len());
        self.queue.borrow_mut().push_back(Queued { message, load });
        self.has_more.notify_one();
    }

    /// Write what waits, for as long as the client takes events.
    pub async fn write(self: Rc<Self>) {
        loop {
            let Some(channel) = self.channel.borrow().clone() else {
                return;
            };
            if self.queue.borrow().is_empty() {
                drop(channel);
                self.has_more.notified().await;
                continue;
            }
            let ready = tokio::select! {
                ready = channel.writable() => ready,
                () = self.over() => return,
            };
            let Ok(mut ready) = ready else {
                return self.end();
            };
            match self.write_first(&channel) {
                Ok(()) => {},
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if is_temporary(&error) => {
                    tokio::time::sleep(BUFFER_SHORTAGE_PAUSE).await;
                },
                Err(_) => return self.end(),
            }
            tokio::task::consume_budget().await;
        }
    }

    fn write_first(&self, channel: &Watched) -> io::Result<()> {
        if let Some(first) = self.queue.borrow().front() {
            channel.get_ref().send(&first.message, &[], Wait::Never)?;
        }
        let Some(sent) = self.queue.borrow_mut().pop_front() else {
            return Ok(());
        };
        self.queued_bytes
            .set(self.queued_bytes.get() - sent.message.len());
        sent.load.delivered();
        if self.queued_bytes.get() < MAX_QUEUED_BYTES {
            for (_, orders) in self.waiting_for_room.borrow_mut().drain() {
                orders.wake();
            }
        }
        if self.queue.borrow().is_empty() {
            self.is_empty.notify_waiters();
        }
        Ok(())
    }
}

/// Whether the channel may take the message later.
fn is_temporary(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
        || matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}
