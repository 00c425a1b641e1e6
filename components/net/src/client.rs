/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! One client: a global with sockets. Reads its requests and keeps its sockets.

use std::cell::{Cell, Ref, RefCell};
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::time::Duration;

use direct_sockets_plane::{Patience, Plane, PostError};
use direct_sockets_trace::Link;
use direct_sockets_trace::net::{REQUEST, WAKE};
use direct_sockets_traits::limits::{
    MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT, MAX_LISTENERS_PER_CLIENT, MAX_WAITING_DATAGRAMS,
};
use direct_sockets_traits::{
    AcceptResult, Address, ClientEvent, Grant, Owner, RingId, SocketError, SocketEvent, SocketId,
    SocketRequest, TcpListen, TcpOpen, UdpMode, UdpOpen,
};
use direct_sockets_wire::{Endpoint, MemoryEvent, ReceiveError};
use log::{debug, warn};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;

use crate::address_policy::{AddressPolicy, Gate, GrantedPolicy};
use crate::batch::Batch;
use crate::budget::{Budget, Place, Quota};
use crate::burst::Bursts;
use crate::channel::{Scratch, Watched, receive, watch};
use crate::events::Events;
use crate::orders::{Kind, Orders};
use crate::origins::{Origin, Origins};
use crate::questions::Questions;
use crate::queues::Queues;
use crate::resolver::Resolve;
use crate::rings::Rings;
use crate::send_side::InFlight;
use crate::statistics::Statistics;
use crate::{tcp_listener, tcp_socket, udp_socket};

/// After so many requests of one client in a row it is the turn of others.
const REQUESTS_IN_A_ROW: u32 = 64;

/// How long to wait before memory for rings is asked for again.
const MEMORY_SHORTAGE_PAUSE: Duration = Duration::from_millis(100);

/// What all clients of one net process share.
pub struct Common {
    /// The counters.
    pub statistics: Rc<Statistics>,
    /// Who knows names.
    pub resolver: Rc<dyn Resolve>,
    /// Where messages are received.
    pub scratch: Scratch,
    /// Where datagrams are received.
    pub batch: Batch,
    /// Where datagrams stand that are sent together.
    pub bursts: Bursts,
    /// Where datagrams are encoded and decoded for rings. One for all, because nothing waits with it in use.
    pub records: Cell<Vec<u8>>,
    /// Who is asked where the embedder has not decided.
    pub questions: Rc<Questions>,
    /// What each origin has.
    pub origins: Origins,
    /// All clients, for the end.
    pub clients: RefCell<Vec<Weak<Client>>>,
    /// How many descriptors there are to give away.
    pub budget: Budget,
}

/// One client.
pub struct Client {
    /// What it shares with others.
    pub common: Rc<Common>,
    /// The way back.
    pub events: Rc<Events>,
    /// No other client has it; later ones have higher numbers.
    pub number: u64,
    /// Who it says it is.
    pub owner: Owner,
    /// What ties its hops to script's.
    pub link: Link,
    grant: Grant,
    policy: Rc<dyn AddressPolicy>,
    origin: Rc<Origin>,
    listeners: Quota,
    datagrams: Quota,
    rings: RefCell<Rings>,
    /// There was none for more rings, and they will be asked for again.
    waits_for_memory: Cell<bool>,
    queues: Queues,
    patience: RefCell<Patience>,
    /// How many bytes of datagrams wait for room in rings.
    waiting: Cell<usize>,
    /// Who receives nothing because that is too much.
    held_up: RefCell<HashMap<SocketId, Rc<Orders>>>,
    sockets: RefCell<HashMap<SocketId, Rc<Orders>>>,
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
        let events = Events::new(events);
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
        let (plane, memory) = match Plane::create() {
            Ok(plane) => plane,
            Err(error) => {
                // Dropping its channels tells it.
                warn!("There is no memory for a client: {error}");
                return;
            },
        };
        debug!("Client {owner:?} of {} has come", grant.origin);
        events.memory(MemoryEvent::Ready {
            net_pid: std::process::id(),
            memory,
        });
        let link = Link::new(&owner);
        let client = Rc::new(Self {
            common: common.clone(),
            events: events.clone(),
            number: common.statistics.number(),
            owner,
            policy: Rc::new(GrantedPolicy::new(&grant, &common.questions)),
            origin,
            listeners: Quota::new(MAX_LISTENERS_PER_CLIENT),
            datagrams: Quota::new(MAX_DATAGRAMS_IN_FLIGHT_PER_CLIENT),
            rings: RefCell::new(Rings::new(&plane, grant.max_sockets)),
            waits_for_memory: Cell::new(false),
            queues: Queues::new(&plane, &common.statistics, &link),
            patience: RefCell::default(),
            link,
            waiting: Cell::new(0),
            held_up: RefCell::default(),
            grant,
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
                "Client {:?} of {} has gone: {reason}",
                client.owner, client.grant.origin
            );
        });
    }

    /// Handle requests until there are no more.
    async fn serve(self: &Rc<Self>, requests: &Watched) -> ReceiveError {
        let mut in_a_row = 0;
        loop {
            let request = match self.queues.request() {
                Ok(Some(request)) => request,
                Ok(None) if self.has_more_soon().await => continue,
                Ok(None) => match self.queues.wait() {
                    Ok(true) => match self.receive(requests).await {
                        Ok(request) => request,
                        Err(error) => return error,
                    },
                    Ok(false) => continue,
                    Err(error) => return queue_error(error),
                },
                Err(error) => return queue_error(error),
            };
            let hop = self.link.receives(&REQUEST, request.id(), &request);
            self.handle(request);
            drop(hop);
            in_a_row += 1;
            if in_a_row == REQUESTS_IN_A_ROW {
                in_a_row = 0;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Whether there is another request within a moment, in which all others are served. Script need not wake net then.
    async fn has_more_soon(&self) -> bool {
        let Some(moment) = self.patience.borrow_mut().begin() else {
            return false;
        };
        let found = loop {
            tokio::task::yield_now().await;
            if self.queues.has_more() {
                break true;
            }
            if self.events.is_over() || !moment.goes_on() {
                break false;
            }
        };
        self.patience.borrow_mut().end(found);
        found
    }

    /// The next request of those that come as messages.
    async fn receive(&self, requests: &Watched) -> Result<SocketRequest, ReceiveError> {
        let request = tokio::select! {
            request = receive(requests, &self.common.scratch, |bytes, _| {
                postcard::from_bytes::<SocketRequest>(bytes)
            }) => request?,
            () = self.events.over() => return Err(ReceiveError::Closed),
        };
        if request == Ok(SocketRequest::Doorbell) {
            self.common.statistics.doorbells.one();
        }
        let _hop = self.link.doorbell(&WAKE);
        request.map_err(|_| ReceiveError::Malformed("not a request"))
    }

    /// Tell script what happened to a socket.
    pub fn report(&self, id: SocketId, event: &SocketEvent) {
        match self.queues.event(id, event) {
            Ok(false) => {},
            Ok(true) => {
                if let Some(orders) = self.sockets.borrow().get(&id) {
                    orders.traffic.bells.one();
                }
            },
            Err(error) => {
                warn!("A client is cut off: {error}");
                self.events.end();
            },
        }
    }

    /// Nothing of what a client can say here is an error: unknown ids and orders that make no sense
    /// are ignored.
    fn handle(self: &Rc<Self>, request: SocketRequest) {
        self.common.statistics.requests.one();
        let Some(id) = request.id() else {
            if request == SocketRequest::MoreRings {
                self.more_rings();
            }
            return;
        };
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
            | SocketRequest::ListenTcp { .. }
            | SocketRequest::MoreRings
            | SocketRequest::Doorbell => {},
            SocketRequest::ReadInto { ring, .. } => match self.rings.borrow().get(ring) {
                Some(span) => orders.read_into(span),
                None => self.has_no_ring(&orders, ring),
            },
            SocketRequest::WriteFrom { ring, .. } => match self.rings.borrow().get(ring) {
                Some(span) => orders.write_from(span),
                None => self.has_no_ring(&orders, ring),
            },
            SocketRequest::Room { .. } | SocketRequest::Bytes { .. } => {
                orders.traffic.doorbells.one();
                orders.wake();
            },
            SocketRequest::Receive { max, .. } => orders.receive(max),
            SocketRequest::Accept { first, max, .. } => orders.accept(first, max),
            SocketRequest::CancelRead { .. } => {
                let waiting = orders.receiving(|receiving| receiving.held());
                orders.cancel_read();
                self.count_waiting(waiting, 0);
            },
            SocketRequest::AbortWrite { keep, .. } => orders.abort_write(keep),
            SocketRequest::ShutdownWrite { .. } => orders.shut_down_write(),
            SocketRequest::Close { keep, .. } | SocketRequest::Abandon { keep, .. } => {
                orders.close(keep);
            },
        }
    }

    /// Give the client more rings, if it may have more sockets than it has rings for. Where there is no memory, or no
    /// descriptor, it waits until there is.
    fn more_rings(self: &Rc<Self>) {
        match self.rings.borrow_mut().add() {
            Ok(Some(memory)) => self.events.memory(MemoryEvent::Rings(memory)),
            Ok(None) => {},
            Err(error) if !self.waits_for_memory.replace(true) => {
                warn!("There is no memory for more rings: {error}");
                let client = Rc::downgrade(self);
                tokio::task::spawn_local(async move {
                    tokio::time::sleep(MEMORY_SHORTAGE_PAUSE).await;
                    if let Some(client) = client.upgrade()
                        && !client.events.is_over()
                    {
                        client.waits_for_memory.set(false);
                        client.more_rings();
                    }
                });
            },
            Err(_) => {},
        }
    }

    fn has_no_ring(&self, orders: &Orders, ring: RingId) {
        debug!("A socket is closed because its client named {ring:?}, which does not exist");
        orders.close(0);
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
            Err(error) => self.report(id, &SocketEvent::OpenFailed(error)),
        }
    }

    /// Take a connection that one of the listening sockets has accepted.
    pub fn adopt(
        self: &Rc<Self>,
        id: SocketId,
        stream: TcpStream,
        (local, remote): (Address, Address),
    ) -> Result<(), SocketError> {
        let kind = Kind::Connection;
        let place = self.place(kind)?;
        self.start_task(id, kind, place, |orders, place| {
            orders.traffic.opened(local, Some(remote));
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
        tokio::task::spawn_local(task(orders.clone(), place));
        self.sockets.borrow_mut().insert(id, orders);
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

    /// More or fewer bytes of datagrams wait for room in the ring of a socket.
    pub fn count_waiting(&self, before: usize, now: usize) {
        self.waiting.set(self.waiting.get() + now - before);
        if self.waiting.get() < MAX_WAITING_DATAGRAMS {
            for (_, orders) in self.held_up.borrow_mut().drain() {
                orders.wake();
            }
        }
    }

    /// Whether so much waits for room that no more datagrams are received for this client. If so, `orders` hears when
    /// that changes.
    pub fn holds_too_much(&self, id: SocketId, orders: &Rc<Orders>) -> bool {
        let is_full = self.waiting.get() >= MAX_WAITING_DATAGRAMS;
        if is_full {
            self.held_up.borrow_mut().insert(id, orders.clone());
        }
        is_full
    }

    /// What one more datagram on its way to the kernel takes, or why there is no room for it.
    pub fn in_flight(&self) -> Result<InFlight, SocketError> {
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
        for (id, orders) in &*self.sockets.borrow() {
            if orders.end_accepting() {
                self.report(*id, &SocketEvent::Accepted(AcceptResult::End));
            }
        }
    }

    /// Its sockets.
    pub fn sockets(&self) -> Ref<'_, HashMap<SocketId, Rc<Orders>>> {
        self.sockets.borrow()
    }

    /// The origin that it was granted for.
    pub fn origin(&self) -> &str {
        &self.grant.origin
    }

    /// The bytes of the memory that it shares with net.
    pub fn memory_length(&self) -> u64 {
        self.rings.borrow().memory_length()
    }

    fn orders(&self, id: SocketId) -> Option<Rc<Orders>> {
        self.sockets.borrow().get(&id).cloned()
    }

    /// Forget a socket whose task has nothing more to do.
    pub fn forget(&self, id: SocketId) {
        self.sockets.borrow_mut().remove(&id);
    }

    /// Wait until what has been reported is where script can read it.
    ///
    /// Cancel safety: nothing is lost when this is dropped.
    pub async fn flushed(&self) {
        tokio::join!(self.events.flushed(), self.queues.flushed());
    }

    /// Close everything and report nothing. What the page was told was written is given to the OS first, for a while;
    /// where it ended in the middle of a chunk, the beginning of that as well.
    pub fn end(&self) {
        self.events.end();
        self.queues.end();
        for orders in self.sockets.borrow().values() {
            orders.close(u64::MAX);
        }
    }
}

fn queue_error(error: PostError) -> ReceiveError {
    ReceiveError::Malformed(match error {
        PostError::Corrupt => "its queues are damaged",
        PostError::Overrun => "it takes no events",
        PostError::TooLong => "an event is too long for it",
    })
}

/// Ends a client when this is dropped.
struct EndOnDrop(Rc<Client>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}
