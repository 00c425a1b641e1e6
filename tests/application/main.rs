/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! An application: its page talks to a listener that the application itself owns.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::rc::Rc;
use std::thread;

use direct_sockets_webview::{ConsoleLevel, Delegate, Response, WebView, WebViewBuilder};

const PAGE: &str = r##"<!DOCTYPE html><meta charset="utf-8"><title>Application</title><script type="module">
    try {
        const socket = new TCPSocket("127.0.0.1", Number(location.hash.slice(1)));
        const { readable, writable } = await socket.opened;
        const writer = writable.getWriter();
        await writer.write(new TextEncoder().encode("page"));
        await writer.close();
        console.log(await new window.Response(readable).text());
        await socket.closed;
    } catch (error) {
        console.error(String(error));
    }
    window.close();
</script>"##;

/// Prints what the page logs.
struct Printer;

impl Delegate for Printer {
    fn show_console_message(&self, _webview: &WebView, _level: ConsoleLevel, message: &str) {
        println!("the page read: {message}");
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    direct_sockets_webview::init();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().expect("a connection");
        let mut heard = String::new();
        connection.read_to_string(&mut heard).expect("text");
        write!(connection, "hello {heard}, this is the application").expect("an open connection");
    });
    WebViewBuilder::new()
        .serve("https://app.test", |_request| Response::html(PAGE))
        .url(format!("https://app.test/#{port}"))
        .delegate(Rc::new(Printer))
        .build()?
        .run()?;
    Ok(())
}
