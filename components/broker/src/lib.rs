/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The broker of Direct Sockets: in the embedder's process, on threads of its own.
//!
//! It starts the net process when the first socket is wanted, watches it, starts it again when it was
//! lost, and decides who is connected to it. Nothing that it waits for can stop page loading, and nothing
//! that a content process sends can stop it.
//!
//! ```text
//! broker.rs          one broker: what can be asked of it
//! keeper.rs            its thread: the state of net, who waits for it
//! documents.rs       what the constellation says about the documents of an event loop
//! event_loop.rs        one thread for each event loop: reads what content sends
//! launch.rs            one thread for each start: spawns and waits for the report
//! child.rs             the process: waits for it, kills it, reaps it
//! desk.rs              two threads: read net's questions, and ask the embedder
//! running.rs           the running net process and the thread that writes to it
//! statistics.rs      what net counts
//! ```
//!
//! Servo has one broker, behind the functions of this module. Tests make their own.

mod address_request;
mod broker;
mod child;
mod desk;
mod documents;
mod event_loop;
mod keeper;
mod launch;
mod running;
mod statistics;

use std::io;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

pub use address_request::{AddressDelegate, AddressRequest, Remember};
pub use broker::Broker;
pub use direct_sockets_policy::{AllowedOrigins, Ceiling, ContainerPolicy, DefaultAllowlist};
pub use direct_sockets_traits::{AddressGrant, AddressSpace, AddressUse, Decision, PortFloors};
use direct_sockets_traits::{BrokerMessage, EventLoopKey, NetStatistics, SocketList};
pub use documents::Documents;
use ipc_channel::ipc::IpcSender;
pub use launch::{KEPT_VARIABLES, NET_PROCESS_MARK};
use log::error;

/// What to start as the net process.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum NetCommand {
    /// This executable, whose `main` calls `direct_sockets_net::run_if_requested` first.
    #[default]
    CurrentExecutable,
    /// Another one that does.
    Binary(PathBuf),
}

/// How the broker works.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// What to start as the net process.
    pub net_command: NetCommand,
    /// Which origins may use sockets.
    pub origins: AllowedOrigins,
    /// Where their sockets may reach.
    pub addresses: AddressGrant,
    /// Which ports they may ask for.
    pub port_floors: PortFloors,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            net_command: NetCommand::CurrentExecutable,
            origins: AllowedOrigins::All,
            addresses: AddressGrant::default(),
            port_floors: PortFloors::default(),
        }
    }
}

static BROKER: LazyLock<Broker> = LazyLock::new(|| Broker::new(Config::default()));

/// Say how the broker of this process works. Holds for what it does from now on.
pub fn install(config: Config) {
    BROKER.configure(config);
}

/// Change which origins may use sockets. Does not take away what they have.
pub fn set_allowed_origins(origins: AllowedOrigins) {
    BROKER.set_allowed_origins(origins);
}

/// Change where sockets may reach, of globals that open their first one from now on.
pub fn set_address_decisions(addresses: AddressGrant) {
    BROKER.set_address_decisions(addresses);
}

/// Change which ports may be asked for, by globals that open their first socket from now on.
pub fn set_port_floors(port_floors: PortFloors) {
    BROKER.set_port_floors(port_floors);
}

/// Change who is asked where the decision is [`Decision::Ask`]. Without anybody the answer is no.
pub fn set_address_delegate(delegate: Option<AddressDelegate>) {
    BROKER.set_address_delegate(delegate);
}

/// Forget all answers that were given to be remembered. Open sockets keep what they have.
pub fn forget_address_answers() {
    BROKER.forget_address_answers();
}

/// What one event loop is given to ask for sockets, and what the broker goes by when it does. Made for each event
/// loop anew.
#[derive(Clone, Debug, Default)]
pub struct EventLoopAccess {
    /// The event loop's own: the broker knows by the channel who speaks. `None` when the OS has refused what is
    /// needed for it.
    pub sender: Option<IpcSender<BrokerMessage>>,
    /// What the event loop shows where it speaks on a channel that others have too.
    pub key: EventLoopKey,
    /// For whoever puts documents into the event loop; never given away.
    pub documents: Documents,
}

/// Everything for one event loop. When the OS refuses what is needed, a line in the log says so.
pub fn event_loop() -> EventLoopAccess {
    or_log(BROKER.event_loop())
}

/// Everything for a process that runs service workers, which belong to no document.
pub fn service_workers() -> EventLoopAccess {
    or_log(BROKER.service_workers())
}

fn or_log(access: io::Result<EventLoopAccess>) -> EventLoopAccess {
    access.unwrap_or_else(|error| {
        error!("Direct sockets will not work in an event loop: {error}");
        EventLoopAccess::default()
    })
}

/// The id of the net process, while there is one.
pub fn net_process_id() -> Option<u32> {
    BROKER.net_process_id()
}

/// What the net process holds, if there is one and it answers in time.
pub fn statistics(timeout: Duration) -> Option<NetStatistics> {
    BROKER.statistics(timeout)
}

/// The sockets that the net process has, if there is one and it begins to answer in time. Where the time is too short
/// for all of them, or there are more than [`direct_sockets_traits::limits::MAX_LISTED_SOCKETS`], the list says that it
/// is not complete.
pub fn socket_statistics(timeout: Duration) -> Option<SocketList> {
    BROKER.socket_statistics(timeout)
}

/// End the net process: politely, and by force when the time is up. Returns when it has gone.
/// Whoever wants a socket afterwards starts a new one.
pub fn shutdown(timeout: Duration) {
    BROKER.shutdown(timeout);
}
