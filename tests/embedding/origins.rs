/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Which origins may use sockets.

use direct_sockets_webview::{Error, Origins, WebView};

use crate::harness::{
    self, EchoServer, PATIENCE, TestResult, ask_error, ask_text, builder, echo_body, ensure,
    open_with, same, text,
};
use crate::https;

harness::tests! {
    both: [
        a_served_origin_may,
        an_https_page_that_is_not_served_gets_not_allowed_error,
        the_builder_can_allow_another_origin,
        all_origins_can_be_allowed,
    ],
    single: [
        a_page_without_an_origin_may_not,
        a_page_that_is_not_secure_has_no_interface,
        the_preference_says_who_may,
        without_the_feature_there_is_no_interface,
    ]
}

const PAGE: &str = "<title>from a server</title>";

/// A page of the real server, in a webview with these origins.
fn open_foreign(server: &https::Server, origins: Origins) -> Result<WebView, String> {
    let webview = open_with(
        builder()
            .certificate_file(server.certificate_file())
            .origins(origins),
        "",
    )?;
    webview.load(&server.origin()).map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    same("title()", webview.title().as_deref(), Some("from a server"))?;
    Ok(webview)
}

fn expect_not_allowed(webview: &WebView, port: u16) -> TestResult {
    let error = ask_error(webview, &echo_body(port, "not allowed"))?;
    ensure(
        error.message.starts_with("NotAllowedError"),
        format!("another error: {}", error.message),
    )
}

fn expect_allowed(webview: &WebView, port: u16) -> TestResult {
    let text = ask_text(webview, &echo_body(port, "allowed"))?;
    same("the echo", text.as_str(), "allowed")
}

fn a_served_origin_may() -> TestResult {
    let server = EchoServer::start()?;
    expect_allowed(&open_with(builder(), "")?, server.port())
}

fn an_https_page_that_is_not_served_gets_not_allowed_error() -> TestResult {
    let server = EchoServer::start()?;
    let web_server = https::Server::start(PAGE)?;
    let webview = open_foreign(&web_server, Origins::served())?;
    expect_not_allowed(&webview, server.port())
}

fn the_builder_can_allow_another_origin() -> TestResult {
    let server = EchoServer::start()?;
    let web_server = https::Server::start(PAGE)?;
    let origins = Origins::served()
        .allow("https://somebody.else")
        .allow(web_server.origin());
    let webview = open_foreign(&web_server, origins)?;
    expect_allowed(&webview, server.port())?;
    // What is served still may.
    webview
        .load(&format!("{}/", harness::ORIGIN))
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    expect_allowed(&webview, server.port())
}

fn all_origins_can_be_allowed() -> TestResult {
    let server = EchoServer::start()?;
    let web_server = https::Server::start(PAGE)?;
    let webview = open_foreign(&web_server, Origins::all())?;
    expect_allowed(&webview, server.port())
}

fn a_page_without_an_origin_may_not() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open_with(builder(), "")?;
    webview
        .load("data:text/html,<title>data</title>")
        .map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    expect_not_allowed(&webview, server.port())
}

fn a_page_that_is_not_secure_has_no_interface() -> TestResult {
    let builder = builder().serve_page("http://app.test/", "<p>http</p>", &[]);
    let webview = open_with(builder, "")?;
    webview.load("http://app.test/").map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    let kind = webview.evaluate("typeof TCPSocket").map_err(text)?;
    same("typeof TCPSocket", kind.as_str(), Some("undefined"))
}

fn the_preference_says_who_may() -> TestResult {
    let server = EchoServer::start()?;
    let webview = open_with(builder(), "")?;
    let name = "dom_direct_sockets_allowed_origins";
    let refused = webview.set_preference(name, true);
    ensure(
        matches!(refused, Err(Error::PreferenceType { .. })),
        "a truth value is taken for origins",
    )?;
    for (origins, may) in [("https://somebody.else", false), ("*", true), ("", false)] {
        webview.set_preference(name, origins).map_err(text)?;
        webview.reload();
        webview.wait_for_load(PATIENCE).map_err(text)?;
        if may {
            expect_allowed(&webview, server.port())?;
        } else {
            expect_not_allowed(&webview, server.port())?;
        }
    }
    Ok(())
}

fn without_the_feature_there_is_no_interface() -> TestResult {
    let webview = open_with(builder().direct_sockets(false), "")?;
    let kind = webview.evaluate("typeof TCPSocket").map_err(text)?;
    same("typeof TCPSocket", kind.as_str(), Some("undefined"))
}
