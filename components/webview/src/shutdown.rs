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
    inner.content = None;
    if let Some(servo) = inner.servo.take() {
        let has_crashed = inner.state.crash.borrow().is_some();
        if has_crashed || inner.state.has_shared_worker.get() {
            // Servo's own shutdown waits for every thread. One that has crashed never says that it is done, and
            // a shared worker runs for as long as Servo does. So the pages are closed, and what is left ends
            // with the process.
            let deadline = Instant::now() + CLOSING_TIMEOUT;
            while Instant::now() < deadline {
                inner.events.wait(Some(deadline));
                servo.spin_event_loop();
            }
            mem::forget(servo);
        } else {
            drop(servo);
        }
    }
    direct_sockets_broker::shutdown(SHUTDOWN_TIMEOUT);
}
