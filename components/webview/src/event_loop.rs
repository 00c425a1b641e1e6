/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use servo::EventLoopWaker;

use crate::window::{Window, WindowProxy};

/// Ends the sleep of a webview that waits for something, from any thread.
///
/// [`crate::WebView::run_until`] looks at its condition again after each wake.
#[derive(Clone)]
pub struct Waker(Arc<Signal>);

struct Signal {
    woken: Mutex<bool>,
    changed: Condvar,
    /// Where there is a window, the sleep happens in the window system.
    window: Mutex<Option<WindowProxy>>,
}

/// The flag and the proxy are valid at every moment, so a panic of another holder does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Waker {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Signal {
            woken: Mutex::new(false),
            changed: Condvar::new(),
            window: Mutex::new(None),
        }))
    }

    /// End the sleep, or the next one if there is none now.
    pub fn wake(&self) {
        let was_woken = std::mem::replace(&mut *lock(&self.0.woken), true);
        if was_woken {
            return;
        }
        self.0.changed.notify_all();
        if let Some(proxy) = lock(&self.0.window).as_ref() {
            proxy.wake();
        }
    }

    pub(crate) fn attach(&self, proxy: WindowProxy) {
        *lock(&self.0.window) = Some(proxy);
    }

    /// Take a wake that has come already.
    fn take(&self) -> bool {
        std::mem::take(&mut *lock(&self.0.woken))
    }

    /// Sleep until woken, or until `deadline`.
    fn park(&self, deadline: Option<Instant>) {
        let mut woken = lock(&self.0.woken);
        while !*woken {
            woken = match deadline {
                None => self
                    .0
                    .changed
                    .wait(woken)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let Some(left) = deadline
                        .checked_duration_since(Instant::now())
                        .filter(|left| !left.is_zero())
                    else {
                        return;
                    };
                    self.0
                        .changed
                        .wait_timeout(woken, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                },
            };
        }
        *woken = false;
    }
}

impl EventLoopWaker for Waker {
    fn clone_box(&self) -> Box<dyn EventLoopWaker> {
        Box::new(self.clone())
    }

    fn wake(&self) {
        Waker::wake(self);
    }
}

/// What the webview sleeps in while nothing happens. There is no polling in it.
pub(crate) struct EventLoop {
    waker: Waker,
    window: Option<Window>,
}

impl EventLoop {
    pub(crate) fn new(waker: Waker, window: Option<Window>) -> Self {
        Self { waker, window }
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    pub(crate) fn window(&self) -> Option<&Window> {
        self.window.as_ref()
    }

    /// Sleep until there is something to do, or until `deadline`.
    pub(crate) fn wait(&self, deadline: Option<Instant>) {
        match &self.window {
            None => self.waker.park(deadline),
            Some(window) => {
                let timeout = if self.waker.take() {
                    Some(Duration::ZERO)
                } else {
                    deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()))
                };
                window.pump(timeout);
                self.waker.take();
            },
        }
    }
}
