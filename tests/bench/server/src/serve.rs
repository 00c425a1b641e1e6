/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{self, BufRead};
use std::process;
use std::sync::Arc;
use std::thread;

use crate::arguments::Arguments;
use crate::counters::{Counters, say};
use crate::{serve_tcp, serve_udp};

/// How long a server lives, if nobody says otherwise.
const LIMIT_SECONDS: f64 = 120.0;
/// The status of a server whose time was up.
const OUT_OF_TIME: i32 = 3;

/// Take the roles until standard input or the time ends.
pub(crate) fn run(roles: &[String], arguments: &Arguments) -> Result<(), String> {
    let limit = arguments.seconds("limit", LIMIT_SECONDS)?;
    let size = arguments.get("size", 64)?;
    let client_ends = arguments.get("client-ends", false)?;
    let mut told = Vec::new();
    let mut all = Vec::new();
    for role in roles {
        let counters = Arc::new(Counters::default());
        let ports = start(role, size, client_ends, &counters)
            .map_err(|error| format!("{role}: {error}"))?
            .ok_or_else(|| format!("no role {role}"))?;
        told.push(format!("{role:?}:{ports:?}"));
        all.push((role.clone(), counters));
    }
    thread::spawn(move || {
        thread::sleep(limit);
        process::exit(OUT_OF_TIME);
    });
    say(&format!(r#"{{"ready":{{{}}}}}"#, told.join(",")));
    for line in io::stdin().lock().lines() {
        match line {
            Ok(line) if line == "stats" => say(&stats(&all)),
            Ok(line) => return Err(format!("{line:?} on standard input: wanted stats")),
            Err(_) => break,
        }
    }
    Ok(())
}

fn start(
    role: &str,
    size: usize,
    client_ends: bool,
    counters: &Arc<Counters>,
) -> io::Result<Option<Vec<u16>>> {
    Ok(Some(match role {
        "tcp-echo" => serve_tcp::echo(counters)?,
        "tcp-echo-many" => serve_tcp::echo_many(counters)?,
        "tcp-flood" => serve_tcp::flood(counters)?,
        "tcp-discard" => serve_tcp::discard(counters)?,
        "tcp-accept-close" if client_ends => serve_tcp::accept_and_wait(counters)?,
        "tcp-accept-close" => serve_tcp::accept_and_close(counters)?,
        "udp-echo" => serve_udp::echo(counters)?,
        "udp-sink" => serve_udp::sink(counters)?,
        "udp-flood" => serve_udp::flood(size, counters)?,
        _ => return Ok(None),
    }))
}

fn stats(all: &[(String, Arc<Counters>)]) -> String {
    let told: Vec<_> = all
        .iter()
        .map(|(role, counters)| format!("{role:?}:{}", counters.told()))
        .collect();
    format!(r#"{{"stats":{{{}}}}}"#, told.join(","))
}
