/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Waiting without polling.

use std::cell::Cell;
use std::thread;
use std::time::{Duration, Instant};

use direct_sockets_webview::Error;

use crate::harness::{self, PATIENCE, TestResult, builder, ensure, open, same, text};

harness::tests! {
    both: [an_idle_webview_sleeps, a_page_that_never_loads_is_a_timeout],
    single: [
        a_waker_ends_the_sleep_from_another_thread,
        a_wake_before_the_sleep_is_not_lost,
        run_until_gives_up_in_time,
        spin_returns_when_something_happens,
    ]
}

fn an_idle_webview_sleeps() -> TestResult {
    let webview = open("<p>nothing moves</p>")?;
    // What loading the page has started may go on for a moment.
    webview
        .run_until(Some(Duration::from_millis(500)), || false)
        .map_err(text)?;
    let looks = Cell::new(0);
    let started = Instant::now();
    webview
        .run_until(Some(Duration::from_secs(1)), || {
            looks.set(looks.get() + 1);
            false
        })
        .map_err(text)?;
    ensure(
        started.elapsed() >= Duration::from_secs(1),
        "not waited for",
    )?;
    // Once a millisecond would be a thousand.
    ensure(looks.get() < 50, format!("woken {} times", looks.get()))
}

fn a_page_that_never_loads_is_a_timeout() -> TestResult {
    let webview = builder()
        .serve_page("https://app.test/", "<script>for (;;) {}</script>", &[])
        .url("https://app.test/")
        .build()
        .map_err(text)?;
    match webview.wait_for_load(Duration::from_millis(300)) {
        Err(Error::Timeout(_)) => Ok(()),
        other => Err(format!("no timeout but {other:?}")),
    }
}

fn a_waker_ends_the_sleep_from_another_thread() -> TestResult {
    let webview = open("")?;
    let waker = webview.waker();
    let (sender, receiver) = std::sync::mpsc::channel();
    thread::spawn(move || {
        for number in 0..100 {
            let _ = sender.send(number);
            waker.wake();
        }
    });
    let mut last = None;
    let done = webview
        .run_until(Some(PATIENCE), || {
            last = receiver.try_iter().last().or(last);
            last == Some(99)
        })
        .map_err(text)?;
    ensure(done, "the last was not seen")
}

fn a_wake_before_the_sleep_is_not_lost() -> TestResult {
    let webview = open("")?;
    let looks = Cell::new(0);
    let done = webview
        .run_until(Some(PATIENCE), || {
            looks.set(looks.get() + 1);
            // From inside of the condition, so the sleep has not begun.
            webview.waker().wake();
            looks.get() == 10
        })
        .map_err(text)?;
    ensure(done, "the sleep was not ended")
}

fn run_until_gives_up_in_time() -> TestResult {
    let webview = open("")?;
    let started = Instant::now();
    let done = webview
        .run_until(Some(Duration::from_millis(100)), || false)
        .map_err(text)?;
    same("done", done, false)?;
    ensure(started.elapsed() >= Duration::from_millis(100), "too early")?;
    same(
        "at once",
        webview.run_until(None, || true).map_err(text)?,
        true,
    )
}

fn spin_returns_when_something_happens() -> TestResult {
    let webview = open("<script>setInterval(() => console.log('tick'), 20);</script>")?;
    let started = Instant::now();
    for _ in 0..3 {
        webview.spin(PATIENCE).map_err(text)?;
    }
    ensure(started.elapsed() < PATIENCE, "nothing ended the sleep")
}
