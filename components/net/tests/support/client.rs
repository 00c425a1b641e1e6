/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::cell::Cell;
use std::net::SocketAddr;

use direct_sockets_traits::limits::{MAX_PAYLOAD, WRITE_WINDOW};
use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, Address, ClientEvent, Datagram, Destination, Host,
    ReadResult, ReceiveResult, SocketError, SocketEvent, SocketId, SocketRequest, TcpExtras,
    TcpListen, TcpOpen, TcpOptions, UdpOpen, UdpOptions, WriteResult,
};
use ipc_channel::ipc::{IpcReceiver, IpcSender};
use serde_bytes::ByteBuf;

use super::PATIENCE;

/// One client, as a global in a content process is one.
pub struct TestClient {
    pub requests: IpcSender<SocketRequest>,
    pub events: IpcReceiver<ClientEvent>,
    next_id: Cell<u64>,
}

impl TestClient {
    pub fn new(requests: IpcSender<SocketRequest>, events: IpcReceiver<ClientEvent>) -> Self {
        Self {
            requests,
            events,
            next_id: Cell::new(1),
        }
    }

    pub fn fresh_id(&self) -> SocketId {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        SocketId(id)
    }

    pub fn send(&self, request: SocketRequest) {
        self.requests.send(request).expect("net takes requests");
    }

    /// The next event.
    pub fn next(&self) -> ClientEvent {
        self.events
            .try_recv_timeout(PATIENCE)
            .expect("an event comes")
    }

    /// The next event, which is about this socket.
    pub fn next_of(&self, wanted: SocketId) -> SocketEvent {
        match self.next() {
            ClientEvent::Socket { id, event } if id == wanted => event,
            other => panic!("{other:?} instead of an event of {wanted:?}"),
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
        self.read_up_to(id, MAX_PAYLOAD as u32)
    }

    pub fn read_up_to(&self, id: SocketId, max: u32) -> ReadResult {
        self.send(SocketRequest::Read { id, max });
        match self.next_of(id) {
            SocketEvent::Read(result) => result,
            other => panic!("{other:?} instead of a read"),
        }
    }

    /// Read exactly so many bytes.
    pub fn read_exactly(&self, id: SocketId, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            match self.read(id) {
                ReadResult::Data(data) => bytes.extend_from_slice(&data),
                other => panic!("{other:?} after {} of {count} bytes", bytes.len()),
            }
        }
        assert_eq!(bytes.len(), count);
        bytes
    }

    /// Write one chunk as script does it: in pieces, within the credit.
    pub fn write(&self, id: SocketId, bytes: &[u8]) -> WriteResult {
        let mut credit = WRITE_WINDOW as usize;
        let pieces = bytes.chunks(MAX_PAYLOAD).collect::<Vec<_>>();
        for (index, piece) in pieces.iter().enumerate() {
            while credit < piece.len() {
                match self.next_of(id) {
                    SocketEvent::WriteCredit(more) => credit += more as usize,
                    SocketEvent::Written(result) => return result,
                    other => panic!("{other:?} instead of credit"),
                }
            }
            credit -= piece.len();
            self.send_piece(id, piece, index + 1 == pieces.len());
        }
        if pieces.is_empty() {
            self.send_piece(id, &[], true);
        }
        loop {
            match self.next_of(id) {
                SocketEvent::WriteCredit(_) => {},
                SocketEvent::Written(result) => return result,
                other => panic!("{other:?} instead of the end of a write"),
            }
        }
    }

    pub fn send_piece(&self, id: SocketId, bytes: &[u8], last: bool) {
        self.send(SocketRequest::Write {
            id,
            bytes: ByteBuf::from(bytes),
            last,
        });
    }

    pub fn start_udp(&self, open: UdpOpen) -> SocketId {
        let id = self.fresh_id();
        self.send(SocketRequest::OpenUdp { id, open });
        id
    }

    /// Open a UDP socket; its id and its two ends.
    pub fn open_udp(&self, open: UdpOpen) -> (SocketId, Address, Option<Address>) {
        let id = self.start_udp(open);
        match self.next_of(id) {
            SocketEvent::UdpOpened { local, remote } => (id, local, remote),
            other => panic!("{other:?} instead of an open socket"),
        }
    }

    /// A UDP socket bound to this address, on a port that the OS picks.
    pub fn bind(&self, address: &str) -> (SocketId, SocketAddr) {
        let (id, local, remote) = self.open_udp(udp_bound(address));
        assert_eq!(remote, None);
        (id, local.into())
    }

    /// A UDP socket connected to a peer.
    pub fn connect_udp(&self, peer: SocketAddr) -> (SocketId, SocketAddr) {
        let (id, local, remote) = self.open_udp(udp_connected(&peer.ip().to_string(), peer.port()));
        assert_eq!(remote, Some(peer.into()));
        (id, local.into())
    }

    pub fn start_send(&self, id: SocketId, data: &[u8], to: Option<Destination>) {
        self.send(SocketRequest::Send {
            id,
            data: ByteBuf::from(data),
            to,
        });
    }

    pub fn send_datagram(&self, id: SocketId, data: &[u8], to: Option<Destination>) -> WriteResult {
        self.start_send(id, data, to);
        match self.next_of(id) {
            SocketEvent::Written(result) => result,
            other => panic!("{other:?} instead of the end of a send"),
        }
    }

    /// One whole batch, and how it ended.
    pub fn receive(&self, id: SocketId, max: u32) -> (Vec<Datagram>, Option<SocketError>) {
        self.send(SocketRequest::Receive { id, max });
        self.batch(id)
    }

    /// The answer to a receive request.
    pub fn batch(&self, id: SocketId) -> (Vec<Datagram>, Option<SocketError>) {
        let mut all = Vec::new();
        loop {
            match self.next_of(id) {
                SocketEvent::Received(ReceiveResult::Datagrams { datagrams, last }) => {
                    let bytes: usize = datagrams.iter().map(|datagram| datagram.data.len()).sum();
                    assert!(bytes <= MAX_PAYLOAD || datagrams.len() == 1);
                    assert!(!datagrams.is_empty());
                    all.extend(datagrams);
                    if last {
                        return (all, None);
                    }
                },
                SocketEvent::Received(ReceiveResult::Error(error)) => return (all, Some(error)),
                other => panic!("{other:?} instead of datagrams"),
            }
        }
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
        self.send(SocketRequest::Close { id });
        assert_eq!(self.next_of(id), SocketEvent::Closed);
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
