/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The processes of a webview.

use std::collections::HashSet;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use direct_sockets_webview::{Error, NetProcess, WebView};

use crate::harness::{
    self, EchoServer, PATIENCE, TestResult, ask, ask_error, ask_text, builder, echo_body, ensure,
    eventually, is_multiprocess, open, open_with, same, text,
};

harness::tests! {
    both: [
        life_01_one_net_process_and_no_socket_elsewhere,
        life_04_a_killed_net_process_is_a_network_error_and_the_next_socket_works,
        the_net_process_is_started_by_the_first_socket,
        no_process_outlives_the_webview,
        a_separate_net_binary_serves,
        a_net_binary_that_dies_is_a_network_error,
        a_net_binary_that_never_reports_in_is_a_network_error,
    ],
    single: [
        content_processes_are_there_only_when_asked_for,
        life_05_a_killed_content_process_is_told_and_its_sockets_are_closed,
        what_net_counts_is_told,
    ]
}

/// The processes whose parent is this one.
fn children() -> Vec<u32> {
    children_of(std::process::id())
}

fn children_of(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| {
            fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
                let after_name = stat.rfind(')').map_or("", |end| &stat[end + 1..]);
                after_name.split_whitespace().nth(1) == Some(parent.to_string().as_str())
            })
        })
        .collect()
}

/// The inodes of the sockets that a process has.
fn sockets_of(pid: u32) -> HashSet<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return HashSet::new();
    };
    entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .filter_map(|link| {
            let name = link.to_str()?;
            Some(name.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect()
}

/// The inode of the socket of this side of a connection, from the kernel's table.
fn inode_of(local: u16, remote: u16) -> Option<String> {
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let port = |field: &str| u16::from_str_radix(field.rsplit(':').next()?, 16).ok();
        let matches = port(fields.get(1)?)? == local && port(fields.get(2)?)? == remote;
        matches
            .then(|| fields.get(9).map(|inode| (*inode).to_owned()))
            .flatten()
    })
}

/// Every socket of internet protocols of this machine, by inode.
fn internet_sockets() -> HashSet<String> {
    ["tcp", "tcp6", "udp", "udp6", "raw", "raw6"]
        .iter()
        .filter_map(|name| fs::read_to_string(format!("/proc/net/{name}")).ok())
        .flat_map(|table| {
            table
                .lines()
                .skip(1)
                .filter_map(|line| line.split_whitespace().nth(9).map(str::to_owned))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Open a socket in the page and keep it; its local port.
fn keep_open(webview: &WebView, port: u16) -> Result<u16, String> {
    let local = ask(
        webview,
        &format!(
            "globalThis.kept ??= [];
             const socket = new TCPSocket('127.0.0.1', {port});
             kept.push(socket);
             return (await socket.opened).localPort;"
        ),
    )?;
    Ok(local.as_f64().ok_or("no port")? as u16)
}

fn net_process_id(webview: &WebView) -> Result<u32, String> {
    webview
        .net_process_id()
        .ok_or("there is no net process".to_owned())
}

fn kill(pid: u32) -> TestResult {
    // SAFETY: the call takes numbers; the process is a child of this one that has not been waited for.
    let result = unsafe { libc::kill(pid as libc::pid_t, libc::SIGKILL) };
    ensure(result == 0, format!("cannot kill {pid}"))
}

fn life_01_one_net_process_and_no_socket_elsewhere() -> TestResult {
    // A listener only: the other end of each connection would be a socket of this process otherwise.
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(text)?;
    let port = listener.local_addr().map_err(text)?.port();
    let before: HashSet<String> = sockets_of(std::process::id());
    let webview = open("")?;
    let local_ports = [keep_open(&webview, port)?, keep_open(&webview, port)?];
    let net = net_process_id(&webview)?;
    let family = children();
    same(
        "net processes",
        family.iter().filter(|pid| **pid == net).count(),
        1,
    )?;
    let expected = 1 + webview.content_process_ids().len();
    same("processes", family.len(), expected)?;
    ensure(
        is_multiprocess() == (expected > 1),
        "content processes that are not there, or too many",
    )?;
    let net_sockets = sockets_of(net);
    for local in local_ports {
        let inode = inode_of(local, port).ok_or(format!("no connection from port {local}"))?;
        ensure(net_sockets.contains(&inode), "net does not have the socket")?;
        for pid in family
            .iter()
            .copied()
            .filter(|pid| *pid != net)
            .chain([std::process::id()])
        {
            ensure(
                !sockets_of(pid).contains(&inode),
                format!("the process {pid} has the socket, too"),
            )?;
        }
    }
    // Not only these connections: no internet socket at all, but for the listener above.
    let internet = internet_sockets();
    for pid in family
        .into_iter()
        .filter(|pid| *pid != net)
        .chain([std::process::id()])
    {
        let more: Vec<String> = sockets_of(pid)
            .into_iter()
            .filter(|inode| internet.contains(inode) && !before.contains(inode))
            .collect();
        same(
            &format!("internet sockets of the process {pid}"),
            more,
            Vec::new(),
        )?;
    }
    Ok(())
}

fn life_04_a_killed_net_process_is_a_network_error_and_the_next_socket_works() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    ask(
        &webview,
        &format!(
            "globalThis.socket = new TCPSocket('127.0.0.1', {});
             const {{ readable, writable }} = await socket.opened;
             const settle = (promise) => promise.then(() => 'fulfilled', (error) => error.name);
             globalThis.outcomes = Promise.all([
                 settle(socket.closed), settle(readable.getReader().read()), settle(writable.getWriter().closed),
             ]);
             return 1;",
            server.port()
        ),
    )?;
    let first = net_process_id(&webview)?;
    kill(first)?;
    let outcomes = ask_text(&webview, "return (await outcomes).join();")?;
    same(
        "the outcomes",
        outcomes.as_str(),
        "NetworkError,NetworkError,NetworkError",
    )?;
    let echo = ask_text(&webview, &echo_body(server.port(), "again"))?;
    same("the next socket", echo.as_str(), "again")?;
    ensure(
        net_process_id(&webview)? != first,
        "the dead process is still named",
    )
}

fn the_net_process_is_started_by_the_first_socket() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    same("before", webview.net_process_id(), None)?;
    same("statistics before", webview.net_statistics(PATIENCE), None)?;
    ask_text(&webview, &echo_body(server.port(), "first"))?;
    let first = net_process_id(&webview)?;
    ask_text(&webview, &echo_body(server.port(), "second"))?;
    same("after the second", net_process_id(&webview)?, first)
}

fn no_process_outlives_the_webview() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    keep_open(&webview, server.port())?;
    ensure(!children().is_empty(), "no process at all")?;
    drop(webview);
    // Zombies would be listed as well.
    eventually("no child is left", || children().is_empty())?;
    eventually("no connection is left", || server.open_connections() == 0)
}

fn a_separate_net_binary_serves() -> TestResult {
    let server = EchoServer::start()?;
    // Any executable that becomes the net process will do; this one does.
    let binary = std::env::current_exe().map_err(text)?;
    let webview = open_with(builder().net_process(NetProcess::Binary(binary)), "")?;
    let echo = ask_text(&webview, &echo_body(server.port(), "binary"))?;
    same("the echo", echo.as_str(), "binary")
}

fn expect_network_error(webview: &WebView) -> TestResult {
    let server = EchoServer::start()?;
    let error = ask_error(webview, &echo_body(server.port(), "never"))?;
    ensure(
        error.message.starts_with("NetworkError"),
        format!("another error: {}", error.message),
    )?;
    // Pages go on loading.
    webview.reload();
    webview.wait_for_load(PATIENCE).map_err(text)?;
    same(
        "the page answers",
        ask(webview, "return 1;")?.as_f64(),
        Some(1.0),
    )
}

fn a_net_binary_that_dies_is_a_network_error() -> TestResult {
    let builder = builder().net_process(NetProcess::Binary("/bin/false".into()));
    expect_network_error(&open_with(builder, "")?)
}

fn a_net_binary_that_never_reports_in_is_a_network_error() -> TestResult {
    let directory = tempfile::tempdir().map_err(text)?;
    let path = directory.path().join("sleeper");
    fs::write(&path, "#!/bin/sh\nexec sleep 600\n").map_err(text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(text)?;
    let webview = open_with(builder().net_process(NetProcess::Binary(path)), "")?;
    expect_network_error(&webview)?;
    drop(webview);
    eventually("no child is left", || children().is_empty())
}

fn content_processes_are_there_only_when_asked_for() -> TestResult {
    let webview = open_with(builder().multiprocess(false), "")?;
    same(
        "content processes",
        webview.content_process_ids(),
        Vec::new(),
    )?;
    same("children", children(), Vec::new())
}

fn life_05_a_killed_content_process_is_told_and_its_sockets_are_closed() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open_with(builder().multiprocess(true), "")?;
    keep_open(&webview, server.port())?;
    eventually("one connection", || server.open_connections() == 1)?;
    let content = webview.content_process_ids();
    same("content processes", content.len(), 1)?;
    let net = net_process_id(&webview)?;
    kill(content[0])?;
    webview
        .run_until(Some(PATIENCE), || webview.crash().is_some())
        .map_err(text)?;
    let reason = webview.crash().ok_or("the crash was not told")?;
    ensure(reason.contains("content process"), reason)?;
    ensure(
        matches!(webview.evaluate("1"), Err(Error::Crashed { .. })),
        "a crashed page answers",
    )?;
    eventually("no connection is left", || server.open_connections() == 0)?;
    same("the net process", net_process_id(&webview)?, net)
}

fn what_net_counts_is_told() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    keep_open(&webview, server.port())?;
    let statistics = webview.net_statistics(PATIENCE).ok_or("no statistics")?;
    same("sockets", statistics.sockets, 1)?;
    ask_text(&webview, &echo_body(server.port(), "0123456789"))?;
    let statistics = webview.net_statistics(PATIENCE).ok_or("no statistics")?;
    ensure(statistics.bytes_sent >= 10, "no bytes were counted")?;
    ensure(
        TcpStream::connect(server.address).is_ok(),
        "the server is still there",
    )
}
