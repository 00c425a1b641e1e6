/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};
use direct_sockets_policy::AllowedOrigins;
use direct_sockets_traits::{AddressGrant, EventLoopKey, NetStatistics, PortFloors, SocketList};

use crate::address_request::AddressDelegate;
use crate::desk::Desk;
use crate::documents::Documents;
use crate::event_loop::listen;
use crate::keeper::{Command, Keeper};
use crate::{Config, EventLoopAccess, statistics};

/// How many commands may wait. Event loops wait when there are more.
const MAX_COMMANDS: usize = 1024;

/// How long a process may take to be gone after it was killed.
const REAP_TIMEOUT: Duration = Duration::from_secs(5);

/// A broker. Its thread starts with the first event loop, and the net process with the first socket.
#[derive(Debug)]
pub struct Broker {
    config: Arc<RwLock<Config>>,
    desk: Arc<Desk>,
    pid: Arc<AtomicU32>,
    commands: Mutex<Option<Sender<Command>>>,
}

impl Broker {
    /// Nothing is started yet.
    pub fn new(config: Config) -> Self {
        Self {
            config: Arc::new(RwLock::new(config)),
            desk: Arc::default(),
            pid: Arc::default(),
            commands: Mutex::new(None),
        }
    }

    /// Change how it works from now on.
    pub fn configure(&self, config: Config) {
        *self.config_mut() = config;
    }

    /// Change which origins may use sockets from now on.
    pub fn set_allowed_origins(&self, origins: AllowedOrigins) {
        self.config_mut().origins = origins;
    }

    /// Change where sockets may reach, of globals that open their first one from now on.
    pub fn set_address_decisions(&self, addresses: AddressGrant) {
        self.config_mut().addresses = addresses;
    }

    /// Change which ports may be asked for, by globals that open their first socket from now on.
    pub fn set_port_floors(&self, port_floors: PortFloors) {
        self.config_mut().port_floors = port_floors;
    }

    /// Change who is asked where the decision is to ask. Without anybody the answer is no. What has been asked
    /// already stays with whom it was asked.
    pub fn set_address_delegate(&self, delegate: Option<AddressDelegate>) {
        self.desk.set_delegate(delegate);
    }

    /// Forget all answers that were given to be remembered. Open sockets keep what they have.
    pub fn forget_address_answers(&self) {
        self.desk.forget();
    }

    fn config_mut(&self) -> RwLockWriteGuard<'_, Config> {
        self.config.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What one event loop, and who watches over it, needs.
    pub fn event_loop(&self) -> io::Result<EventLoopAccess> {
        self.access(Documents::default())
    }

    /// The same for a process that runs service workers.
    pub fn service_workers(&self) -> io::Result<EventLoopAccess> {
        self.access(Documents::none())
    }

    fn access(&self, documents: Documents) -> io::Result<EventLoopAccess> {
        let mut random = [0; 16];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())?;
        Ok(EventLoopAccess {
            sender: Some(listen(self.commands_or_start()?, documents.clone())?),
            key: EventLoopKey::from_random(random),
            documents,
        })
    }

    /// The id of the net process, while there is one.
    pub fn net_process_id(&self) -> Option<u32> {
        Some(self.pid.load(Ordering::SeqCst)).filter(|pid| *pid != 0)
    }

    /// What the net process holds, if there is one and it answers in time.
    pub fn statistics(&self, timeout: Duration) -> Option<NetStatistics> {
        statistics::totals(&self.commands()?, Instant::now() + timeout)
    }

    /// The sockets that the net process has, if there is one and it begins to answer in time.
    pub fn socket_statistics(&self, timeout: Duration) -> Option<SocketList> {
        statistics::sockets(&self.commands()?, Instant::now() + timeout)
    }

    /// End the net process: politely, and by force when the time is up.
    pub fn shutdown(&self, timeout: Duration) {
        let deadline = Instant::now() + timeout;
        let Some(commands) = self.commands() else {
            return;
        };
        let (answer, child) = bounded(1);
        if commands.send(Command::Shutdown(answer)).is_err() {
            return;
        }
        // The keeper never waits for anything else, so this comes soon.
        let Ok(Some(child)) = child.recv() else {
            return;
        };
        if !child.wait_until(deadline) {
            child.kill();
            child.wait_until(Instant::now() + REAP_TIMEOUT);
        }
    }

    fn commands(&self) -> Option<Sender<Command>> {
        self.commands
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn commands_or_start(&self) -> io::Result<Sender<Command>> {
        let mut own = self.commands.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(commands) = own.as_ref() {
            return Ok(commands.clone());
        }
        let (commands, to_keeper) = bounded(MAX_COMMANDS);
        let keeper = Keeper::new(
            self.config.clone(),
            self.desk.clone(),
            self.pid.clone(),
            commands.clone(),
        );
        thread::Builder::new()
            .name("direct-sockets: broker".into())
            .spawn(move || keeper.run(&to_keeper))?;
        *own = Some(commands.clone());
        Ok(commands)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(commands) = self.commands() {
            let _ = commands.send(Command::Quit);
        }
    }
}
