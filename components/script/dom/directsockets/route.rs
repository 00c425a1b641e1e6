/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! How a global gets to know net, and the two threads that wait for what net says: the router's, for messages, and one
//! that sleeps in the shared memory, for the queue of events.

use std::sync::Arc;
use std::thread;

use direct_sockets_plane::{Bell, Plane, Segment};
use direct_sockets_trace::page;
use direct_sockets_traits::limits::MAX_CONNECT_ATTEMPTS;
use direct_sockets_traits::{
    BrokerMessage, ClientEvent, ConnectRequest, Owner, SharedMemory, SocketError, SocketRequest,
};
use ipc_channel::ipc::{self, IpcSender};
use ipc_channel::router::ROUTER;
use log::warn;

use crate::dom::bindings::refcounted::Trusted;
use crate::dom::directsockets::anysocket::SocketKind;
use crate::dom::directsockets::connection::{Connection, Gone};
use crate::dom::globalscope::GlobalScope;
use crate::tasks::task_source::SendableTaskSource;

/// What it takes to ask the broker for net, and to hand what net says to the global.
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

impl Introduction {
    /// Queue a task that handles what has arrived, on the task source of the first that it will handle.
    fn queue_task(&self, connection: &Arc<Connection>, kind: SocketKind) {
        let global = self.global.clone();
        let connection = connection.clone();
        self.task_sources
            .of(kind)
            .queue(task!(direct_sockets_arrivals: move |cx| {
                let global = global.root();
                global.direct_sockets().handle_arrivals(cx, &global, &connection);
            }));
    }
}

/// Make a channel pair, hand the far ends to the broker, and route what comes back.
pub(crate) fn introduce(
    connection: &Arc<Connection>,
    introduction: Introduction,
    attempt: u32,
) -> Result<IpcSender<SocketRequest>, SocketError> {
    let (requests, requests_receiver) =
        ipc::channel().map_err(|_| SocketError::TooManyOpenFiles)?;
    let (events, events_receiver) = ipc::channel().map_err(|_| SocketError::TooManyOpenFiles)?;
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
        connection: connection.clone(),
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

/// The receiving end: lives on the router's thread, and is dropped when the last sender of events is.
struct Route {
    connection: Arc<Connection>,
    introduction: Introduction,
    attempt: u32,
    refused: Option<SocketError>,
}

impl Route {
    fn handle_event(&mut self, event: ClientEvent) {
        let kind = match event {
            ClientEvent::Ready { memory, .. } => return self.handle_ready(memory),
            ClientEvent::Refused(error) => {
                self.refused = Some(error);
                return;
            },
            ClientEvent::Rings(memory) => match Segment::received(memory.0) {
                Some(segment) => self.connection.add_rings(segment),
                None => return warn!("The memory from the net process is not what it should be"),
            },
        };
        if let Some(kind) = kind {
            self.introduction.queue_task(&self.connection, kind);
        }
    }

    fn handle_ready(&self, memory: SharedMemory) {
        let bell = match Plane::received(memory.0) {
            Some(plane) => self.connection.become_ready(&plane),
            None => {
                warn!("The memory from the net process is not what it should be");
                None
            },
        };
        let Some(bell) = bell else {
            return;
        };
        let connection = self.connection.clone();
        let introduction = self.introduction.clone();
        let listener = thread::Builder::new()
            .name("DirectSockets".to_owned())
            .spawn(move || listen(&connection, &introduction, &bell));
        if let Err(error) = listener {
            warn!("No thread can be started that waits for the net process: {error}");
            // Dropping the channel makes net drop its end.
            self.connection.lose();
        }
    }
}

/// Wait for events until there are no more.
fn listen(connection: &Arc<Connection>, introduction: &Introduction, bell: &Bell) {
    loop {
        // Whatever rings after this ends the wait below.
        let count = bell.count();
        let hop = connection.link.bell(&page::WAKE, || count);
        match connection.wake_up() {
            Ok(Some(kind)) => introduction.queue_task(connection, kind),
            Ok(None) => {},
            Err(Gone) => return,
        }
        drop(hop);
        bell.wait(count, None);
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
            && self.connection.is_connecting();
        if !again && !self.connection.lose() {
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
                let global = global.root();
                global.direct_sockets().handle_loss(cx, &global, &connection, error);
            }),
        );
    }
}
