/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The answers to the broker's questions about what there is. Whatever is costly to know is found out here.

use std::io;
use std::rc::{Rc, Weak};

use direct_sockets_plane::Room;
use direct_sockets_traits::limits::{MAX_STATISTICS_TEXT, SOCKETS_PER_ANSWER};
use direct_sockets_traits::{
    NetStatistics, Owner, RingStatistics, SocketId, SocketKey, SocketKind, SocketList,
    SocketStatistics,
};
use direct_sockets_wire::{Endpoint, Wait};
use log::debug;

use crate::client::{Client, Common};
use crate::orders::{Kind, Orders};

/// Answer with the figures of the whole.
pub fn answer_totals(reply: &Endpoint, common: &Common) {
    answer(reply, postcard::to_stdvec(&totals(common)));
}

/// Answer with the sockets that follow this one.
pub fn answer_sockets(reply: &Endpoint, common: &Common, after: Option<SocketKey>) {
    answer(reply, postcard::to_stdvec(&sockets(common, after)));
}

fn answer(reply: &Endpoint, answer: Result<Vec<u8>, postcard::Error>) {
    let sent = answer
        .map_err(io::Error::other)
        .and_then(|answer| reply.send(&answer, &[], Wait::Never));
    if let Err(error) = sent {
        debug!("Nobody takes the figures: {error}");
    }
}

/// The figures of the whole.
fn totals(common: &Common) -> NetStatistics {
    let (mut bytes_unread, mut rings, mut shared_memory) = (0, 0, 0);
    for client in clients(common) {
        shared_memory += client.memory_length();
        for orders in client.sockets().values() {
            // This also counts once more what waits to be sent: script puts some in without a word.
            let (receive_ring, send_ring) = rings_of(orders);
            bytes_unread += receive_ring.map_or(0, |ring| ring.waiting);
            rings += u64::from(receive_ring.is_some()) + u64::from(send_ring.is_some());
        }
    }
    NetStatistics {
        bytes_unread,
        rings,
        shared_memory,
        ..common.statistics.snapshot()
    }
}

/// The sockets that follow this one, as many as an answer may have.
fn sockets(common: &Common, after: Option<SocketKey>) -> SocketList {
    let mut list = SocketList {
        sockets: Vec::new(),
        is_complete: true,
    };
    // They stand in the order of their numbers.
    for client in clients(common) {
        let sockets = client.sockets();
        let key = |id: SocketId| SocketKey {
            client: client.number,
            socket: id.0,
        };
        let mut ids: Vec<_> = sockets
            .keys()
            .copied()
            .filter(|id| after.is_none_or(|after| key(*id) > after))
            .collect();
        let room = SOCKETS_PER_ANSWER - list.sockets.len();
        if ids.len() > room {
            ids.select_nth_unstable(room);
            ids.truncate(room);
            list.is_complete = false;
        }
        ids.sort_unstable();
        let found = ids.iter().filter_map(|id| Some((id, sockets.get(id)?)));
        let told = found.map(|(id, orders)| socket(&client, key(*id), orders));
        list.sockets.extend(told);
        if !list.is_complete {
            break;
        }
    }
    list
}

fn clients(common: &Common) -> Vec<Rc<Client>> {
    let clients = common.clients.borrow();
    clients.iter().filter_map(Weak::upgrade).collect()
}

fn socket(client: &Client, key: SocketKey, orders: &Orders) -> SocketStatistics {
    let traffic = &orders.traffic;
    let moved = &traffic.moved;
    let (local, remote) = traffic.ends();
    let (receive_ring, send_ring) = rings_of(orders);
    SocketStatistics {
        key,
        kind: match orders.kind() {
            Kind::Connection => SocketKind::Tcp,
            Kind::Datagrams { .. } => SocketKind::Udp,
            Kind::Listener => SocketKind::TcpServer,
        },
        origin: cut(client.origin()).to_owned(),
        owner: Owner {
            pipeline: cut(&client.owner.pipeline).to_owned(),
            worker: client.owner.worker.as_deref().map(cut).map(str::to_owned),
        },
        local,
        remote,
        age: traffic.age(),
        bytes_received: moved.bytes_received.get(),
        bytes_sent: moved.bytes_sent.get(),
        datagrams_received: moved.datagrams_received.get(),
        datagrams_sent: moved.datagrams_sent.get(),
        datagrams_dropped: traffic.dropped(),
        reads: moved.reads.get(),
        writes: moved.writes.get(),
        doorbells: traffic.doorbells.get(),
        bells: traffic.bells.get(),
        wake_ups: traffic.wake_ups.get(),
        receive_ring,
        send_ring,
    }
}

/// The rings of a socket, to the page and from it. What cannot be known because a ring is damaged, the socket's task
/// finds out itself.
fn rings_of(orders: &Orders) -> (Option<RingStatistics>, Option<RingStatistics>) {
    let figures = |place: &dyn Room, window: usize, waiting: usize| RingStatistics {
        capacity: place.capacity() as u64,
        window: window as u64,
        waiting: waiting as u64,
    };
    // Script sets itself no window.
    let whole = |place: &dyn Room, waiting| figures(place, place.capacity(), waiting);
    match orders.kind() {
        Kind::Connection => {
            let receive = orders.reading(|side| {
                let ring = side.ring()?;
                let waiting = ring.used().unwrap_or(0);
                Some(figures(ring.place(), ring.window(), waiting))
            });
            let send = orders.writing(|side| {
                let waiting = side.waiting().unwrap_or(0);
                Some(whole(side.ring()?.place(), waiting))
            });
            (receive, send)
        },
        Kind::Datagrams { .. } => {
            let receive = orders.receiving(|side| {
                let held = side.held();
                let ring = side.ring()?;
                let waiting = held + ring.used().unwrap_or(0);
                Some(whole(ring.place(), waiting))
            });
            let send = orders.sending(|side| {
                let waiting = side.held();
                Some(whole(side.ring()?.place(), waiting))
            });
            (receive, send)
        },
        Kind::Listener => (None, None),
    }
}

/// As much of a text as an answer may have.
fn cut(text: &str) -> &str {
    let mut end = text.len().min(MAX_STATISTICS_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
