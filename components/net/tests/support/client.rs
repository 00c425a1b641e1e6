/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use direct_sockets_plane::{
    Bell, Consumer, MessageReader, MessageWriter, Plane, Post, Producer, Room, Segment, Slots,
    Span, ring_of,
};
use direct_sockets_traits::limits::{MAX_PAYLOAD, MAX_QUEUED_REQUESTS};
use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, Address, ClientEvent, Destination, Handover, Host, ReadEnd,
    RingId, SocketError, SocketEvent, SocketId, SocketRequest, TcpExtras, TcpListen, TcpOpen,
    TcpOptions, UdpOpen, UdpOptions,
};
use ipc_channel::TryRecvError;
use ipc_channel::ipc::{IpcReceiver, IpcSender};

use super::PATIENCE;

/// How long nothing happens where nothing more is to happen.
pub const QUIET: Duration = Duration::from_millis(300);

/// How often to look at the channel while waiting at the bell: a test waits for both with one thread.
const LOOK: Duration = Duration::from_millis(2);

/// One client, as a global in a content process is one.
pub struct TestClient {
    pub requests: IpcSender<SocketRequest>,
    pub events: IpcReceiver<ClientEvent>,
    /// The queues, once net has handed them over.
    post: RefCell<Option<(Post, Bell)>>,
    plane: RefCell<Option<Plane>>,
    next_id: Cell<u64>,
    /// How often it has woken net.
    pub doorbells: Cell<u64>,
    segments: RefCell<Vec<Segment>>,
    slots: RefCell<Slots>,
    ends: RefCell<HashMap<SocketId, Ends>>,
}

/// What a client hears.
#[derive(Debug, PartialEq)]
pub enum Event {
    /// As a message.
    Message(ClientEvent),
    /// Through the queue.
    Socket { id: SocketId, event: SocketEvent },
}

/// What script has of one connection or UDP socket.
#[derive(Default)]
pub struct Ends {
    pub reader: Option<Consumer<Span>>,
    pub ended: Option<ReadEnd>,
    pub writer: Option<Producer<Span>>,
    pub receiver: Option<MessageReader<Span>>,
    pub sender: Option<MessageWriter<Span>>,
}

impl Ends {
    pub fn reader(&mut self) -> &mut Consumer<Span> {
        self.reader.as_mut().expect("net reads into a ring")
    }

    pub fn writer(&mut self) -> &mut Producer<Span> {
        self.writer.as_mut().expect("net writes from a ring")
    }
}

/// What a read brought.
#[derive(Debug, Eq, PartialEq)]
pub enum ReadResult {
    Data(Vec<u8>),
    End,
    Error(SocketError),
}

impl TestClient {
    pub fn new(requests: IpcSender<SocketRequest>, events: IpcReceiver<ClientEvent>) -> Self {
        Self {
            requests,
            events,
            post: RefCell::default(),
            plane: RefCell::default(),
            next_id: Cell::new(1),
            doorbells: Cell::new(0),
            segments: RefCell::default(),
            slots: RefCell::default(),
            ends: RefCell::default(),
        }
    }

    pub fn fresh_id(&self) -> SocketId {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        SocketId(id)
    }

    /// Send a request the way script does.
    pub fn send(&self, request: SocketRequest) {
        match &mut *self.post.borrow_mut() {
            Some((post, _)) => {
                post.send(&request).expect("the queue takes requests");
                self.tell(post);
            },
            None => self.requests.send(request).expect("net takes requests"),
        }
    }

    /// Wake net if it sleeps.
    fn tell(&self, post: &Post) {
        if post.must_tell() {
            self.ring_doorbell();
        }
    }

    /// Wake net, whether or not it sleeps.
    pub fn ring_doorbell(&self) {
        self.doorbells.set(self.doorbells.get() + 1);
        // Where net has gone, the next event shows it.
        let _ = self.requests.send(SocketRequest::Doorbell);
    }

    /// The next event.
    pub fn next(&self) -> Event {
        self.try_next(PATIENCE).expect("an event comes")
    }

    /// The next event that comes within this time, or why there is none.
    pub fn try_next(&self, limit: Duration) -> Result<Event, TryRecvError> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(event) = self.next_in_queue() {
                return Ok(event);
            }
            let bell = self.post.borrow().as_ref().map(|(_, bell)| bell.clone());
            let count = bell.as_ref().map_or(0, Bell::count);
            match self.events.try_recv() {
                Ok(event) => {
                    self.note_memory(&event);
                    return Ok(Event::Message(event));
                },
                Err(TryRecvError::Empty) if Instant::now() < deadline => {},
                Err(error) => {
                    // What net wrote into the queue before it went.
                    return self.next_in_queue().ok_or(error);
                },
            }
            if self.waits_for_events() {
                match bell {
                    Some(bell) => bell.wait(count, Some(LOOK)),
                    None => std::thread::sleep(LOOK),
                }
            }
        }
    }

    fn next_in_queue(&self) -> Option<Event> {
        let mut post = self.post.borrow_mut();
        let (post, _) = post.as_mut()?;
        let arrival = post.receive().expect("net writes what can be");
        self.tell(post);
        let (id, event) = arrival?;
        Some(Event::Socket { id, event })
    }

    /// Wish to be told of events; whether there is none.
    fn waits_for_events(&self) -> bool {
        match &mut *self.post.borrow_mut() {
            Some((post, _)) => post.wait().expect("net writes what can be"),
            None => true,
        }
    }

    /// The memory that net has made for this client.
    pub fn plane(&self) -> Plane {
        self.plane
            .borrow()
            .clone()
            .expect("net has taken the client")
    }

    fn note_memory(&self, event: &ClientEvent) {
        let segment = match event {
            ClientEvent::Ready { memory, .. } => {
                let plane = Plane::received(memory.0.clone()).unwrap();
                let post = Post::of_script(&plane, MAX_QUEUED_REQUESTS);
                *self.post.borrow_mut() = Some((post, plane.bell()));
                let segment = plane.segment();
                *self.plane.borrow_mut() = Some(plane);
                segment
            },
            ClientEvent::Rings(memory) => Segment::received(memory.0.clone()).unwrap(),
            _ => return,
        };
        self.slots.borrow_mut().add(segment.slots());
        self.segments.borrow_mut().push(segment);
    }

    /// The next event, which is about this socket. What net says about rings comes at any time, and is noted.
    pub fn next_of(&self, wanted: SocketId) -> SocketEvent {
        loop {
            let event = self.next();
            if self.note(&event) {
                continue;
            }
            match event {
                Event::Socket { id, event } if id == wanted => return event,
                other => panic!("{other:?} instead of an event of {wanted:?}"),
            }
        }
    }

    /// Note what an event says about a ring. False if it is about something else.
    pub fn note(&self, event: &Event) -> bool {
        match event {
            Event::Socket {
                event: SocketEvent::Readable | SocketEvent::Writable,
                ..
            } => true,
            Event::Socket {
                id,
                event: SocketEvent::ReadEnded(end),
            } => {
                self.with(*id, |ends| ends.ended = Some(*end));
                true
            },
            _ => false,
        }
    }

    /// Ask something that is answered after everything that was asked before, to show that
    /// nothing came in between.
    pub fn expect_nothing(&self) {
        let id = self.fresh_id();
        // Port 0 of a literal is refused by the OS at once.
        self.send(open_request(id, "127.0.0.1", 0, TcpOptions::default()));
        assert!(matches!(self.next_of(id), SocketEvent::OpenFailed(_)));
    }

    pub fn start_open(&self, host: &str, port: u16, options: TcpOptions) -> SocketId {
        let id = self.fresh_id();
        self.send(open_request(id, host, port, options));
        id
    }

    pub fn open(&self, peer: SocketAddr) -> SocketId {
        self.open_with(peer, TcpOptions::default()).0
    }

    /// Open a connection; its id and its two ends.
    pub fn open_with(&self, peer: SocketAddr, options: TcpOptions) -> (SocketId, Address, Address) {
        let id = self.start_open(&peer.ip().to_string(), peer.port(), options);
        match self.next_of(id) {
            SocketEvent::Opened { local, remote } => (id, local, remote),
            other => panic!("{other:?} instead of an open socket"),
        }
    }

    pub fn open_error(&self, host: &str, port: u16, options: TcpOptions) -> SocketError {
        let id = self.start_open(host, port, options);
        match self.next_of(id) {
            SocketEvent::OpenFailed(error) => error,
            other => panic!("{other:?} instead of a failure"),
        }
    }

    pub fn read(&self, id: SocketId) -> ReadResult {
        self.read_up_to(id, MAX_PAYLOAD)
    }

    /// Read what is there, or wait until something is.
    pub fn read_up_to(&self, id: SocketId, max: usize) -> ReadResult {
        loop {
            if let Some(result) = self.try_read(id, max) {
                return result;
            }
            if self.with(id, |ends| ends.reader().wait_for_bytes().unwrap()) {
                let event = self.next();
                assert!(self.note(&event), "{event:?} instead of bytes");
            }
        }
    }

    /// Read what is there.
    pub fn try_read(&self, id: SocketId, max: usize) -> Option<ReadResult> {
        self.start_read(id);
        let mut bytes = vec![0; max];
        let (count, tells, ended) = self.with(id, |ends| {
            let count = ends.reader().read(&mut bytes).unwrap();
            (count, count > 0 && ends.reader().must_tell(), ends.ended)
        });
        if tells {
            self.send(SocketRequest::Room { id });
        }
        bytes.truncate(count);
        match ended {
            _ if count > 0 => Some(ReadResult::Data(bytes)),
            Some(ReadEnd::End) => Some(ReadResult::End),
            Some(ReadEnd::Error(error)) => Some(ReadResult::Error(error)),
            None => None,
        }
    }

    /// Have net read into a ring, if it does not already.
    pub fn start_read(&self, id: SocketId) {
        if self.with(id, |ends| ends.reader.is_some()) {
            return;
        }
        let (ring, span) = self.ring();
        self.with(id, |ends| ends.reader = Some(Consumer::new(span)));
        self.send(SocketRequest::ReadInto { id, ring });
    }

    /// Read exactly so many bytes.
    pub fn read_exactly(&self, id: SocketId, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            match self.read_up_to(id, count - bytes.len()) {
                ReadResult::Data(data) => bytes.extend_from_slice(&data),
                other => panic!("{other:?} after {} of {count} bytes", bytes.len()),
            }
        }
        bytes
    }

    /// Put bytes into the ring, as many as there is room for; how many.
    pub fn put(&self, id: SocketId, bytes: &[u8]) -> usize {
        if self.with(id, |ends| ends.writer.is_none()) {
            let (ring, span) = self.ring();
            self.with(id, |ends| ends.writer = Some(Producer::new(span)));
            self.send(SocketRequest::WriteFrom { id, ring });
        }
        let (count, tells) = self.with(id, |ends| {
            let count = ends.writer().write(bytes).unwrap();
            (count, ends.writer().must_tell())
        });
        if tells {
            self.send(SocketRequest::Bytes { id });
        }
        count
    }

    /// Write all bytes, and wait until the OS has taken them.
    pub fn write(&self, id: SocketId, mut bytes: &[u8]) -> Result<(), SocketError> {
        while !bytes.is_empty() {
            bytes = &bytes[self.put(id, bytes)..];
            let wanted = |ends: &mut Ends| match bytes.len() {
                0 => ends.writer().window(),
                _ => 1,
            };
            while self.with(id, |ends| {
                let wanted = wanted(ends);
                ends.writer().wait_for_room(wanted).unwrap()
            }) {
                match self.next() {
                    Event::Socket {
                        event: SocketEvent::WriteFailed(error),
                        ..
                    } => return Err(error),
                    other => assert!(self.note(&other), "{other:?} instead of room"),
                }
            }
        }
        Ok(())
    }

    /// Put in bytes until neither the OS nor the ring takes more, as the peer does not read; how many.
    pub fn fill(&self, id: SocketId) -> u64 {
        let bytes = vec![9; 64 * 1024];
        loop {
            while self.put(id, &bytes) > 0 {}
            // Room comes as long as the OS takes bytes.
            if !self.with(id, |ends| ends.writer().wait_for_room(1).unwrap()) {
                continue;
            }
            match self.try_next(QUIET) {
                Ok(Event::Socket {
                    event: SocketEvent::Writable,
                    ..
                }) => {},
                Ok(other) => panic!("{other:?}"),
                Err(_) => return self.written(id),
            }
        }
    }

    /// How many bytes have been put into the ring.
    pub fn written(&self, id: SocketId) -> u64 {
        self.with(id, |ends| {
            ends.writer.as_ref().map_or(0, Producer::position)
        })
    }

    /// Shut down for writing; what came of what was written.
    pub fn shut_down(&self, id: SocketId) -> Handover {
        self.send(SocketRequest::ShutdownWrite { id });
        match self.next_of(id) {
            SocketEvent::WriteShutdown(handover) => handover,
            other => panic!("{other:?} instead of a shutdown"),
        }
    }

    /// The ends of the rings of a socket, as script has them.
    pub fn with<R>(&self, id: SocketId, action: impl FnOnce(&mut Ends) -> R) -> R {
        action(self.ends.borrow_mut().entry(id).or_default())
    }

    /// A ring that is not in use.
    pub fn ring(&self) -> (RingId, Span) {
        let ring = self.slots.borrow_mut().take();
        let ring = ring.unwrap_or_else(|| {
            self.send(SocketRequest::MoreRings);
            assert!(matches!(self.next(), Event::Message(ClientEvent::Rings(_))));
            self.slots.borrow_mut().take().unwrap()
        });
        let span = ring_of(&self.segments.borrow(), ring).unwrap();
        span.header().reset();
        (ring, span)
    }

    pub fn start_listen(&self, listen: TcpListen) -> SocketId {
        let id = self.fresh_id();
        self.send(SocketRequest::ListenTcp { id, listen });
        id
    }

    pub fn listen_with(&self, listen: TcpListen) -> (SocketId, SocketAddr) {
        let id = self.start_listen(listen);
        match self.next_of(id) {
            SocketEvent::Listening { local } => (id, local.into()),
            other => panic!("{other:?} instead of a listening socket"),
        }
    }

    /// A socket that listens on this address, on a port that the OS picks.
    pub fn listen(&self, address: &str) -> (SocketId, SocketAddr) {
        self.listen_with(tcp_listen(address))
    }

    /// Ask for connections; the ids that they may get begin with the result.
    pub fn start_accept(&self, id: SocketId, max: u32) -> SocketId {
        let first = self.fresh_id();
        for _ in 1..max {
            self.fresh_id();
        }
        self.send(SocketRequest::Accept { id, first, max });
        first
    }

    /// The answer to an accept request.
    pub fn accepted(&self, id: SocketId) -> AcceptResult {
        match self.next_of(id) {
            SocketEvent::Accepted(result) => result,
            other => panic!("{other:?} instead of connections"),
        }
    }

    pub fn accept(&self, id: SocketId, max: u32) -> Vec<AcceptedConnection> {
        let first = self.start_accept(id, max);
        match self.accepted(id) {
            AcceptResult::Connections(connections) => {
                assert!(!connections.is_empty() && connections.len() <= max as usize);
                for (connection, id) in connections.iter().zip(first.0..) {
                    assert_eq!(connection.id, SocketId(id));
                }
                connections
            },
            other => panic!("{other:?} instead of connections"),
        }
    }

    pub fn close(&self, id: SocketId) {
        let keep = self.written(id);
        self.send(SocketRequest::Close { id, keep });
        let closed = SocketEvent::Closed(Handover::Complete);
        assert_eq!(self.next_of(id), closed);
    }
}

pub fn open_request(id: SocketId, host: &str, port: u16, options: TcpOptions) -> SocketRequest {
    SocketRequest::OpenTcp {
        id,
        open: TcpOpen {
            host: Host::parse(host).expect("a host"),
            port,
            options,
            extras: TcpExtras::default(),
        },
    }
}

/// What a page asks for with `new UDPSocket({ localAddress })`.
pub fn udp_bound(address: &str) -> UdpOpen {
    udp(UdpOptions {
        local_address: Some(address.to_owned()),
        ..Default::default()
    })
}

/// What a page asks for with `new UDPSocket({ remoteAddress, remotePort })`.
pub fn udp_connected(host: &str, port: u16) -> UdpOpen {
    udp(UdpOptions {
        remote_address: Some(host.to_owned()),
        remote_port: Some(port),
        ..Default::default()
    })
}

/// What a page asks for with these options.
pub fn udp(options: UdpOptions) -> UdpOpen {
    options.validate().expect("valid options").expect("a host")
}

/// What a page asks for with `new TCPServerSocket(address)`.
pub fn tcp_listen(address: &str) -> TcpListen {
    direct_sockets_traits::ServerOptions::default()
        .validate(address.to_owned())
        .expect("valid options")
}

/// Where a datagram goes.
pub fn destination(host: &str, port: u16) -> Option<Destination> {
    Some(Destination {
        host: Host::parse(host).expect("a host"),
        port,
        dns_query_type: None,
    })
}
