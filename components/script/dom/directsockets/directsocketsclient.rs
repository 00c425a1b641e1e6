/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The sockets of one global.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::time::{Duration, Instant};

use direct_sockets_trace::page;
use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, Owner, SocketError, SocketEvent, SocketId,
};
use js::context::JSContext;
use rustc_hash::FxBuildHasher;
use script_bindings::cell::DomRefCell;
use script_bindings::inheritance::Castable;
use script_bindings::settings_stack::run_a_script;

use crate::DomTypeHolder;
use crate::dom::bindings::refcounted::Trusted;
use crate::dom::bindings::trace::HashMapTracedValues;
use crate::dom::directsockets::anysocket::{PinnedSocket, RootedSocket, SocketKind, WeakSocket};
use crate::dom::directsockets::connection::{Arrival, Connection};
use crate::dom::directsockets::route::{Introduction, TaskSources};
use crate::dom::globalscope::GlobalScope;
use crate::dom::workerglobalscope::WorkerGlobalScope;

/// The table of sockets is swept of collected ones when it has grown to this many entries, and after that
/// each time it has doubled.
const FIRST_SWEEP: usize = 64;

/// After so long it is the turn of the event loop's other tasks: of timers, input, rendering.
const BURST: Duration = Duration::from_millis(1);

/// The sockets of one global and its channel to net. A field of [`GlobalScope`].
#[derive(Default, JSTraceable, MallocSizeOf)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(crate) struct DirectSocketsClient {
    /// How many ids this global has given out: the next id.
    given_ids: Cell<u64>,

    /// How large the table may grow before collected sockets are swept out of it.
    sweep_at: Cell<usize>,

    #[no_trace]
    #[ignore_malloc_size_of = "Arc"]
    connection: RefCell<Option<Arc<Connection>>>,

    /// Every socket that may still get an event. Weak, so that being open keeps no socket alive
    /// (decision AMB-79).
    #[ignore_malloc_size_of = "WeakRef"]
    sockets: DomRefCell<HashMapTracedValues<SocketId, WeakSocket, FxBuildHasher>>,

    /// The sockets that must stay alive because something of theirs is outstanding that the page can
    /// observe (decision AMB-79).
    #[ignore_malloc_size_of = "Measured by the JS engine"]
    pinned: DomRefCell<HashMapTracedValues<SocketId, PinnedSocket, FxBuildHasher>>,
}

impl DirectSocketsClient {
    /// So many ids in a row that no socket of this global has had; the first of them.
    pub(crate) fn next_ids(&self, count: u32) -> SocketId {
        let id = self.given_ids.get();
        self.given_ids.set(id + u64::from(count));
        SocketId(id)
    }

    /// The connection for a new socket: the one that exists if net is still there, else a new one.
    /// Must be called in a task or in page code, as a worker has a task source only then.
    pub(crate) fn connection(&self, global: &GlobalScope) -> Result<Arc<Connection>, SocketError> {
        if let Some(connection) = &*self.connection.borrow()
            && !connection.has_ended()
        {
            return Ok(connection.clone());
        }
        let broker = global
            .resource_threads()
            .direct_sockets_broker
            .clone()
            .ok_or(SocketError::NetProcessUnavailable)?;
        let connection = Connection::new(Introduction {
            broker,
            owner: Owner {
                pipeline: global.pipeline_id().to_string(),
                worker: global
                    .downcast::<WorkerGlobalScope>()
                    .map(|worker| worker.worker_id().to_string()),
            },
            origin: global.origin().immutable().ascii_serialization().into(),
            global: Trusted::new(global),
            task_sources: TaskSources {
                tcp: SocketKind::Tcp.task_source(global),
                tcp_server: SocketKind::TcpServer.task_source(global),
                udp: SocketKind::Udp.task_source(global),
            },
        })?;
        *self.connection.borrow_mut() = Some(connection.clone());
        Ok(connection)
    }

    /// Enter a socket into the table of those that get events.
    pub(crate) fn register(&self, id: SocketId, socket: WeakSocket) {
        let mut sockets = self.sockets.borrow_mut();
        if sockets.0.len() >= self.sweep_at.get().max(FIRST_SWEEP) {
            sockets.0.retain(|_, socket| socket.is_alive());
            self.sweep_at.set(sockets.0.len() * 2);
        }
        sockets.0.insert(id, socket);
    }

    /// Nothing more happens to this socket.
    pub(crate) fn forget(&self, id: SocketId) {
        self.sockets.borrow_mut().0.remove(&id);
        self.unpin(id);
    }

    /// Keep a socket alive.
    pub(crate) fn pin(&self, id: SocketId, socket: PinnedSocket) {
        self.pinned.borrow_mut().0.insert(id, socket);
    }

    /// Let a socket be collected if the page cannot reach it.
    pub(crate) fn unpin(&self, id: SocketId) {
        self.pinned.borrow_mut().0.remove(&id);
    }

    /// The global is going away, or is no longer fully active: close every socket at once. Nothing
    /// settles (decisions AMB-77 and AMB-78).
    pub(crate) fn close_all(&self) {
        if let Some(connection) = self.connection.borrow_mut().take() {
            connection.end();
        }
        self.sockets.borrow_mut().0.clear();
        self.pinned.borrow_mut().0.clear();
    }

    /// Queue a task that handles what has arrived.
    pub(crate) fn queue_task(
        &self,
        global: &GlobalScope,
        connection: &Arc<Connection>,
        kind: SocketKind,
    ) {
        let trusted_global = Trusted::new(global);
        let connection = connection.clone();
        kind.task_source(global)
            .queue(task!(direct_sockets_arrivals: move |cx| {
                let global = trusted_global.root();
                global.direct_sockets().handle_arrivals(cx, &global, &connection);
            }));
    }

    /// Run the tasks for what has arrived, one after the other, each with the microtask checkpoint that ends it.
    ///
    /// To the page this is an event loop that has found these tasks first in its queues
    /// (<https://html.spec.whatwg.org/multipage/#event-loop-processing-model>); it saves a turn of the loop for each.
    pub(crate) fn handle_arrivals(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        connection: &Arc<Connection>,
    ) {
        let _hop = connection.link.hop(&page::ARRIVALS, None);
        let start = Instant::now();
        while let Some(Arrival { kind, id, event }) = connection.next_arrival() {
            self.handle_event(cx, global, connection, id, event);
            if start.elapsed() > BURST {
                return self.queue_task(global, connection, kind);
            }
        }
    }

    /// Run the task for an event of one socket. Events of sockets that were collected are dropped:
    /// there is nobody to see them.
    fn handle_event(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        connection: &Connection,
        id: SocketId,
        event: SocketEvent,
    ) {
        let _hop = connection.link.hop(&page::HANDLE, id).about(&event);
        let is_closed = matches!(event, SocketEvent::Closed(_));
        let socket = self
            .sockets
            .borrow()
            .0
            .get(&id)
            .and_then(|socket| socket.root());
        match (socket, event) {
            (Some(socket), event) => {
                Self::run_task(cx, global, |cx| socket.handle_event(cx, event));
            },
            // The server was collected while it accepted.
            (None, SocketEvent::Accepted(AcceptResult::Connections(accepted))) => {
                for AcceptedConnection { id, .. } in accepted {
                    connection.abandon(id);
                }
            },
            (None, _) => {},
        }
        if is_closed {
            // The socket has dropped its end of the rings, or has been collected.
            connection.release(id);
        }
    }

    /// Run the steps of a task. Inside they count as script that runs, so that nothing which Streams does in
    /// between makes microtasks run before the steps are at their end.
    pub(crate) fn run_task(
        cx: &mut JSContext,
        global: &GlobalScope,
        steps: impl FnOnce(&mut JSContext),
    ) {
        run_a_script::<DomTypeHolder, _, _>(cx, global, steps);
    }

    /// Run the task for the loss of net: every socket that used this connection ends with an error
    /// (decision AMB-81).
    pub(crate) fn handle_loss(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        connection: &Arc<Connection>,
        error: SocketError,
    ) {
        // What net has said before still counts.
        while let Some(Arrival { id, event, .. }) = connection.last_arrival() {
            self.handle_event(cx, global, connection, id, event);
        }
        let mut sockets: Vec<(SocketId, RootedSocket)> = self
            .sockets
            .borrow()
            .0
            .iter()
            .filter_map(|(id, socket)| Some((*id, socket.root()?)))
            .filter(|(_, socket)| socket.uses(connection))
            .collect();
        // In the order of construction, as the page would expect of anything that happens to all.
        sockets.sort_unstable_by_key(|(id, _)| *id);
        Self::run_task(cx, global, |cx| {
            for (_, socket) in sockets {
                socket.handle_loss(cx, error);
            }
        });
    }
}
