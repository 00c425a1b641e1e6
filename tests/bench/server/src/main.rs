/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The other ends of the benchmarks of `./mach bench`, and a client for each of them that has no engine in it.
//!
//! ```text
//! direct-sockets-bench-server serve ROLE... [--limit SECONDS] [--size BYTES]
//! direct-sockets-bench-server run WORKLOAD --control PORT [--port PORT,...] ...
//! ```
//!
//! `serve` takes the roles that are named, each on ports of 127.0.0.1 that the system picks, and says in one line of
//! JSON which ones. It answers a line `stats` on standard input with what it has counted, and ends when standard
//! input does, or when its time is up. `run` is what the JavaScript programs in `tests/bench/workloads` are, in Rust.

mod arguments;
mod batch;
mod client;
mod client_many;
mod client_tcp;
mod client_udp;
mod counters;
mod serve;
mod serve_tcp;
mod serve_udp;

use std::process::ExitCode;

use crate::arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::of(std::env::args().skip(1));
    let result = arguments.and_then(|arguments| match arguments.words() {
        [verb, roles @ ..] if verb == "serve" && !roles.is_empty() => {
            serve::run(roles, &arguments).map_err(|error| error.to_string())
        },
        [verb, workload] if verb == "run" => client::run(workload, &arguments),
        _ => Err("wanted: serve ROLE..., or: run WORKLOAD --control PORT".to_owned()),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("direct-sockets-bench-server: {message}");
            ExitCode::from(2)
        },
    }
}
