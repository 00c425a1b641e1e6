/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The three lives of an executable that embeds a webview: application, content process, net process.

use std::env;
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};
use crate::panics;

/// Servo starts a content process as `EXECUTABLE --content-process TOKEN`.
const CONTENT_PROCESS_FLAG: &str = "--content-process";

/// Set by [`init`], asked by [`claim`].
static INITIALIZED: AtomicBool = AtomicBool::new(false);

/// Set by the first webview of the process.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Let this executable also be the net process and, with [`crate::WebViewBuilder::multiprocess`],
/// the content processes.
///
/// Must be the first statement of `main`: the webview starts the application's own executable again with a
/// flag, and in such a process this call does not return. In the application itself it does nothing but set
/// a mark, without which [`crate::WebViewBuilder::build`] refuses: an application that never looks at the flags
/// would start itself again and again.
pub fn init() {
    if let Some(code) = direct_sockets_net::run_if_requested() {
        // `ExitCode` does not tell its number.
        exit(i32::from(code != ExitCode::SUCCESS));
    }
    let mut arguments = env::args_os().skip(1);
    if arguments
        .next()
        .is_some_and(|argument| argument == CONTENT_PROCESS_FLAG)
    {
        match arguments.next().and_then(|token| token.into_string().ok()) {
            Some(token) => run_content_process(token),
            None => exit(2),
        }
    }
    INITIALIZED.store(true, Ordering::SeqCst);
}

fn run_content_process(token: String) -> ! {
    end_with_parent();
    // Servo learns of a panic through its logger.
    panics::log_panics();
    direct_sockets_trace::join("content");
    servo::run_content_process(token);
    direct_sockets_trace::flush();
    exit(0)
}

/// Claim the only Servo that the process can have.
pub(crate) fn claim() -> Result<()> {
    if !INITIALIZED.load(Ordering::SeqCst) {
        return Err(Error::NotInitialized);
    }
    if STARTED.swap(true, Ordering::SeqCst) {
        return Err(Error::AlreadyStarted);
    }
    Ok(())
}

/// Give the claim back, for a webview that failed before Servo was started.
pub(crate) fn release() {
    STARTED.store(false, Ordering::SeqCst);
}

/// Refuse early, before anything is done, what [`claim`] would refuse.
pub(crate) fn check_claim() -> Result<()> {
    if !INITIALIZED.load(Ordering::SeqCst) {
        return Err(Error::NotInitialized);
    }
    Ok(())
}

/// Make the kernel end this process when the embedder goes, however that happens. A content process that
/// hangs in a script would otherwise outlive an embedder that was killed.
#[cfg(target_os = "linux")]
fn end_with_parent() {
    // SAFETY: the calls take and give plain numbers.
    let has_changed = unsafe {
        let parent = libc::getppid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::getppid() != parent
    };
    // It went just before the call. One that went even earlier cannot be connected to.
    if has_changed {
        exit(1);
    }
}

#[cfg(not(target_os = "linux"))]
fn end_with_parent() {}
