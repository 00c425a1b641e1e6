/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use log::{debug, warn};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// A process that is always reaped, and that nobody kills under a number that is no longer its own.
#[derive(Debug)]
pub(crate) struct NetChild {
    pid: Pid,
    /// `None` once it has been reaped.
    child: Mutex<Option<Child>>,
    gone: Condvar,
}

impl NetChild {
    /// Start it.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Arc<Self>> {
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("a process without an id"))?;
        Ok(Arc::new(Self {
            pid,
            child: Mutex::new(Some(child)),
            gone: Condvar::new(),
        }))
    }

    /// Wait until it has ended, and reap it.
    ///
    /// It is reaped under the lock that [`NetChild::kill`] takes: until then its number is not given to
    /// anybody else.
    pub(crate) fn wait(&self) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        // Any other error than an interruption means that somebody else has reaped it.
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(self.pid), options) {}
        let mut child = self.lock();
        if let Some(mut ended) = child.take() {
            match ended.wait() {
                Ok(status) => debug!("The net process has ended: {status}"),
                Err(error) => warn!("The net process has ended: {error}"),
            }
        }
        self.gone.notify_all();
    }

    /// End it by force, if it has not ended.
    pub(crate) fn kill(&self) {
        if self.lock().is_some() {
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    /// Wait until somebody has reaped it; whether that happened in time.
    pub(crate) fn wait_until(&self, deadline: Instant) -> bool {
        let mut child = self.lock();
        while child.is_some() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.gone.wait_timeout(child, left);
            child = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
