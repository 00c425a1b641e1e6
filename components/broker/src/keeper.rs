/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use direct_sockets_traits::limits::{
    MAX_SOCKETS_PER_CLIENT, NET_BACK_OFF_MS, NET_QUICK_DEATH_MS, NET_QUICK_DEATHS_BEFORE_BACK_OFF,
};
use direct_sockets_traits::{ClientEvent, Grant, SocketError};
use direct_sockets_wire::{Connect, Control, Endpoint, Wait};
use log::{debug, error, warn};

use crate::Config;
use crate::child::NetChild;
use crate::desk::Desk;
use crate::launch::{Attempt, Launched, launch};
use crate::running::Running;
use crate::statistics::figures;

/// How many globals may wait for net to start.
const MAX_WAITING: usize = 1024;

/// How long net may take to show that it lives, when somebody doubts it. Long enough for a busy machine: to be
/// wrong costs every page its sockets.
const PROOF_OF_LIFE: Duration = Duration::from_secs(3);

/// What the keeper is told.
#[derive(Debug)]
pub(crate) enum Command {
    /// A global wants to be connected.
    Connect(Connect),
    /// A start has come to its end.
    Started {
        generation: u64,
        result: io::Result<Launched>,
    },
    /// A net process has ended.
    Exited { generation: u64 },
    /// Net has or has not shown that it lives.
    Proved { generation: u64, lives: bool },
    /// Somebody wants net to answer this.
    Ask(Control),
    /// Let net end; answer with the process to wait for.
    Shutdown(Sender<Option<Arc<NetChild>>>),
    /// The broker is no longer needed.
    Quit,
}

#[derive(Debug)]
enum Net {
    None,
    Starting(Arc<Attempt>),
    Running(Running),
    /// Running, and asked to show that it lives.
    Doubted(Running),
}

/// The state of the net process, on a thread that never waits for anything but commands.
pub(crate) struct Keeper {
    config: Arc<RwLock<Config>>,
    desk: Arc<Desk>,
    /// For others to read; 0 while there is none.
    pid: Arc<AtomicU32>,
    commands: Sender<Command>,
    net: Net,
    /// Which start is meant. What is reported about others is history.
    generation: u64,
    waiting: VecDeque<Connect>,
    quick_deaths: u32,
    back_off_until: Option<Instant>,
}

impl Keeper {
    pub(crate) fn new(
        config: Arc<RwLock<Config>>,
        desk: Arc<Desk>,
        pid: Arc<AtomicU32>,
        commands: Sender<Command>,
    ) -> Self {
        Self {
            config,
            desk,
            pid,
            commands,
            net: Net::None,
            generation: 0,
            waiting: VecDeque::new(),
            quick_deaths: 0,
            back_off_until: None,
        }
    }

    /// Obey until told to quit.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        loop {
            let command = match self.back_off_until {
                Some(moment) => match commands.recv_deadline(moment) {
                    Ok(command) => command,
                    Err(RecvTimeoutError::Timeout) => {
                        self.back_off_until = None;
                        self.advance();
                        continue;
                    },
                    Err(RecvTimeoutError::Disconnected) => return,
                },
                None => match commands.recv() {
                    Ok(command) => command,
                    Err(_) => return,
                },
            };
            match command {
                Command::Connect(connect) => self.connect(connect),
                Command::Started { generation, result } => self.started(generation, result),
                Command::Exited { generation } if generation == self.generation => self.exited(),
                Command::Exited { .. } => {},
                Command::Proved { generation, lives } if generation == self.generation => {
                    self.proved(lives);
                },
                Command::Proved { .. } => {},
                Command::Ask(question) => self.ask(question),
                Command::Shutdown(answer) => {
                    let _ = answer.send(self.shut_down());
                },
                Command::Quit => {
                    self.shut_down();
                    return;
                },
            }
        }
    }

    /// Where it is decided which origins get sockets at all. Whether a document may speak for one has been decided
    /// before, in [`crate::event_loop`].
    fn connect(&mut self, connect: Connect) {
        let is_allowed = {
            let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
            config.origins.allows(&connect.origin)
        };
        if !is_allowed {
            debug!("{} may not use direct sockets", connect.origin);
            return refuse(&connect, SocketError::OriginNotAllowed);
        }
        if self.waiting.len() >= MAX_WAITING {
            return refuse(&connect, SocketError::NetProcessUnavailable);
        }
        self.waiting.push_back(connect);
        self.advance();
    }

    /// Do what can be done for those who wait.
    fn advance(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        match std::mem::replace(&mut self.net, Net::None) {
            // Those who wait go on waiting while starts are held back.
            Net::None if self.back_off_until.is_some() => {},
            Net::None => self.start(),
            Net::Running(running) if self.is_doubted() => self.doubt(running),
            Net::Running(running) => {
                self.register_all(&running);
                self.net = Net::Running(running);
            },
            busy @ (Net::Starting(_) | Net::Doubted(_)) => self.net = busy,
        }
    }

    fn start(&mut self) {
        self.generation += 1;
        let generation = self.generation;
        let attempt = Arc::new(Attempt::default());
        self.net = Net::Starting(attempt.clone());
        let what = {
            let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
            config.net_command.clone()
        };
        let commands = self.commands.clone();
        let spawned = thread::Builder::new()
            .name("direct-sockets: net start".into())
            .spawn(move || {
                let on_exit = commands.clone();
                let result = launch(&what, &attempt, move || {
                    let _ = on_exit.send(Command::Exited { generation });
                });
                let _ = commands.send(Command::Started { generation, result });
            });
        if let Err(error) = spawned {
            self.start_failed(&error);
        }
    }

    fn started(&mut self, generation: u64, result: io::Result<Launched>) {
        if generation != self.generation {
            if let Ok(launched) = result {
                launched.child.kill();
            }
            return;
        }
        match result.and_then(|launched| Running::new(launched, &self.desk)) {
            Ok(running) => {
                debug!("The net process is {}", running.pid);
                self.pid.store(running.pid, Ordering::SeqCst);
                // Whoever doubted net doubted an earlier one.
                self.register_all(&running);
                let has_gone = running.child.wait_until(Instant::now());
                self.net = Net::Running(running);
                // Its end may have been reported before this.
                if has_gone {
                    self.exited();
                }
            },
            Err(error) => self.start_failed(&error),
        }
    }

    fn start_failed(&mut self, error: &io::Error) {
        error!("The net process could not be started: {error}");
        self.net = Net::None;
        self.generation += 1;
        self.count_quick_death();
        for connect in self.waiting.drain(..) {
            refuse(&connect, SocketError::NetProcessUnavailable);
        }
    }

    fn exited(&mut self) {
        match std::mem::replace(&mut self.net, Net::None) {
            Net::Running(running) | Net::Doubted(running) => {
                warn!("The net process was lost");
                self.pid.store(0, Ordering::SeqCst);
                if running.age() < Duration::from_millis(NET_QUICK_DEATH_MS) {
                    self.count_quick_death();
                } else {
                    self.quick_deaths = 0;
                }
                self.advance();
            },
            // A start that failed reports itself.
            other => self.net = other,
        }
    }

    fn count_quick_death(&mut self) {
        self.quick_deaths = self.quick_deaths.saturating_add(1);
        if self.quick_deaths >= NET_QUICK_DEATHS_BEFORE_BACK_OFF {
            self.back_off_until = Some(Instant::now() + Duration::from_millis(NET_BACK_OFF_MS));
        }
    }

    /// Whether somebody's channel broke before net had taken it.
    fn is_doubted(&self) -> bool {
        self.waiting.iter().any(|connect| connect.attempt > 0)
    }

    fn doubt(&mut self, running: Running) {
        let generation = self.generation;
        let commands = self.commands.clone();
        let asked = Endpoint::pair().and_then(|(own, reply)| {
            running
                .send(Control::Statistics(reply))
                .map_err(|_| io::ErrorKind::WouldBlock)?;
            let deadline = Instant::now() + PROOF_OF_LIFE;
            thread::Builder::new()
                .name("direct-sockets: proof of life".into())
                .spawn(move || {
                    let lives = figures(&own, deadline).is_some();
                    let _ = commands.send(Command::Proved { generation, lives });
                })
        });
        self.net = Net::Doubted(running);
        if asked.is_err() {
            self.proved(false);
        }
    }

    fn proved(&mut self, lives: bool) {
        match std::mem::replace(&mut self.net, Net::None) {
            Net::Doubted(running) if lives => {
                self.register_all(&running);
                self.net = Net::Running(running);
            },
            Net::Doubted(running) => {
                warn!("The net process does not answer and is ended");
                running.child.kill();
                // Its end is reported in a moment, and then a new one is started.
                self.net = Net::Doubted(running);
            },
            other => self.net = other,
        }
    }

    fn register_all(&mut self, running: &Running) {
        let (addresses, port_floors) = {
            let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
            (config.addresses, config.port_floors)
        };
        for connect in self.waiting.drain(..) {
            let control = Control::Register {
                owner: connect.owner,
                grant: Grant {
                    origin: connect.origin,
                    max_sockets: MAX_SOCKETS_PER_CLIENT,
                    addresses,
                    port_floors,
                },
                requests: connect.requests,
                events: connect.events,
            };
            if let Err(Control::Register { events, .. }) = running.send(control) {
                refuse_on(&events, SocketError::NetProcessUnavailable);
            }
        }
    }

    fn ask(&self, question: Control) {
        if let Net::Running(running) | Net::Doubted(running) = &self.net {
            // Where it does not fit, the end is dropped and the one who asked hears that.
            let _ = running.send(question);
        }
    }

    fn shut_down(&mut self) -> Option<Arc<NetChild>> {
        self.generation += 1;
        self.quick_deaths = 0;
        self.back_off_until = None;
        self.pid.store(0, Ordering::SeqCst);
        for connect in self.waiting.drain(..) {
            refuse(&connect, SocketError::NetProcessUnavailable);
        }
        match std::mem::replace(&mut self.net, Net::None) {
            Net::None => None,
            Net::Starting(attempt) => attempt.give_up(),
            Net::Running(running) | Net::Doubted(running) => {
                // Dropping the control channel says the same, after what still waits in it.
                let _ = running.send(Control::Exit);
                Some(running.child.clone())
            },
        }
    }
}

pub(crate) fn refuse(connect: &Connect, error: SocketError) {
    refuse_on(&connect.events, error);
}

/// Say no. Never waits: a channel on which nothing was sent takes one message.
fn refuse_on(events: &Endpoint, error: SocketError) {
    let sent = postcard::to_stdvec(&ClientEvent::Refused(error))
        .map_err(io::Error::other)
        .and_then(|event| events.send(&event, &[], Wait::Never));
    if let Err(error) = sent {
        debug!("A refusal could not be sent: {error}");
    }
}
