/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::batch;
use crate::counters::Counters;

/// The buffers that the server asks for: its side should not be the one that drops. The kernel gives what it allows.
const BUFFER: usize = 8 << 20;
/// The longest flood, also if the client does not say that it has had enough.
const LONGEST_FLOOD: Duration = Duration::from_secs(120);
/// A larger datagram does not exist.
const LARGEST: usize = 65_536;

fn bind() -> io::Result<(UdpSocket, u16)> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let options = SockRef::from(&socket);
    options.set_recv_buffer_size(BUFFER)?;
    options.set_send_buffer_size(BUFFER)?;
    #[cfg(target_os = "linux")]
    force_receive_buffer(&socket);
    let port = socket.local_addr()?.port();
    Ok((socket, port))
}

/// Root gets more than others may ask for.
#[cfg(target_os = "linux")]
fn force_receive_buffer(socket: &UdpSocket) {
    use std::os::fd::AsRawFd;

    let size = BUFFER as libc::c_int;
    // SAFETY: the kernel reads one number, of the length that is given, before the call returns. Failure changes
    // nothing: the size from before stays.
    unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUFFORCE,
            (&raw const size).cast(),
            size_of_val(&size) as libc::socklen_t,
        );
    }
}

/// Sends each datagram back.
pub(crate) fn echo(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    let (socket, port) = bind()?;
    counters.watch_drops_of(port);
    let counters = counters.clone();
    thread::spawn(move || {
        let mut buffer = vec![0; LARGEST];
        loop {
            if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                counters.add(length, 1);
                let _ = socket.send_to(&buffer[..length], from);
            }
        }
    });
    Ok(vec![port])
}

/// Takes datagrams and does nothing with them.
pub(crate) fn sink(counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    let (socket, port) = bind()?;
    counters.watch_drops_of(port);
    let counters = counters.clone();
    thread::spawn(move || {
        let mut inbox = batch::Inbox::new();
        loop {
            if let Ok((count, bytes)) = inbox.receive(&socket) {
                counters.add(bytes, count);
            }
        }
    });
    Ok(vec![port])
}

/// Sends to whoever has sent a datagram, as fast as the kernel takes it, until another one comes from there.
pub(crate) fn flood(size: usize, counters: &Arc<Counters>) -> io::Result<Vec<u16>> {
    let (socket, port) = bind()?;
    let counters = counters.clone();
    thread::spawn(move || {
        let payload = vec![0x5a; size];
        loop {
            let mut start = [0; 16];
            let Ok((length, to)) = socket.recv_from(&mut start) else {
                continue;
            };
            // An empty one only ends, also where it comes too late for that.
            if length > 0 {
                let _ = flood_one(&socket, &payload, to, &counters);
                let _ = socket.set_nonblocking(false);
            }
        }
    });
    Ok(vec![port])
}

fn flood_one(
    socket: &UdpSocket,
    payload: &[u8],
    to: SocketAddr,
    counters: &Counters,
) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    let start = Instant::now();
    while start.elapsed() < LONGEST_FLOOD {
        let sent = batch::send(socket, payload, to)?;
        counters.add(sent * payload.len(), sent);
        if matches!(socket.recv_from(&mut [0; 16]), Ok((_, from)) if from == to) {
            break;
        }
    }
    Ok(())
}
