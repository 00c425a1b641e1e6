/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The client without an engine: what the machine gives to one plain program with the obvious system calls.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::arguments::Arguments;
use crate::counters::say;
use crate::{client_many, client_tcp, client_udp};

/// Far above what anything on loopback takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many latencies are kept.
const MOST_LATENCIES: usize = 1 << 20;

pub(crate) type Outcome = Result<String, Box<dyn std::error::Error>>;

/// One run of one workload.
pub(crate) struct Session {
    warmup: Duration,
    span: Duration,
    control: Option<TcpStream>,
}

/// A count, and how long it took.
pub(crate) struct Timed {
    pub(crate) count: u64,
    pub(crate) total: u64,
    pub(crate) seconds: f64,
}

impl Timed {
    /// The members that every result has.
    pub(crate) fn told(&self) -> String {
        let Self {
            count,
            total,
            seconds,
        } = self;
        format!(r#""count":{count},"total":{total},"seconds":{seconds:.6}"#)
    }
}

/// Run a workload and tell its result, or why there is none.
pub(crate) fn run(workload: &str, arguments: &Arguments) -> Result<(), String> {
    let mut session = Session {
        warmup: arguments.seconds("warmup", 0.2)?,
        span: arguments.seconds("seconds", 1.0)?,
        control: None,
    };
    let outcome = session
        .connect(arguments.get("control", 0)?)
        .and_then(|()| match workload {
            "W0" => Ok(String::new()),
            "W1" => client_tcp::receive(&mut session, arguments),
            "W2" => client_tcp::send(&mut session, arguments),
            "W3" => client_tcp::ping_pong(&mut session, arguments),
            "W4" => client_many::churn(&mut session, arguments),
            "W5" | "W11" => client_many::crowd(&mut session, arguments, workload == "W5"),
            "W6" => client_udp::send(&mut session, arguments),
            "W7" => client_udp::echo(&mut session, arguments),
            "W8" => client_many::accept(session, arguments),
            "W8-driver" => client_many::drive(&mut session, arguments),
            "W9" => client_udp::receive(&mut session, arguments),
            "W10" => client_tcp::ping_pong_beside_bulk(&mut session, arguments),
            _ => Err(format!("no workload {workload}").into()),
        });
    match outcome {
        Ok(result) => say(&format!(r#"{{"result":{{{result}}}}}"#)),
        Err(error) => say(&format!(r#"{{"error":{:?}}}"#, error.to_string())),
    }
    Ok(())
}

impl Session {
    fn connect(&mut self, port: u16) -> Result<(), Box<dyn std::error::Error>> {
        if port != 0 {
            self.control = Some(connect(port)?);
        }
        Ok(())
    }

    /// Tell the harness how far this is, and wait until it has looked.
    pub(crate) fn checkpoint(&mut self, label: &str) -> io::Result<()> {
        if let Some(control) = &mut self.control {
            control.set_read_timeout(Some(PATIENCE * 2))?;
            control.write_all(format!("{label}\n").as_bytes())?;
            control.read_exact(&mut [0; 3])?;
        }
        Ok(())
    }

    /// The warm-up, and then what counts.
    pub(crate) fn timed(
        &mut self,
        mut round: impl FnMut(Duration) -> io::Result<u64>,
    ) -> io::Result<Timed> {
        let warm = round(self.warmup)?;
        self.checkpoint("begin")?;
        let start = Instant::now();
        let count = round(self.span)?;
        let seconds = start.elapsed().as_secs_f64();
        self.checkpoint("end")?;
        Ok(Timed {
            count,
            total: warm + count,
            seconds,
        })
    }

    pub(crate) fn spans(&self) -> (Duration, Duration) {
        (self.warmup, self.span)
    }
}

pub(crate) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

pub(crate) fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&loopback(port), PATIENCE)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// How long single operations took.
#[derive(Default)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, latency: Duration) {
        if self.0.len() < MOST_LATENCIES {
            self.0.push(latency);
        }
    }

    /// The latency that this part of them does not exceed, in microseconds.
    pub(crate) fn quantile(&mut self, part: f64) -> f64 {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let index = (last as f64 * part).round() as usize;
        self.0
            .get(index)
            .map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Latencies};

    #[test]
    fn quantiles() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), 0.0);
        for micros in (0..=100).rev() {
            latencies.add(Duration::from_micros(micros));
        }
        assert!((latencies.quantile(0.5) - 50.0).abs() < 1e-6);
        assert!((latencies.quantile(0.99) - 99.0).abs() < 1e-6);
        assert!((latencies.quantile(1.0) - 100.0).abs() < 1e-6);
    }
}
