/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_traits::limits::NET_START_TIMEOUT_MS;
use direct_sockets_traits::{PROTOCOL_VERSION, TRACE_VARIABLE};
use direct_sockets_wire::{Endpoint, Hello, Listener, MAX_MESSAGE, Wait};

use crate::NetCommand;
use crate::child::NetChild;

/// Set in the environment of a net process. A broker in such a process starts no other, so an executable
/// that never becomes a net process cannot start itself for ever.
pub const NET_PROCESS_MARK: &str = "DIRECT_SOCKETS_NET_PROCESS";

/// The argument before the token.
const NET_PROCESS_FLAG: &str = "--direct-sockets-net";

/// The variables that a net process gets from the embedder: for its log, for the resolver's hosts
/// file, for the libraries of the executable, and for the timeline.
pub const KEPT_VARIABLES: &[&str] = &[
    "RUST_LOG",
    "RUST_BACKTRACE",
    "HOST_FILE",
    "LD_LIBRARY_PATH",
    TRACE_VARIABLE,
];

/// A start that may be given up.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    child: OnceLock<Arc<NetChild>>,
    is_given_up: AtomicBool,
}

impl Attempt {
    /// Let it fail soon. Returns the process, if there is one already.
    pub(crate) fn give_up(&self) -> Option<Arc<NetChild>> {
        self.is_given_up.store(true, Ordering::SeqCst);
        let child = self.child.get()?;
        child.kill();
        Some(child.clone())
    }
}

/// A net process that has reported in.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) child: Arc<NetChild>,
    pub(crate) pid: u32,
    pub(crate) control: Endpoint,
    pub(crate) questions: Endpoint,
    pub(crate) started: Instant,
}

/// Start a net process and wait for its report. `on_exit` is called on another thread when it has
/// ended, also where this fails.
pub(crate) fn launch(
    what: &NetCommand,
    attempt: &Attempt,
    on_exit: impl FnOnce() + Send + 'static,
) -> io::Result<Launched> {
    if std::env::var_os(NET_PROCESS_MARK).is_some() {
        return Err(io::Error::other("this is itself a net process"));
    }
    let listener = Listener::new()?;
    let started = Instant::now();
    let child = NetChild::spawn(&mut command(what, listener.path())?)?;
    watch(&child, listener.path(), on_exit)?;
    // The one who gives up either finds the child, or is found here.
    let _ = attempt.child.set(child.clone());
    if attempt.is_given_up.load(Ordering::SeqCst) {
        child.kill();
    }
    let report = report(
        &listener,
        started + Duration::from_millis(NET_START_TIMEOUT_MS),
    );
    match report {
        Ok(Hello {
            pid,
            control,
            questions,
            ..
        }) => Ok(Launched {
            child,
            pid,
            control,
            questions,
            started,
        }),
        Err(error) => {
            child.kill();
            Err(error)
        },
    }
}

/// Reap the process when it ends, whenever that is, and wake up who waits for its report.
fn watch(
    child: &Arc<NetChild>,
    path: &str,
    on_exit: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let watched = child.clone();
    let path = path.to_owned();
    let spawned = thread::Builder::new()
        .name("direct-sockets: net watcher".into())
        .spawn(move || {
            watched.wait();
            // A connection from this very process says that no other will come.
            drop(Endpoint::connect(&path));
            on_exit();
        });
    if let Err(error) = spawned {
        child.kill();
        child.wait();
        return Err(error);
    }
    Ok(())
}

fn report(listener: &Listener, deadline: Instant) -> io::Result<Hello> {
    let endpoint = listener
        .accept(Wait::Until(deadline))
        .map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => io::Error::other("it has not reported in in time"),
            _ => error,
        })?;
    let pid = endpoint.peer_process()?;
    if pid == std::process::id() {
        return Err(io::Error::other("it has ended before it reported in"));
    }
    let mut buffer = vec![0; MAX_MESSAGE];
    let message = endpoint.receive_message(&mut buffer, Wait::Until(deadline));
    let message = message.map_err(io::Error::other)?;
    let hello = Hello::decode(&message.bytes, message.descriptors).map_err(io::Error::other)?;
    if hello.version != PROTOCOL_VERSION {
        let versions = format!(
            "it speaks version {}, not {PROTOCOL_VERSION}",
            hello.version
        );
        return Err(io::Error::other(versions));
    }
    // The one that the OS knows, not the one that it says.
    Ok(Hello { pid, ..hello })
}

fn command(what: &NetCommand, token: &str) -> io::Result<Command> {
    let mut command = match what {
        NetCommand::Binary(path) => Command::new(std::path::absolute(path)?),
        NetCommand::CurrentExecutable => own_executable()?,
    };
    command.arg(NET_PROCESS_FLAG).arg(token);
    command.env_clear();
    for name in KEPT_VARIABLES {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, kept(name, value));
        }
    }
    command.env(NET_PROCESS_MARK, "1");
    // Not to keep the embedder's directory in use.
    command.current_dir("/");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

/// A path that was meant from the embedder's directory has to be found from another one.
fn kept(name: &str, value: OsString) -> OsString {
    match name {
        "HOST_FILE" | TRACE_VARIABLE => {
            std::path::absolute(&value).map_or(value, PathBuf::into_os_string)
        },
        _ => value,
    }
}

/// This executable, even if its file was replaced or removed since it was started.
fn own_executable() -> io::Result<Command> {
    const SELF: &str = "/proc/self/exe";
    let name = std::env::current_exe()?;
    if !Path::new(SELF).exists() {
        return Ok(Command::new(name));
    }
    let mut command = Command::new(SELF);
    // So that lists of processes show what it is.
    command.arg0(name);
    Ok(command)
}
