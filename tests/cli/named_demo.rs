/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The demonstrations that are started by name.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Barrier};
use std::thread;

use crate::support::{self, PAGE_MODES, PATIENCE, Running, Shell, TestResult, ensure, text};

support::tests! {
    each_mode(PAGE_MODES): [
        two_pages_echo_datagrams,
        a_page_serves_http_to_64_connections_at_once,
    ],
    once: [
        without_the_permission_a_named_demonstration_fails_with_a_reason,
        a_name_that_is_none_is_told_with_those_that_are,
    ]
}

const CONNECTIONS: usize = 64;
const REQUESTS: usize = 10;

fn two_pages_echo_datagrams(options: &[&str]) -> TestResult {
    let outcome = Shell::new()
        .args(options)
        .arg("udp-echo")
        .run()?
        .expect_status(0)?
        .expect_no_error()?;
    let transcript = &outcome.stdout;
    for size in [0, 1, 512, 1472, 9000, 65507] {
        let line = format!("echoed:     {size} bytes in one datagram, every byte is right\n");
        ensure(
            transcript.contains(&line),
            format!("{line:?} is not in: {transcript}"),
        )?;
    }
    ensure(
        transcript.lines().last() == Some("The demonstration succeeded."),
        format!("the last line: {transcript}"),
    )
}

/// The address that the page tells.
fn address(running: &mut Running) -> Result<String, String> {
    running.stdout.wait_for("/ (GET /quit ends it)\n")?;
    let said = running.stdout.so_far();
    let address = said
        .split_once("http://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map(|(address, _)| address.to_owned());
    address.ok_or(format!("no address in {said:?}"))
}

/// Ask for `target` on an open connection; the body.
fn get(stream: &mut BufReader<TcpStream>, target: &str) -> Result<String, String> {
    write!(
        stream.get_mut(),
        "GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"
    )
    .map_err(text)?;
    let mut line = String::new();
    stream.read_line(&mut line).map_err(text)?;
    ensure(line == "HTTP/1.1 200 OK\r\n", format!("answered {line:?}"))?;
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line).map_err(text)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().map_err(text)?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).map_err(text)?;
    String::from_utf8(body).map_err(text)
}

fn connect(address: &str) -> Result<BufReader<TcpStream>, String> {
    let stream = TcpStream::connect(address).map_err(text)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    Ok(BufReader::new(stream))
}

fn a_page_serves_http_to_64_connections_at_once(options: &[&str]) -> TestResult {
    let mut running = Shell::new().args(options).arg("http-server").start()?;
    let address = address(&mut running)?;
    let all_connected = Arc::new(Barrier::new(CONNECTIONS));
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|client| {
            let (address, all_connected) = (address.clone(), all_connected.clone());
            thread::spawn(move || -> TestResult {
                let stream = connect(&address);
                all_connected.wait();
                let mut stream = stream?;
                for request in 0..REQUESTS {
                    let target = format!("/{client}/{request}");
                    let body = get(&mut stream, &target)?;
                    let expected = format!(" was for {target}\n");
                    ensure(body.ends_with(&expected), format!("{target}: {body:?}"))?;
                }
                Ok(())
            })
        })
        .collect();
    for client in clients {
        client
            .join()
            .map_err(|_| "a client panicked".to_owned())??;
    }
    ensure(
        get(&mut connect(&address)?, "/quit")? == "closing\n",
        "it does not close",
    )?;
    let outcome = running.finish()?.expect_status(0)?.expect_no_error()?;
    let requests = CONNECTIONS * REQUESTS + 1;
    let end = format!("closed after {requests} requests\nThe demonstration succeeded.\n");
    ensure(
        outcome.stdout.ends_with(&end),
        format!("the end: {:?}", outcome.stdout),
    )
}

fn without_the_permission_a_named_demonstration_fails_with_a_reason() -> TestResult {
    Shell::new()
        .args(["--permissions-policy", "direct-sockets=()", "http-server"])
        .run()?
        .expect_status(1)?
        .expect_error("the demonstration http-server failed: NotAllowedError")
        .map(drop)
}

fn a_name_that_is_none_is_told_with_those_that_are() -> TestResult {
    Shell::new()
        .arg("udp-ecco")
        .run()?
        .expect_status(2)?
        .expect_one_line_of_error()?
        .expect_error("a demonstration (http-server, udp-echo)")
        .map(drop)
}
