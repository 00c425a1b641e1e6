/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! One client: a global with sockets. Reads its requests and keeps its sockets.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use direct_sockets_traits::limits::{MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT, MAX_LISTENERS_PER_CLIENT};
use direct_sockets_traits::{
    AcceptResult, ClientEvent, Destination, Grant, Owner, SocketError, SocketEvent, SocketId,
    SocketRequest, TcpListen, TcpOpen, UdpMode, UdpOpen,
};
use direct_sockets_wire::{Endpoint, ReceiveError};
use log::{debug, warn};
use serde_bytes::ByteBuf;
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::AbortHandle;

use crate::address_policy::{AddressPolicy, Gate, GrantedPolicy};
use crate::batch::Batch;
use crate::budget::{Budget, Place, Quota};
use crate::channel::{ReadBuffer, Scratch, Watched, receive, watch};
use crate::events::Events;
use crate::orders::{Kind, Orders};
use crate::origins::{Origin, Origins};
use crate::questions::Questions;
use crate::resolver::Resolve;
use crate::send_side::InFlight;
use crate::statistics::Statistics;
use crate::{tcp_listener, tcp_socket, udp_socket};

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
    /// Where datagrams are received.
    pub batch: Batch,
    /// Who is asked where the embedder has not decided.
    pub questions: Rc<Questions>,
    /// What each origin has.
    pub origins: Origins,
    /// All clients, for the end.
    pub clients: RefCell<Vec<Weak<Client>>>,
    /// How many descriptors there are to give away.
    pub budget: Budget,
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
    grant: Grant,
    policy: Rc<dyn AddressPolicy>,
    origin: Rc<Origin>,
    listeners: Quota,
    datagrams: Quota,
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
        if common.statistics.clients() >= common.budget.clients {
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
        let origin = common.origins.get(&grant.origin, &common.budget);
        let Some(share) = origin.clients.take() else {
            warn!("There are too many clients of {}", grant.origin);
            return events.send(&ClientEvent::Refused(SocketError::OriginSocketLimit));
        };
        debug!("Client {owner:?} of {} has come", grant.origin);
        events.send(&ClientEvent::Ready {
            net_pid: std::process::id(),
        });
        let client = Rc::new(Self {
            common: common.clone(),
            events: events.clone(),
            policy: Rc::new(GrantedPolicy::new(&grant, &common.questions)),
            grant,
            origin,
            listeners: Quota::new(MAX_LISTENERS_PER_CLIENT),
            datagrams: Quota::new(MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT),
            sockets: RefCell::default(),
        });
        {
            let mut clients = common.clients.borrow_mut();
            clients.retain(|client| client.strong_count() > 0);
            clients.push(Rc::downgrade(&client));
        }
        tokio::task::spawn_local(events.write());
        let counted = common.statistics.client();
        tokio::task::spawn_local(async move {
            // However this task ends.
            let _end = EndOnDrop(client.clone());
            let _counted = (counted, share);
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
        let request = match request {
            SocketRequest::OpenTcp { open, .. } => return self.open_tcp(id, open),
            SocketRequest::OpenUdp { open, .. } => return self.open_udp(id, open),
            SocketRequest::ListenTcp { listen, .. } => return self.listen_tcp(id, listen),
            request => request,
        };
        let Some(orders) = self.orders(id) else {
            return;
        };
        match request {
            SocketRequest::OpenTcp { .. }
            | SocketRequest::OpenUdp { .. }
            | SocketRequest::ListenTcp { .. } => {},
            SocketRequest::Read { max, .. } => orders.read(max),
            SocketRequest::Receive { max, .. } => orders.receive(max),
            SocketRequest::Accept { first, max, .. } => orders.accept(first, max),
            SocketRequest::CancelRead { .. } => orders.cancel_read(),
            SocketRequest::Write { bytes, last, .. } => {
                if orders.write(bytes, last).is_err() {
                    debug!("A socket is closed because its client wrote more than its credit");
                    orders.close();
                }
            },
            SocketRequest::Send { data, to, .. } => self.send(id, &orders, data, to),
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
        self.open(id, Kind::Connection, |orders, place| {
            tcp_socket::run(self.clone(), id, open, orders, place)
        });
    }

    fn open_udp(self: &Rc<Self>, id: SocketId, open: UdpOpen) {
        let kind = Kind::Datagrams {
            bound: matches!(open.mode, UdpMode::Bound { .. }),
        };
        self.open(id, kind, |orders, place| {
            udp_socket::run(self.clone(), id, open, orders, place)
        });
    }

    fn listen_tcp(self: &Rc<Self>, id: SocketId, listen: TcpListen) {
        self.open(id, Kind::Listener, |orders, place| {
            tcp_listener::run(self.clone(), id, listen, orders, place)
        });
    }

    /// Start the task of a socket, if there is room for one more.
    fn open<T: Future<Output = ()> + 'static>(
        &self,
        id: SocketId,
        kind: Kind,
        task: impl FnOnce(Rc<Orders>, Place) -> T,
    ) {
        if self.knows(id) {
            return;
        }
        match self.place(kind) {
            Ok(place) => self.start_task(id, kind, place, task),
            Err(error) => self.events.socket(id, SocketEvent::OpenFailed(error)),
        }
    }

    /// Take a connection that one of the listening sockets has accepted.
    pub fn adopt(self: &Rc<Self>, id: SocketId, stream: TcpStream) -> Result<(), SocketError> {
        let kind = Kind::Connection;
        let place = self.place(kind)?;
        self.start_task(id, kind, place, |orders, place| {
            tcp_socket::run_accepted(self.clone(), id, stream, orders, place)
        });
        Ok(())
    }

    fn start_task<T: Future<Output = ()> + 'static>(
        &self,
        id: SocketId,
        kind: Kind,
        place: Place,
        task: impl FnOnce(Rc<Orders>, Place) -> T,
    ) {
        let orders = Orders::new(kind, &self.common.statistics);
        let task = task(orders.clone(), place);
        let task = tokio::task::spawn_local(task).abort_handle();
        self.sockets.borrow_mut().insert(id, Entry { orders, task });
    }

    /// Room for one more socket, or why there is none.
    fn place(&self, kind: Kind) -> Result<Place, SocketError> {
        self.room()?;
        let mut shares = Vec::new();
        let share = self.origin.sockets.take();
        shares.push(share.ok_or(SocketError::OriginSocketLimit)?);
        if kind == Kind::Listener {
            shares.push(self.listeners.take().ok_or(SocketError::ListenerLimit)?);
            let share = self.origin.listeners.take();
            shares.push(share.ok_or(SocketError::OriginListenerLimit)?);
        }
        Ok(Place {
            counted: self.common.statistics.socket(),
            shares,
        })
    }

    fn room(&self) -> Result<(), SocketError> {
        let budget = self.common.budget;
        let most = self.grant.max_sockets.min(budget.sockets_of_one_client);
        if self.sockets.borrow().len() >= most {
            return Err(SocketError::SocketLimit);
        }
        if self.origin.sockets.is_used_up() {
            return Err(SocketError::OriginSocketLimit);
        }
        if self.common.statistics.sockets() >= budget.sockets {
            return Err(SocketError::TooManyOpenFiles);
        }
        Ok(())
    }

    /// Whether there is room for one more connection.
    pub fn has_room(&self) -> bool {
        self.room().is_ok()
    }

    /// Whether there is a socket of this id.
    pub fn knows(&self, id: SocketId) -> bool {
        self.sockets.borrow().contains_key(&id)
    }

    fn send(&self, id: SocketId, orders: &Orders, data: ByteBuf, to: Option<Destination>) {
        let in_flight = match self.in_flight() {
            Ok(in_flight) => in_flight,
            Err(error) => {
                if let Some(event) = orders.refuse_send(error) {
                    self.events.socket(id, event);
                }
                return;
            },
        };
        if orders.send(data, to, in_flight).is_err() {
            debug!("A socket is closed because its client broke the rules of sending");
            orders.close();
        }
    }

    fn in_flight(&self) -> Result<InFlight, SocketError> {
        let own = self.datagrams.take().ok_or(SocketError::DatagramLimit)?;
        let share = self.origin.datagrams.take();
        Ok(InFlight {
            counted: self.common.statistics.datagram(),
            shares: [own, share.ok_or(SocketError::OriginDatagramLimit)?],
        })
    }

    /// The embedder's word, as a new socket meets it.
    pub fn gate(&self) -> Gate {
        Gate::new(self.policy.clone())
    }

    /// Its turn to resolve names.
    pub fn lookups(&self) -> &Arc<Semaphore> {
        &self.origin.lookups
    }

    /// End listening in an orderly way (decision AMB-66): every accept that is outstanding is answered.
    pub fn end_listening(&self) {
        for (id, entry) in &*self.sockets.borrow() {
            if entry.orders.end_accepting() {
                let event = SocketEvent::Accepted(AcceptResult::End);
                self.events.socket(*id, event);
            }
        }
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
