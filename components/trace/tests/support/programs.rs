/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Other programs that this one can be.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use direct_sockets_trace::{Link, VARIABLE, net, page};
use direct_sockets_traits::{Owner, SocketId, SocketRequest};

use super::{PATIENCE, Place};

const FLAG: &str = "--be-a-program";

/// How many threads each of them has that record.
pub const THREADS: u64 = 4;

/// How many hops each of these threads records: all together more than a process keeps.
pub const HOPS: u64 = 3000;

/// The name of the first of these threads, which has to be quoted.
pub const STRANGE: &str = "a \"thread\" \\ of\u{1}\nours";

pub fn owner() -> Owner {
    Owner {
        pipeline: "(1,\"2\")".to_owned(),
        worker: Some("w".to_owned()),
    }
}

/// Become one of them if the command line asks for it.
pub fn run_if_requested() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [flag, program, path] = arguments.as_slice() else {
        return false;
    };
    if flag != FLAG {
        return false;
    }
    match program.as_str() {
        "all" => all(Path::new(path)),
        "many" => many(),
        "page" => page_side(Path::new(path)),
        "net" => net_side(),
        "killed" => killed(),
        "off" => off(Path::new(path)),
        other => panic!("no program {other}"),
    }
    true
}

/// An embedder, and two processes that join it; all record at the same time.
fn all(path: &Path) {
    direct_sockets_trace::create(path, "embedder").unwrap();
    let others = ["many", "many"].map(|program| Program::start(program, path));
    record_much();
    for other in others {
        assert!(other.wait().success());
    }
    direct_sockets_trace::finish(PATIENCE);
    // Nothing comes behind the end.
    record_much();
    direct_sockets_trace::flush();
}

fn many() {
    direct_sockets_trace::join("many");
    record_much();
    direct_sockets_trace::flush();
}

fn record_much() {
    let threads: Vec<_> = (0..THREADS)
        .map(|index| {
            let name = if index == 0 { STRANGE } else { "another" };
            let record = move || {
                let link = Link::new(&owner());
                for hop in 0..HOPS {
                    let _hop = link.hop(&page::LOOK, SocketId(hop)).bytes(index as usize);
                }
            };
            let builder = thread::Builder::new().name(name.to_owned());
            builder.spawn(record).unwrap()
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

/// What a page does, with net in another process.
fn page_side(path: &Path) {
    direct_sockets_trace::create(path, "page").unwrap();
    let link = Link::new(&owner());
    let (first, second) = (SocketId(1), SocketId(2));
    let request = SocketRequest::Room { id: first };
    drop(link.sends(&page::REQUEST, first, &request));
    drop(link.sends(&page::REQUEST, None, &SocketRequest::MoreRings));
    let request = SocketRequest::CancelRead { id: second };
    drop(link.sends(&page::REQUEST, second, &request));
    drop(link.doorbell(&page::DOORBELL));
    link.hop(&page::PUT, first).moved(15, || 15);
    link.hop(&page::PUT, first).moved(5, || 20);
    link.hop(&page::PUT, second).moved(15, || 15);
    assert!(Program::start("net", path).wait().success());
    drop(link.bell(&page::WAKE, || 7));
    drop(link.receives(&page::EVENT, first, &"Readable"));
    link.hop(&page::TAKE, first).moved(15, || 15);
    let other = Link::new(&Owner {
        worker: None,
        ..owner()
    });
    other.hop(&page::TAKE, first).moved(15, || 15);
    direct_sockets_trace::finish(PATIENCE);
}

fn net_side() {
    direct_sockets_trace::join("net");
    let link = Link::new(&owner());
    let (first, second) = (SocketId(1), SocketId(2));
    drop(link.doorbell(&net::WAKE));
    let request = SocketRequest::Room { id: first };
    drop(link.receives(&net::REQUEST, first, &request));
    drop(link.receives(&net::REQUEST, None, &SocketRequest::MoreRings));
    let request = SocketRequest::CancelRead { id: second };
    drop(link.receives(&net::REQUEST, second, &request));
    link.hop(&net::WRITEV, first).moved(20, || 20);
    link.hop(&net::READV, first).moved(15, || 15);
    let mut hop = link.hop(&net::RECVMMSG, second);
    hop.datagrams(2, 100);
    drop(hop);
    drop(link.sends(&net::EVENT, first, &"Readable"));
    drop(link.bell(&net::BELL, || 7));
    direct_sockets_trace::flush();
}

/// Records, and does nothing more before it is killed.
fn killed() {
    direct_sockets_trace::join("killed");
    drop(Link::new(&owner()).hop(&page::PULL, SocketId(1)));
    println!("recorded");
    std::io::stdout().flush().unwrap();
    let _ = std::io::stdin().read(&mut [0; 1]);
}

/// Joins, and says whether that came to anything.
fn off(path: &Path) {
    direct_sockets_trace::join("off");
    assert!(!direct_sockets_trace::is_on());
    record_much();
    direct_sockets_trace::flush();
    direct_sockets_trace::finish(PATIENCE);
    assert_eq!(std::fs::read(path).unwrap_or_default(), super::FOREIGN);
}

/// This program as one of them.
pub struct Program(pub Child);

impl Program {
    /// Start it, with a trace to join.
    pub fn start(program: &str, path: &Path) -> Self {
        Self::start_with(program, path, |command| {
            command.env(VARIABLE, path);
        })
    }

    pub fn start_with(program: &str, path: &Path, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args([FLAG, program])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .env_remove(VARIABLE);
        change(&mut command);
        Self(command.spawn().unwrap())
    }

    /// Wait for its end.
    pub fn wait(mut self) -> ExitStatus {
        let mut status = None;
        super::wait_until("it has ended", || {
            status = self.0.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Wait for a line.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.0.stdout.take().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Run one that makes a trace, to its end.
pub fn run(program: &str) -> Place {
    let place = Place::new();
    assert!(Program::start(program, &place.path()).wait().success());
    place
}
