/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Runs a module. It is imported by a classic script of a page of ours, or of a worker of that page: a dynamic
//! `import()` waits for top-level await and tells of every way in which it can fail.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;

use direct_sockets_webview::{
    ConsoleLevel, Delegate, Request, Response, Url, WebView, random_token,
};
use serde_json::{Value, json};

use crate::options::Options;
use crate::output::Output;
use crate::page::check_screenshot;
use crate::run::{self, Failure, Session};
use crate::site::{ORIGIN, Site};

const STARTER: &str = include_str!("starter.js");

/// How many failed loads are remembered, to be named when an import fails.
const MAX_NAMED_LOADS: usize = 16;

/// How the module ended.
enum End {
    /// It was evaluated, or has closed itself; these errors and rejections went unhandled meanwhile.
    Done { unhandled: Vec<Value> },
    /// It threw, or it could not be imported.
    Failed(Value),
}

/// The loads that an import can have failed by.
#[derive(Default)]
struct Loads {
    /// Of ours, with what is wrong.
    failed: RefCell<Vec<String>>,
    /// Of somebody else's servers, which only Servo knows about.
    foreign: RefCell<Vec<String>>,
}

fn remember(list: &RefCell<Vec<String>>, text: String) {
    let mut list = list.borrow_mut();
    if list.len() < MAX_NAMED_LOADS && !list.contains(&text) {
        list.push(text);
    }
}

/// Writes console lines, and keeps the one that tells how the module ended. That line takes the same way as
/// the module's own, so whatever was logged before it has been written when it comes.
struct Runner {
    output: Rc<Output>,
    token: String,
    end: RefCell<Option<End>>,
    has_started: Cell<bool>,
    loads: Rc<Loads>,
}

impl Runner {
    fn take_end(&self, text: &str) {
        let Ok(Value::Array(message)) = serde_json::from_str(text) else {
            return;
        };
        let value = message.get(1).cloned().unwrap_or(Value::Null);
        let end = match message.first().and_then(Value::as_str) {
            Some("started") => {
                self.has_started.set(true);
                return;
            },
            Some("done" | "closed") => End::Done {
                unhandled: value.as_array().cloned().unwrap_or_default(),
            },
            Some("failed") => End::Failed(value),
            _ => return,
        };
        self.end.borrow_mut().get_or_insert(end);
    }
}

impl Delegate for Runner {
    fn show_console_message(&self, _webview: &WebView, level: ConsoleLevel, message: &str) {
        // Not at the beginning if the script has opened a console group.
        match message.find(&self.token) {
            Some(position) => self.take_end(&message[position + self.token.len()..]),
            None => self.output.console(level, message),
        }
    }

    fn notify_resource_requested(&self, _webview: &WebView, request: &Request) {
        if request.destination == "script" && request.url.origin().ascii_serialization() != ORIGIN {
            remember(&self.loads.foreign, request.url.to_string());
        }
    }
}

/// Run the module in `file` and wait for its end.
pub(crate) fn run(options: &Options, file: &Path, session: &Session) -> Result<(), Failure> {
    check_screenshot(options)?;
    let site = Site::of(file)?;
    let module = site.file_url()?;
    let token = random_token();
    // Names that no file of the folder can have by accident. The token itself is not in them, since a script may
    // well log where it is.
    let name = random_token();
    let page_path = format!("/page-{name}.html");
    let worker_path = format!("/worker-{name}.js");
    let configuration = |worker: Option<&str>| {
        json!({
            "token": token,
            "module": module.as_str(),
            "arguments": options.arguments,
            "worker": worker,
        })
    };
    let page = page(
        site.name(),
        &starter(&configuration(
            options.worker.then_some(worker_path.as_str()),
        )),
    );
    let worker = starter(&configuration(None));
    let page_url = format!("{ORIGIN}{page_path}");

    let loads = Rc::new(Loads::default());
    let loads_of_site = loads.clone();
    let policy = options.permissions_policy.clone();
    let builder = run::builder(options)?.serve(ORIGIN, move |request| {
        let path = request.url.path();
        if path == page_path {
            let response = Response::html(page.as_str());
            return match &policy {
                Some(policy) => response.header("Permissions-Policy", policy.as_str()),
                None => response,
            };
        }
        if path == worker_path {
            return Response::javascript(worker.as_str());
        }
        let response = site.respond(request);
        if request.destination == "script"
            && let Some(problem) = problem_of_module(&response)
        {
            remember(&loads_of_site.failed, format!("{}: {problem}", request.url));
        }
        response
    });

    let runner = Rc::new(Runner {
        output: Rc::default(),
        token,
        end: RefCell::default(),
        has_started: Cell::new(false),
        loads,
    });
    let webview = session.build(builder.url(page_url).delegate(runner.clone()))?;
    session.run_until(&webview, &runner.output, || {
        runner.end.borrow().is_some() || webview.is_closed()
    })?;
    run::drain(&webview);
    let result = match runner.end.take() {
        // Servo has written something about each when it happened, though not always where.
        Some(End::Done { unhandled }) if !unhandled.is_empty() => Err(Failure::Failed(
            unhandled
                .iter()
                .map(|error| format!("not handled: {}", describe(error, &module, &runner.loads)))
                .collect::<Vec<_>>()
                .join("\n"),
        )),
        Some(End::Failed(error)) => Err(Failure::Failed(describe(&error, &module, &runner.loads))),
        // `None` is a window that the user has closed.
        Some(End::Done { .. }) | None => Ok(()),
    };
    if !webview.is_closed() {
        run::take_screenshot(options, &webview)?;
    }
    result
}

/// Why a module of ours cannot be imported.
fn problem_of_module(response: &Response) -> Option<String> {
    match response.status_code() {
        200 => {
            let content_type = response.header_value("Content-Type").unwrap_or_default();
            let is_module = [
                "text/javascript",
                "application/json",
                "application/wasm",
                "text/css",
            ]
            .iter()
            .any(|known| content_type.starts_with(known));
            (!is_module).then(|| format!("not a JavaScript module ({content_type})"))
        },
        404 => Some("no such file".to_owned()),
        status => Some(format!("status {status}")),
    }
}

/// The starter with its configuration.
fn starter(configuration: &Value) -> String {
    // `<` would let an argument end the script element that this stands in.
    let configuration = configuration.to_string().replace('<', "\\u003c");
    STARTER.replace("\"CONFIGURATION\"", &configuration)
}

fn page(title: &str, script: &str) -> String {
    let title = title.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<!DOCTYPE html><meta charset=\"utf-8\"><title>{title}</title>\n<script>{script}</script>\n"
    )
}

/// The error in the form that editors and people know: place first, then the message, then the stack.
fn describe(error: &Value, module: &Url, loads: &Loads) -> String {
    let text_of = |name: &str| {
        error
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let message = text_of("message").unwrap_or("unknown error");
    let mut lines = Vec::new();
    if error.get("isImport").and_then(Value::as_bool) == Some(true) {
        let failed = loads.failed.borrow();
        let foreign = loads.foreign.borrow();
        let named = if !failed.is_empty() {
            &failed
        } else {
            &foreign
        };
        if named.is_empty() {
            lines.push(format!("{module}: {message}"));
        }
        lines.extend(named.iter().map(|load| format!("cannot import {load}")));
        return lines.join("\n");
    }
    match text_of("file") {
        Some(file) => {
            let number_of = |name: &str| error.get(name).and_then(Value::as_u64).unwrap_or(0);
            lines.push(format!(
                "{file}:{}:{}: {message}",
                number_of("line"),
                number_of("column")
            ));
        },
        None => lines.push(format!("{module}: {message}")),
    }
    if let Some(stack) = text_of("stack") {
        lines.extend(
            stack
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| format!("    {line}")),
        );
    }
    lines.join("\n")
}
