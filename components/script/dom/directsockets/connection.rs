/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The channel between one global and the net process, shared by the script thread and the thread that
//! receives events.

use std::sync::Arc;

use direct_sockets_traits::limits::{MAX_CONNECT_ATTEMPTS, MAX_PAYLOAD, WRITE_WINDOW};
use direct_sockets_traits::{
    BrokerMessage, ClientEvent, ConnectRequest, Owner, SocketError, SocketEvent, SocketId,
    SocketRequest,
};
use ipc_channel::ipc::{self, IpcSender};
use ipc_channel::router::ROUTER;
use log::warn;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use serde_bytes::ByteBuf;

use crate::dom::bindings::refcounted::Trusted;
use crate::dom::directsockets::anysocket::SocketKind;
use crate::dom::globalscope::GlobalScope;
use crate::tasks::task_source::SendableTaskSource;

/// One channel pair to net. Owned by the global's
/// [`super::directsocketsclient::DirectSocketsClient`] and by every socket that uses it. When it has
/// ended, by the page going away or by net going away, it never comes back: the next socket gets a
/// new one.
pub(crate) struct Connection {
    inner: Mutex<Inner>,
}

struct Inner {
    channel: Channel,
    /// The chunk that each socket is writing. At most one a socket, as Streams writes one at a time;
    /// the bytes are the copy that the specification asks for.
    outgoing: FxHashMap<SocketId, OutgoingChunk>,
    /// The sockets that are not TCPSockets, from their opening to their end: whose task source an event belongs to.
    kinds: FxHashMap<SocketId, SocketKind>,
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
    Ready(IpcSender<SocketRequest>),
    /// Nothing is sent or received any more.
    Ended,
}

/// A chunk on its way to net, in pieces that the write window has room for.
struct OutgoingChunk {
    bytes: Vec<u8>,
    offset: usize,
    credit: usize,
}

/// What it takes to ask the broker for net.
#[derive(Clone)]
pub(crate) struct Introduction {
    pub(crate) broker: IpcSender<BrokerMessage>,
    pub(crate) owner: Owner,
    /// The serialised origin of the global.
    pub(crate) origin: String,
    pub(crate) global: Trusted<GlobalScope>,
    pub(crate) task_sources: TaskSources,
}

/// The task sources of the three interfaces.
#[derive(Clone)]
pub(crate) struct TaskSources {
    pub(crate) tcp: SendableTaskSource,
    pub(crate) tcp_server: SendableTaskSource,
    pub(crate) udp: SendableTaskSource,
}

impl TaskSources {
    fn of(&self, kind: SocketKind) -> &SendableTaskSource {
        match kind {
            SocketKind::Tcp => &self.tcp,
            SocketKind::TcpServer => &self.tcp_server,
            SocketKind::Udp => &self.udp,
        }
    }
}

impl Connection {
    /// Ask the broker to connect this global to net, starting it if need be. Nothing waits.
    pub(crate) fn new(introduction: Introduction) -> Result<Arc<Self>, SocketError> {
        let connection = Arc::new(Self {
            inner: Mutex::new(Inner {
                channel: Channel::Ended,
                outgoing: Default::default(),
                kinds: Default::default(),
            }),
        });
        {
            // Held until the state is right: the answer may come before `introduce` returns.
            let mut inner = connection.inner.lock();
            let requests = connection.introduce(introduction, 0)?;
            inner.channel = Channel::Connecting {
                requests,
                waiting: Vec::new(),
            };
        }
        Ok(connection)
    }

    /// Ask the broker once more, after the channel broke before net had taken it. False if that cannot
    /// be done and the sockets are lost.
    fn introduce_again(self: &Arc<Self>, introduction: Introduction, attempt: u32) -> bool {
        let mut inner = self.inner.lock();
        match &mut inner.channel {
            Channel::Connecting { requests, .. } => match self.introduce(introduction, attempt) {
                Ok(new_requests) => {
                    *requests = new_requests;
                    true
                },
                Err(_) => false,
            },
            // The page has gone meanwhile.
            _ => true,
        }
    }

    /// Make a channel pair, hand the far ends to the broker, and route what comes back.
    fn introduce(
        self: &Arc<Self>,
        introduction: Introduction,
        attempt: u32,
    ) -> Result<IpcSender<SocketRequest>, SocketError> {
        let (requests, requests_receiver) =
            ipc::channel().map_err(|_| SocketError::TooManyOpenFiles)?;
        let (events, events_receiver) =
            ipc::channel().map_err(|_| SocketError::TooManyOpenFiles)?;
        introduction
            .broker
            .send(BrokerMessage::Connect(ConnectRequest {
                owner: introduction.owner.clone(),
                origin: introduction.origin.clone(),
                attempt,
                requests: requests_receiver,
                events,
            }))
            .map_err(|_| SocketError::NetProcessUnavailable)?;
        let mut route = Route {
            connection: self.clone(),
            introduction,
            attempt,
            refused: None,
        };
        ROUTER.add_typed_route(
            events_receiver,
            Box::new(move |message| match message {
                Ok(event) => route.handle_event(event),
                Err(error) => warn!("Undecodable event from the net process: {error:?}"),
            }),
        );
        Ok(requests)
    }

    /// Whether sockets of this connection can still do anything.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.inner.lock().channel, Channel::Ended)
    }

    /// The page has gone: drop the channel. Net closes every socket of it, and nothing settles.
    pub(crate) fn end(&self) -> bool {
        let mut inner = self.inner.lock();
        inner.outgoing.clear();
        !matches!(
            std::mem::replace(&mut inner.channel, Channel::Ended),
            Channel::Ended
        )
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
            SocketRequest::Abandon { id } => {
                inner.kinds.remove(id);
            },
            _ => {},
        }
        inner.channel.send(request);
    }

    /// Write a chunk. Answered by [`SocketEvent::Written`].
    pub(crate) fn write(&self, id: SocketId, bytes: Vec<u8>) {
        let mut inner = self.inner.lock();
        if matches!(inner.channel, Channel::Ended) {
            return;
        }
        inner.outgoing.insert(
            id,
            OutgoingChunk {
                bytes,
                offset: 0,
                credit: WRITE_WINDOW as usize,
            },
        );
        inner.pump(id);
    }

    /// Send no more of the chunk that is being written, and have net stop writing what it got of it.
    pub(crate) fn interrupt_write(&self, id: SocketId) {
        let mut inner = self.inner.lock();
        inner.outgoing.remove(&id);
        inner.channel.send(SocketRequest::AbortWrite { id });
    }
}

impl Channel {
    fn send(&mut self, request: SocketRequest) {
        match self {
            Self::Connecting { waiting, .. } => waiting.push(request),
            Self::Ready(requests) => {
                if let Err(error) = requests.send(request) {
                    warn!("The net process takes no requests: {error:?}");
                }
            },
            Self::Ended => {},
        }
    }
}

impl Inner {
    /// Send as many pieces of a chunk as the write window has room for.
    fn pump(&mut self, id: SocketId) {
        let Some(chunk) = self.outgoing.get_mut(&id) else {
            return;
        };
        loop {
            let remaining = chunk.bytes.len() - chunk.offset;
            let size = remaining.min(MAX_PAYLOAD).min(chunk.credit);
            if size == 0 && remaining != 0 {
                return;
            }
            let end = chunk.offset + size;
            let bytes = ByteBuf::from(&chunk.bytes[chunk.offset..end]);
            let last = end == chunk.bytes.len();
            chunk.offset = end;
            chunk.credit -= size;
            self.channel.send(SocketRequest::Write { id, bytes, last });
            if last {
                self.outgoing.remove(&id);
                return;
            }
        }
    }
}

/// The receiving end: lives on the router's thread, and is dropped when the last sender of events is.
struct Route {
    connection: Arc<Connection>,
    introduction: Introduction,
    attempt: u32,
    refused: Option<SocketError>,
}

impl Route {
    fn handle_event(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::Ready { .. } => {
                let mut inner = self.connection.inner.lock();
                let inner = &mut *inner;
                let channel = std::mem::replace(&mut inner.channel, Channel::Ended);
                inner.channel = match channel {
                    Channel::Connecting { requests, waiting } => {
                        let mut channel = Channel::Ready(requests);
                        for request in waiting {
                            channel.send(request);
                        }
                        channel
                    },
                    channel => channel,
                };
            },
            ClientEvent::Refused(error) => self.refused = Some(error),
            ClientEvent::Socket { id, event } => self.handle_socket_event(id, event),
        }
    }

    fn handle_socket_event(&self, id: SocketId, event: SocketEvent) {
        let kind = {
            let mut inner = self.connection.inner.lock();
            match event {
                SocketEvent::OpenFailed(_) | SocketEvent::Closed => inner.kinds.remove(&id),
                _ => inner.kinds.get(&id).copied(),
            }
            .unwrap_or(SocketKind::Tcp)
        };
        match event {
            // Nothing that a page could see: go on writing without a task, also while the page is busy.
            SocketEvent::WriteCredit(credit) => {
                let mut inner = self.connection.inner.lock();
                if let Some(chunk) = inner.outgoing.get_mut(&id) {
                    chunk.credit = (chunk.credit + credit as usize).min(WRITE_WINDOW as usize);
                    inner.pump(id);
                }
                return;
            },
            SocketEvent::Written(_) => {
                self.connection.inner.lock().outgoing.remove(&id);
            },
            _ => {},
        }
        let global = self.introduction.global.clone();
        self.introduction
            .task_sources
            .of(kind)
            .queue(task!(direct_socket_event: move |cx| {
                let global = global.root();
                global.direct_sockets().handle_event(cx, &global, id, event);
            }));
    }
}

impl Drop for Route {
    /// The last sender of events has gone: net has died, or the broker has refused, or the page has gone.
    /// Without this every promise of every socket would stay pending for ever.
    fn drop(&mut self) {
        // Before net had taken the channel nothing was sent, and nothing is lost by asking again.
        // The script thread does that: the router cannot take a new route while it is shutting down.
        let attempt = self.attempt + 1;
        let again = self.refused.is_none()
            && attempt < MAX_CONNECT_ATTEMPTS
            && matches!(
                self.connection.inner.lock().channel,
                Channel::Connecting { .. }
            );
        if !again && !self.connection.end() {
            return;
        }
        let error = self.refused.unwrap_or(if self.attempt == 0 {
            SocketError::NetProcessLost
        } else {
            SocketError::NetProcessUnavailable
        });
        let introduction = again.then(|| self.introduction.clone());
        let global = self.introduction.global.clone();
        let connection = self.connection.clone();
        // One task for all, so that they settle in the order of their construction.
        self.introduction.task_sources.of(SocketKind::Tcp).queue(
            task!(direct_sockets_lost: move |cx| {
                if let Some(introduction) = introduction &&
                    connection.introduce_again(introduction, attempt)
                {
                    return;
                }
                connection.end();
                let global = global.root();
                global.direct_sockets().handle_loss(cx, &global, &connection, error);
            }),
        );
    }
}
