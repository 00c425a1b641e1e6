/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::SocketAddr;

use direct_sockets_plane::{MessageReader, MessageWriter, decode, encode};
use direct_sockets_traits::limits::MAX_RECORD;
use direct_sockets_traits::{
    Address, Datagram, Destination, Outgoing, ReadEnd, SocketError, SocketEvent, SocketId,
    SocketRequest, UdpOpen, WriteResult,
};

use super::{TestClient, udp_bound, udp_connected};

/// A datagram that net has received.
#[derive(Debug, Eq, PartialEq)]
pub struct Received {
    pub data: Vec<u8>,
    pub from: Option<Address>,
}

/// A datagram that script has reported as written.
pub fn early(data: &[u8], to: Option<Destination>) -> Outgoing<'_> {
    let answer = false;
    Outgoing { data, to, answer }
}

impl TestClient {
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

    /// Put a datagram into the ring, and have it answered.
    pub fn start_send(&self, id: SocketId, data: &[u8], to: Option<Destination>) {
        let answer = true;
        self.put_datagram(id, &Outgoing { data, to, answer });
    }

    /// Put a datagram into the ring, which must have room; up to where the ring is full then.
    pub fn put_datagram(&self, id: SocketId, datagram: &Outgoing<'_>) -> u64 {
        self.put_datagrams(id, std::slice::from_ref(datagram))
    }

    /// The same with several. Net finds the first ones of a socket all at once.
    pub fn put_datagrams(&self, id: SocketId, datagrams: &[Outgoing<'_>]) -> u64 {
        let records = datagrams
            .iter()
            .map(|datagram| encode(datagram, Vec::new()).unwrap());
        self.put_records(id, records)
    }

    /// The same with what may be no datagrams.
    pub fn put_records(&self, id: SocketId, records: impl IntoIterator<Item = Vec<u8>>) -> u64 {
        let is_first = self.with(id, |ends| ends.sender.is_none());
        let ring = is_first.then(|| {
            let (ring, span) = self.ring();
            let sender = MessageWriter::with_limit(span, 2 * MAX_RECORD);
            self.with(id, |ends| ends.sender = Some(sender));
            ring
        });
        let (tells, position) = self.with(id, |ends| {
            let sender = ends.sender.as_mut().unwrap();
            for record in records {
                assert!(sender.write(&record).unwrap(), "there is room");
            }
            (sender.must_tell(), sender.position())
        });
        match ring {
            Some(ring) => self.send(SocketRequest::WriteFrom { id, ring }),
            None if tells => self.send(SocketRequest::Bytes { id }),
            None => {},
        }
        position
    }

    /// Put something into the ring of a socket that sends datagrams, which is none.
    pub fn put_garbage(&self, id: SocketId) {
        self.put_records(id, [vec![255; 100]]);
    }

    pub fn send_datagram(&self, id: SocketId, data: &[u8], to: Option<Destination>) -> WriteResult {
        self.start_send(id, data, to);
        match self.next_of(id) {
            SocketEvent::Written(result) => result,
            other => panic!("{other:?} instead of the end of a send"),
        }
    }

    /// Ask for a batch.
    pub fn start_receive(&self, id: SocketId, max: u32) {
        if self.with(id, |ends| ends.receiver.is_none()) {
            let (ring, span) = self.ring();
            let receiver = MessageReader::with_limit(span, MAX_RECORD);
            self.with(id, |ends| ends.receiver = Some(receiver));
            self.send(SocketRequest::ReadInto { id, ring });
        }
        self.send(SocketRequest::Receive { id, max });
    }

    /// One whole batch, and how it ended.
    pub fn receive(&self, id: SocketId, max: u32) -> (Vec<Received>, Option<SocketError>) {
        self.start_receive(id, max);
        self.batch(id)
    }

    /// The answer to a receive request.
    pub fn batch(&self, id: SocketId) -> (Vec<Received>, Option<SocketError>) {
        let mut all = Vec::new();
        let mut record = Vec::new();
        loop {
            let (found, ended) = self.with(id, |ends| {
                let receiver = ends.receiver.as_mut().unwrap();
                (receiver.read(&mut record).unwrap(), ends.ended)
            });
            if found {
                let datagram: Datagram = decode(&record).unwrap();
                all.push(Received {
                    data: datagram.data.to_vec(),
                    from: datagram.from,
                });
                if self.with(id, |ends| ends.receiver.as_ref().unwrap().must_tell()) {
                    self.send(SocketRequest::Room { id });
                }
                if datagram.is_last {
                    return (all, None);
                }
                continue;
            }
            match ended {
                Some(ReadEnd::Error(error)) => return (all, Some(error)),
                Some(ReadEnd::End) => panic!("datagrams have no end"),
                None => {},
            }
            let waits = self.with(id, |ends| {
                ends.receiver.as_mut().unwrap().wait_for_message().unwrap()
            });
            if waits {
                let event = self.next();
                assert!(self.note(&event), "{event:?} instead of datagrams");
            }
        }
    }
}
