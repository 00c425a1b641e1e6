/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Standard output belongs to the page, standard error to its warnings, its errors, and to us.

use std::cell::Cell;
use std::io::{self, Write};

use direct_sockets_webview::ConsoleLevel;

/// Writes console lines at once. A reader that has gone away ends the run, quietly.
#[derive(Default)]
pub(crate) struct Output {
    is_broken: Cell<bool>,
}

impl Output {
    /// Whether nobody reads any more.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    /// A line of the page's console.
    pub(crate) fn console(&self, level: ConsoleLevel, message: &str) {
        match level {
            ConsoleLevel::Warn | ConsoleLevel::Error | ConsoleLevel::Trace => self.error(message),
            _ => self.line(message),
        }
    }

    /// A line on standard output.
    pub(crate) fn line(&self, message: &str) {
        self.write(&mut io::stdout().lock(), message);
    }

    /// A line on standard error.
    pub(crate) fn error(&self, message: &str) {
        self.write(&mut io::stderr().lock(), message);
    }

    fn write(&self, stream: &mut dyn Write, message: &str) {
        // One write for the whole line, so that it stays whole beside the lines of other processes.
        let mut line = Vec::with_capacity(message.len() + 1);
        line.extend_from_slice(message.as_bytes());
        line.push(b'\n');
        if stream
            .write_all(&line)
            .and_then(|()| stream.flush())
            .is_err()
        {
            self.is_broken.set(true);
        }
    }
}
