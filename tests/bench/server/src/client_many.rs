/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The workloads with many connections at the same time, on one thread.

use std::cell::Cell;
use std::io;
use std::process;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::arguments::Arguments;
use crate::client::{Outcome, Session, loopback};
use crate::counters::{Counters, say};
use crate::serve_tcp::{echo_one, listen};

/// What is sent and comes back where one message is enough.
const MESSAGE: [u8; 64] = [7; 64];
/// How many connections are opened at a time.
const OPENING: usize = 64;
/// Failures that are put up with, as long as they are few.
const MOST_FAILURES: u64 = 1000;

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// Does something in `lanes` lanes, each again and again, for `span`; how often it was done, and how often not.
async fn in_lanes<Done>(
    lanes: usize,
    span: Duration,
    each: impl Fn(usize) -> Done + 'static,
) -> io::Result<(u64, u64)>
where
    Done: Future<Output = io::Result<()>> + 'static,
{
    let shared = Rc::new((each, Cell::new(0), Cell::new(0), Cell::new(0)));
    let start = Instant::now();
    let running: Vec<_> = (0..lanes)
        .map(|_| {
            let shared = shared.clone();
            tokio::task::spawn_local(async move {
                let (each, turn, done, failed) = &*shared;
                while start.elapsed() < span {
                    let index = turn.replace(turn.get() + 1);
                    match each(index).await {
                        Ok(()) => done.set(done.get() + 1),
                        Err(error) if failed.get() >= MOST_FAILURES => return Err(error),
                        Err(_) => failed.set(failed.get() + 1),
                    }
                }
                Ok(())
            })
        })
        .collect();
    for lane in running {
        lane.await??;
    }
    Ok((shared.2.get(), shared.3.get()))
}

fn timed_lanes<Done>(
    session: &mut Session,
    lanes: usize,
    each: impl Fn(usize) -> Done + Clone + 'static,
) -> Outcome
where
    Done: Future<Output = io::Result<()>> + 'static,
{
    let runtime = runtime()?;
    let mut failures = 0;
    let timed = session.timed(|span| {
        let work = in_lanes(lanes, span, each.clone());
        let (done, failed) = LocalSet::new().block_on(&runtime, work)?;
        failures = failed;
        Ok(done)
    })?;
    Ok(format!(r#"{},"failures":{failures}"#, timed.told()))
}

/// W4: connect and close.
pub(crate) fn churn(session: &mut Session, arguments: &Arguments) -> Outcome {
    let ports = arguments.ports()?;
    let lanes = arguments.get("lanes", 1)?;
    if lanes > 1 {
        return timed_lanes(session, lanes, move |index| {
            let address = loopback(ports[index % ports.len()]);
            async move { TcpStream::connect(address).await.map(drop) }
        });
    }
    let mut turn = 0;
    let timed = session.timed(|span| {
        let (start, mut count) = (Instant::now(), 0);
        while start.elapsed() < span {
            turn += 1;
            drop(std::net::TcpStream::connect(loopback(
                ports[turn % ports.len()],
            ))?);
            count += 1;
        }
        Ok(count)
    })?;
    Ok(timed.told())
}

/// W5 and W11: many connections that do nothing; W5 then sends one message over each.
pub(crate) fn crowd(session: &mut Session, arguments: &Arguments, is_used: bool) -> Outcome {
    let address = loopback(arguments.ports()?[0]);
    let wanted: usize = arguments.get("connections", 1000)?;
    let runtime = runtime()?;
    session.checkpoint("base")?;
    let start = Instant::now();
    let mut open = runtime.block_on(async {
        let mut open = Vec::with_capacity(wanted);
        while open.len() < wanted {
            let batch: Vec<_> = (0..OPENING.min(wanted - open.len()))
                .map(|_| tokio::spawn(TcpStream::connect(address)))
                .collect();
            for connecting in batch {
                open.push(connecting.await??);
            }
        }
        io::Result::Ok(open)
    })?;
    let open_seconds = start.elapsed().as_secs_f64();
    session.checkpoint("open")?;
    let start = Instant::now();
    if is_used {
        runtime.block_on(async {
            for stream in &mut open {
                stream.write_all(&MESSAGE).await?;
            }
            for stream in &mut open {
                stream.read_exact(&mut [0; MESSAGE.len()]).await?;
            }
            io::Result::Ok(())
        })?;
    }
    let echo_seconds = start.elapsed().as_secs_f64();
    session.checkpoint("echoed")?;
    Ok(format!(
        r#""count":{wanted},"total":{wanted},"seconds":{:.6},"open_s":{open_seconds:.6},"echo_s":{echo_seconds:.6}"#,
        open_seconds + echo_seconds
    ))
}

/// W8: accept, send back, close. Ends when the harness has answered.
pub(crate) fn accept(mut session: Session, arguments: &Arguments) -> Outcome {
    let listeners: usize = arguments.get("listeners", 8)?;
    let listeners = (0..listeners)
        .map(|_| listen())
        .collect::<io::Result<Vec<_>>>()?;
    let ports = listeners
        .iter()
        .map(|listener| Ok(listener.local_addr()?.port()))
        .collect::<io::Result<Vec<_>>>()?;
    say(&format!(r#"{{"listening":{ports:?}}}"#));
    thread::spawn(move || {
        let _ = session.checkpoint("serving");
        say(r#"{"result":{}}"#);
        process::exit(0);
    });
    let local = LocalSet::new();
    for listener in listeners {
        listener.set_nonblocking(true)?;
        local.spawn_local(async move {
            let listener = TcpListener::from_std(listener)?;
            let counters = Rc::new(Counters::default());
            loop {
                let (stream, _) = listener.accept().await?;
                let counters = counters.clone();
                tokio::task::spawn_local(async move { echo_one(stream, &counters).await });
            }
            #[expect(unreachable_code, reason = "It names the type of errors.")]
            io::Result::Ok(())
        });
    }
    local.block_on(&runtime()?, std::future::pending::<()>());
    Ok(String::new())
}

/// The other side of W8, which counts.
pub(crate) fn drive(session: &mut Session, arguments: &Arguments) -> Outcome {
    let ports = arguments.ports()?;
    timed_lanes(session, arguments.get("lanes", 64)?, move |index| {
        let address = loopback(ports[index % ports.len()]);
        async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(&MESSAGE).await?;
            stream.read_exact(&mut [0; MESSAGE.len()]).await?;
            stream.shutdown().await?;
            match stream.read(&mut [0]).await? {
                0 => Ok(()),
                _ => Err(io::ErrorKind::InvalidData.into()),
            }
        }
    })
}
