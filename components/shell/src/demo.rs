/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The demonstration: a page talks to a peer on this machine, and the transcript tells what happened.

use std::rc::Rc;
use std::time::Duration;

use direct_sockets_webview::{Value, WebView};

use crate::demo_site::{self, ORIGIN};
use crate::options::Options;
use crate::output::Output;
use crate::page::check_screenshot;
use crate::peer::Peer;
use crate::run::{self, Console, Failure, Session};

/// How many bytes the page sends to and fro.
const BYTES: u64 = 4 * 1024 * 1024;

/// How long the page may take in all, where `--timeout` does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// Run it.
pub(crate) fn run(options: &Options, session: &Session) -> Result<(), Failure> {
    check_screenshot(options)?;
    let failed = |text: String| Failure::Failed(format!("the demonstration failed: {text}"));
    let mut peer = Peer::start().map_err(|error| failed(format!("no peer: {error}")))?;
    let output = Rc::new(Output::default());
    let builder = demo_site::serve(run::builder(options)?, options)
        .url(format!(
            "{ORIGIN}/?port={}&bytes={BYTES}",
            peer.address.port()
        ))
        .delegate(Rc::new(Console {
            output: output.clone(),
        }));
    let webview = session.build(builder)?;
    let result = watch(&webview, &output, &mut peer, session).map_err(|failure| match failure {
        Failure::Failed(text) => failed(text),
        other => other,
    });
    show(&webview, &output, &result)?;
    run::take_screenshot(options, &webview)?;
    result?;
    if options.window && options.screenshot.is_none() {
        session.run_until(&webview, &output, || webview.is_closed())?;
    }
    Ok(())
}

/// Wait for the page's part, and check it against what the peer and the system know.
fn watch(
    webview: &WebView,
    output: &Output,
    peer: &mut Peer,
    session: &Session,
) -> Result<(), Failure> {
    session.run_until(webview, output, || webview.is_loaded())?;
    let result =
        webview.evaluate_async("return await globalThis.demo;", session.patience(PATIENCE))?;
    if let Some(reason) = result.get("error").and_then(Value::as_str) {
        return Err(Failure::Failed(reason.to_owned()));
    }
    let echoed = peer
        .finish()
        .map_err(|error| Failure::Failed(format!("the peer: {error}")))?;
    let sent = result.get("bytes").and_then(Value::as_f64).unwrap_or(0.0) as u64;
    if echoed != sent || sent < BYTES {
        return Err(Failure::Failed(format!(
            "the page sent {sent} bytes, the peer echoed {echoed}"
        )));
    }
    let lines = processes(webview, peer)?;
    for line in &lines {
        output.line(line);
    }
    let lines = lines
        .iter()
        .map(|line| serde_json::json!(line).to_string())
        .collect::<Vec<_>>();
    webview.evaluate(&format!("globalThis.demoLines({})", lines.join(", ")))?;
    Ok(())
}

/// Who did what. The page's process and the net process must not be the same.
fn processes(webview: &WebView, peer: &Peer) -> Result<Vec<String>, Failure> {
    let own = std::process::id();
    let net = webview
        .net_process_id()
        .ok_or_else(|| Failure::Failed("there is no net process".to_owned()))?;
    let content = webview.content_process_ids();
    let page = match content.first() {
        Some(page) => *page,
        None => own,
    };
    if net == page || net == own || net == peer.id() {
        return Err(Failure::Failed(format!(
            "the net process {net} is not a process of its own"
        )));
    }
    Ok(vec![
        format!("process of the page:     {page}"),
        format!("process of the embedder: {own}"),
        format!("net process:             {net}, which had the socket"),
        format!("process of the peer:     {}", peer.id()),
    ])
}

/// The last line, on standard output and in the page.
fn show(webview: &WebView, output: &Output, result: &Result<(), Failure>) -> Result<(), Failure> {
    let (line, is_good) = match result {
        Ok(()) => ("The demonstration succeeded.".to_owned(), true),
        Err(failure) => (failure.message().unwrap_or_default(), false),
    };
    if is_good {
        output.line(&line);
    }
    if webview.crash().is_none()
        && !webview.is_closed()
        && !matches!(result, Err(Failure::TimedOut(_)))
    {
        let text = serde_json::json!(line);
        webview.evaluate(&format!("globalThis.demoEnd?.({text}, {is_good})"))?;
    }
    Ok(())
}
