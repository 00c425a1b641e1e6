/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the delegate hears.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use direct_sockets_webview::{
    ConsoleLevel, Delegate, DialogKind, DialogRequest, Error, NavigationRequest, Request, Url,
    WebView,
};

use crate::harness::{
    self, ORIGIN, PATIENCE, TestResult, ask, builder, ensure, open_with, same, text,
};

harness::tests! {
    both: [
        console_lines_come_in_order,
        uncaught_errors_come_with_their_place,
        titles_urls_and_loads_are_told,
        closing_is_told_once,
    ],
    single: [
        console_levels_are_told_apart,
        a_navigation_can_be_denied,
        dialogs_are_answered,
        dialogs_are_dismissed_without_a_delegate,
        requests_are_told_whoever_serves_them,
        waiting_in_a_delegate_is_an_error,
        a_frame_is_told,
    ]
}

/// Writes down everything that it hears.
#[derive(Default)]
struct Log {
    lines: RefCell<Vec<String>>,
    console: RefCell<Vec<(ConsoleLevel, String)>>,
    frames: Cell<u32>,
    deny: RefCell<Option<&'static str>>,
    answer: RefCell<Option<&'static str>>,
    waits: Cell<bool>,
}

impl Log {
    fn add(&self, line: String) {
        self.lines.borrow_mut().push(line);
    }

    fn has(&self, line: &str) -> bool {
        self.lines.borrow().iter().any(|other| other == line)
    }

    fn count(&self, line: &str) -> usize {
        self.lines
            .borrow()
            .iter()
            .filter(|other| *other == line)
            .count()
    }

    fn texts(&self) -> Vec<String> {
        self.console
            .borrow()
            .iter()
            .map(|(_, text)| text.clone())
            .collect()
    }
}

impl Delegate for Log {
    fn notify_url_changed(&self, _webview: &WebView, url: &Url) {
        self.add(format!("url {url}"));
    }

    fn notify_title_changed(&self, _webview: &WebView, title: Option<&str>) {
        self.add(format!("title {}", title.unwrap_or_default()));
    }

    fn notify_load_complete(&self, _webview: &WebView) {
        self.add("loaded".to_owned());
    }

    fn notify_frame_ready(&self, _webview: &WebView) {
        self.frames.set(self.frames.get() + 1);
    }

    fn notify_closed(&self, _webview: &WebView) {
        self.add("closed".to_owned());
    }

    fn notify_resource_requested(&self, _webview: &WebView, request: &Request) {
        self.add(format!("request {}", request.url));
    }

    fn show_console_message(&self, webview: &WebView, level: ConsoleLevel, message: &str) {
        if self.waits.get() {
            let result = webview.evaluate("1");
            self.add(format!("{result:?}"));
            ensure(
                matches!(result, Err(Error::InsideDelegate { method: "evaluate" })),
                "evaluate",
            )
            .unwrap_or_else(|name| self.add(name));
            for (name, result) in [
                ("run", webview.run()),
                ("run_until", webview.run_until(None, || true).map(drop)),
                ("spin", webview.spin(PATIENCE)),
                ("wait_for_load", webview.wait_for_load(PATIENCE)),
                ("screenshot", webview.screenshot().map(drop)),
                (
                    "evaluate_async",
                    webview.evaluate_async("", PATIENCE).map(drop),
                ),
            ] {
                if !matches!(result, Err(Error::InsideDelegate { .. })) {
                    self.add(format!("{name} was not refused"));
                }
            }
        }
        self.console.borrow_mut().push((level, message.to_owned()));
    }

    fn request_navigation(&self, _webview: &WebView, request: NavigationRequest) {
        if let Some(part) = *self.deny.borrow()
            && request.url().as_str().contains(part)
        {
            request.deny();
        } else {
            request.allow();
        }
    }

    fn request_dialog(&self, _webview: &WebView, request: DialogRequest) {
        self.add(format!("{:?} {}", request.kind(), request.message()));
        match *self.answer.borrow() {
            Some(answer) if request.kind() == DialogKind::Prompt => request.accept_with(answer),
            Some(_) => request.accept(),
            None => request.dismiss(),
        }
    }
}

fn open_logged(html: &str) -> Result<(WebView, Rc<Log>), String> {
    let log = Rc::new(Log::default());
    let webview = open_with(builder().delegate(log.clone()), html)?;
    Ok((webview, log))
}

fn console_lines_come_in_order() -> TestResult {
    let (webview, log) =
        open_logged("<script>for (let i = 0; i < 2000; i += 1) console.log('line', i);</script>")?;
    webview
        .run_until(Some(PATIENCE), || log.console.borrow().len() >= 2000)
        .map_err(text)?;
    let expected: Vec<String> = (0..2000).map(|number| format!("line {number}")).collect();
    same("the lines", log.texts(), expected)
}

fn console_levels_are_told_apart() -> TestResult {
    let (webview, log) = open_logged(
        "<script>for (const level of ['log', 'debug', 'info', 'warn', 'error']) console[level](level);</script>",
    )?;
    webview
        .run_until(Some(PATIENCE), || log.console.borrow().len() >= 5)
        .map_err(text)?;
    let expected = [
        (ConsoleLevel::Log, "log"),
        (ConsoleLevel::Debug, "debug"),
        (ConsoleLevel::Info, "info"),
        (ConsoleLevel::Warn, "warn"),
        (ConsoleLevel::Error, "error"),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(level, message)| (level, message.to_owned()))
        .collect();
    same("the lines", log.console.borrow().clone(), expected)
}

fn uncaught_errors_come_with_their_place() -> TestResult {
    let (webview, log) =
        open_logged("<script>\n\nsetTimeout(() => { throw new Error('oops'); });</script>")?;
    webview
        .run_until(Some(PATIENCE), || !log.console.borrow().is_empty())
        .map_err(text)?;
    let console = log.console.borrow();
    let (level, message) = &console[0];
    same("the level", *level, ConsoleLevel::Error)?;
    ensure(
        message.contains("oops") && message.contains(&format!("{ORIGIN}/:3:")),
        format!("no message or place in: {message}"),
    )
}

fn titles_urls_and_loads_are_told() -> TestResult {
    let log = Rc::new(Log::default());
    let other = format!("{ORIGIN}/other");
    let webview = open_with(
        builder()
            .delegate(log.clone())
            .serve_page(&other, "<title>Second</title>", &[]),
        "<title>First</title>",
    )?;
    same("title()", webview.title().as_deref(), Some("First"))?;
    webview.load(&other).map_err(text)?;
    webview.wait_for_load(PATIENCE).map_err(text)?;
    same("title()", webview.title().as_deref(), Some("Second"))?;
    same(
        "url()",
        webview.url().map(String::from),
        Some(other.clone()),
    )?;
    for line in [
        "title First".to_owned(),
        "title Second".to_owned(),
        format!("url {ORIGIN}/"),
        format!("url {other}"),
    ] {
        ensure(log.has(&line), format!("`{line}` was not told"))?;
    }
    same("loads", log.count("loaded"), 2)
}

fn closing_is_told_once() -> TestResult {
    let log = Rc::new(Log::default());
    let url = format!("{ORIGIN}/");
    let webview = builder()
        .delegate(log.clone())
        .serve_page(
            &url,
            "<script>onload = () => { console.log('last words'); window.close(); };</script>",
            &[],
        )
        .url(url)
        .build()
        .map_err(text)?;
    webview.run().map_err(text)?;
    ensure(webview.is_closed(), "it is not closed")?;
    webview.run().map_err(text)?;
    same("closed", log.count("closed"), 1)?;
    same("the lines", log.texts(), vec!["last words".to_owned()])?;
    ensure(
        matches!(webview.evaluate("1"), Err(Error::Closed | Error::Script(_))),
        "a closed page answers",
    )
}

fn a_navigation_can_be_denied() -> TestResult {
    let log = Rc::new(Log::default());
    *log.deny.borrow_mut() = Some("forbidden");
    let webview = open_with(
        builder()
            .delegate(log.clone())
            .serve_page(&format!("{ORIGIN}/forbidden"), "<title>No</title>", &[])
            .serve_page(&format!("{ORIGIN}/allowed"), "<title>Yes</title>", &[]),
        "<title>Start</title>",
    )?;
    webview
        .evaluate("location.href = '/forbidden'; 1")
        .map_err(text)?;
    same(
        "the page still answers",
        ask(&webview, "return 1;")?.as_f64(),
        Some(1.0),
    )?;
    same("title()", webview.title().as_deref(), Some("Start"))?;
    webview
        .evaluate("location.href = '/allowed'; 1")
        .map_err(text)?;
    webview
        .run_until(Some(PATIENCE), || webview.title().as_deref() == Some("Yes"))
        .map_err(text)?;
    same("title()", webview.title().as_deref(), Some("Yes"))?;
    ensure(!log.has("title No"), "the denied page was loaded")
}

fn dialogs_are_answered() -> TestResult {
    let (webview, log) = open_logged("")?;
    *log.answer.borrow_mut() = Some("typed");
    let value = webview
        .evaluate("[alert('a'), confirm('c'), prompt('p', 'default')].map(String).join()")
        .map_err(text)?;
    same("the answers", value.as_str(), Some("undefined,true,typed"))?;
    for line in ["Alert a", "Confirm c", "Prompt p"] {
        ensure(log.has(line), format!("`{line}` was not asked"))?;
    }
    Ok(())
}

fn dialogs_are_dismissed_without_a_delegate() -> TestResult {
    let webview = open_with(builder(), "")?;
    let value = webview
        .evaluate("[alert('a'), confirm('c'), prompt('p', 'default')].map(String).join()")
        .map_err(text)?;
    same("the answers", value.as_str(), Some("undefined,false,null"))
}

fn requests_are_told_whoever_serves_them() -> TestResult {
    let (webview, log) = open_logged("")?;
    ask(
        &webview,
        "await fetch('http://127.0.0.1:9/nobody').catch(() => {});",
    )?;
    ensure(log.has(&format!("request {ORIGIN}/")), "the page")?;
    ensure(
        log.has("request http://127.0.0.1:9/nobody"),
        "somebody else's",
    )
}

fn waiting_in_a_delegate_is_an_error() -> TestResult {
    let (webview, log) = open_logged("")?;
    log.waits.set(true);
    webview.evaluate("console.log('now'); 1").map_err(text)?;
    webview
        .run_until(Some(PATIENCE), || !log.console.borrow().is_empty())
        .map_err(text)?;
    let refused: Vec<String> = log
        .lines
        .borrow()
        .iter()
        .filter(|line| line.contains("was not refused") || *line == "evaluate")
        .cloned()
        .collect();
    same("not refused", refused, Vec::new())?;
    log.waits.set(false);
    same(
        "afterwards",
        webview.evaluate("2").map_err(text)?.as_f64(),
        Some(2.0),
    )
}

fn a_frame_is_told() -> TestResult {
    let (webview, log) = open_logged("<p>to be drawn</p>")?;
    webview
        .run_until(Some(PATIENCE), || log.frames.get() > 0)
        .map_err(text)?;
    ensure(log.frames.get() > 0, "nothing was drawn")
}
