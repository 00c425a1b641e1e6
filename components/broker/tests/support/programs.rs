/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Other programs that this one can be: net processes that are none, and embedders to be killed.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use direct_sockets_broker::{Config, NetCommand};
use direct_sockets_traits::{ClientEvent, NetControl, NetHello, PROTOCOL_VERSION};
use ipc_channel::ipc::{self, IpcSender};

use super::{Event, ORIGIN, broker, connect};

const EMBEDDER: &str = "--be-an-embedder";
const WRONG_VERSION: &str = "--be-a-net-process-of-another-version";

/// Become one of them if the command line asks for it.
pub fn run_if_requested() -> Option<ExitCode> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next()?.as_str() {
        EMBEDDER => embedder(),
        WRONG_VERSION => wrong_version(arguments.next()?),
        _ => return None,
    }
    Some(ExitCode::SUCCESS)
}

/// Connect a client, say what happened, and wait to be killed.
fn embedder() {
    let (_broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    match client.next() {
        Event::Message(ClientEvent::Ready { net_pid, .. }) => println!("{net_pid}"),
        Event::Message(other) => println!("{other:?}"),
        other => println!("{other:?}"),
    }
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0; 1]);
}

fn wrong_version(token: String) {
    let broker: IpcSender<NetHello> = IpcSender::connect(token).unwrap();
    let (control, messages) = ipc::channel::<NetControl>().unwrap();
    let (_asks, questions) = ipc::channel().unwrap();
    let version = PROTOCOL_VERSION + 1;
    let pid = std::process::id();
    broker
        .send(NetHello {
            version,
            pid,
            control,
            questions,
        })
        .unwrap();
    // Like a real one, it would go on.
    while messages.recv().is_ok() {}
}

/// An embedder in a process of its own.
pub struct Embedder {
    pub child: Child,
    pub said: String,
}

impl Embedder {
    pub fn start(change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .arg(EMBEDDER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        let output = child.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut said).unwrap();
        Self {
            child,
            said: said.trim().to_owned(),
        }
    }

    pub fn net_pid(&self) -> u32 {
        self.said
            .parse()
            .unwrap_or_else(|_| panic!("the embedder said {:?}", self.said))
    }
}

impl Drop for Embedder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A net binary that is a shell script, with a file of one line for each time it was started.
pub struct Script {
    directory: tempfile::TempDir,
}

impl Script {
    pub fn new(body: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let script = Self { directory };
        let log = script.log();
        let text = format!("#!/bin/sh\necho $$ >> '{}'\n{body}\n", log.display());
        fs::write(script.path(), text).unwrap();
        fs::set_permissions(script.path(), fs::Permissions::from_mode(0o700)).unwrap();
        script
    }

    /// One that reports in with another version.
    pub fn of_another_version() -> Self {
        let own = std::env::current_exe().unwrap();
        Self::new(&format!("exec '{}' {WRONG_VERSION} \"$2\"", own.display()))
    }

    pub fn path(&self) -> PathBuf {
        self.directory.path().join("net")
    }

    fn log(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// The ids of the processes that were started so far.
    pub fn started(&self) -> Vec<u32> {
        let text = fs::read_to_string(self.log()).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    pub fn config(&self) -> Config {
        binary(&self.path())
    }
}

pub fn binary(path: &Path) -> Config {
    Config {
        net_command: NetCommand::Binary(path.to_path_buf()),
        ..Config::default()
    }
}
