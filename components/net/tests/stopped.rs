/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Processes that are stopped and go on later: net itself, and a client that neither reads nor writes.

use std::io::{Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_plane::Room;
use direct_sockets_traits::limits::MAX_BATCH;
use direct_sockets_traits::{SocketEvent, TcpOptions};
use ipc_channel::TryRecvError;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{PATIENCE, QUIET, StopOnDrop, TestNet, own_memory, peer, wait_until};

/// How long a process is watched that has nothing to do.
const WATCHED: Duration = Duration::from_secs(1);

/// What /proc counts the time of processes in: 100 a second, on every Linux that these tests run on.
const TICK: Duration = Duration::from_millis(10);

/// A process that is stopped for as long as this lives.
struct Stopped(Pid);

impl Stopped {
    fn new(pid: u32) -> Self {
        let process = Pid::from_raw(pid as i32).unwrap();
        kill_process(process, Signal::STOP).unwrap();
        let stopped = Self(process);
        wait_until("it stands still", || stat(pid)[0] == "T");
        stopped
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// The fields of /proc/PID/stat after the name of the command: the state first.
fn stat(pid: u32) -> Vec<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, fields) = text.rsplit_once(')').unwrap();
    fields.split_whitespace().map(str::to_owned).collect()
}

/// How long a process has run, in its own code and in the kernel.
fn time_of(pid: u32) -> Duration {
    let fields = stat(pid);
    let ticks: u32 = fields[11..=12]
        .iter()
        .map(|field| field.parse::<u32>().unwrap())
        .sum();
    TICK * ticks
}

#[test]
fn life_09_a_stopped_net_process_holds_its_client_up_and_loses_nothing() {
    const TOTAL: usize = 4 * 1024 * 1024;
    let net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let mut stream = peer::accept(&listener);
    client.start_read(id);
    let bytes = peer::pattern(TOTAL);
    let stopped = Stopped::new(net.pid());
    let mut sent = client.put(id, &bytes);
    let capacity = client.with(id, |ends| ends.writer().place().capacity());
    assert_eq!(sent, capacity, "as much as the ring holds");
    assert_eq!(client.put(id, &bytes[sent..]), 0, "and no more");
    assert!(client.with(id, |ends| ends.writer().wait_for_room(1).unwrap()));
    stream.write_all(b"for later").unwrap();
    let late = client.start_open("127.0.0.1", address.port(), TcpOptions::default());
    let event = client.try_next(QUIET);
    assert!(matches!(event, Err(TryRecvError::Empty)), "{event:?}");
    assert_eq!(client.put(id, &bytes[sent..]), 0, "still no room");
    drop(stopped);

    let opened = client.next_of(late);
    assert!(matches!(opened, SocketEvent::Opened { .. }), "{opened:?}");
    let mut other = stream.try_clone().unwrap();
    let reader = thread::spawn(move || {
        let mut received = vec![0; TOTAL];
        other.read_exact(&mut received).map(|()| received)
    });
    sent += client.put(id, &bytes[sent..]);
    client.write(id, &bytes[sent..]).unwrap();
    assert!(reader.join().unwrap().unwrap() == bytes, "byte for byte");
    assert_eq!(client.read_exactly(id, 9), b"for later");
    client.close(late);
    client.close(id);
}

#[test]
fn life_09_what_was_written_before_net_was_stopped_and_killed_ends_the_peer() {
    let mut net = TestNet::start();
    let client = net.client();
    let (listener, address) = peer::listen();
    let id = client.open(address);
    let mut stream = peer::accept(&listener);
    client.write(id, b"handed over").unwrap();
    let stopped = Stopped::new(net.pid());
    assert_eq!(client.put(id, b"never"), 5);
    net.child.kill().unwrap();
    drop(stopped);
    assert!(!net.wait_for_end().success());
    // The client hears of the end, and the peer has what the OS had taken.
    let event = client.try_next(PATIENCE);
    assert!(
        matches!(event, Err(ref error) if !matches!(error, TryRecvError::Empty)),
        "{event:?}"
    );
    let mut received = Vec::new();
    stream.read_to_end(&mut received).unwrap();
    assert_eq!(received, b"handed over");
}

/// Send datagrams without a pause until told to stop.
fn flood(socket: &UdpSocket, to: SocketAddr, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        // The sender's own queue may be full.
        let _ = socket.send_to(&[7; 1400], to);
    }
}

/// Wait until net has taken all that it takes for a client that stands still.
fn wait_until_full(net: &TestNet, receives: SocketAddr) {
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    net.wait_for("the kernel drops datagrams", |figures| {
        let _ = sender.send_to(&[7; 8000], receives);
        figures.datagrams_dropped > 0
    });
    let mut received = 0;
    net.wait_for("net reads no more", |figures| {
        let before = std::mem::replace(&mut received, figures.bytes_received);
        thread::sleep(QUIET);
        before == received
    });
}

#[test]
fn life_09_a_client_that_stands_still_costs_neither_time_nor_memory() {
    const TOTAL: usize = 8 * 1024 * 1024;
    let net = TestNet::start();
    let witness = net.client();
    let echo = witness.open(peer::echo());
    let client = net.client();
    let (listener, address) = peer::listen();
    // Somebody who sends as fast as it can, somebody who never reads, and datagrams for which there is no room.
    let flooded = client.open(address);
    let mut fast = peer::accept(&listener);
    client.start_read(flooded);
    let sender = thread::spawn(move || fast.write_all(&peer::pattern(TOTAL)).is_ok());
    let stuck = client.open(address);
    let mut slow = peer::accept(&listener);
    let sent = client.fill(stuck);
    let (receiver, receives) = client.bind("127.0.0.1");
    client.start_receive(receiver, MAX_BATCH);
    wait_until_full(&net, receives);

    let stop = AtomicBool::new(false);
    let source = UdpSocket::bind("127.0.0.1:0").unwrap();
    thread::scope(|scope| {
        let _stop = StopOnDrop(&stop);
        scope.spawn(|| flood(&source, receives, &stop));
        let (time, memory) = (time_of(net.pid()), own_memory(net.pid()));
        let start = Instant::now();
        let mut trips = 0;
        while start.elapsed() < WATCHED {
            witness.write(echo, b"still there").unwrap();
            assert_eq!(witness.read_exactly(echo, 11), b"still there");
            trips += 1;
            thread::sleep(WATCHED / 20);
        }
        let (elapsed, used) = (start.elapsed(), time_of(net.pid()) - time);
        let grown = own_memory(net.pid()).saturating_sub(memory);
        assert!(trips > 1, "others are served");
        assert!(used < elapsed / 4, "{used:?} of {elapsed:?}");
        assert!(grown < 1024 * 1024, "{grown} bytes more");
    });

    // It goes on where it has stopped.
    assert!(client.read_exactly(flooded, TOTAL) == peer::pattern(TOTAL));
    assert!(sender.join().unwrap(), "everything was sent");
    let mut received = vec![0; 64 * 1024];
    let mut count = 0;
    while count < sent {
        count += slow.read(&mut received).unwrap() as u64;
    }
    assert!(!client.batch(receiver).0.is_empty());
    drop(client);
    net.wait_for("only the other one is left", |figures| {
        figures.clients == 1 && figures.sockets == 1 && figures.bytes_held == 0
    });
}
