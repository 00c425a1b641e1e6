/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A real net process, spoken to as the broker and script do it: over `ipc_channel`.

mod client;
mod net;
pub mod peer;

pub use client::{
    TestClient, destination, open_request, tcp_listen, udp, udp_bound, udp_connected,
};
pub use net::{
    InProcess, TestNet, descriptors_of, grant, grant_to, own_memory, register,
    socket_descriptors_of, socket_in_net, wait_until,
};

use std::time::Duration;

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_secs(30);
