/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The real program: its roles, what they count, and its native client against them.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far above what anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running program, ended with the test.
struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_direct-sockets-bench-server"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            stdin,
            stdout,
        }
    }

    /// A server with one role, and its first port.
    fn serve(role: &str) -> (Self, u16) {
        let mut program = Self::start(&["serve", role, "--limit", "120"]);
        let line = program.line();
        let text = line
            .strip_prefix(&format!(r#"{{"ready":{{"{role}":["#))
            .unwrap_or_else(|| panic!("{line}"));
        let port = text.split([',', ']']).next().unwrap().parse().unwrap();
        (program, port)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    fn stats(&mut self) -> (u64, u64) {
        self.stdin.as_mut().unwrap().write_all(b"stats\n").unwrap();
        let line = self.line();
        assert!(line.starts_with(r#"{"stats":{""#), "{line}");
        (number(&line, "bytes"), number(&line, "units"))
    }

    /// Ask until the counts are as they should be, for a bounded time.
    fn wait_for(&mut self, wanted: impl Fn((u64, u64)) -> bool) {
        let start = std::time::Instant::now();
        while !wanted(self.stats()) {
            assert!(start.elapsed() < PATIENCE, "{:?}", self.stats());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Close its standard input, and see how it ends.
    fn end(mut self) -> ExitStatus {
        drop(self.stdin.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole number behind a name in a line of JSON.
fn number(line: &str, name: &str) -> u64 {
    let (_, rest) = line
        .split_once(&format!("\"{name}\":"))
        .unwrap_or_else(|| panic!("no {name} in {line}"));
    let digits = rest.split(|character: char| !character.is_ascii_digit());
    digits.into_iter().next().unwrap().parse().unwrap()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn connected_datagrams(port: u16) -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

#[test]
fn both_echoes_send_back_and_count() {
    for role in ["tcp-echo", "tcp-echo-many"] {
        let (mut server, port) = Program::serve(role);
        for _ in 0..3 {
            let mut stream = connect(port);
            stream.write_all(b"hello").unwrap();
            let mut answer = [0; 5];
            stream.read_exact(&mut answer).unwrap();
            assert_eq!(&answer, b"hello");
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut answer).unwrap(), 0, "{role} ends as well");
        }
        assert_eq!(server.stats(), (15, 3));
    }
}

#[test]
fn a_flood_comes_and_is_counted() {
    let (mut server, port) = Program::serve("tcp-flood");
    let mut stream = connect(port);
    stream.read_exact(&mut vec![0; 1 << 20]).unwrap();
    drop(stream);
    server.wait_for(|(bytes, units)| bytes >= 1 << 20 && units == 1);
}

#[test]
fn what_is_discarded_is_counted_before_the_end() {
    let (mut server, port) = Program::serve("tcp-discard");
    let mut stream = connect(port);
    stream.write_all(&vec![1; 300_000]).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.stats(), (300_000, 1));
}

#[test]
fn accepted_connections_are_closed_at_once() {
    let (mut server, port) = Program::serve("tcp-accept-close");
    assert_eq!(connect(port).read(&mut [0]).unwrap(), 0);
    server.wait_for(|counts| counts == (0, 1));
}

#[test]
fn accepted_connections_are_reset_after_their_end() {
    let mut server = Program::start(&["serve", "tcp-accept-close", "--client-ends", "true"]);
    let ports = server.line().replace(['[', ']', '}'], ",");
    for port in ports.split(',').filter_map(|part| part.trim().parse().ok()) {
        let mut stream = connect(port);
        stream.write_all(b"not looked at").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let error = stream.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    server.wait_for(|counts| counts == (0, 8));
}

#[test]
fn datagrams_come_back() {
    let (mut server, port) = Program::serve("udp-echo");
    let socket = connected_datagrams(port);
    for message in [b"".as_slice(), b"datagram"] {
        socket.send(message).unwrap();
        let mut buffer = [0; 100];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], message);
    }
    assert_eq!(server.stats(), (8, 2));
}

#[test]
fn a_sink_counts_datagrams() {
    let (mut server, port) = Program::serve("udp-sink");
    let socket = connected_datagrams(port);
    for _ in 0..100 {
        socket.send(&[1; 10]).unwrap();
    }
    server.wait_for(|counts| counts == (1000, 100));
}

#[test]
fn a_flood_of_datagrams_starts_and_stops() {
    let (mut server, port) = Program::serve("udp-flood");
    let socket = connected_datagrams(port);
    socket.send(b"start").unwrap();
    let mut buffer = [0; 100];
    for _ in 0..10 {
        assert_eq!(socket.recv(&mut buffer).unwrap(), 64);
    }
    socket.send(b"").unwrap();
    server.wait_for(|(_, units)| units >= 10);
    // It has stopped when another client is served: there is one flood at a time.
    let other = connected_datagrams(port);
    other.send(b"start").unwrap();
    assert_eq!(other.recv(&mut buffer).unwrap(), 64);
    // One that is not empty ends it as well.
    other.send(b"stop").unwrap();
    let third = connected_datagrams(port);
    third.send(b"start").unwrap();
    assert_eq!(third.recv(&mut buffer).unwrap(), 64);
    server.wait_for(|(bytes, units)| units >= 12 && bytes >= 12 * 64);
}

#[test]
fn a_server_ends_with_its_standard_input_or_its_time() {
    let (server, _) = Program::serve("tcp-echo");
    assert_eq!(server.end().code(), Some(0));
    let mut server = Program::start(&["serve", "udp-echo", "--limit", "0.05"]);
    assert_eq!(server.child.wait().unwrap().code(), Some(3));
}

#[test]
fn what_is_wrong_is_named() {
    for (arguments, message) in [
        (vec!["serve", "tcp-nothing"], "tcp-nothing"),
        (vec!["serve"], "serve ROLE"),
        (vec!["serve", "tcp-echo", "--limit"], "--limit"),
        (vec!["serve", "tcp-echo", "--limit", "-1"], "--limit -1"),
        (vec!["run", "W1", "--warmup", "x"], "--warmup x"),
    ] {
        let mut program = Program::start(&arguments);
        assert_eq!(program.child.wait().unwrap().code(), Some(2));
        let mut told = String::new();
        let mut stderr = program.child.stderr.take().unwrap();
        stderr.read_to_string(&mut told).unwrap();
        assert!(told.contains(message), "{arguments:?}: {told}");
    }
}

/// Answers checkpoints, and tells which there were.
fn harness() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, labels) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut answers = stream.try_clone().unwrap();
            for label in BufReader::new(stream).lines().map_while(Result::ok) {
                let _ = sender.send(label);
                if answers.write_all(b"ok\n").is_err() {
                    break;
                }
            }
        }
    });
    (port, labels)
}

/// The result of one workload of the native client.
fn run(workload: &str, more: &[&str]) -> (String, Vec<String>) {
    let (control, labels) = harness();
    let control = control.to_string();
    let mut arguments = vec!["run", workload, "--seconds", "0.02", "--warmup", "0.01"];
    arguments.extend(["--control", &control]);
    arguments.extend(more);
    let mut program = Program::start(&arguments);
    let line = program.line();
    assert!(line.starts_with(r#"{"result":"#), "{workload}: {line}");
    (line, labels.try_iter().collect())
}

#[test]
fn the_native_client_claims_no_more_than_was_counted() {
    for (workload, role, more) in [
        ("W1", "tcp-flood", vec![]),
        ("W2", "tcp-discard", vec!["--chunk", "1000"]),
        ("W3", "tcp-echo", vec!["--size", "1"]),
        ("W4", "tcp-accept-close", vec!["--lanes", "1"]),
        ("W4", "tcp-accept-close", vec!["--lanes", "8"]),
        ("W6", "udp-sink", vec!["--size", "10"]),
        ("W7", "udp-echo", vec!["--window", "4"]),
        ("W9", "udp-flood", vec![]),
    ] {
        let (mut server, port) = Program::serve(role);
        let port = port.to_string();
        let (line, labels) = run(workload, &[&["--port", &port], more.as_slice()].concat());
        assert_eq!(labels, ["begin", "end"], "{workload}");
        let claimed = number(&line, "total");
        assert!(claimed >= number(&line, "count") && claimed > 0, "{line}");
        let by_bytes = matches!(workload, "W1" | "W2" | "W3");
        server.wait_for(|(bytes, units)| claimed <= if by_bytes { bytes } else { units });
    }
}

#[test]
fn the_native_client_opens_many_connections() {
    for (workload, bytes) in [("W5", 6400), ("W11", 0)] {
        let (mut server, port) = Program::serve("tcp-echo-many");
        let port = port.to_string();
        let (line, labels) = run(workload, &["--port", &port, "--connections", "100"]);
        assert_eq!(labels, ["base", "open", "echoed"]);
        assert_eq!(number(&line, "count"), 100);
        server.wait_for(|counts| counts == (bytes, 100));
    }
}

#[test]
fn bulk_beside_a_ping_pong_is_told() {
    let (mut server, port) = Program::serve("tcp-echo");
    let (_flood, flood_port) = Program::serve("tcp-flood");
    let ports = format!("{port},{flood_port}");
    let (line, _) = run("W10", &["--port", &ports, "--size", "1"]);
    assert!(number(&line, "bulk") > 0, "{line}");
    let claimed = number(&line, "total");
    server.wait_for(|(bytes, _)| claimed <= bytes);
}

#[test]
fn the_native_client_accepts_what_the_driver_opens() {
    // Its harness does not answer before the driver has ended.
    let harness = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let control = harness.local_addr().unwrap().port().to_string();
    let mut server = Program::start(&["run", "W8", "--control", &control, "--listeners", "2"]);
    let (mut waiting, _) = harness.accept().unwrap();
    let line = server.line();
    let text = line
        .trim()
        .trim_start_matches(r#"{"listening":["#)
        .trim_end_matches("]}");
    let ports = text.replace(' ', "");
    let (line, labels) = run("W8-driver", &["--port", &ports, "--lanes", "4"]);
    assert_eq!(labels, ["begin", "end"]);
    assert!(number(&line, "total") > 0, "{line}");
    assert_eq!(number(&line, "failures"), 0, "{line}");
    waiting.write_all(b"ok\n").unwrap();
    assert!(server.line().starts_with(r#"{"result":"#));
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}
