/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What an embedder may ask for on top of the policies of pages.

use direct_sockets_webview::{Preference, Response, WebView, WebViewBuilder};

use crate::harness::{
    self, EchoServer, ORIGIN, PATIENCE, TestResult, ask_text, builder, open_with, same, text,
};

harness::tests! {
    both: [
        the_default_allowlist_can_be_nobody,
        isolation_can_be_required,
    ],
    // In multiprocess mode Servo 0.7.0 runs no service workers.
    single: [a_service_worker_has_the_default]
}

/// Pages that differ in their headers. All of them are of the origin that [`open_with`] opens.
fn with_pages(builder: WebViewBuilder) -> WebViewBuilder {
    let isolated = [
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Embedder-Policy", "require-corp"),
    ];
    let off = [("Permissions-Policy", "direct-sockets=()")];
    let says_so = [("Permissions-Policy", "direct-sockets=(self)")];
    builder
        .serve_page("https://app.test/plain", "plain", &[])
        .serve_page("https://app.test/off", "off", &off)
        .serve_page("https://app.test/says-so", "says so", &says_so)
        .serve_page("https://app.test/says-so/frame", "says so", &says_so)
        .serve_page("https://app.test/isolated", "isolated", &isolated)
        .serve_page("https://app.test/isolated/frame", "isolated", &isolated)
}

/// What happens when a frame with these attributes constructs a socket. It has a URL of its own: a frame does not load
/// that of the page around.
const IN_FRAME: &str = "
    const frame = document.createElement('iframe');
    for (const [name, value] of Object.entries(attributes)) {
        frame.setAttribute(name, value);
    }
    const loaded = new Promise((resolve) => { frame.onload = resolve; });
    document.body.append(frame);
    await loaded;
    return construct(frame.contentWindow);
";

const CONSTRUCT: &str = "
    function construct(global) {
        try {
            const socket = new global.TCPSocket('127.0.0.1', 0);
            socket.opened.catch(() => {});
            socket.closed.catch(() => {});
            return 'constructed';
        } catch (error) {
            return error.name;
        }
    }
";

struct Page(WebView);

impl Page {
    fn open(name: &str, value: impl Into<Preference>) -> Result<Self, String> {
        let builder = with_pages(builder().preference(name, value));
        Ok(Self(open_with(builder, "")?))
    }

    fn goes_to(&self, path: &str) -> TestResult {
        self.0.load(&format!("{ORIGIN}{path}")).map_err(text)?;
        self.0.wait_for_load(PATIENCE).map_err(text)
    }

    fn constructs(&self, expected: &str) -> TestResult {
        let got = ask_text(&self.0, &format!("{CONSTRUCT} return construct(self);"))?;
        same("the page", got.as_str(), expected)
    }

    fn frame_constructs(&self, attributes: &str, expected: &str) -> TestResult {
        let body = format!("{CONSTRUCT} const attributes = {attributes}; {IN_FRAME}");
        let got = ask_text(&self.0, &body)?;
        same(attributes, got.as_str(), expected)
    }
}

fn the_default_allowlist_can_be_nobody() -> TestResult {
    let page = Page::open("dom_direct_sockets_default_allowlist", "none")?;
    page.goes_to("/plain")?;
    page.constructs("NotAllowedError")?;
    page.goes_to("/says-so")?;
    page.constructs("constructed")?;
    page.frame_constructs("{ src: '/says-so/frame' }", "NotAllowedError")?;
    let allowed = "{ src: '/plain', allow: 'direct-sockets' }";
    page.frame_constructs(allowed, "NotAllowedError")?;
    let allowed = "{ src: '/says-so/frame', allow: 'direct-sockets' }";
    page.frame_constructs(allowed, "constructed")
}

fn isolation_can_be_required() -> TestResult {
    let preference = "dom_direct_sockets_requires_isolation";
    let page = Page::open(preference, true)?;
    page.goes_to("/plain")?;
    page.constructs("NotAllowedError")?;
    page.goes_to("/isolated")?;
    page.constructs("constructed")?;
    page.frame_constructs("{ src: '/isolated/frame' }", "constructed")?;
    page.frame_constructs("{ src: 'about:blank' }", "constructed")?;
    page.frame_constructs("{ srcdoc: 'x' }", "constructed")?;
    page.frame_constructs("{ src: '/plain' }", "NotAllowedError")?;
    let denied = "{ src: '/isolated/frame', allow: \"cross-origin-isolated 'none'\" }";
    page.frame_constructs(denied, "NotAllowedError")?;
    // Without the preference nobody asks.
    page.0.set_preference(preference, false).map_err(text)?;
    page.goes_to("/plain")?;
    page.constructs("constructed")
}

/// Its page may not use sockets; a service worker belongs to none.
fn a_service_worker_has_the_default() -> TestResult {
    let server = EchoServer::start()?;
    let script = "onmessage = async ({ data, ports: [port] }) => {
        try {
            const socket = new TCPSocket('127.0.0.1', data);
            const { readable, writable } = await socket.opened;
            await writable.getWriter().write(new Uint8Array([7]));
            const { value } = await readable.getReader().read();
            port.postMessage(`echo ${value[0]}`);
        } catch (error) {
            port.postMessage(String(error));
        }
    };";
    let builder = builder()
        .preference("dom_serviceworker_enabled", true)
        // Servo keeps registrations only where it has storage.
        .preference("dom_indexeddb_enabled", true)
        .serve(ORIGIN, move |_| Response::javascript(script));
    let webview = open_with(with_pages(builder), "")?;
    let page = Page(webview);
    page.goes_to("/off")?;
    page.constructs("NotAllowedError")?;
    let body = format!(
        "const registration = await navigator.serviceWorker.register('/worker.js');
         const worker = registration.active ?? registration.waiting ?? registration.installing;
         const {{ port1, port2 }} = new MessageChannel();
         const answered = new Promise((resolve) => {{ port1.onmessage = ({{ data }}) => resolve(data); }});
         worker.postMessage({}, [port2]);
         return await answered;",
        server.port()
    );
    let got = ask_text(&page.0, &body)?;
    same("the worker", got.as_str(), "echo 7")
}
