/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The end of a webview, which always comes.

use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_webview::{Delegate, Error, SHUTDOWN_TIMEOUT, WebView};

use crate::harness::{
    self, PATIENCE, TestResult, ask, builder, ensure, open, open_with, same, text,
};

harness::tests! {
    both: [
        a_page_ends,
        a_page_that_never_yields_ends,
        a_worker_that_never_yields_ends,
        a_frame_of_another_site_that_never_yields_ends,
        a_shared_worker_does_not_hold_up_the_end,
        a_shared_worker_that_never_yields_ends,
        clones_are_handles_to_the_same_page,
        a_page_that_is_still_loading_ends,
    ],
    single: [
        a_panic_of_the_engine_is_told,
        a_handle_dropped_in_a_delegate_ends_later,
    ]
}

/// Twice the time that is promised, for a busy machine, and a second for the pages.
const BOUND: Duration = SHUTDOWN_TIMEOUT
    .saturating_mul(4)
    .saturating_add(Duration::from_secs(1));

fn end(webview: WebView) -> TestResult {
    let started = Instant::now();
    drop(webview);
    let elapsed = started.elapsed();
    ensure(elapsed < BOUND, format!("dropping took {elapsed:?}"))
}

fn a_page_ends() -> TestResult {
    end(open("<p>page</p>")?)
}

fn a_page_that_never_yields_ends() -> TestResult {
    let webview = open("")?;
    let result = webview.evaluate_async("for (;;) {}", Duration::from_millis(200));
    ensure(
        matches!(result, Err(Error::Timeout(_))),
        format!("{result:?}"),
    )?;
    end(webview)
}

fn a_worker_that_never_yields_ends() -> TestResult {
    let webview = open("")?;
    ask(
        &webview,
        "const source = 'postMessage(1); for (;;) {}';
         const worker = new Worker(URL.createObjectURL(new Blob([source])));
         await new Promise((resolve) => { worker.onmessage = resolve; });",
    )?;
    end(webview)
}

/// Such a frame has threads of its own, and with content processes a process.
fn a_frame_of_another_site_that_never_yields_ends() -> TestResult {
    let builder = builder().serve_page(
        "https://other.test/",
        "<script>parent.postMessage('here', '*'); setTimeout(() => { for (;;) {} });</script>",
        &[],
    );
    let webview = open_with(builder, "")?;
    let answer = ask(
        &webview,
        "const frame = document.createElement('iframe');
         frame.src = 'https://other.test/';
         const answer = new Promise((resolve) => { onmessage = (event) => resolve(event.data); });
         document.body.append(frame);
         return await answer;",
    )?;
    same("the frame", answer.as_str(), Some("here"))?;
    end(webview)
}

fn a_shared_worker_does_not_hold_up_the_end() -> TestResult {
    let builder = builder()
        .preference("dom_sharedworker_enabled", true)
        .serve("https://app.test", |_| {
            direct_sockets_webview::Response::javascript(
                "onconnect = (event) => event.ports[0].postMessage('here');",
            )
        });
    let webview = open_with(builder, "")?;
    let answer = ask(
        &webview,
        "const worker = new SharedWorker('/shared.js');
         return await new Promise((resolve) => { worker.port.onmessage = (event) => resolve(event.data); });",
    )?;
    same("the worker", answer.as_str(), Some("here"))?;
    end(webview)
}

fn a_shared_worker_that_never_yields_ends() -> TestResult {
    let builder = builder().serve("https://app.test", |_| {
        direct_sockets_webview::Response::javascript(
            "onconnect = (event) => { event.ports[0].postMessage('here'); setTimeout(() => { for (;;) {} }, 0); };",
        )
    });
    let webview = open_with(builder, "")?;
    let answer = ask(
        &webview,
        "const worker = new SharedWorker('/shared.js');
         return await new Promise((resolve) => { worker.port.onmessage = (event) => resolve(event.data); });",
    )?;
    same("the worker", answer.as_str(), Some("here"))?;
    end(webview)
}

fn a_page_that_is_still_loading_ends() -> TestResult {
    let webview = builder()
        .serve_page("https://app.test/", "<script>for (;;) {}</script>", &[])
        .url("https://app.test/")
        .build()
        .map_err(text)?;
    webview.spin(Duration::from_millis(100)).map_err(text)?;
    end(webview)
}

fn clones_are_handles_to_the_same_page() -> TestResult {
    let first = open("<title>same</title>")?;
    let second = first.clone();
    drop(first);
    same("title()", second.title().as_deref(), Some("same"))?;
    same("it answers", ask(&second, "return 1;")?.as_f64(), Some(1.0))?;
    end(second)
}

/// The name is that of a thread without which Servo does nothing any more.
fn a_panic_of_the_engine_is_told() -> TestResult {
    let webview = open("")?;
    let _ = thread::Builder::new()
        .name("Constellation".to_owned())
        .spawn(|| panic!("for the test"))
        .map_err(text)?
        .join();
    webview
        .run_until(Some(PATIENCE), || webview.crash().is_some())
        .map_err(text)?;
    let reason = webview.crash().ok_or("the panic was not told")?;
    ensure(
        reason.contains("Constellation") && reason.contains("for the test"),
        format!("thread or message is not in: {reason}"),
    )?;
    ensure(
        matches!(webview.run(), Err(Error::Crashed { .. })),
        "run() goes on",
    )?;
    end(webview)
}

/// Holds the only handle and drops it as soon as it can.
struct Holder(std::cell::RefCell<Option<WebView>>);

impl Delegate for Holder {
    fn notify_title_changed(&self, _webview: &WebView, _title: Option<&str>) {
        self.0.borrow_mut().take();
    }
}

fn a_handle_dropped_in_a_delegate_ends_later() -> TestResult {
    let webview = open("")?;
    let holder = Rc::new(Holder(Some(webview.clone()).into()));
    webview.set_delegate(holder.clone());
    webview
        .evaluate("document.title = 'changed'; 1")
        .map_err(text)?;
    webview
        .run_until(Some(PATIENCE), || holder.0.borrow().is_none())
        .map_err(text)?;
    ensure(holder.0.borrow().is_none(), "the title was not told")?;
    end(webview)
}
