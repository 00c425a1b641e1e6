/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::client::{Outcome, Session, loopback};

/// A datagram that does not come for so long was lost.
const PATIENCE: Duration = Duration::from_secs(10);

fn connected(arguments: &Arguments) -> Result<UdpSocket, Box<dyn std::error::Error>> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(loopback(arguments.get("port", 0)?))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// W6: send datagrams.
pub(crate) fn send(session: &mut Session, arguments: &Arguments) -> Outcome {
    let socket = connected(arguments)?;
    let message = vec![0x5a; arguments.get("size", 64)?];
    let timed = session.timed(|span| {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < span {
            socket.send(&message)?;
            count += 1;
        }
        Ok(count)
    })?;
    Ok(timed.told())
}

/// W7: datagrams to and fro, some of them on their way at any time.
pub(crate) fn echo(session: &mut Session, arguments: &Arguments) -> Outcome {
    let socket = connected(arguments)?;
    let message = vec![0x5a; arguments.get("size", 64)?];
    let mut buffer = [0; 2048];
    for _ in 0..arguments.get("window", 32)? {
        socket.send(&message)?;
    }
    let timed = session.timed(|span| {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < span {
            socket.recv(&mut buffer)?;
            socket.send(&message)?;
            count += 1;
        }
        Ok(count)
    })?;
    Ok(timed.told())
}

/// W9: receive what a flood brings.
pub(crate) fn receive(session: &mut Session, arguments: &Arguments) -> Outcome {
    let socket = connected(arguments)?;
    socket.send(b"start")?;
    let mut buffer = [0; 2048];
    let timed = session.timed(|span| -> io::Result<u64> {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < span {
            socket.recv(&mut buffer)?;
            count += 1;
        }
        Ok(count)
    })?;
    // Empty: that was enough.
    socket.send(&[])?;
    Ok(timed.told())
}
