/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

pub mod programs;

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use direct_sockets_broker::{Broker, Ceiling, Config};
use direct_sockets_plane::{Plane, Post};
use direct_sockets_traits::{
    BrokerMessage, ClientEvent, ConnectRequest, Host, Owner, SocketError, SocketEvent, SocketId,
    SocketRequest, TcpExtras, TcpOpen, TcpOptions,
};
use ipc_channel::TryRecvError;
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait at the channel before the queue is looked at again.
const LOOK: Duration = Duration::from_millis(2);

/// The document that [`connect`] speaks for.
pub const PIPELINE: &str = "(1,1)";

pub const ORIGIN: &str = "https://page.example";

/// What a client hears.
#[derive(Debug)]
pub enum Event {
    /// As a message.
    Message(ClientEvent),
    /// Through the queue.
    Socket { id: SocketId, event: SocketEvent },
}

/// What a global has: a channel each way.
pub struct Client {
    pub requests: IpcSender<SocketRequest>,
    pub events: IpcReceiver<ClientEvent>,
    /// The queue of events, once net has handed it over.
    queue: RefCell<Option<Post>>,
}

/// Ask the broker for a connection to net, as a global does.
pub fn connect(broker: &IpcSender<BrokerMessage>, origin: &str, attempt: u32) -> Client {
    connect_as(broker, owner(PIPELINE, Some("worker")), origin, attempt)
}

/// Who asks, as it says itself.
pub fn owner(pipeline: &str, worker: Option<&str>) -> Owner {
    Owner {
        pipeline: pipeline.to_owned(),
        worker: worker.map(str::to_owned),
    }
}

/// The same for somebody else.
pub fn connect_as(
    broker: &IpcSender<BrokerMessage>,
    owner: Owner,
    origin: &str,
    attempt: u32,
) -> Client {
    let (requests, to_net) = ipc::channel().unwrap();
    let (to_client, events) = ipc::channel().unwrap();
    let request = ConnectRequest {
        owner,
        origin: origin.to_owned(),
        attempt,
        requests: to_net,
        events: to_client,
    };
    broker.send(BrokerMessage::Connect(request)).unwrap();
    Client {
        requests,
        events,
        queue: RefCell::default(),
    }
}

impl Client {
    pub fn next(&self) -> Event {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let queued = self.queue.borrow_mut().as_mut().map(Post::receive);
            if let Some(Ok(Some((id, event)))) = queued {
                return Event::Socket { id, event };
            }
            match self.events.try_recv_timeout(LOOK) {
                Err(TryRecvError::Empty) if Instant::now() < deadline => {},
                event => {
                    let event = event.expect("an event comes");
                    if let ClientEvent::Ready { memory, .. } = &event {
                        let plane = Plane::received(memory.0.clone()).expect("a plane");
                        *self.queue.borrow_mut() = Some(Post::of_script(&plane, 0));
                    }
                    return Event::Message(event);
                },
            }
        }
    }

    /// The id of the net process that has taken the channel.
    pub fn ready(&self) -> u32 {
        match self.next() {
            Event::Message(ClientEvent::Ready { net_pid, .. }) => net_pid,
            other => panic!("{other:?} instead of being ready"),
        }
    }

    pub fn refused(&self) -> SocketError {
        match self.next() {
            Event::Message(ClientEvent::Refused(error)) => error,
            other => panic!("{other:?} instead of a refusal"),
        }
    }

    /// Wait until nobody can send events any more.
    pub fn is_lost(&self) {
        loop {
            match self.events.try_recv_timeout(PATIENCE) {
                Ok(_) => {},
                Err(TryRecvError::Empty) => panic!("the channel does not break"),
                Err(_) => return,
            }
        }
    }

    /// Show that net serves this client.
    pub fn works(&self) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let id = SocketId(7);
        let open = TcpOpen {
            host: Host::Ip(address.ip()),
            port: address.port(),
            options: TcpOptions::default(),
            extras: TcpExtras::default(),
        };
        self.requests
            .send(SocketRequest::OpenTcp { id, open })
            .unwrap();
        match self.next() {
            Event::Socket {
                event: SocketEvent::Opened { .. },
                ..
            } => {},
            other => panic!("{other:?} instead of an open socket"),
        }
        let close = SocketRequest::Close { id, keep: 0 };
        self.requests.send(close).unwrap();
        assert!(matches!(
            self.next(),
            Event::Socket {
                event: SocketEvent::Closed(_),
                ..
            }
        ));
    }
}

/// A broker with the usual configuration, and a sender for one event loop.
pub fn broker() -> (Broker, IpcSender<BrokerMessage>) {
    broker_with(Config::default())
}

pub fn broker_with(config: Config) -> (Broker, IpcSender<BrokerMessage>) {
    let broker = Broker::new(config);
    let sender = event_loop(&broker);
    (broker, sender)
}

/// The sender of an event loop with one document, at the top.
pub fn event_loop(broker: &Broker) -> IpcSender<BrokerMessage> {
    let access = broker.event_loop().unwrap();
    access.documents.place(PIPELINE.to_owned(), Ceiling::Top);
    access.sender.unwrap()
}

pub fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}

/// Whether there is such a process; a zombie is one.
pub fn exists(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn wait_until_gone(pid: u32) {
    wait_until("the process has gone", || !exists(pid));
}
