/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The life of one UDP socket: one task, and no thread, from the open request to close(2).

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use direct_sockets_plane::Corrupt;
use direct_sockets_trace::net::{RECVMMSG, SEND};
use direct_sockets_traits::{
    AddressUse, Datagram, Destination, Handover, ReadEnd, SocketError, SocketEvent, SocketId,
    UdpOpen,
};
use log::debug;
use tokio::io::{Interest, Ready};
use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::address_policy::Gate;
use crate::budget::Place;
use crate::burst::{Burst, MostTogether};
use crate::client::Client;
use crate::error::{from_io, is_temporary};
use crate::orders::Orders;
use crate::receive_side::ReceiveSide;
use crate::resolver;
use crate::send_side::{Overrun, SendSide};
use crate::tcp_socket::{EndOnPanic, until};
use crate::udp_open::{self, Families, Opened};

/// What an error of the network makes of an idle socket is not "readable": the kernel has a word of its own for it.
const RECEIVABLE: Interest = Interest::READABLE.add(Interest::ERROR);

/// After so many datagrams of one socket in a row it is the turn of others: as many as one call can send at most. The
/// last call may lead over it.
const DATAGRAMS_IN_A_ROW: usize = 64;

/// How long to wait for room in the kernel's queue where nobody tells.
const FULL_QUEUE_PAUSE: Duration = Duration::from_millis(1);

/// Open a socket and serve it until it is closed. Aborting the task closes the socket silently.
/// `place` is held for as long as the socket exists.
pub async fn run(
    client: Rc<Client>,
    id: SocketId,
    open: UdpOpen,
    orders: Rc<Orders>,
    place: Place,
) {
    let _guard = EndOnPanic(&client);
    let gate = client.gate();
    let opened = tokio::select! {
        biased;
        // Closing comes first: nobody waits for the result any more.
        () = orders.closing() => None,
        result = udp_open::open(&open, &gate, &*client.common.resolver, client.lookups()) => Some(result),
    };
    let mut handover = Handover::Complete;
    match opened {
        None => {},
        Some(Err(error)) => {
            drop(place);
            client.forget(id);
            return client.report(id, &SocketEvent::OpenFailed(error));
        },
        Some(Ok(Opened {
            socket,
            local,
            remote,
            families,
        })) => {
            client.report(id, &SocketEvent::UdpOpened { local, remote });
            let socket = Rc::new(socket);
            let watch = client.common.statistics.watch_drops(&socket);
            orders.traffic.opened(local, remote);
            orders.traffic.watch_drops(&socket);
            let socket = Socket {
                client: &client,
                id,
                orders: &orders,
                socket,
                families,
                gate: &gate,
                is_bound: remote.is_none(),
                most: client.common.bursts.most_together(),
            };
            handover = socket.serve().await;
            socket.receiving(ReceiveSide::end);
            // close(2) happens at the end of this, and its report after it.
            drop(socket);
            drop(watch);
        },
    }
    drop(place);
    client.forget(id);
    client.report(id, &SocketEvent::Closed(handover));
}

/// A destination that is being looked for.
type Lookup<'a> = Pin<Box<dyn Future<Output = Result<SocketAddr, SocketError>> + 'a>>;

/// An open socket.
struct Socket<'a> {
    client: &'a Client,
    id: SocketId,
    orders: &'a Rc<Orders>,
    socket: Rc<UdpSocket>,
    families: Families,
    gate: &'a Gate,
    is_bound: bool,
    most: MostTogether,
}

/// What came of sending.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sent {
    /// There is nothing that could be sent now.
    All,
    /// The kernel's queue is full.
    Full,
    /// There may be more, and it is the turn of others.
    Enough,
}

impl Socket<'_> {
    /// Carry out orders until the one to close, and say what came of the datagrams that were reported as written.
    ///
    /// Cancel safety: every system call happens between two awaits and what it did is recorded before
    /// the next.
    async fn serve(&self) -> Handover {
        let mut lookup: Option<Lookup<'_>> = None;
        let mut handover = Handover::Complete;
        loop {
            self.orders.traffic.wake_ups.one();
            let deadline = self.orders.sending(SendSide::deadline);
            if deadline.is_some_and(|deadline| deadline <= Instant::now())
                && self.orders.sending(SendSide::give_up)
            {
                handover = Handover::Incomplete;
            }
            let has_next = self.has_next();
            if self.orders.is_closing() && !self.orders.sending(SendSide::has_work) {
                return handover;
            }
            if let Some(to) = self.orders.sending(SendSide::begin) {
                lookup = Some(Box::pin(self.find(to)));
            } else if !self.orders.sending(|sending| sending.is_resolving()) {
                // Aborted.
                lookup = None;
            }
            let has_room = self.flush_received();
            let read = self.orders.wanted();
            let read =
                read.filter(|_| has_room && !self.client.holds_too_much(self.id, self.orders));
            let sends = has_next || self.orders.sending(|sending| sending.offer().is_some());
            let interest = match (read, sends) {
                (None, false) => None,
                (Some(_), false) => Some(RECEIVABLE),
                (None, true) => Some(Interest::WRITABLE),
                (Some(_), true) => Some(RECEIVABLE.add(Interest::WRITABLE)),
            };
            let ready = tokio::select! {
                biased;
                () = self.orders.changed() => continue,
                found = found(&mut lookup) => {
                    lookup = None;
                    let answer = self.orders.sending(|sending| match found {
                        Ok(to) => {
                            sending.found(to);
                            None
                        },
                        Err(error) => sending.fail(error),
                    });
                    self.report(answer);
                    continue;
                },
                ready = readiness(&self.socket, interest) => ready,
                () = until(deadline) => continue,
            };
            // An error that waits goes to one of them, and it is the sender's where both are there (decision AMB-55).
            let sent = match sends && (ready.is_writable() || ready.is_write_closed()) {
                true => self.send(),
                false => Sent::All,
            };
            if let Some(max) = read {
                // One at a time: tokio takes no combination in `try_io`.
                if ready.is_readable() {
                    self.receive_once(max, Interest::READABLE);
                } else if ready.is_error() {
                    self.receive_once(max, Interest::ERROR);
                }
            }
            match sent {
                // An error of the network makes tokio take the socket for ready to write for ever.
                Sent::Full if ready.is_write_closed() => self.pause().await,
                Sent::Enough => tokio::task::yield_now().await,
                Sent::All | Sent::Full => tokio::task::consume_budget().await,
            }
        }
    }

    fn report(&self, event: Option<SocketEvent>) {
        if let Some(event) = event {
            self.client.report(self.id, &event);
        }
    }

    /// Whether a datagram stands in the ring that is to be sent next.
    fn has_next(&self) -> bool {
        match self.orders.sending(SendSide::has_next) {
            Ok(has_next) => has_next,
            Err(Corrupt) => {
                self.fail_sending(SocketError::MemoryDamaged);
                false
            },
        }
    }

    /// Take the next datagram that is to be sent from the ring, if there is one.
    fn take_next(&self) {
        if !self.has_next() {
            return;
        }
        let in_flight = match self.client.in_flight() {
            Ok(in_flight) => in_flight,
            Err(error) => return self.fail_sending(error),
        };
        let mut scratch = self.client.common.records.take();
        let taken = self
            .orders
            .sending(|sending| sending.take(&mut scratch, self.is_bound, in_flight));
        self.client.common.records.replace(scratch);
        match taken {
            Ok(true) => self.report(Some(SocketEvent::Writable)),
            Ok(false) => {},
            Err(Overrun) => {
                debug!("A socket is closed because its client broke the rules of sending");
                self.orders.close(0);
            },
        }
    }

    fn fail_sending(&self, error: SocketError) {
        let answer = self.orders.sending(|sending| sending.fail(error));
        self.report(answer);
    }

    /// Put into the ring what waits for room there. Whether nothing does any more, and what another batch brings may
    /// come.
    fn flush_received(&self) -> bool {
        let flushed = self.receiving(|receiving| {
            let tells = receiving.flush()? && receiving.must_tell();
            Ok((tells, receiving.is_ready()))
        });
        match flushed {
            Ok((tells, is_ready)) => {
                self.report(tells.then_some(SocketEvent::Readable));
                is_ready
            },
            Err(Corrupt) => {
                self.end_receiving(SocketError::MemoryDamaged);
                false
            },
        }
    }

    /// Change the read side, and count what waits in it.
    fn receiving<R>(&self, action: impl FnOnce(&mut ReceiveSide) -> R) -> R {
        let (before, result, now) = self.orders.receiving(|receiving| {
            let before = receiving.held();
            let result = action(receiving);
            (before, result, receiving.held())
        });
        self.client.count_waiting(before, now);
        result
    }

    fn end_receiving(&self, error: SocketError) {
        self.orders.read_is_over();
        if self.receiving(ReceiveSide::end) {
            self.report(Some(SocketEvent::ReadEnded(ReadEnd::Error(error))));
        }
    }

    /// Where a datagram goes: the first address of its destination that the socket can send to, and may. Finding it is
    /// a part of sending (decision AMB-57).
    async fn find(&self, to: Destination) -> Result<SocketAddr, SocketError> {
        self.gate.port(AddressUse::UdpSend, to.port)?;
        let resolver = &*self.client.common.resolver;
        let lookups = self.client.lookups();
        let addresses = resolver::addresses(resolver, &to.host, to.dns_query_type, lookups).await?;
        let mut failure = None;
        for mut address in addresses {
            address.set_port(to.port);
            let Some(address) = self.families.fit(address) else {
                continue;
            };
            match self.gate.remote(AddressUse::UdpSend, address).await {
                Ok(()) => return Ok(address),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or(SocketError::AddressFamilyMismatch))
    }

    /// Where a datagram goes, if it is an address and nobody has to be asked about it. Otherwise [`Self::find`] tells,
    /// or tells what is wrong with it.
    fn find_now(&self, to: &Destination) -> Option<SocketAddr> {
        self.gate.port(AddressUse::UdpSend, to.port).ok()?;
        let ip = resolver::literal(&to.host, to.dns_query_type)?;
        let address = self.families.fit((ip, to.port).into())?;
        self.gate.is_known(address).then_some(address)
    }

    /// Wait for a moment, or until there is something else to do.
    async fn pause(&self) {
        tokio::select! {
            biased;
            // To be looked at once more, by the one who calls this.
            () = self.orders.changed() => self.orders.wake(),
            () = tokio::time::sleep(FULL_QUEUE_PAUSE) => {},
        }
    }

    /// Send what is to be sent: the datagram that was taken from the ring, or what stands there.
    fn send(&self) -> Sent {
        let mut count = 0;
        while count < DATAGRAMS_IN_A_ROW {
            let sent = match self.send_pending() {
                Some(sent) => sent,
                None => self.client.common.bursts.with(|burst| {
                    self.gather(burst);
                    self.send_burst(burst)
                }),
            };
            match sent {
                Ok(0) => return Sent::All,
                Ok(sent) => count += sent,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Sent::Full,
                Err(error) if is_temporary(&error) => count += 1,
                Err(error) => {
                    self.fail_sending(from_io(&error));
                    return Sent::All;
                },
            }
        }
        Sent::Enough
    }

    /// Send the datagram that was taken from the ring, if there is one that is ready. How many were sent.
    fn send_pending(&self) -> Option<io::Result<usize>> {
        let (mut hop, sent) = self.orders.sending(|sending| {
            let (data, to) = sending.offer()?;
            let hop = self.client.link.hop(&SEND, self.id);
            let sent = match to {
                Some(to) => self.socket.try_send_to(data, to),
                None => self.socket.try_send(data),
            };
            Some((hop, sent))
        })?;
        Some(sent.map(|bytes| {
            hop.datagrams(1, bytes);
            self.orders.traffic.sent(1, bytes);
            self.report(self.orders.sending(SendSide::sent));
            1
        }))
    }

    /// Put together what stands in the ring and can be sent at once.
    fn gather(&self, burst: &mut Burst) {
        let records = &self.client.common.records;
        let mut scratch = records.take();
        self.orders.sending(|sending| {
            sending.gather(burst, &self.most, &mut scratch, self.is_bound, |to| {
                self.find_now(to)
            });
        });
        records.replace(scratch);
    }

    /// Send what was put together, all or nothing, or only the first where the OS does not take all of them at once.
    /// How many were sent. Where there is nothing, what stands first in the ring is taken from it.
    fn send_burst(&self, burst: &mut Burst) -> io::Result<usize> {
        if burst.count() == 0 {
            self.take_next();
            return Ok(0);
        }
        let mut hop = self.client.link.hop(&SEND, self.id);
        let send = |burst: &Burst| {
            self.socket
                .try_io(Interest::WRITABLE, || burst.send(&self.socket))
        };
        let bytes = match send(burst) {
            Err(error) if self.most.refuses(burst, &error) => {
                burst.keep_first();
                send(burst)
            },
            sent => sent,
        }?;
        hop.datagrams(burst.count(), bytes);
        self.orders.traffic.sent(burst.count(), bytes);
        let tells = self
            .orders
            .sending(|sending| sending.sent_burst(burst.taken()));
        self.report(tells.then_some(SocketEvent::Writable));
        Ok(burst.count())
    }

    /// Receive because the socket is ready for `reason`.
    fn receive_once(&self, max: usize, reason: Interest) {
        let error = match self.receive(max, reason, true) {
            Ok(()) => return,
            Err(error) if is_temporary(&error) => return,
            Err(error) => error,
        };
        // The kernel tells of an error before it gives what came earlier.
        let _ = self.receive(max, reason, false);
        self.end_receiving(from_io(&error));
    }

    /// Receive a batch. `ends` says whether it is complete with that.
    fn receive(&self, max: usize, reason: Interest, ends: bool) -> io::Result<()> {
        let common = &self.client.common;
        let mut scratch = common.records.take();
        let mut result = Ok(());
        let mut tells = false;
        let mut hop = self.client.link.hop(&RECVMMSG, self.id);
        let (mut datagrams, mut bytes) = (0, 0);
        let received = self.socket.try_io(reason, || {
            self.receiving(|receiving| {
                let received = common
                    .batch
                    .receive(&self.socket, max, |data, from, is_last| {
                        datagrams += 1;
                        bytes += data.len();
                        let datagram = Datagram {
                            data,
                            from: self.is_bound.then(|| from.into()),
                            is_last: is_last && ends,
                        };
                        match receiving.put(&datagram, std::mem::take(&mut scratch)) {
                            Ok(unused) => scratch = unused,
                            Err(Corrupt) => result = Err(Corrupt),
                        }
                    });
                tells = receiving.must_tell();
                received
            })
        });
        common.records.replace(scratch);
        received?;
        hop.datagrams(datagrams, bytes);
        self.orders.traffic.received(datagrams, bytes);
        if ends {
            self.orders.has_read();
        }
        self.report(tells.then_some(SocketEvent::Readable));
        if result.is_err() {
            self.end_receiving(SocketError::MemoryDamaged);
        }
        Ok(())
    }
}

/// The end of a lookup, if there is one.
async fn found(lookup: &mut Option<Lookup<'_>>) -> Result<SocketAddr, SocketError> {
    match lookup {
        Some(lookup) => lookup.await,
        None => pending().await,
    }
}

async fn readiness(socket: &UdpSocket, interest: Option<Interest>) -> Ready {
    match interest {
        // Fails only when the runtime is shutting down; the calls that follow say what there is to say.
        Some(interest) => socket.ready(interest).await.unwrap_or(Ready::ALL),
        None => pending().await,
    }
}
