/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What goes back to one client.
//!
//! Events are written at once where the channel takes them. Where it does not, they wait here, bounded, and
//! a task writes them when the client reads again. Nothing ever blocks, so a client that does not
//! read disturbs nobody else.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use direct_sockets_traits::ClientEvent;
use direct_sockets_traits::limits::MAX_QUEUED_EVENTS;
use direct_sockets_wire::{Endpoint, MemoryEvent, Wait};
use log::{debug, warn};
use tokio::io::Interest;
use tokio::sync::Notify;

use crate::channel::{Watched, watch};

/// How long to wait when the OS is out of buffers.
const BUFFER_SHORTAGE_PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug)]
struct Queued {
    message: Vec<u8>,
    /// Memory that goes with it.
    descriptor: Option<OwnedFd>,
}

impl Queued {
    fn send(&self, channel: &Watched) -> io::Result<()> {
        let descriptor = self.descriptor.as_ref().map(AsFd::as_fd);
        channel
            .get_ref()
            .send(&self.message, descriptor.as_slice(), Wait::Never)
    }
}

/// The way back to one client.
#[derive(Debug)]
pub struct Events {
    channel: RefCell<Option<Rc<Watched>>>,
    queue: RefCell<VecDeque<Queued>>,
    has_more: Notify,
    is_empty: Notify,
    has_ended: Notify,
}

impl Events {
    /// Take the events channel of a client. To be called on the runtime.
    pub fn new(channel: Endpoint) -> io::Result<Rc<Self>> {
        let channel = watch(channel, Interest::WRITABLE)?;
        Ok(Rc::new(Self {
            channel: RefCell::new(Some(Rc::new(channel))),
            queue: RefCell::default(),
            has_more: Notify::new(),
            is_empty: Notify::new(),
            has_ended: Notify::new(),
        }))
    }

    /// Send an event without memory.
    pub fn send(&self, event: &ClientEvent) {
        match postcard::to_stdvec(event) {
            Ok(message) => self.push(message, None),
            Err(error) => {
                warn!("An event cannot be encoded: {error}");
                self.end();
            },
        }
    }

    /// Hand memory to the client.
    pub fn memory(&self, event: MemoryEvent) {
        match event.encode() {
            Ok((message, descriptor)) => self.push(message, Some(descriptor)),
            Err(error) => {
                warn!("An event cannot be encoded: {error}");
                self.end();
            },
        }
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
        self.has_more.notify_one();
        self.is_empty.notify_waiters();
        // The client's reader and the writer below may both wait for this.
        self.has_ended.notify_waiters();
    }

    fn push(&self, message: Vec<u8>, descriptor: Option<OwnedFd>) {
        let Some(channel) = self.channel.borrow().clone() else {
            return;
        };
        let queued = Queued {
            message,
            descriptor,
        };
        if self.queue.borrow().is_empty() {
            match queued.send(&channel) {
                Ok(()) => return,
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
        self.queue.borrow_mut().push_back(queued);
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
            first.send(channel)?;
        }
        self.queue.borrow_mut().pop_front();
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
