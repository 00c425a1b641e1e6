/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fs;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What one role has seen.
#[derive(Default)]
pub(crate) struct Counters {
    /// Bytes read from clients, or taken from us on their behalf.
    bytes: AtomicU64,
    /// Connections, or datagrams.
    units: AtomicU64,
    /// The port whose drops are told, of a role that receives datagrams.
    port: AtomicU64,
}

impl Counters {
    pub(crate) fn add(&self, bytes: usize, units: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
        self.units.fetch_add(units as u64, Relaxed);
    }

    pub(crate) fn watch_drops_of(&self, port: u16) {
        self.port.store(port.into(), Relaxed);
    }

    /// As JSON.
    pub(crate) fn told(&self) -> String {
        let port = self.port.load(Relaxed);
        let dropped = if port == 0 { 0 } else { drops_of(port) };
        format!(
            r#"{{"bytes":{},"units":{},"dropped":{dropped}}}"#,
            self.bytes.load(Relaxed),
            self.units.load(Relaxed)
        )
    }
}

/// How many datagrams the kernel had no room for in the socket with this local port.
fn drops_of(port: u64) -> u64 {
    let table = fs::read_to_string("/proc/self/net/udp").unwrap_or_default();
    drops_in(&table, port)
}

fn drops_in(table: &str, port: u64) -> u64 {
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let local = fields.get(1)?.rsplit_once(':')?.1;
            let is_it = u64::from_str_radix(local, 16) == Ok(port);
            is_it.then(|| fields.last()?.parse::<u64>().ok()).flatten()
        })
        .sum()
}

/// One line on standard output. Whoever reads it may have gone; then there is nobody to tell.
pub(crate) fn say(line: &str) {
    let mut output = io::stdout().lock();
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

#[cfg(test)]
mod tests {
    use super::drops_in;

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  340: 0100007F:1F90 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0000000000000000 17
  341: 0100007F:1F91 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 2 2 0000000000000000 4
";

    #[test]
    fn drops_are_those_of_the_port() {
        assert_eq!(drops_in(TABLE, 8080), 17);
        assert_eq!(drops_in(TABLE, 8081), 4);
        assert_eq!(drops_in(TABLE, 8082), 0);
        assert_eq!(drops_in("", 8080), 0);
    }
}
