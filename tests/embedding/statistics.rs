/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the net process counts, as an application reads it.

use std::cell::RefCell;
use std::time::Duration;

use direct_sockets_webview::{NetStatistics, SocketKind, SocketStatistics, WebView};

use crate::harness::{
    self, EchoServer, ORIGIN, PATIENCE, TestResult, ask, ask_text, echo_body, ensure, eventually,
    open, same, text,
};

harness::tests! {
    both: [
        every_socket_of_a_page_is_told_with_what_it_has_done,
        a_closed_socket_leaves_the_list_and_the_whole_stays,
        nothing_is_counted_while_nothing_happens,
    ],
    single: [without_a_net_process_there_is_nothing_to_tell]
}

/// A body that opens sockets of all kinds, moves some bytes, and keeps them. It returns the local ports of a
/// connection to `port`, a server, a connection to that server, a bound UDP socket, and one that is connected to it.
fn all_kinds(port: u16) -> String {
    format!(
        "const tcp = new TCPSocket('127.0.0.1', {port});
         const connected = await tcp.opened;
         const writer = connected.writable.getWriter();
         await writer.write(new Uint8Array(1000));
         const reader = connected.readable.getReader();
         for (let count = 0; count < 1000;) {{
             count += (await reader.read()).value.length;
         }}
         const server = new TCPServerSocket('127.0.0.1');
         const listening = await server.opened;
         const client = new TCPSocket('127.0.0.1', listening.localPort);
         const own = await client.opened;
         const connections = listening.readable.getReader();
         const accepted = (await connections.read()).value;
         await accepted.opened;
         const bound = new UDPSocket({{ localAddress: '127.0.0.1' }});
         const inbox = await bound.opened;
         const sender = new UDPSocket({{ remoteAddress: '127.0.0.1', remotePort: inbox.localPort }});
         const outbox = await sender.opened;
         const messages = inbox.readable.getReader();
         const datagrams = outbox.writable.getWriter();
         for (const length of [0, 10, 500]) {{
             await datagrams.write({{ data: new Uint8Array(length) }});
             await messages.read();
         }}
         globalThis.kept = [
             tcp, writer, reader, server, client, connections, accepted, bound, sender, messages, datagrams,
         ];
         return [connected, listening, own, inbox, outbox].map((info) => info.localPort);"
    )
}

/// Run [`all_kinds`]; the ports as addresses.
fn open_all_kinds(webview: &WebView, server: &EchoServer) -> Result<[String; 5], String> {
    let value = ask(webview, &all_kinds(server.port()))?;
    let ports = value.as_array().ok_or("no list of ports")?;
    let addresses: Vec<String> = ports
        .iter()
        .filter_map(|port| Some(format!("127.0.0.1:{}", port.as_f64()?)))
        .collect();
    <[String; 5]>::try_from(addresses).map_err(|other| format!("not five ports: {other:?}"))
}

fn sockets(webview: &WebView) -> Result<Vec<SocketStatistics>, String> {
    let list = webview.socket_statistics(PATIENCE).ok_or("no list")?;
    ensure(list.is_complete, "the list is not complete")?;
    Ok(list.sockets)
}

fn totals(webview: &WebView) -> Result<NetStatistics, String> {
    webview
        .net_statistics(PATIENCE)
        .ok_or("no statistics".to_owned())
}

fn every_socket_of_a_page_is_told_with_what_it_has_done() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    let [connected, listening, own, inbox, outbox] = open_all_kinds(&webview, &server)?;
    let echo = server.address.to_string();
    let sockets = sockets(&webview)?;
    same("sockets", sockets.len(), 6)?;
    for socket in &sockets {
        same("the origin", socket.origin.as_str(), ORIGIN)?;
        same("the worker", socket.owner.worker.as_deref(), None)?;
        same("drops", socket.datagrams_dropped, 0)?;
    }

    let tcp = SocketKind::Tcp;
    // Kind, both ends; bytes received and sent, datagrams received and sent.
    for (kind, local, remote, moved) in [
        (tcp, &connected, Some(&echo), [1000, 1000, 0, 0]),
        (SocketKind::TcpServer, &listening, None, [0; 4]),
        (tcp, &own, Some(&listening), [0; 4]),
        (tcp, &listening, Some(&own), [0; 4]),
        (SocketKind::Udp, &inbox, None, [510, 0, 3, 0]),
        (SocketKind::Udp, &outbox, Some(&inbox), [0, 510, 0, 3]),
    ] {
        let found: Vec<_> = sockets
            .iter()
            .filter(|socket| {
                socket.kind == kind
                    && socket.local.map(text).as_ref() == Some(local)
                    && socket.remote.map(text).as_ref() == remote
            })
            .collect();
        let what = format!("{kind:?} at {local}");
        same(&what, found.len(), 1)?;
        let figures = [
            found[0].bytes_received,
            found[0].bytes_sent,
            found[0].datagrams_received,
            found[0].datagrams_sent,
        ];
        same(&what, figures, moved)?;
        let rings = [found[0].receive_ring, found[0].send_ring];
        for ring in rings.into_iter().flatten() {
            same(&what, ring.waiting, 0)?;
            ensure(
                ring.window > 0 && ring.window <= ring.capacity,
                format!("{what}: {ring:?}"),
            )?;
        }
        let calls = (found[0].reads > 0, found[0].writes > 0);
        same(&what, calls, (moved[0] > 0, moved[1] > 0))?;
        let has_rings = (rings[0].is_some(), rings[1].is_some());
        // A page that has not asked for anything may have a ring already: the stream reads ahead.
        ensure(
            (has_rings.0 || !calls.0) && has_rings.1 == calls.1,
            format!("{what} has other rings: {rings:?}"),
        )?;
    }

    let totals = totals(&webview)?;
    same("sockets in all", totals.sockets, 6)?;
    same("bytes received", totals.bytes_received, 1510)?;
    same("bytes sent", totals.bytes_sent, 1510)?;
    same("datagrams received", totals.datagrams_received, 3)?;
    same("datagrams sent", totals.datagrams_sent, 3)?;
    same("drops in all", totals.datagrams_dropped, 0)?;
    same(
        "bytes that wait",
        totals.bytes_held + totals.bytes_unread,
        0,
    )?;
    ensure(
        totals.rings >= 4 && totals.shared_memory > 0,
        format!("no memory: {totals:?}"),
    )?;
    ensure(
        totals.doorbells > 0 && totals.bells > 0 && totals.wake_ups > 0,
        format!("nobody was woken: {totals:?}"),
    )
}

fn a_closed_socket_leaves_the_list_and_the_whole_stays() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    ask(
        &webview,
        &format!(
            "globalThis.kept = new TCPSocket('127.0.0.1', {});
             return (await kept.opened).localPort;",
            server.port()
        ),
    )?;
    let first = sockets(&webview)?;
    same("sockets", first.len(), 1)?;
    // Another socket comes, and goes.
    let echo = ask_text(&webview, &echo_body(server.port(), "0123456789"))?;
    same("the echo", echo.as_str(), "0123456789")?;
    let left = sockets(&webview)?;
    same("sockets left", left.len(), 1)?;
    same("the one that is left", left[0].key, first[0].key)?;
    ensure(left[0].age >= first[0].age, "it has become younger")?;
    let totals = totals(&webview)?;
    same("sockets in all", totals.sockets, 1)?;
    same("bytes sent", totals.bytes_sent, 10)?;
    same("bytes received", totals.bytes_received, 10)?;
    // The last one.
    ask(&webview, "await kept.close(); return 1;")?;
    same("sockets at the end", sockets(&webview)?, Vec::new())
}

/// Both kinds of figures at one moment, without what passes by itself: time.
type Reading = (Vec<SocketStatistics>, NetStatistics);

fn reading(webview: &WebView) -> Result<Reading, String> {
    let mut sockets = sockets(webview)?;
    for socket in &mut sockets {
        socket.age = Duration::ZERO;
    }
    Ok((sockets, totals(webview)?))
}

/// Fail if anything has happened between two readings but the second one. A reading is two messages to net, which wake
/// it once each, or find it awake: `control_messages` counts them, and so many wake-ups are theirs.
fn nothing_between(first: &Reading, second: &Reading) -> TestResult {
    let ((old_sockets, old), (new_sockets, new)) = (first, second);
    same("sockets", new_sockets, old_sockets)?;
    same("messages", new.control_messages - old.control_messages, 2)?;
    let wake_ups = new.wake_ups - old.wake_ups;
    ensure(wake_ups <= 2, format!("{wake_ups} wake-ups"))?;
    let expected = NetStatistics {
        control_messages: new.control_messages,
        wake_ups: new.wake_ups,
        ..old.clone()
    };
    same("the whole", new, &expected)
}

fn nothing_is_counted_while_nothing_happens() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    open_all_kinds(&webview, &server)?;
    // What all that has begun comes to its end.
    let last = RefCell::new(reading(&webview)?);
    eventually("nothing happens any more", || {
        let Ok(next) = reading(&webview) else {
            return false;
        };
        let before = last.replace(next);
        nothing_between(&before, &last.borrow()).is_ok()
    })?;
    let mut last = last.into_inner();
    for _ in 0..3 {
        // Long enough for whatever would come now and then.
        webview
            .run_until(Some(Duration::from_millis(300)), || false)
            .map_err(text)?;
        let next = reading(&webview)?;
        nothing_between(&last, &next)?;
        last = next;
    }
    // Something that does happen is seen.
    ask_text(&webview, &echo_body(server.port(), "again"))?;
    ensure(
        nothing_between(&last, &reading(&webview)?).is_err(),
        "a connection was not counted",
    )
}

fn without_a_net_process_there_is_nothing_to_tell() -> TestResult {
    let webview = open("")?;
    same("sockets", webview.socket_statistics(PATIENCE), None)?;
    same("the whole", webview.net_statistics(PATIENCE), None)
}
