/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The life of one TCP connection: one task, and no thread, from the open request to close(2).

use std::io;
use std::rc::Rc;

use direct_sockets_traits::{ReadResult, SocketError, SocketEvent, SocketId, TcpOpen};
use rustix::net::Shutdown;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;

use crate::budget::Place;
use crate::client::Client;
use crate::connect::{Connected, connect};
use crate::error::{from_io, is_temporary};
use crate::orders::Orders;
use crate::write_side::WriteSide;

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
    match opened {
        None => {},
        Some(Err(error)) => {
            drop(place);
            client.forget(id);
            return client.events.socket(id, SocketEvent::OpenFailed(error));
        },
        Some(Ok(Connected {
            stream,
            local,
            remote,
            was_reset,
        })) => {
            client
                .events
                .socket(id, SocketEvent::Opened { local, remote });
            let socket = TcpSocket {
                client: &client,
                id,
                orders: &orders,
                stream,
                was_reset,
            };
            // close(2) happens at the end of this, and its report after it.
            socket.serve().await;
        },
    }
    end(&client, id, place);
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
    socket.serve().await;
    end(&client, id, place);
}

/// The OS socket has been closed by order.
fn end(client: &Client, id: SocketId, place: Place) {
    drop(place);
    client.forget(id);
    client.events.socket(id, SocketEvent::Closed);
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
    /// Carry out orders until the one to close.
    ///
    /// Cancel safety: every system call happens between two awaits and what it did is recorded before
    /// the next.
    async fn serve(self) {
        loop {
            if self.orders.is_closing() {
                return;
            }
            // Chunks that need no system call.
            for event in self.orders.writing(|writing| writing.taken(0)) {
                self.report(event);
            }
            if self.orders.writing(WriteSide::take_shutdown) {
                // A failure is not reported: what ails the connection shows in reads and writes (AMB-20).
                let _ = rustix::net::shutdown(&self.stream, Shutdown::Write);
                self.report(SocketEvent::WriteShutdown);
            }
            let read = self.orders.wanted();
            let read = read.filter(|_| !self.client.events.is_full(self.id, self.orders));
            let writes = self.orders.writing(|writing| writing.held() > 0);
            let interest = match (read, writes) {
                (None, false) => {
                    self.orders.changed().await;
                    continue;
                },
                (Some(_), false) => Interest::READABLE,
                (None, true) => Interest::WRITABLE,
                (Some(_), true) => Interest::READABLE | Interest::WRITABLE,
            };
            let ready = tokio::select! {
                biased;
                () = self.orders.changed() => continue,
                ready = self.stream.ready(interest) => ready,
            };
            // Fails only when the runtime is shutting down; the calls below say what there is to say.
            let ready = ready.unwrap_or(Ready::ALL);
            if let Some(max) = read
                && ready.is_readable()
            {
                self.read_once(max);
            }
            if writes && ready.is_writable() {
                self.write_once();
            }
            tokio::task::consume_budget().await;
        }
    }

    fn report(&self, event: SocketEvent) {
        self.client.events.socket(self.id, event);
    }

    fn read_once(&self, max: usize) {
        let common = &self.client.common;
        let result = common.read_buffer.with(|buffer| {
            let length = self.stream.try_read(&mut buffer[..max])?;
            if length > 0 {
                common.statistics.received(length);
                self.client
                    .events
                    .data(self.id, &buffer[..length], self.orders);
            }
            io::Result::Ok(length)
        });
        let end = match result {
            Ok(0) if self.was_reset => ReadResult::Error(SocketError::ConnectionReset),
            Ok(0) => ReadResult::End,
            Ok(_) => return,
            Err(error) if is_temporary(&error) => return,
            Err(error) => ReadResult::Error(from_io(&error)),
        };
        self.orders.read_is_over();
        self.report(SocketEvent::Read(end));
    }

    fn write_once(&self) {
        let result = self.orders.writing(|writing| {
            let mut room = WriteSide::room();
            let count = writing.offer(&mut room);
            self.stream.try_write_vectored(&room[..count])
        });
        match result {
            Ok(count) => {
                self.client.common.statistics.sent(count);
                for event in self.orders.writing(|writing| writing.taken(count)) {
                    self.report(event);
                }
            },
            Err(error) if is_temporary(&error) => {},
            Err(error) => {
                if let Some(event) = self.orders.writing(|writing| writing.fail(from_io(&error))) {
                    self.report(event);
                }
            },
        }
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
