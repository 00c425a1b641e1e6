/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Where sockets may reach, as the application decides or is asked.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use direct_sockets_webview::{
    AddressGrant, AddressRequest, AddressSpace, AddressUse, Decision, Delegate, PortFloors,
    Remember, WebView,
};

use crate::harness::{
    self, EchoServer, ORIGIN, PATIENCE, TestResult, ask_text, builder, ensure, open_with, same,
    text,
};

harness::tests! {
    both: [
        a_denied_address_rejects_with_not_allowed_error,
        the_application_is_asked_and_its_answer_is_remembered,
        an_answer_can_come_later,
        a_question_that_is_dropped_means_no,
        ports_below_the_floor_are_refused,
    ],
    single: [decisions_can_change_and_answers_can_be_forgotten]
}

const LOOPBACK_DENIED: AddressGrant = AddressGrant {
    loopback: Decision::Deny,
    local: Decision::Allow,
    public: Decision::Allow,
};

const LOOPBACK_ASKED: AddressGrant = AddressGrant {
    loopback: Decision::Ask,
    ..LOOPBACK_DENIED
};

/// What becomes of `opened` and `closed` of a socket that `source` makes: the names of the errors, or "open".
fn outcome(source: &str) -> String {
    format!(
        "const socket = {source};
         const name = (promise) => promise.then(() => 'open', (error) => error.name);
         const opened = await name(socket.opened);
         if (opened === 'open') {{ await socket.close(); return opened; }}
         return `${{opened}} ${{await name(socket.closed)}}`;"
    )
}

fn connect(port: u16) -> String {
    outcome(&format!("new TCPSocket('127.0.0.1', {port})"))
}

fn a_denied_address_rejects_with_not_allowed_error() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open_with(builder().addresses(LOOPBACK_DENIED), "")?;
    let port = server.port();
    for source in [
        format!("new TCPSocket('127.0.0.1', {port})"),
        format!("new TCPSocket('localhost', {port})"),
        format!("new TCPSocket('::ffff:127.0.0.1', {port})"),
        format!("new UDPSocket({{ remoteAddress: '127.0.0.1', remotePort: {port} }})"),
        "new UDPSocket({ localAddress: '127.0.0.1' })".to_owned(),
        "new TCPServerSocket('127.0.0.1')".to_owned(),
    ] {
        let names = ask_text(&webview, &outcome(&source))?;
        same(&source, names.as_str(), "NotAllowedError NotAllowedError")?;
    }
    Ok(())
}

/// Answers as it is told, and keeps what it was asked.
#[derive(Default)]
struct Asked {
    answer: Cell<Option<bool>>,
    questions: RefCell<Vec<(String, AddressSpace, AddressUse)>>,
    /// Those that it has not answered yet.
    kept: RefCell<Vec<AddressRequest>>,
    keeps: Cell<bool>,
}

impl Delegate for Asked {
    fn request_address(&self, _webview: &WebView, request: AddressRequest) {
        self.questions.borrow_mut().push((
            request.origin().to_owned(),
            request.space(),
            request.usage(),
        ));
        if self.keeps.get() {
            return self.kept.borrow_mut().push(request);
        }
        match self.answer.get() {
            Some(true) => request.allow(Remember::Origin),
            Some(false) => request.deny(Remember::Origin),
            None => {},
        }
    }
}

fn the_application_is_asked_and_its_answer_is_remembered() -> TestResult {
    let server = EchoServer::start()?;
    let asked = Rc::new(Asked::default());
    asked.answer.set(Some(true));
    let builder = builder().addresses(LOOPBACK_ASKED).delegate(asked.clone());
    let webview = open_with(builder, "")?;
    for _ in 0..2 {
        let opened = ask_text(&webview, &connect(server.port()))?;
        same("the outcome", opened.as_str(), "open")?;
    }
    let questions = asked.questions.borrow();
    ensure(
        *questions
            == [(
                ORIGIN.to_owned(),
                AddressSpace::Loopback,
                AddressUse::TcpConnect,
            )],
        format!("asked: {questions:?}"),
    )
}

fn an_answer_can_come_later() -> TestResult {
    let server = EchoServer::start()?;
    let asked = Rc::new(Asked::default());
    asked.keeps.set(true);
    let builder = builder().addresses(LOOPBACK_ASKED).delegate(asked.clone());
    let webview = open_with(builder, "")?;
    webview
        .evaluate(&format!(
            "globalThis.socket = new TCPSocket('127.0.0.1', {});
             globalThis.said = 'nothing';
             socket.opened.then(() => said = 'open', (error) => said = error.name); 0",
            server.port()
        ))
        .map_err(text)?;
    let is_asked = webview
        .run_until(Some(PATIENCE), || !asked.kept.borrow().is_empty())
        .map_err(text)?;
    ensure(is_asked, "nobody was asked")?;
    // The page goes on meanwhile, and its socket waits.
    let said = ask_text(&webview, "return said;")?;
    same("before the answer", said.as_str(), "nothing")?;
    for request in asked.kept.borrow_mut().drain(..) {
        request.allow(Remember::Once);
    }
    let said = ask_text(&webview, "await socket.opened; return said;")?;
    same("after the answer", said.as_str(), "open")
}

fn a_question_that_is_dropped_means_no() -> TestResult {
    let server = EchoServer::start()?;
    let asked = Rc::new(Asked::default());
    let builder = builder().addresses(LOOPBACK_ASKED).delegate(asked.clone());
    let webview = open_with(builder, "")?;
    let names = ask_text(&webview, &connect(server.port()))?;
    same(
        "the outcome",
        names.as_str(),
        "NotAllowedError NotAllowedError",
    )
}

fn ports_below_the_floor_are_refused() -> TestResult {
    let server = EchoServer::start()?;
    let floors = PortFloors {
        udp_bind: u16::MAX,
        tcp_listen: u16::MAX,
        remote: server.port(),
    };
    let webview = open_with(builder().port_floors(floors), "")?;
    for (source, expected) in [
        (connect(server.port()), "open"),
        (
            connect(server.port() - 1),
            "NotAllowedError NotAllowedError",
        ),
        (
            outcome("new UDPSocket({ localAddress: '127.0.0.1', localPort: 40000 })"),
            "NotAllowedError NotAllowedError",
        ),
        (
            outcome("new TCPServerSocket('127.0.0.1', { localPort: 40000 })"),
            "NotAllowedError NotAllowedError",
        ),
        // Ports that the system picks are not asked for.
        (outcome("new TCPServerSocket('127.0.0.1')"), "open"),
    ] {
        let names = ask_text(&webview, &source)?;
        same(&source, names.as_str(), expected)?;
    }
    Ok(())
}

fn decisions_can_change_and_answers_can_be_forgotten() -> TestResult {
    let server = EchoServer::start()?;
    let asked = Rc::new(Asked::default());
    asked.answer.set(Some(false));
    let builder = builder().addresses(LOOPBACK_ASKED).delegate(asked.clone());
    let webview = open_with(builder, "")?;
    let refused = "NotAllowedError NotAllowedError";
    let names = ask_text(&webview, &connect(server.port()))?;
    same("denied", names.as_str(), refused)?;
    asked.answer.set(Some(true));
    let names = ask_text(&webview, &connect(server.port()))?;
    same("remembered", names.as_str(), refused)?;
    webview.forget_address_answers();
    let names = ask_text(&webview, &connect(server.port()))?;
    same("asked again", names.as_str(), "open")?;
    webview.set_addresses(LOOPBACK_DENIED);
    // What a page may do is said when it opens its first socket.
    webview.load(&format!("{ORIGIN}/")).map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let names = ask_text(&webview, &connect(server.port()))?;
    same("changed", names.as_str(), refused)
}
