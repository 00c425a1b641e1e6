/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! `--trace`: a timeline of what sockets do, through all processes.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::{
    self, Files, Outcome, SCRIPT_MODES, Shell, TestResult, echo_server, ensure, text,
};

support::tests! {
    each_mode(SCRIPT_MODES): [a_round_trip_is_told_hop_by_hop],
    once: [
        the_file_has_an_end_where_the_script_fails,
        what_the_file_held_is_lost_and_a_relative_path_works,
        the_variable_of_another_run_is_not_followed,
    ]
}

/// A round trip of 14 bytes.
const SCRIPT: &str = "const socket = new TCPSocket('127.0.0.1', Number(args[0]));
const { readable, writable } = await socket.opened;
const writer = writable.getWriter();
await writer.write(new TextEncoder().encode('hello over TCP'));
await writer.close();
console.log(await new Response(readable).text());
await socket.closed;
";

/// The hops of it in the order in which they begin: side, name, message or number of bytes.
const ROUND_TRIP: &[(&str, &str, &str)] = &[
    ("page", "open", ""),
    ("page", "request", "OpenTcp"),
    ("net", "request", "OpenTcp"),
    ("net", "event", "Opened"),
    ("page", "event", "Opened"),
    ("page", "handle", "Opened"),
    ("page", "write", ""),
    ("page", "put", "14"),
    ("net", "writev", "14"),
    ("net", "readv", "14"),
    ("page", "look", "14"),
    ("page", "enqueue", ""),
    ("page", "take", "14"),
    ("page", "close", ""),
    ("page", "request", "Close"),
    ("net", "request", "Close"),
    ("net", "event", "Closed"),
    ("page", "event", "Closed"),
    ("page", "handle", "Closed"),
];

/// Causes and effects among them.
const TIES: &[[usize; 2]] = &[[1, 2], [3, 4], [7, 8], [9, 12], [14, 15], [16, 17]];

/// Run the script in `files` with a trace beside it.
fn run(options: &[&str], files: &Files) -> Result<Outcome, String> {
    Shell::new()
        .args(options)
        .arg("--trace")
        .arg(files.path("trace.json"))
        .arg(files.path("script.js"))
        .arg(echo_server()?.to_string())
        .run()
}

/// What stands in the file, which has to be strict JSON.
fn events(files: &Files) -> Result<Vec<Value>, String> {
    let trace = fs::read_to_string(files.path("trace.json")).map_err(text)?;
    serde_json::from_str(&trace).map_err(|error| format!("{error}: {trace}"))
}

/// The processes of that name.
fn processes(events: &[Value], name: &str) -> BTreeSet<u64> {
    events
        .iter()
        .filter(|event| event["name"] == "process_name" && event["args"]["name"] == name)
        .filter_map(|event| event["pid"].as_u64())
        .collect()
}

fn begin(hop: &Value) -> f64 {
    hop["ts"].as_f64().unwrap_or_default()
}

fn is_hop(hop: &Value, (side, name, what): (&str, &str, &str)) -> bool {
    let told = |key: &str| hop["args"][key].to_string().trim_matches('"') == what;
    hop["cat"] == side && hop["name"] == name && (what.is_empty() || told("what") || told("bytes"))
}

fn a_round_trip_is_told_hop_by_hop(options: &[&str]) -> TestResult {
    let files = Files::with("script.js", SCRIPT)?;
    run(options, &files)?
        .expect_status(0)?
        .expect_stdout("hello over TCP\n")?
        .expect_no_error()?;
    let events = events(&files)?;
    let mut hops: Vec<&Value> = events.iter().filter(|event| event["ph"] == "X").collect();
    hops.sort_by(|one, other| begin(one).total_cmp(&begin(other)));

    // Each after the one before, on the one clock of all processes.
    let mut found: Vec<&Value> = Vec::new();
    let mut rest = hops.iter();
    for expected in ROUND_TRIP {
        match rest.find(|hop| is_hop(hop, *expected)) {
            Some(hop) => found.push(hop),
            None => return Err(format!("no {expected:?} behind {found:#?} in {hops:#?}")),
        }
    }
    for hop in &found {
        ensure(
            hop["args"]["client"] == found[0]["args"]["client"]
                && hop["args"]["socket"] == found[0]["args"]["socket"],
            format!("another socket: {hop}"),
        )?;
    }
    for [cause, effect] in TIES {
        let (cause, effect) = (found[*cause], found[*effect]);
        ensure(
            cause["bind_id"].is_string()
                && cause["bind_id"] == effect["bind_id"]
                && cause["flow_out"] == true
                && effect["flow_in"] == true,
            format!("not tied: {cause} and {effect}"),
        )?;
    }

    // Who did what.
    let net = processes(&events, "net");
    let page = match options.contains(&"--multiprocess") {
        true => processes(&events, "content"),
        false => processes(&events, "embedder"),
    };
    ensure(net.len() == 1, format!("net processes: {net:?}"))?;
    ensure(page.is_disjoint(&net), format!("{page:?} and {net:?}"))?;
    for hop in hops {
        let side = if hop["cat"] == "net" { &net } else { &page };
        ensure(
            hop["pid"].as_u64().is_some_and(|pid| side.contains(&pid)),
            format!("in another process: {hop}"),
        )?;
    }
    Ok(())
}

fn the_file_has_an_end_where_the_script_fails() -> TestResult {
    let files = Files::with("script.js", "throw new Error('on purpose');")?;
    run(&[], &files)?
        .expect_status(1)?
        .expect_error("on purpose")?;
    let events = events(&files)?;
    ensure(
        processes(&events, "embedder").len() == 1 && processes(&events, "net").is_empty(),
        format!("{events:?}"),
    )
}

fn what_the_file_held_is_lost_and_a_relative_path_works() -> TestResult {
    let files = Files::with("script.js", SCRIPT)?.and("trace.json", "something else")?;
    Shell::new()
        .directory(files.directory())
        .args(["--trace", "trace.json", "script.js"])
        .arg(echo_server()?.to_string())
        .run()?
        .expect_status(0)?
        .expect_no_error()?;
    let events = events(&files)?;
    ensure(
        events.iter().any(|event| event["cat"] == "net"),
        format!("nothing of net: {events:?}"),
    )
}

fn the_variable_of_another_run_is_not_followed() -> TestResult {
    let files = Files::with("script.js", SCRIPT)?.and("trace.json", "[\n")?;
    Shell::new()
        .env("DIRECT_SOCKETS_TRACE", files.path("trace.json"))
        .arg(files.path("script.js"))
        .arg(echo_server()?.to_string())
        .run()?
        .expect_status(0)?;
    let trace = fs::read_to_string(files.path("trace.json")).map_err(text)?;
    ensure(trace == "[\n", trace)
}
