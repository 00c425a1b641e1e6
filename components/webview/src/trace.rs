/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The timeline of sockets, in a file that <https://ui.perfetto.dev> and chrome://tracing open.

use std::env;
use std::io;
use std::path::Path;
use std::time::Duration;

use direct_sockets_traits::TRACE_VARIABLE;
use direct_sockets_traits::limits::TRACE_END_MS;

/// Have this process, and those that its webview will start, write a timeline of what sockets do into one file. What
/// the file held is lost. To be called once, before the webview is built.
///
/// # Safety
///
/// No other thread may be running: the other processes find the file's name in the environment, which this changes.
#[expect(
    clippy::disallowed_methods,
    reason = "The caller has started no other thread."
)]
pub unsafe fn start_trace(path: &Path) -> io::Result<()> {
    // The net process has another directory.
    let path = std::path::absolute(path)?;
    // SAFETY: the caller promises that nobody reads the environment at the same time.
    unsafe { env::set_var(TRACE_VARIABLE, &path) };
    direct_sockets_trace::create(&path, "embedder").inspect_err(|_| {
        // SAFETY: as above; where the file cannot be made, no thread has been started for it.
        unsafe { env::remove_var(TRACE_VARIABLE) };
    })
}

/// End the file of [`start_trace`], if there is one. To be called when the last [`crate::WebView`] has been dropped:
/// the other processes have written the rest then. Without this call, or where one of them hangs, the file misses its
/// last lines, which viewers do not mind.
pub fn finish_trace() {
    direct_sockets_trace::finish(Duration::from_millis(TRACE_END_MS));
}
