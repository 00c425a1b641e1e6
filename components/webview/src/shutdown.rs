/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The end of a webview, which takes a bounded time.

use std::mem;
use std::time::{Duration, Instant};

use crate::webview::Inner;

/// How long a webview that is dropped waits for each of Servo and the net process.
pub const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long pages are given to go when Servo itself cannot be shut down.
const CLOSING_TIMEOUT: Duration = Duration::from_millis(200);

/// Close the page, shut down Servo, end the net process.
pub(crate) fn shut_down(inner: &mut Inner) {
    // Servo goes with the last handle to it, and the content manager holds one.
    inner.view = None;
    inner.content_manager = None;
    if let Some(servo) = inner.servo.take() {
        let has_crashed = inner.state.crash.borrow().is_some();
        if has_crashed {
            // Servo's own shutdown waits for every thread, and one that has crashed never says that it is done. So
            // the pages are closed, and what is left ends with the process.
            let deadline = Instant::now() + CLOSING_TIMEOUT;
            while Instant::now() < deadline {
                inner.events.wait(Some(deadline));
                servo.spin_event_loop();
            }
            mem::forget(servo);
            skip_destructors_at_exit();
        } else {
            drop(servo);
        }
    }
    inner.content = None;
    // Who was not answered yet hears no.
    direct_sockets_broker::set_address_delegate(None);
    while inner.address_requests.take().is_some() {}
    direct_sockets_broker::shutdown(SHUTDOWN_TIMEOUT);
}

/// Threads of an engine that was left behind go on using what the destructors of C++ libraries would take away
/// at the end of `main`. So have the process end without these, as the very first thing that `exit` does.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn skip_destructors_at_exit() {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
    }

    extern "C" fn end(status: c_int, _argument: *mut c_void) {
        // SAFETY: both calls may be made at exit; the first writes what C libraries have buffered.
        unsafe {
            libc::fflush(std::ptr::null_mut());
            libc::_exit(status)
        }
    }

    // SAFETY: the function does not use its argument and stays valid until the process ends.
    unsafe {
        on_exit(end, std::ptr::null_mut());
    }
}

/// Elsewhere `exit` does not tell its functions the status, so there is nothing that could be done.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn skip_destructors_at_exit() {}
