/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Panics in the threads of the engine. Most of them would otherwise leave a page that never answers.

use std::panic::{self, PanicHookInfo};
use std::sync::{Mutex, Once};
use std::thread;

use crate::event_loop::Waker;

/// The beginnings of the names that Servo gives to the threads without which nothing goes on.
/// A script thread is not among them: Servo itself reports what happens there as a crash of the page.
const VITAL_THREADS: &[&str] = &[
    "Constellation",
    "ResourceManager",
    "Paint",
    "WebRender",
    "SystemFontService",
];

static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static WAKER: Mutex<Option<Waker>> = Mutex::new(None);
static LOGGING: Once = Once::new();

/// Log each panic after the hook that was there has had its say. Servo's logger takes an error that is logged by
/// a panicking thread for the crash of that thread's page.
pub(crate) fn log_panics() {
    LOGGING.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            previous(info);
            log::error!("{}", describe(info));
            note(info);
        }));
    });
}

/// Whom to wake after a panic of a vital thread.
pub(crate) fn watch(waker: Waker) {
    if let Ok(mut slot) = WAKER.lock() {
        *slot = Some(waker);
    }
}

/// The panics of vital threads since the last call.
pub(crate) fn take() -> Vec<String> {
    PANICS
        .lock()
        .map(|mut panics| std::mem::take(&mut *panics))
        .unwrap_or_default()
}

fn note(info: &PanicHookInfo<'_>) {
    let thread = thread::current();
    let name = thread.name().unwrap_or_default();
    if !VITAL_THREADS.iter().any(|vital| name.starts_with(vital)) {
        return;
    }
    if let Ok(mut panics) = PANICS.lock() {
        panics.push(format!("the thread {name} panicked: {}", describe(info)));
    }
    if let Ok(waker) = WAKER.lock()
        && let Some(waker) = waker.as_ref()
    {
        waker.wake();
    }
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let message = payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    match info.location() {
        Some(location) => format!("{message} ({}:{})", location.file(), location.line()),
        None => message.to_owned(),
    }
}
