/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The two queues that one client shares with net: its requests, and the events of its connections and servers.
//!
//! Nothing blocks. What there is no room for waits in net, bounded, until script has read.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use direct_sockets_plane::{Bell, Plane, Post, PostError};
use direct_sockets_trace::Link;
use direct_sockets_trace::net::{BELL, EVENT};
use direct_sockets_traits::limits::MAX_QUEUED_EVENTS;
use direct_sockets_traits::{SocketEvent, SocketId, SocketRequest};
use tokio::sync::Notify;

use crate::statistics::Statistics;

/// Net's side of both queues.
#[derive(Debug)]
pub struct Queues {
    post: RefCell<Post>,
    bell: Bell,
    statistics: Rc<Statistics>,
    link: Link,
    /// Nothing is said any more.
    is_over: Cell<bool>,
    is_flushed: Notify,
}

impl Queues {
    /// Those of a memory that net has made.
    pub fn new(plane: &Plane, statistics: &Rc<Statistics>, link: &Link) -> Self {
        Self {
            post: RefCell::new(Post::of_net(plane, MAX_QUEUED_EVENTS)),
            bell: plane.bell(),
            statistics: statistics.clone(),
            link: link.clone(),
            is_over: Cell::new(false),
            is_flushed: Notify::new(),
        }
    }

    /// The next request, if there is one.
    pub fn request(&self) -> Result<Option<SocketRequest>, PostError> {
        self.post.borrow_mut().receive()
    }

    /// Whether [`Self::request`] has something to say.
    pub fn has_more(&self) -> bool {
        self.post.borrow_mut().has_more()
    }

    /// Tell script what happened to a socket. Where it sleeps, it is woken: whether that was so.
    pub fn event(&self, id: SocketId, event: &SocketEvent) -> Result<bool, PostError> {
        if self.is_over.get() {
            return Ok(false);
        }
        let _hop = self.link.sends(&EVENT, id, event);
        let mut post = self.post.borrow_mut();
        post.send(&(id, event))?;
        self.statistics.events.one();
        let tells = post.must_tell();
        if tells {
            self.ring();
        }
        Ok(tells)
    }

    fn ring(&self) {
        let _hop = self.link.bell(&BELL, || self.bell.count().wrapping_add(1));
        self.bell.ring();
        self.statistics.bells.one();
    }

    /// Before sleeping: whether script will send a [`SocketRequest::Doorbell`] when there is something to do. False if
    /// there is already.
    pub fn wait(&self) -> Result<bool, PostError> {
        let mut post = self.post.borrow_mut();
        let waits = post.wait()?;
        if post.must_tell() {
            self.ring();
        }
        if post.is_flushed() {
            self.is_flushed.notify_waiters();
        }
        Ok(waits)
    }

    /// Say nothing any more. What script can read already stays.
    pub fn end(&self) {
        self.is_over.set(true);
        self.is_flushed.notify_waiters();
    }

    /// Wait until everything is where script can read it.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn flushed(&self) {
        while !self.is_over.get() && !self.post.borrow().is_flushed() {
            self.is_flushed.notified().await;
        }
    }
}
