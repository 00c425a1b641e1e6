/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::counters::Counters;

/// The most connections of a role that has a thread for each.
const MOST_THREADS: usize = 256;
/// Connections that may wait to be accepted: more than any workload opens at a time.
const BACKLOG: i32 = 4096;
/// How many ports take connections that are closed at once. With one, a client that is fast enough runs out of local
/// ports while the connections before are still being remembered.
const CHURN_PORTS: usize = 8;
/// Large pieces wake the other side less often, so that it is what is measured.
const FLOOD_PIECE: usize = 1 << 20;
const READ_PIECE: usize = 256 * 1024;
/// The wait after an accept that failed, for instance for want of descriptors.
const PAUSE: Duration = Duration::from_millis(1);

pub(crate) fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn port_of(listener: &TcpListener) -> io::Result<u16> {
    Ok(listener.local_addr()?.port())
}

/// Gives each connection a thread, up to a limit; what comes beyond it is closed at once.
fn serve(
    counters: &Arc<Counters>,
    talk: impl Fn(TcpStream, &Counters) -> io::Result<()> + Clone + Send + 'static,
) -> io::Result<Vec<u16>> {
    let listener = listen()?;
    let port = port_of(&listener)?;
    let counters = counters.clone();
    let running = Arc::new(AtomicUsize::new(0));
    thread::spawn(move || {
        loop {
            let Ok((stream, _)) = listener.accept() else {
                thread::sleep(PAUSE);
                continue;
            };
            if running.fetch_add(1, Relaxed) >= MOST_THREADS {
                running.fetch_sub(1, Relaxed);
                continue;
            }
            counters.add(0, 1);
            let (talk, counters, running) = (talk.clone(), counters.clone(), running.clone());
            thread::spawn(move || {
                // Clients go away as they like.
                let _ = talk(stream, &counters);
                running.fetch_sub(1, Relaxed);
            });
        }
    });
    Ok(vec![port])
}

/// Sends back what it gets, with a thread for each connection.
pub(crate) fn echo(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    serve(counters, |mut stream, counters| {
        stream.set_nodelay(true)?;
        let mut buffer = vec![0; READ_PIECE];
        loop {
            let length = stream.read(&mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            // Counted before the client can have it, so that it cannot claim it too early.
            counters.add(length, 0);
            stream.write_all(&buffer[..length])?;
        }
    })
}

/// Sends as much as is taken.
pub(crate) fn flood(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    serve(counters, |mut stream, counters| {
        let piece = vec![0x5a; FLOOD_PIECE];
        loop {
            counters.add(stream.write(&piece)?, 0);
        }
    })
}

/// Reads to the end, then closes.
pub(crate) fn discard(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    serve(counters, |mut stream, counters| {
        let mut buffer = vec![0; READ_PIECE];
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                length => counters.add(length, 0),
            }
        }
    })
}

/// Accepts on several ports, and closes at once: the side that closes first remembers the connection.
pub(crate) fn accept_and_close(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    (0..CHURN_PORTS)
        .map(|_| {
            let listener = listen()?;
            let port = port_of(&listener)?;
            let counters = counters.clone();
            thread::spawn(move || {
                loop {
                    match listener.accept() {
                        Ok(_) => counters.add(0, 1),
                        Err(_) => thread::sleep(PAUSE),
                    }
                }
            });
            Ok(port)
        })
        .collect()
}

/// Accepts on several ports, and resets each connection that the client has ended: then no side remembers it. For
/// clients that cannot open what the other side has closed meanwhile.
pub(crate) fn accept_and_wait(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    let listeners: Vec<_> = (0..CHURN_PORTS)
        .map(|_| listen())
        .collect::<Result<_, _>>()?;
    let ports = listeners.iter().map(port_of).collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let counters = counters.clone();
    let wait = |mut stream: tokio::net::TcpStream, _| async move {
        while stream.read(&mut [0; 64]).await? > 0 {}
        stream.set_zero_linger()
    };
    thread::spawn(move || {
        runtime.block_on(async {
            for listener in listeners {
                tokio::spawn(accept_each(listener, counters.clone(), wait));
            }
            std::future::pending::<()>().await
        })
    });
    Ok(ports)
}

/// Sends back what it gets, with one thread for thousands of connections.
pub(crate) fn echo_many(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    let listener = listen()?;
    let port = port_of(&listener)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let counters = counters.clone();
    let echo = |stream, counters: Arc<Counters>| async move { echo_one(stream, &counters).await };
    thread::spawn(move || runtime.block_on(accept_each(listener, counters, echo)));
    Ok(vec![port])
}

async fn accept_each<F: Future<Output = io::Result<()>> + Send + 'static>(
    listener: TcpListener,
    counters: Arc<Counters>,
    talk: impl Fn(tokio::net::TcpStream, Arc<Counters>) -> F + Send + 'static,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        counters.add(0, 1);
        let talking = talk(stream, counters.clone());
        tokio::spawn(async move {
            // Clients go away as they like.
            let _ = talking.await;
        });
    }
}

/// Echo until the other side ends, then end as well.
pub(crate) async fn echo_one(
    mut stream: tokio::net::TcpStream,
    counters: &Counters,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = [0; 1024];
    loop {
        let length = stream.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        counters.add(length, 0);
        stream.write_all(&buffer[..length]).await?;
    }
}
