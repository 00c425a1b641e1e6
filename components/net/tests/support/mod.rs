/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A real net process, spoken to as the broker and script do it: over `ipc_channel`.

mod client;
mod datagrams;
mod net;
pub mod peer;

pub use client::{
    Event, QUIET, ReadResult, TestClient, destination, open_request, tcp_listen, udp, udp_bound,
    udp_connected,
};
pub use datagrams::{Received, early};
pub use net::{
    InProcess, TestNet, descriptors_of, grant, grant_to, own_memory, register,
    socket_descriptors_of, socket_in_net, wait_until,
};

use std::fs::OpenOptions;
use std::io::Write;
use std::net::{Ipv6Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Tells threads to stop when the test is through with them, also when it fails.
pub struct StopOnDrop<'a>(pub &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether the machine has no IPv6 on loopback. Then the test ends here, and counts as skipped for that reason: the
/// runner reads what is written down here, libtest has no word for it.
pub fn ipv6_is_off() -> bool {
    let is_off = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err();
    if is_off && let Some(path) = std::env::var_os("DIRECT_SOCKETS_SKIPPED_TESTS") {
        let thread = std::thread::current();
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        let name = thread.name().unwrap_or_default();
        // One call, as tests run side by side.
        let line = format!("{name}\tIPv6 is off on this machine\n");
        file.write_all(line.as_bytes()).unwrap();
    }
    is_off
}
