/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::client::{Latencies, Outcome, Session, connect};

/// W1: read what a flood brings.
pub(crate) fn receive(session: &mut Session, arguments: &Arguments) -> Outcome {
    let mut stream = connect(arguments.get("port", 0)?)?;
    let mut buffer = vec![0; arguments.get("buffer", 256 * 1024)?];
    let timed = session.timed(|span| {
        let (start, mut bytes) = (Instant::now(), 0);
        while start.elapsed() < span {
            bytes += read_some(&mut stream, &mut buffer)? as u64;
        }
        Ok(bytes)
    })?;
    Ok(timed.told())
}

fn read_some(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer)? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(length),
    }
}

/// W2: send chunks, then wait until the other side has read them.
pub(crate) fn send(session: &mut Session, arguments: &Arguments) -> Outcome {
    let port = arguments.get("port", 0)?;
    let chunk = vec![0x5a; arguments.get("chunk", 64 * 1024)?];
    let timed = session.timed(|span| {
        let mut stream = connect(port)?;
        let (start, mut bytes) = (Instant::now(), 0);
        while start.elapsed() < span {
            stream.write_all(&chunk)?;
            bytes += chunk.len() as u64;
        }
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(bytes)
    })?;
    Ok(timed.told())
}

/// Sends a message and waits for it to come back, again and again.
struct PingPong {
    stream: std::net::TcpStream,
    message: Vec<u8>,
    answer: Vec<u8>,
}

impl PingPong {
    fn new(arguments: &Arguments) -> Result<Self, Box<dyn std::error::Error>> {
        let message = vec![1; arguments.get("size", 1)?];
        Ok(Self {
            stream: connect(arguments.ports()?[0])?,
            answer: message.clone(),
            message,
        })
    }

    fn round(&mut self, span: Duration, latencies: &mut Latencies) -> io::Result<u64> {
        let (start, mut count) = (Instant::now(), 0);
        let mut before = start;
        while before - start < span {
            self.stream.write_all(&self.message)?;
            self.stream.read_exact(&mut self.answer)?;
            let now = Instant::now();
            latencies.add(now - before);
            before = now;
            count += 1;
        }
        Ok(count)
    }
}

/// W3: one message on its way at a time.
pub(crate) fn ping_pong(session: &mut Session, arguments: &Arguments) -> Outcome {
    let mut pair = PingPong::new(arguments)?;
    let mut latencies = Latencies::default();
    let timed = session.timed(|span| {
        latencies = Latencies::default();
        pair.round(span, &mut latencies)
    })?;
    let (p50, p99) = (latencies.quantile(0.5), latencies.quantile(0.99));
    Ok(format!(
        r#"{},"p50_us":{p50:.2},"p99_us":{p99:.2}"#,
        timed.told()
    ))
}

/// W10: the same, first alone, and then while another socket receives a flood.
pub(crate) fn ping_pong_beside_bulk(session: &mut Session, arguments: &Arguments) -> Outcome {
    let mut pair = PingPong::new(arguments)?;
    let flood_port = *arguments.ports()?.get(1).ok_or("--port: wanted two")?;
    let (warmup, span) = session.spans();
    let mut quiet = Latencies::default();
    let mut before = pair.round(warmup, &mut Latencies::default())?;
    before += pair.round(span, &mut quiet)?;

    let mut flood = connect(flood_port)?;
    let over = AtomicBool::new(false);
    let mut busy = Latencies::default();
    let (timed, bulk) = thread::scope(|scope| {
        let bulk = scope.spawn(|| {
            let (mut buffer, mut bytes) = (vec![0; 256 * 1024], 0);
            while !over.load(Relaxed) {
                bytes += read_some(&mut flood, &mut buffer)? as u64;
            }
            io::Result::Ok(bytes)
        });
        let timed = session.timed(|span| {
            busy = Latencies::default();
            pair.round(span, &mut busy)
        });
        over.store(true, Relaxed);
        (timed, bulk.join())
    });
    let (mut timed, bulk) = (timed?, bulk.map_err(|_| "the bulk thread failed")??);
    timed.total += before;
    Ok(format!(
        r#"{},"p50_us":{:.2},"p99_us":{:.2},"quiet_p99_us":{:.2},"bulk":{bulk}"#,
        timed.told(),
        busy.quantile(0.5),
        busy.quantile(0.99),
        quiet.quantile(0.99)
    ))
}
