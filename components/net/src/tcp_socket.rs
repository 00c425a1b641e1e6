/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The life of one TCP connection: one task, and no thread, from the open request to close(2).

use std::future::pending;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;

use direct_sockets_plane::{Corrupt, TransferError};
use direct_sockets_trace::net::{READV, WRITEV};
use direct_sockets_traits::{Handover, ReadEnd, SocketError, SocketEvent, SocketId, TcpOpen};
use rustix::net::Shutdown;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

use crate::budget::Place;
use crate::client::Client;
use crate::connect::{Connected, connect};
use crate::error::{from_io, is_temporary};
use crate::orders::Orders;
use crate::read_side::ReadSide;
use crate::write_side::WriteSide;

/// The most bytes that one system call may move, so that the others have their turn.
const BYTES_AT_ONCE: usize = 256 * 1024;

/// Open a connection and serve it until it is closed. Aborting the task closes the socket silently.
/// `place` is held for as long as the socket exists.
pub async fn run(
    client: Rc<Client>,
    id: SocketId,
    open: TcpOpen,
    orders: Rc<Orders>,
    place: Place,
) {
    let _guard = EndOnPanic(&client);
    let gate = client.gate();
    let opened = tokio::select! {
        biased;
        // Closing comes first: nobody waits for the result any more.
        () = orders.closing() => None,
        result = connect(&open, &gate, &*client.common.resolver, client.lookups()) => Some(result),
    };
    let mut handover = Handover::Complete;
    match opened {
        None => {},
        Some(Err(error)) => {
            drop(place);
            client.forget(id);
            return client.report(id, &SocketEvent::OpenFailed(error));
        },
        Some(Ok(Connected {
            stream,
            local,
            remote,
            was_reset,
        })) => {
            client.report(id, &SocketEvent::Opened { local, remote });
            orders.traffic.opened(local, Some(remote));
            let socket = TcpSocket {
                client: &client,
                id,
                orders: &orders,
                stream,
                was_reset,
            };
            // close(2) happens at the end of this, and its report after it.
            handover = socket.serve().await;
        },
    }
    end(&client, id, place, handover);
}

/// Serve a connection that a listening socket has accepted, like one that was opened.
pub async fn run_accepted(
    client: Rc<Client>,
    id: SocketId,
    stream: TcpStream,
    orders: Rc<Orders>,
    place: Place,
) {
    let _guard = EndOnPanic(&client);
    let socket = TcpSocket {
        client: &client,
        id,
        orders: &orders,
        stream,
        was_reset: false,
    };
    let handover = socket.serve().await;
    end(&client, id, place, handover);
}

/// The OS socket has been closed by order.
fn end(client: &Client, id: SocketId, place: Place, handover: Handover) {
    drop(place);
    client.forget(id);
    client.report(id, &SocketEvent::Closed(handover));
}

/// An open connection.
struct TcpSocket<'a> {
    client: &'a Client,
    id: SocketId,
    orders: &'a Rc<Orders>,
    stream: TcpStream,
    was_reset: bool,
}

impl TcpSocket<'_> {
    /// Carry out orders until the one to close, and say what came of the bytes that were kept.
    ///
    /// Cancel safety: every system call happens between two awaits and what it did is recorded before
    /// the next.
    async fn serve(self) -> Handover {
        let mut handover = Handover::Complete;
        loop {
            self.orders.traffic.wake_ups.one();
            let is_closing = self.orders.is_closing();
            let deadline = self.orders.writing(WriteSide::deadline);
            if deadline.is_some_and(|deadline| deadline <= Instant::now())
                && self.orders.writing(WriteSide::give_up)
            {
                handover = Handover::Incomplete;
            }
            if self.orders.writing(WriteSide::take_shutdown) {
                // A failure is not reported: what ails the connection shows in reads and writes (AMB-20).
                let _ = rustix::net::shutdown(&self.stream, Shutdown::Write);
                self.report(SocketEvent::WriteShutdown(handover));
            }
            let reads = !is_closing
                && match self.orders.reading(ReadSide::has_room) {
                    Ok(reads) => reads,
                    Err(Corrupt) => {
                        self.end_reading(ReadEnd::Error(SocketError::MemoryDamaged));
                        continue;
                    },
                };
            let writes = match self.orders.writing(WriteSide::has_work) {
                Ok(writes) => writes,
                Err(Corrupt) => {
                    self.fail_writing(SocketError::MemoryDamaged);
                    continue;
                },
            };
            if is_closing && !writes {
                return handover;
            }
            let interest = match (reads, writes) {
                (false, false) => None,
                (true, false) => Some(Interest::READABLE),
                (false, true) => Some(Interest::WRITABLE),
                (true, true) => Some(Interest::READABLE | Interest::WRITABLE),
            };
            let ready = tokio::select! {
                biased;
                () = self.orders.changed() => continue,
                ready = readiness(&self.stream, interest) => ready,
                () = until(deadline) => continue,
            };
            if writes && ready.is_writable() {
                self.write_once();
            }
            if reads && ready.is_readable() {
                self.read_once();
            }
            tokio::task::consume_budget().await;
        }
    }

    fn report(&self, event: SocketEvent) {
        self.client.report(self.id, &event);
    }

    fn read_once(&self) {
        let result = self.orders.reading(|reading| {
            let ring = reading.ring()?;
            let result = transfer(&self.stream, Interest::READABLE, || {
                let most = ring.room()?.min(BYTES_AT_ONCE);
                let hop = self.client.link.hop(&READV, self.id);
                let count = ring.read_from(self.stream.as_fd(), most)?;
                hop.moved(count, || ring.position());
                Ok((count, count > 0 && count < most))
            });
            let tells = matches!(result, Ok(1..)) && ring.must_tell();
            Some((result, tells))
        });
        let Some((result, tells)) = result else {
            return;
        };
        match result {
            Ok(0) if self.was_reset => {
                self.end_reading(ReadEnd::Error(SocketError::ConnectionReset));
            },
            Ok(0) => self.end_reading(ReadEnd::End),
            Ok(count) => {
                self.orders.traffic.received(0, count);
                if tells {
                    self.report(SocketEvent::Readable);
                }
            },
            Err(TransferError::Nothing) => {},
            Err(TransferError::Corrupt) => {
                self.end_reading(ReadEnd::Error(SocketError::MemoryDamaged));
            },
            Err(TransferError::Io(error)) if is_temporary(&error) => {},
            Err(TransferError::Io(error)) => self.end_reading(ReadEnd::Error(from_io(&error))),
        }
    }

    fn end_reading(&self, end: ReadEnd) {
        if self.orders.reading(ReadSide::end) {
            self.report(SocketEvent::ReadEnded(end));
        }
    }

    fn write_once(&self) {
        let result = self.orders.writing(|writing| {
            let most = writing.waiting().ok()?.min(BYTES_AT_ONCE);
            let ring = writing.ring()?;
            let result = transfer(&self.stream, Interest::WRITABLE, || {
                let hop = self.client.link.hop(&WRITEV, self.id);
                let count = ring.write_to(self.stream.as_fd(), most)?;
                hop.moved(count, || ring.position());
                Ok((count, count < most))
            });
            let tells = result.is_ok() && ring.must_tell();
            Some((result, tells))
        });
        let Some((result, tells)) = result else {
            return;
        };
        match result {
            Ok(count) => {
                self.orders.traffic.sent(0, count);
                if tells {
                    self.report(SocketEvent::Writable);
                }
            },
            Err(TransferError::Nothing) => {},
            Err(TransferError::Corrupt) => self.fail_writing(SocketError::MemoryDamaged),
            Err(TransferError::Io(error)) if is_temporary(&error) => {},
            Err(TransferError::Io(error)) => self.fail_writing(from_io(&error)),
        }
    }

    fn fail_writing(&self, error: SocketError) {
        if self.orders.writing(WriteSide::fail) {
            self.report(SocketEvent::WriteFailed(error));
        }
    }
}

/// Transfer bytes because the connection is ready for `reason`. `action` returns how many it transferred, and whether
/// the connection is not ready any more: fewer than were asked for mean that, and save a system call that would say
/// so.
fn transfer(
    stream: &TcpStream,
    reason: Interest,
    action: impl FnOnce() -> Result<(usize, bool), TransferError>,
) -> Result<usize, TransferError> {
    let mut result = Err(TransferError::Nothing);
    let _ = stream.try_io(reason, || {
        let is_not_ready = match action() {
            Ok((count, is_not_ready)) => {
                result = Ok(count);
                is_not_ready
            },
            Err(error) => {
                let blocks = matches!(&error, TransferError::Io(error) if error.kind() == io::ErrorKind::WouldBlock);
                result = Err(error);
                blocks
            },
        };
        match is_not_ready {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(()),
        }
    });
    result
}

async fn readiness(stream: &TcpStream, interest: Option<Interest>) -> Ready {
    match interest {
        // Fails only when the runtime is shutting down; the calls that follow say what there is to say.
        Some(interest) => stream.ready(interest).await.unwrap_or(Ready::ALL),
        None => pending().await,
    }
}

/// Wait until then, or for ever.
pub async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// A defect in here must not leave a page waiting for ever: its client hears that all is lost.
pub struct EndOnPanic<'a>(pub &'a Client);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.end();
        }
    }
}
