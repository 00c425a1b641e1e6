/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What becomes of the processes of a shell that is killed, and of a shell whose processes are killed.

use std::fs;

use crate::support::{
    self, Files, PATIENCE, Running, Shell, TestResult, echo_server, ensure, eventually, text,
};

const MODES: &[(&str, &[&str])] = &[("", &[]), ("_multiprocess", &["--multiprocess"])];

support::tests! {
    each_mode(MODES): [
        no_process_outlives_a_killed_shell,
        no_process_outlives_a_shell_that_ends,
        no_hanging_process_outlives_a_killed_shell,
        life_04_a_killed_net_process_is_a_network_error,
    ],
    once: [a_killed_content_process_ends_the_run_with_a_message]
}

/// The processes that a process has started, and those that these have.
fn descendants(ancestor: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            Some((pid, parent_of(pid)?))
        })
        .collect();
    let mut found = vec![ancestor];
    let mut index = 0;
    while index < found.len() {
        let parent = found[index];
        found.extend(
            parents
                .iter()
                .filter(|(_, other)| *other == parent)
                .map(|(pid, _)| *pid),
        );
        index += 1;
    }
    found.split_off(1)
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat[stat.rfind(')')? + 1..]
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()
}

/// Whether it runs; a zombie does not.
fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat[stat.rfind(')').map_or(0, |end| end + 1)..]
            .trim_start()
            .starts_with('Z')
    })
}

fn has_argument(pid: u32, argument: &str) -> bool {
    fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
        line.split(|byte| *byte == 0)
            .any(|part| part == argument.as_bytes())
    })
}

fn kill(pid: u32) -> TestResult {
    // SAFETY: the call takes numbers; the process was found among the descendants of one that this test started.
    let result = unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) };
    ensure(result == 0, format!("cannot kill {pid}"))
}

/// Start a script that opens a socket and then does `rest`.
fn start(options: &[&str], rest: &str) -> Result<(Running, Files), String> {
    let port = echo_server()?;
    let script = format!(
        "const socket = new TCPSocket('127.0.0.1', {port});
const {{ readable, writable }} = await socket.opened;
console.log('open');
{rest}"
    );
    let files = Files::with("script.js", &script)?;
    let mut running = Shell::new()
        .args(options)
        .arg(files.path("script.js"))
        .start()?;
    running.stdout.wait_for("open\n")?;
    Ok((running, files))
}

fn expect_processes(running: &Running, options: &[&str]) -> Result<Vec<u32>, String> {
    let processes = descendants(running.id());
    let expected = 1 + options.len();
    ensure(
        processes.len() == expected,
        format!("{} processes, not {expected}", processes.len()),
    )?;
    Ok(processes)
}

fn no_process_outlives_a_killed_shell(options: &[&str]) -> TestResult {
    let (mut running, _files) = start(options, "await new Promise(() => {});")?;
    let processes = expect_processes(&running, options)?;
    running.child.kill().map_err(text)?;
    running.child.wait().map_err(text)?;
    eventually("all have ended", || {
        !processes.iter().any(|pid| is_running(*pid))
    })
}

fn no_hanging_process_outlives_a_killed_shell(options: &[&str]) -> TestResult {
    let (mut running, _files) = start(options, "for (;;) {}")?;
    let processes = expect_processes(&running, options)?;
    running.child.kill().map_err(text)?;
    running.child.wait().map_err(text)?;
    eventually("all have ended", || {
        !processes.iter().any(|pid| is_running(*pid))
    })
}

fn no_process_outlives_a_shell_that_ends(options: &[&str]) -> TestResult {
    let (running, _files) = start(
        options,
        "await new Promise((resolve) => setTimeout(resolve, 300));",
    )?;
    let processes = expect_processes(&running, options)?;
    running.finish()?.expect_status(0)?;
    eventually("all have ended", || {
        !processes.iter().any(|pid| is_running(*pid))
    })
}

fn life_04_a_killed_net_process_is_a_network_error(options: &[&str]) -> TestResult {
    let rest = "const settle = (promise) => promise.then(() => 'fulfilled', (error) => error.name);
const outcomes = [socket.closed, readable.getReader().read(), writable.getWriter().closed].map(settle);
console.log((await Promise.all(outcomes)).join());
const next = new TCPSocket('127.0.0.1', (await socket.opened).remotePort);
await next.opened;
console.log('next');";
    let (running, _files) = start(options, rest)?;
    let net = descendants(running.id())
        .into_iter()
        .find(|pid| has_argument(*pid, "--direct-sockets-net"))
        .ok_or("no net process")?;
    kill(net)?;
    running
        .finish()?
        .expect_status(0)?
        .expect_stdout("open\nNetworkError,NetworkError,NetworkError\nnext\n")
        .map(drop)
}

fn a_killed_content_process_ends_the_run_with_a_message() -> TestResult {
    let options = [
        "--multiprocess",
        "--timeout",
        &PATIENCE.as_secs().to_string(),
    ]
    .map(str::to_owned);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let (running, _files) = start(&options, "await new Promise(() => {});")?;
    let content = descendants(running.id())
        .into_iter()
        .find(|pid| has_argument(*pid, "--content-process"))
        .ok_or("no content process")?;
    kill(content)?;
    running
        .finish()?
        .expect_status(1)?
        .expect_one_line_of_error()?
        .expect_error("the page crashed")
        .map(drop)
}
