/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! One client: a global with sockets. Reads its requests and keeps its sockets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use direct_sockets_traits::{
    ClientEvent, Grant, Owner, SocketError, SocketEvent, SocketId, SocketRequest, TcpOpen,
};
use direct_sockets_wire::{Endpoint, ReceiveError};
use log::{debug, warn};
use tokio::io::Interest;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::channel::{ReadBuffer, Scratch, Watched, receive, watch};
use crate::events::Events;
use crate::orders::Orders;
use crate::resolver::Resolve;
use crate::statistics::Statistics;
use crate::tcp_socket;

/// How many names one client may have resolved at the same time. Each takes a thread while it lasts.
const MAX_LOOKUPS: usize = 16;

/// The most descriptors that are kept back from clients and their sockets.
const RESERVED_DESCRIPTORS: u64 = 512;

/// After so many requests of one client in a row it is the turn of others.
const REQUESTS_IN_A_ROW: u32 = 64;

/// What all clients of one net process share.
pub struct Common {
    /// The counters.
    pub statistics: Rc<Statistics>,
    /// Who knows names.
    pub resolver: Rc<dyn Resolve>,
    /// Where messages are received.
    pub scratch: Scratch,
    /// Where bytes are read from sockets.
    pub read_buffer: ReadBuffer,
    /// How many descriptors there are to give away.
    pub budget: Budget,
}

/// The descriptors of the process, shared out so that no client can take those of others, and all of them
/// together cannot take what net itself needs: for the broker's questions, for resolvers.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    clients: u64,
    sockets: u64,
    sockets_of_one_client: usize,
}

impl Budget {
    /// Share out what the process may have.
    pub fn new(descriptor_limit: Option<u64>) -> Self {
        let limit = descriptor_limit.unwrap_or(u64::MAX);
        let shared = limit - (limit / 4).min(RESERVED_DESCRIPTORS);
        let sockets = shared / 4 * 3;
        Self {
            // A channel each way.
            clients: (shared - sockets) / 2,
            sockets,
            sockets_of_one_client: usize::try_from(sockets / 4 * 3).unwrap_or(usize::MAX),
        }
    }
}

struct Entry {
    orders: Rc<Orders>,
    task: AbortHandle,
}

/// One client.
pub struct Client {
    /// What it shares with others.
    pub common: Rc<Common>,
    /// The way back.
    pub events: Rc<Events>,
    /// Its turn to resolve names.
    pub lookups: Arc<Semaphore>,
    grant: Grant,
    sockets: RefCell<HashMap<SocketId, Entry>>,
}

impl Client {
    /// Take a client: says [`ClientEvent::Ready`] and serves it until its channel breaks.
    /// To be called on the local set.
    pub fn start(
        common: &Rc<Common>,
        owner: Owner,
        grant: Grant,
        requests: Endpoint,
        events: Endpoint,
    ) {
        if common.statistics.snapshot().clients >= common.budget.clients {
            // Dropping its channels tells it.
            warn!("There are too many clients");
            return;
        }
        let events = Events::new(events, &common.statistics);
        let requests = watch(requests, Interest::READABLE);
        let (events, requests) = match (events, requests) {
            (Ok(events), Ok(requests)) => (events, requests),
            (Err(error), _) | (_, Err(error)) => {
                warn!("A client's channel cannot be watched: {error}");
                return;
            },
        };
        debug!("Client {owner:?} of {} has come", grant.origin);
        events.send(&ClientEvent::Ready {
            net_pid: std::process::id(),
        });
        let client = Rc::new(Self {
            common: common.clone(),
            events: events.clone(),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS)),
            grant,
            sockets: RefCell::default(),
        });
        tokio::task::spawn_local(events.write());
        let counted = common.statistics.client();
        tokio::task::spawn_local(async move {
            // However this task ends.
            let _end = EndOnDrop(client.clone());
            let _counted = counted;
            let reason = client.serve(&requests).await;
            debug!(
                "Client {owner:?} of {} has gone: {reason}",
                client.grant.origin
            );
        });
    }

    /// Handle requests until there are no more.
    async fn serve(self: &Rc<Self>, requests: &Watched) -> ReceiveError {
        let mut in_a_row = 0;
        loop {
            let request = tokio::select! {
                request = receive(requests, &self.common.scratch, |bytes, _| {
                    postcard::from_bytes::<SocketRequest>(bytes)
                }) => request,
                () = self.events.over() => return ReceiveError::Closed,
            };
            match request {
                Ok(Ok(request)) => self.handle(request),
                Ok(Err(_)) => return ReceiveError::Malformed("not a request"),
                Err(error) => return error,
            }
            in_a_row += 1;
            if in_a_row == REQUESTS_IN_A_ROW {
                in_a_row = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Nothing of what a client can say here is an error: unknown ids and orders that make no sense
    /// are ignored.
    fn handle(self: &Rc<Self>, request: SocketRequest) {
        let id = request.id();
        if let SocketRequest::OpenTcp { open, .. } = request {
            return self.open_tcp(id, open);
        }
        let Some(orders) = self.orders(id) else {
            return;
        };
        match request {
            SocketRequest::OpenTcp { .. }
            | SocketRequest::OpenUdp { .. }
            | SocketRequest::ListenTcp { .. }
            | SocketRequest::Receive { .. }
            | SocketRequest::Accept { .. }
            | SocketRequest::Send { .. } => {},
            SocketRequest::Read { max, .. } => orders.read(max),
            SocketRequest::CancelRead { .. } => orders.cancel_read(),
            SocketRequest::Write { bytes, last, .. } => {
                if orders.write(bytes, last).is_err() {
                    debug!("A socket is closed because its client wrote more than its credit");
                    orders.close();
                }
            },
            SocketRequest::AbortWrite { .. } => {
                if let Some(event) = orders.abort_write() {
                    self.events.socket(id, event);
                }
            },
            SocketRequest::ShutdownWrite { .. } => orders.shut_down_write(),
            SocketRequest::Close { .. } => orders.close(),
            SocketRequest::Abandon { .. } => {
                if let Some(entry) = self.sockets.borrow_mut().remove(&id) {
                    entry.task.abort();
                }
            },
        }
    }

    fn open_tcp(self: &Rc<Self>, id: SocketId, open: TcpOpen) {
        let mut sockets = self.sockets.borrow_mut();
        if sockets.contains_key(&id) {
            return;
        }
        let budget = self.common.budget;
        let most = self.grant.max_sockets.min(budget.sockets_of_one_client);
        let failure = if sockets.len() >= most {
            Some(SocketError::SocketLimit)
        } else if self.common.statistics.snapshot().sockets >= budget.sockets {
            Some(SocketError::TooManyOpenFiles)
        } else {
            None
        };
        if let Some(error) = failure {
            return self.events.socket(id, SocketEvent::OpenFailed(error));
        }
        let orders = Orders::new(&self.common.statistics);
        let counted = self.common.statistics.socket();
        let task = tcp_socket::run(self.clone(), id, open, orders.clone(), counted);
        let task = tokio::task::spawn_local(task).abort_handle();
        sockets.insert(id, Entry { orders, task });
    }

    fn orders(&self, id: SocketId) -> Option<Rc<Orders>> {
        self.sockets
            .borrow()
            .get(&id)
            .map(|entry| entry.orders.clone())
    }

    /// Forget a socket whose task has nothing more to do.
    pub fn forget(&self, id: SocketId) {
        self.sockets.borrow_mut().remove(&id);
    }

    /// Close everything at once.
    pub fn end(&self) {
        self.events.end();
        for (_, entry) in self.sockets.borrow_mut().drain() {
            entry.task.abort();
        }
    }
}

/// Ends a client when this is dropped.
struct EndOnDrop(Rc<Client>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}
