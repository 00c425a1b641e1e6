/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A page with a socket: `cargo run --example tcp_page -- HOST PORT` connects, sends a line, shows what comes back.

use std::process::ExitCode;
use std::rc::Rc;

use direct_sockets_webview::{ConsoleLevel, Delegate, Error, Response, WebView, WebViewBuilder};

const PAGE: &str = r#"<!DOCTYPE html><meta charset="utf-8"><title>TCP page</title><script>
    async function talk(host, port) {
        const socket = new TCPSocket(host, port);
        const { readable, writable, remoteAddress, remotePort } = await socket.opened;
        console.log(`connected to ${remoteAddress}:${remotePort}`);
        const writer = writable.getWriter();
        await writer.write(new TextEncoder().encode("hello\n"));
        await writer.close();
        console.log(await new Response(readable).text());
    }
    const [host, port] = location.hash.slice(1).split("/");
    talk(host, Number(port)).catch((error) => console.log(String(error))).finally(() => window.close());
</script>"#;

/// Prints what the page logs.
struct Printer;

impl Delegate for Printer {
    fn show_console_message(&self, _webview: &WebView, _level: ConsoleLevel, message: &str) {
        println!("{message}");
    }
}

fn run(host: &str, port: &str) -> Result<(), Error> {
    WebViewBuilder::new()
        // Pages of this origin come from here, not from a server; so they may use sockets.
        .serve("https://telnet.test", |_request| Response::html(PAGE))
        .url(format!("https://telnet.test/#{host}/{port}"))
        .delegate(Rc::new(Printer))
        .build()?
        .run()
}

fn main() -> ExitCode {
    // The sockets live in another process, which is this executable started again. It ends here.
    direct_sockets_webview::init();
    let mut arguments = std::env::args().skip(1);
    let (Some(host), Some(port)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: tcp_page HOST PORT");
        return ExitCode::from(2);
    };
    match run(&host, &port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
    }
}
