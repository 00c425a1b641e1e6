/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The life of one TCP connection: one task, and no thread, from the open request to close(2).

use std::io;
use std::rc::Rc;

use direct_sockets_traits::{ReadResult, SocketEvent, SocketId, TcpOpen};
use rustix::net::Shutdown;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;

use crate::client::Client;
use crate::connect::{Connected, connect};
use crate::error::from_io;
use crate::orders::Orders;
use crate::write_side::WriteSide;

/// Open a connection and serve it until it is closed. Aborting the task closes the socket silently.
pub async fn run(client: Rc<Client>, id: SocketId, open: TcpOpen, orders: Rc<Orders>) {
    let counted = client.common.statistics.socket();
    let opened = tokio::select! {
        biased;
        // Closing comes first: nobody waits for the result any more.
        () = orders.closing() => None,
        result = connect(&open, &*client.common.resolver, &client.lookups) => Some(result),
    };
    match opened {
        None => {},
        Some(Err(error)) => {
            drop(counted);
            client.forget(id);
            return client.events.socket(id, SocketEvent::OpenFailed(error));
        },
        Some(Ok(Connected {
            stream,
            local,
            remote,
        })) => {
            client.events.socket(id, SocketEvent::Opened { local, remote });
            serve(&client, id, &orders, &stream).await;
            // close(2) happens here, and its report after it.
            drop(stream);
        },
    }
    drop(counted);
    client.forget(id);
    client.events.socket(id, SocketEvent::Closed);
}

/// Carry out orders until the one to close.
///
/// Cancel safety: every system call happens between two awaits and what it did is recorded before the next.
async fn serve(client: &Client, id: SocketId, orders: &Rc<Orders>, stream: &TcpStream) {
    loop {
        if orders.is_closing() {
            return;
        }
        // Chunks that need no system call.
        for event in orders.writing(|writing| writing.taken(0)) {
            client.events.socket(id, event);
        }
        if orders.writing(WriteSide::take_shutdown) {
            // A failure is not reported: what ails the connection shows in reads and writes (AMB-20).
            let _ = rustix::net::shutdown(stream, Shutdown::Write);
            client.events.socket(id, SocketEvent::WriteShutdown);
        }
        let read = orders.wanted().filter(|_| !client.events.is_full(id, orders));
        let writes = orders.writing(|writing| writing.held() > 0);
        let interest = match (read, writes) {
            (None, false) => {
                orders.changed().await;
                continue;
            },
            (Some(_), false) => Interest::READABLE,
            (None, true) => Interest::WRITABLE,
            (Some(_), true) => Interest::READABLE | Interest::WRITABLE,
        };
        let ready = tokio::select! {
            biased;
            () = orders.changed() => continue,
            ready = stream.ready(interest) => ready,
        };
        // Fails only when the runtime is shutting down; the calls below say what there is to say.
        let ready = ready.unwrap_or(Ready::ALL);
        if let Some(max) = read &&
            ready.is_readable()
        {
            read_once(client, id, orders, stream, max);
        }
        if writes && ready.is_writable() {
            write_once(client, id, orders, stream);
        }
        tokio::task::consume_budget().await;
    }
}

fn read_once(client: &Client, id: SocketId, orders: &Rc<Orders>, stream: &TcpStream, max: usize) {
    let result = client.common.read_buffer.with(|buffer| {
        let length = stream.try_read(&mut buffer[..max])?;
        if length > 0 {
            client.common.statistics.received(length);
            client.events.data(id, &buffer[..length], orders);
        }
        io::Result::Ok(length)
    });
    let end = match result {
        Ok(0) => ReadResult::End,
        Ok(_) => return,
        Err(error) if is_temporary(&error) => return,
        Err(error) => ReadResult::Error(from_io(&error)),
    };
    orders.read_is_over();
    client.events.socket(id, SocketEvent::Read(end));
}

fn write_once(client: &Client, id: SocketId, orders: &Orders, stream: &TcpStream) {
    let result = orders.writing(|writing| {
        let mut room = WriteSide::room();
        let count = writing.offer(&mut room);
        stream.try_write_vectored(&room[..count])
    });
    match result {
        Ok(count) => {
            client.common.statistics.sent(count);
            for event in orders.writing(|writing| writing.taken(count)) {
                client.events.socket(id, event);
            }
        },
        Err(error) if is_temporary(&error) => {},
        Err(error) => {
            if let Some(event) = orders.writing(|writing| writing.fail(from_io(&error))) {
                client.events.socket(id, event);
            }
        },
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
