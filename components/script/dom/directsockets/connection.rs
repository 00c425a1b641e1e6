/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What one global has of the net process: the way there, the memory that both share, and what has come from there and
//! has not been looked at. Shared by the script thread and the threads that wait for net ([`super::route`]).

use std::collections::VecDeque;
use std::sync::Arc;

use direct_sockets_plane::{Bell, Patience, Plane, Post, PostError, Segment, Span};
use direct_sockets_trace::{Link, page};
use direct_sockets_traits::limits::{MAX_ARRIVED_EVENTS, MAX_QUEUED_REQUESTS};
use direct_sockets_traits::{SocketError, SocketEvent, SocketId, SocketRequest};
use ipc_channel::ipc::IpcSender;
use log::warn;
use parking_lot::{Mutex, MutexGuard};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::dom::directsockets::anysocket::SocketKind;
use crate::dom::directsockets::rings::{Chunk, Rings, Written};
use crate::dom::directsockets::route::{Introduction, introduce};

/// One channel pair to net. Owned by the global's
/// [`super::directsocketsclient::DirectSocketsClient`] and by every socket that uses it. When it has
/// ended, by the page going away or by net going away, it never comes back: the next socket gets a
/// new one.
pub(crate) struct Connection {
    inner: Mutex<Inner>,
    /// What ties the hops of its sockets to net's.
    pub(crate) link: Link,
}

struct Inner {
    channel: Channel,
    /// The rings in the memory that is shared with net, and what is being written to them.
    rings: Rings,
    /// Once net is lost: the sockets of which something was reported as written that it had not given to the OS.
    unsent: FxHashSet<SocketId>,
    /// The sockets that are not TCPSockets, from their opening to their end: whose task source an event belongs to.
    kinds: FxHashMap<SocketId, SocketKind>,
    /// What has happened, in order, and no task has handled.
    arrived: VecDeque<Arrival>,
    /// A task will look at what has arrived, or is doing so, until there is no more: nobody needs to be woken for that.
    /// While this is false, the queue of events holds the wish to be told.
    is_awaited: bool,
    /// Of the task, before it is at its end.
    patience: Patience,
    link: Link,
}

/// Something that has happened to a socket.
pub(crate) struct Arrival {
    pub(crate) kind: SocketKind,
    pub(crate) id: SocketId,
    pub(crate) event: SocketEvent,
}

enum Channel {
    /// The broker has been asked. Requests wait here, one `OpenTcp` for each socket that the page has
    /// constructed: a channel that nobody reads from yet would block the script thread when it is full,
    /// and what is sent into one that net never takes would be lost.
    Connecting {
        requests: IpcSender<SocketRequest>,
        waiting: Vec<SocketRequest>,
    },
    /// Net has taken the other end.
    Ready(Ready),
    /// Net has gone, or has written what cannot be. The sockets hear of it when the channel that net holds has closed.
    Lost,
    /// The page has gone: nobody hears anything.
    Ended,
}

struct Ready {
    /// Wakes net.
    requests: IpcSender<SocketRequest>,
    post: Post,
    /// Where the thread sleeps that waits for events.
    bell: Bell,
    link: Link,
}

impl Connection {
    /// Ask the broker to connect this global to net, starting it if need be. Nothing waits.
    pub(crate) fn new(introduction: Introduction) -> Result<Arc<Self>, SocketError> {
        let link = Link::new(&introduction.owner);
        let connection = Arc::new(Self {
            inner: Mutex::new(Inner {
                channel: Channel::Ended,
                rings: Default::default(),
                unsent: Default::default(),
                kinds: Default::default(),
                arrived: Default::default(),
                is_awaited: false,
                patience: Patience::default(),
                link: link.clone(),
            }),
            link,
        });
        {
            // Held until the state is right: the answer may come before `introduce` returns.
            let mut inner = connection.inner.lock();
            let requests = introduce(&connection, introduction, 0)?;
            inner.channel = Channel::Connecting {
                requests,
                waiting: Vec::new(),
            };
        }
        Ok(connection)
    }

    /// Ask the broker once more, after the channel broke before net had taken it. False if that cannot
    /// be done and the sockets are lost.
    pub(crate) fn introduce_again(
        self: &Arc<Self>,
        introduction: Introduction,
        attempt: u32,
    ) -> bool {
        let mut inner = self.inner.lock();
        match &mut inner.channel {
            Channel::Connecting { requests, .. } => match introduce(self, introduction, attempt) {
                Ok(new_requests) => {
                    *requests = new_requests;
                    true
                },
                Err(_) => {
                    inner.lose();
                    false
                },
            },
            // The page has gone meanwhile.
            _ => true,
        }
    }

    /// Net has taken the channel and shares this memory: what waits is sent. Returns where to wait for events.
    pub(crate) fn become_ready(&self, plane: &Plane) -> Option<Bell> {
        let mut inner = self.inner.lock();
        let (requests, waiting) = match std::mem::replace(&mut inner.channel, Channel::Lost) {
            Channel::Connecting { requests, waiting } => (requests, waiting),
            channel => {
                inner.channel = channel;
                return None;
            },
        };
        let bell = plane.bell();
        inner.rings.add(plane.segment());
        inner.channel = Channel::Ready(Ready {
            requests,
            post: Post::of_script(plane, MAX_QUEUED_REQUESTS),
            bell: bell.clone(),
            link: self.link.clone(),
        });
        for request in waiting {
            inner.send(request);
        }
        Some(bell)
    }

    /// Whether sockets of this connection can do nothing any more.
    pub(crate) fn has_ended(&self) -> bool {
        self.inner.lock().has_ended()
    }

    /// Whether net may be found to be lost before it has taken the channel.
    pub(crate) fn is_connecting(&self) -> bool {
        matches!(self.inner.lock().channel, Channel::Connecting { .. })
    }

    /// The page has gone: drop the channel. Net closes every socket of it, and nothing settles.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.lock();
        inner.lose();
        inner.channel = Channel::Ended;
        inner.arrived.clear();
    }

    /// Net has gone. What it has said before counts. False if the page has gone as well.
    pub(crate) fn lose(&self) -> bool {
        let mut inner = self.inner.lock();
        inner.take_in();
        inner.lose();
        !matches!(inner.channel, Channel::Ended)
    }

    /// Send a request. One that cannot be sent is dropped: net has gone, its end of the event channel has
    /// gone with it, and the route settles everything.
    pub(crate) fn send(&self, request: SocketRequest) {
        let mut inner = self.inner.lock();
        match &request {
            SocketRequest::OpenUdp { id, .. } => {
                inner.kinds.insert(*id, SocketKind::Udp);
            },
            SocketRequest::ListenTcp { id, .. } => {
                inner.kinds.insert(*id, SocketKind::TcpServer);
            },
            _ => {},
        }
        inner.send(request);
    }

    /// Have net read into a ring, which is returned. Where none is left, the socket hears [`SocketEvent::Readable`]
    /// once there is one.
    ///
    /// Where a task is to look at what has arrived, net is woken when it has: whatever is read reaches the page no
    /// sooner, and what the task sends besides goes with the same word.
    pub(crate) fn start_read(&self, id: SocketId) -> Option<Span> {
        let mut inner = self.inner.lock();
        let (requests, span) = inner.rings.start_read(id);
        for request in requests {
            inner.put(request);
        }
        if !inner.is_awaited {
            inner.tell();
        }
        span
    }

    /// Write a chunk: all of it is in the ring now, or the socket hears [`SocketEvent::Written`]. The bytes are copied
    /// at once, as the specification asks for.
    pub(crate) fn write(&self, id: SocketId, bytes: &[u8], chunk: Chunk) -> Written {
        let mut inner = self.inner.lock();
        if inner.has_ended() {
            return Written::Later;
        }
        let hop = self.link.hop(&page::PUT, id);
        let (requests, written) = inner.rings.write(id, bytes, chunk);
        hop.moved(bytes.len(), || inner.rings.position(id));
        inner.send_all(requests);
        if written == Written::Later && inner.is_awaited {
            // The rest is written also while the page is busy, by the thread that waits for events.
            inner.watch();
        }
        written
    }

    /// Send no more of the chunk that is being written to a TCP ring; whether there is one. What was reported as
    /// written is still given to the OS, for a while.
    pub(crate) fn interrupt_write(&self, id: SocketId) -> bool {
        let mut inner = self.inner.lock();
        let (was_writing, keep) = inner.rings.interrupt(id);
        inner.send(SocketRequest::AbortWrite { id, keep });
        was_writing
    }

    /// Have net close the OS socket, once it has been given what was reported as written.
    pub(crate) fn close(&self, id: SocketId) {
        let mut inner = self.inner.lock();
        let (_, keep) = inner.rings.interrupt(id);
        inner.send(SocketRequest::Close { id, keep });
    }

    /// The same for a socket that nobody will look at any more.
    pub(crate) fn abandon(&self, id: SocketId) {
        let mut inner = self.inner.lock();
        let (_, keep) = inner.rings.interrupt(id);
        inner.send(SocketRequest::Abandon { id, keep });
    }

    /// Net has closed this socket, and its end of the rings has been dropped: others may have them.
    pub(crate) fn release(&self, id: SocketId) {
        self.inner.lock().rings.release(id);
    }

    /// There are more rings: those who wait for one look again. Returns for which kind of socket a task is to be queued
    /// that calls [`Self::next_arrival`], if for one.
    pub(crate) fn add_rings(&self, segment: Segment) -> Option<SocketKind> {
        let mut inner = self.inner.lock();
        for id in inner.rings.add(segment) {
            inner.note(id, SocketEvent::Writable);
            inner.note(id, SocketEvent::Readable);
        }
        inner.call_task()
    }

    /// Something happens on the script thread itself. Returns as [`Self::add_rings`], or gives the event back if there
    /// is no connection any more.
    pub(crate) fn queue(
        &self,
        kind: SocketKind,
        id: SocketId,
        event: SocketEvent,
    ) -> Result<Option<SocketKind>, SocketEvent> {
        let mut inner = self.inner.lock();
        if inner.has_ended() {
            return Err(event);
        }
        inner.arrived.push_back(Arrival { kind, id, event });
        Ok(inner.call_task())
    }

    /// The thread that waits for events has been woken: see to what cannot wait for a task. Returns as
    /// [`Self::add_rings`], or an error if there is nothing to wait for any more.
    pub(crate) fn wake_up(&self) -> Result<Option<SocketKind>, Gone> {
        let mut inner = self.inner.lock();
        inner.take_in();
        // A task that is under way looks at the queue itself.
        if !inner.is_awaited || inner.rings.has_rest() {
            inner.watch();
        }
        match inner.channel {
            Channel::Ready(_) => Ok(inner.call_task()),
            _ => Err(Gone),
        }
    }

    /// What the task is to handle next, also if it comes within a moment: then nobody need be woken.
    ///
    /// After `None` another task will be queued for what arrives then.
    pub(crate) fn next_arrival(&self) -> Option<Arrival> {
        let mut inner = self.inner.lock();
        inner.take_in();
        if inner.arrived.is_empty()
            && let Some(moment) = inner.patience.begin()
        {
            let found = loop {
                let goes_on = MutexGuard::unlocked(&mut inner, || moment.goes_on());
                inner.take_in();
                if !inner.arrived.is_empty() {
                    break true;
                }
                if !goes_on || inner.has_ended() {
                    break false;
                }
            };
            inner.patience.end(found);
        }
        if inner.arrived.is_empty() {
            inner.watch();
        }
        let arrival = inner.arrived.pop_front();
        inner.is_awaited = arrival.is_some();
        arrival
    }

    /// Whether net was lost before it had given the OS everything that was reported as written to this socket.
    pub(crate) fn has_unsent(&self, id: SocketId) -> bool {
        self.inner.lock().unsent.contains(&id)
    }

    /// What has arrived before net was lost.
    pub(crate) fn last_arrival(&self) -> Option<Arrival> {
        self.inner.lock().arrived.pop_front()
    }
}

/// There will be no events any more.
pub(crate) struct Gone;

impl Inner {
    fn has_ended(&self) -> bool {
        matches!(self.channel, Channel::Lost | Channel::Ended)
    }

    fn lose(&mut self) {
        let unsent = self.rings.end();
        self.unsent.extend(unsent);
        if matches!(self.channel, Channel::Ended) {
            return;
        }
        if let Channel::Ready(ready) = std::mem::replace(&mut self.channel, Channel::Lost) {
            // The thread that waits sees that there is nothing to wait for.
            ready.bell.ring();
        }
    }

    fn send(&mut self, request: SocketRequest) {
        self.put(request);
        self.tell();
    }

    /// Put a request where net finds it when it looks.
    fn put(&mut self, request: SocketRequest) {
        match &mut self.channel {
            Channel::Connecting { waiting, .. } => waiting.push(request),
            Channel::Ready(ready) => {
                let _hop = ready.link.sends(&page::REQUEST, request.id(), &request);
                if let Err(error) = ready.post.send(&request) {
                    self.fail(error);
                }
            },
            Channel::Lost | Channel::Ended => {},
        }
    }

    /// Wake net, if it sleeps and there is something for it.
    fn tell(&self) {
        if let Channel::Ready(ready) = &self.channel {
            ready.tell();
        }
    }

    fn send_all(&mut self, requests: impl IntoIterator<Item = SocketRequest>) {
        for request in requests {
            self.send(request);
        }
    }

    /// The queues are of no use. Dropping the channel makes net drop its end, and the route reports the loss.
    fn fail(&mut self, error: PostError) {
        warn!("The net process cannot be understood: {error}");
        self.lose();
    }

    /// Take what is in the queue of events.
    fn take_in(&mut self) {
        self.take_more(&mut 0);
    }

    /// The same, after so many were taken without a pause.
    fn take_more(&mut self, taken: &mut usize) {
        loop {
            let Channel::Ready(ready) = &mut self.channel else {
                return;
            };
            match ready.post.receive() {
                Ok(Some((id, event))) => {
                    *taken += 1;
                    if self.arrived.len().max(*taken) > MAX_ARRIVED_EVENTS {
                        // It would go on for ever, or until no memory is left.
                        return self.fail(PostError::Overrun);
                    }
                    let _hop = self.link.receives(&page::EVENT, id, &event);
                    self.note(id, event);
                },
                Ok(None) => return ready.tell(),
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Take what is in the queue of events, and wish to be told when there is more.
    fn watch(&mut self) {
        let mut taken = 0;
        loop {
            let Channel::Ready(ready) = &mut self.channel else {
                return;
            };
            match ready.post.wait() {
                Ok(true) => return ready.tell(),
                Ok(false) => self.take_more(&mut taken),
                Err(error) => return self.fail(error),
            }
        }
    }

    /// Something has happened to a socket.
    fn note(&mut self, id: SocketId, event: SocketEvent) {
        let kind = match event {
            SocketEvent::OpenFailed(_) | SocketEvent::Closed(_) => self.kinds.remove(&id),
            _ => self.kinds.get(&id).copied(),
        };
        let event = match event {
            // Go on writing without a task, also while the page is busy. It hears when the chunk is written.
            SocketEvent::Writable => {
                let hop = self.link.hop(&page::PUT, id);
                let (requests, result) = self.rings.go_on(id);
                hop.moved(None, || self.rings.position(id));
                self.send_all(requests);
                match result {
                    Some(result) => SocketEvent::Written(result),
                    None => return,
                }
            },
            SocketEvent::WriteFailed(_) => {
                self.rings.stop(id);
                event
            },
            event => event,
        };
        let kind = kind.unwrap_or(SocketKind::Tcp);
        self.arrived.push_back(Arrival { kind, id, event });
    }

    /// Whose task source a task is to be queued on, where something has arrived and no task looks at it.
    fn call_task(&mut self) -> Option<SocketKind> {
        let kind = self.arrived.front()?.kind;
        (!std::mem::replace(&mut self.is_awaited, true)).then_some(kind)
    }
}

impl Ready {
    fn send_message(&self, request: SocketRequest) {
        if let Err(error) = self.requests.send(request) {
            warn!("The net process takes no requests: {error:?}");
        }
    }

    /// Wake net, if it sleeps and there is something for it in the queues.
    fn tell(&self) {
        if self.post.must_tell() {
            let _hop = self.link.doorbell(&page::DOORBELL);
            self.send_message(SocketRequest::Doorbell);
        }
    }
}
