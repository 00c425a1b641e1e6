/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A page's sockets, as far as the embedding has to do with them. The interface itself is tested in `tests/wpt`.

use direct_sockets_webview::Value;

use crate::harness::{
    self, EchoServer, ORIGIN, PATIENCE, TestResult, ask, ask_error, ask_text, builder, echo_body,
    ensure, eventually, open, open_with, same, text,
};

harness::tests! {
    both: [
        a_page_talks_tcp,
        a_worker_talks_tcp,
        a_blob_worker_talks_tcp,
        every_byte_of_a_large_transfer_is_right,
        pp_01_a_header_takes_the_permission_away,
        life_02_navigation_closes_the_sockets_of_a_page,
        life_02_removing_a_frame_closes_its_sockets,
        life_03_a_terminated_worker_loses_its_sockets,
        a_refused_connection_says_why,
    ],
    single: [the_example_of_the_readme_of_the_crate_works]
}

fn a_page_talks_tcp() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    let text = ask_text(&webview, &echo_body(server.port(), "from a page"))?;
    same("the echo", text.as_str(), "from a page")
}

fn worker_body(source: &str) -> String {
    format!(
        "const worker = {source};
         return await new Promise((resolve, reject) => {{
             worker.onmessage = (event) => resolve(event.data);
             worker.onerror = (event) => reject(event.message);
         }});"
    )
}

fn worker_script(port: u16) -> String {
    format!(
        "(async () => {{ {} }})().then(postMessage, (error) => postMessage(String(error)));",
        echo_body(port, "from a worker")
    )
}

fn a_worker_talks_tcp() -> TestResult {
    let server = EchoServer::start()?;
    let script = worker_script(server.port());
    let builder = builder().serve("https://app.test", move |_| {
        direct_sockets_webview::Response::javascript(script.as_str())
    });
    let webview = open_with(builder, "")?;
    let text = ask_text(&webview, &worker_body("new Worker('/worker.js')"))?;
    same("the echo", text.as_str(), "from a worker")
}

fn a_blob_worker_talks_tcp() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    let script = worker_script(server.port());
    let source = format!(
        "new Worker(URL.createObjectURL(new Blob([{script:?}], {{ type: 'text/javascript' }})))"
    );
    let text = ask_text(&webview, &worker_body(&source))?;
    same("the echo", text.as_str(), "from a worker")
}

fn every_byte_of_a_large_transfer_is_right() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open("")?;
    let wrong = ask(
        &webview,
        &format!(
            "const socket = new TCPSocket('127.0.0.1', {});
             const {{ readable, writable }} = await socket.opened;
             const total = 16 * 1024 * 1024;
             const byte = (position) => (position * 7 + (position >> 9)) & 0xff;
             const sending = (async () => {{
                 const writer = writable.getWriter();
                 for (let sent = 0; sent < total; sent += 50_000) {{
                     const length = Math.min(50_000, total - sent);
                     await writer.ready;
                     writer.write(Uint8Array.from({{ length }}, (_, index) => byte(sent + index)));
                 }}
                 await writer.close();
             }})();
             const reader = readable.getReader();
             let position = 0;
             for (;;) {{
                 const {{ value, done }} = await reader.read();
                 if (done) break;
                 for (const one of value) {{
                     if (one !== byte(position)) return position;
                     position += 1;
                 }}
             }}
             await sending;
             return position === total ? 'right' : position;",
            server.port()
        ),
    )?;
    same("the transfer", wrong, Value::Text("right".to_owned()))
}

fn pp_01_a_header_takes_the_permission_away() -> TestResult {
    let server = EchoServer::start()?;
    let webview = builder()
        .serve_page(
            &format!("{ORIGIN}/"),
            "",
            &[("Permissions-Policy", "direct-sockets=()")],
        )
        .url(ORIGIN)
        .build()
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let error = ask_error(&webview, &echo_body(server.port(), "no"))?;
    ensure(
        error.message.starts_with("NotAllowedError"),
        format!("another error: {}", error.message),
    )?;
    same("connections", server.open_connections(), 0)
}

/// A body that opens sockets and keeps them.
fn keep_open(port: u16, count: u32) -> String {
    format!(
        "globalThis.kept = [];
         for (let index = 0; index < {count}; index += 1) {{
             const socket = new TCPSocket('127.0.0.1', {port});
             await socket.opened;
             kept.push(socket);
         }}
         return 'open';"
    )
}

fn life_02_navigation_closes_the_sockets_of_a_page() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open_with(
        builder().serve_page("https://app.test/next", "next", &[]),
        "",
    )?;
    ask(&webview, &keep_open(server.port(), 5))?;
    eventually("five connections", || server.open_connections() == 5)?;
    webview.load("https://app.test/next").map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    webview
        .run_until(Some(PATIENCE), || server.open_connections() == 0)
        .map_err(text)?;
    eventually("no connection", || server.open_connections() == 0)?;
    let sockets = webview
        .net_statistics(PATIENCE)
        .ok_or("no net process")?
        .sockets;
    same("sockets in net", sockets, 0)
}

fn life_02_removing_a_frame_closes_its_sockets() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open_with(
        builder().serve_page("https://app.test/frame", "frame", &[]),
        "<iframe src='/frame'></iframe>",
    )?;
    let script = format!("(async () => {{ {} }})()", keep_open(server.port(), 5));
    ask(
        &webview,
        &format!("return await frames[0].eval({script:?});"),
    )?;
    eventually("five connections", || server.open_connections() == 5)?;
    webview
        .evaluate("document.querySelector('iframe').remove(); 1")
        .map_err(text)?;
    eventually("no connection", || server.open_connections() == 0)?;
    // The page itself still may.
    ask_text(&webview, &echo_body(server.port(), "page")).map(drop)
}

fn life_03_a_terminated_worker_loses_its_sockets() -> TestResult {
    let server = EchoServer::start()?;
    let script = format!(
        "(async () => {{ {} }})().then(postMessage, (error) => postMessage(String(error)));",
        keep_open(server.port(), 5)
    );
    let builder = builder().serve("https://app.test", move |_| {
        direct_sockets_webview::Response::javascript(script.as_str())
    });
    let webview = open_with(builder, "")?;
    let source = "globalThis.kept = new Worker('/worker.js')";
    same(
        "the worker",
        ask_text(&webview, &worker_body(source))?.as_str(),
        "open",
    )?;
    eventually("five connections", || server.open_connections() == 5)?;
    webview.evaluate("kept.terminate(); 1").map_err(text)?;
    eventually("no connection", || server.open_connections() == 0)
}

fn a_refused_connection_says_why() -> TestResult {
    let webview = open("")?;
    // Bound and closed again: nobody listens there.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map_err(text)?
        .port();
    let error = ask_error(
        &webview,
        &format!("await new TCPSocket('127.0.0.1', {port}).opened;"),
    )?;
    ensure(
        error.message.starts_with("NetworkError") && error.message.contains("refused"),
        format!("another error: {}", error.message),
    )
}

fn the_example_of_the_readme_of_the_crate_works() -> TestResult {
    let server = EchoServer::start()?;
    let own = std::env::current_exe().map_err(text)?;
    // target/.../deps/embedding-0123 and target/.../examples/tcp_page
    let example = own
        .parent()
        .and_then(|deps| deps.parent())
        .ok_or("no target directory")?
        .join("examples")
        .join(format!("tcp_page{}", std::env::consts::EXE_SUFFIX));
    let output = std::process::Command::new(&example)
        .args(["127.0.0.1", &server.port().to_string()])
        .output()
        .map_err(|error| {
            format!(
                "{}: {error} (cargo builds examples with all tests)",
                example.display()
            )
        })?;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    same("status", output.status.code(), Some(0))?;
    same(
        "the output",
        stdout.as_str(),
        format!("connected to 127.0.0.1:{}\nhello\n\n", server.port()).as_str(),
    )
}
