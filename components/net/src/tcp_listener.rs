/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The life of one listening socket: one task, and no thread, from the listen request to close(2).

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::num::NonZeroU32;
use std::rc::Rc;
use std::task::Poll;

use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, AddressUse, Handover, SocketError, SocketEvent, SocketId,
    TcpListen,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::address_policy::Gate;
use crate::budget::Place;
use crate::client::Client;
use crate::error::from_io;
use crate::orders::Orders;
use crate::tcp_socket::EndOnPanic;

/// The file with the longest queue that the kernel keeps for a listening socket.
const SYSTEM_MAXIMUM: &str = "/proc/sys/net/core/somaxconn";

/// Listen and accept until it is closed. Aborting the task closes the socket silently.
/// `place` is held for as long as the socket exists.
pub async fn run(
    client: Rc<Client>,
    id: SocketId,
    listen: TcpListen,
    orders: Rc<Orders>,
    place: Place,
) {
    let _guard = EndOnPanic(&client);
    let gate = client.gate();
    let opened = tokio::select! {
        biased;
        // Closing comes first: nobody waits for the result any more.
        () = orders.closing() => None,
        opened = open(&listen, &gate) => Some(opened),
    };
    match opened {
        None => {},
        Some(Err(error)) => {
            drop(place);
            client.forget(id);
            return client.report(id, &SocketEvent::OpenFailed(error));
        },
        Some(Ok((listener, local))) => {
            let event = SocketEvent::Listening {
                local: local.into(),
            };
            client.report(id, &event);
            orders.traffic.opened(local.into(), None);
            let socket = Listener {
                client: &client,
                id,
                orders: &orders,
                listener,
                local,
            };
            // close(2) happens at the end of this, and its report after it.
            socket.serve().await;
        },
    }
    drop(place);
    client.forget(id);
    client.report(id, &SocketEvent::Closed(Handover::Complete));
}

async fn open(listen: &TcpListen, gate: &Gate) -> Result<(TcpListener, SocketAddr), SocketError> {
    let address = SocketAddr::new(listen.address, listen.port.map_or(0, u16::from));
    gate.own(AddressUse::TcpListen, address).await?;
    let opened = bind(listen, address).and_then(|listener| {
        let local = listener.local_addr()?;
        Ok((listener, local))
    });
    opened.map_err(|error| from_io(&error))
}

fn bind(listen: &TcpListen, address: SocketAddr) -> io::Result<TcpListener> {
    // Close-on-exec and never blocking from the start.
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
    if listen.reuse_address {
        socket.set_reuse_address(true)?;
    }
    // Left to the platform where nobody asked (decision AMB-40).
    if let Some(ipv6_only) = listen.ipv6_only
        && address.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED)
    {
        socket.set_only_v6(ipv6_only)?;
    }
    socket.bind(&address.into())?;
    socket.listen(backlog(listen.backlog, system_maximum()))?;
    TcpListener::from_std(StdListener::from(socket))
}

/// The longest queue of the running system, if it says so.
fn system_maximum() -> Option<u32> {
    std::fs::read_to_string(SYSTEM_MAXIMUM)
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// The length of the queue to ask the OS for: what the page asks for, within what the system and its signed
/// argument allow (decision AMB-41). Where the system does not tell, it cuts by itself.
pub fn backlog(asked: Option<NonZeroU32>, system_maximum: Option<u32>) -> i32 {
    let most = system_maximum.unwrap_or(u32::MAX);
    let asked = asked.map_or(most, |asked| asked.get().min(most));
    i32::try_from(asked).unwrap_or(i32::MAX)
}

/// Whether an error is about one connection that came and went, and not about accepting (decision AMB-64). Linux
/// passes on what the network has reported for a connection that nobody has accepted yet.
pub fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNABORTED
                | libc::ECONNRESET
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
                | libc::EINTR
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::ENONET
                | libc::ENOPROTOOPT
                | libc::EOPNOTSUPP
                | libc::EPERM
                | libc::EPROTO
                | libc::ETIMEDOUT
        )
    )
}

/// A socket that listens.
struct Listener<'a> {
    client: &'a Rc<Client>,
    id: SocketId,
    orders: &'a Rc<Orders>,
    listener: TcpListener,
    local: SocketAddr,
}

impl Listener<'_> {
    /// Carry out orders until the one to close.
    async fn serve(self) {
        loop {
            self.orders.traffic.wake_ups.one();
            if self.orders.is_closing() {
                return;
            }
            let Some(max) = self.orders.wanted() else {
                self.orders.changed().await;
                continue;
            };
            let accepted = tokio::select! {
                biased;
                () = self.orders.changed() => continue,
                accepted = self.listener.accept() => accepted,
            };
            let result = match accepted {
                Ok(first) => self.take(first, max).await,
                Err(error) if concerns_one_connection(&error) => {
                    // However many of these there are, it is the turn of others now and then.
                    tokio::task::consume_budget().await;
                    continue;
                },
                Err(error) => AcceptResult::Error(from_io(&error)),
            };
            match result {
                AcceptResult::Connections(_) => self.orders.has_read(),
                AcceptResult::End | AcceptResult::Error(_) => self.orders.read_is_over(),
            }
            let event = SocketEvent::Accepted(result);
            self.client.report(self.id, &event);
        }
    }

    /// Take a connection, and those that are there without waiting, up to `max`.
    async fn take(&self, first: (TcpStream, SocketAddr), max: usize) -> AcceptResult {
        let mut ids = self.ids(max);
        let mut connections = Vec::new();
        let mut next = Some(first);
        while let Some((stream, remote)) = next.take() {
            let Some(id) = ids.next() else {
                break;
            };
            // Where the client has gone already, the OS still knows this end, and accept knew the other
            // (decision AMB-87).
            let local = stream.local_addr().unwrap_or(self.local).into();
            let remote = remote.into();
            match self.client.adopt(id, stream, (local, remote)) {
                Ok(()) => connections.push(AcceptedConnection { id, local, remote }),
                Err(error) if connections.is_empty() => return AcceptResult::Error(error),
                Err(_) => break,
            }
            // What finds no room is left in the kernel's queue, for the next accept to say so.
            if connections.len() < max && self.client.has_room() {
                next = self.accept_at_once().await;
            }
        }
        match connections.is_empty() {
            // All ids were in use, which only a client that breaks the rules brings about.
            true => AcceptResult::Error(SocketError::InvalidArgument),
            false => AcceptResult::Connections(connections),
        }
    }

    /// The ids for connections: those that the client has given and does not use.
    fn ids(&self, max: usize) -> impl Iterator<Item = SocketId> {
        let first = self.orders.first().0;
        let last = first.saturating_add(max as u64 - 1);
        (first..=last)
            .map(SocketId)
            .filter(|id| !self.client.knows(*id))
    }

    /// A connection that is there already.
    async fn accept_at_once(&self) -> Option<(TcpStream, SocketAddr)> {
        poll_fn(|context| {
            // Of an error the next accept hears, if it is more than one connection's.
            let accepted = match self.listener.poll_accept(context) {
                Poll::Ready(Ok(accepted)) => Some(accepted),
                Poll::Ready(Err(_)) | Poll::Pending => None,
            };
            Poll::Ready(accepted)
        })
        .await
    }
}
