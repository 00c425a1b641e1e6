/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Everything that can go wrong in this crate. Each message names the option and the value.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// [`crate::init`] was not called. Without it a content or net process would start the application again.
    #[error(
        "the call `direct_sockets_webview::init()` is missing: make it the first statement of `main`, \
         so that this executable can also become a content process and the net process"
    )]
    NotInitialized,
    /// The process was started as a helper of another webview, and must not make one of its own.
    #[error("this process is itself a helper of a webview and cannot make one of its own")]
    InsideHelperProcess,
    /// Servo can be started once in a process.
    #[error(
        "this process already has, or had, a webview: Servo can be started only once in a process"
    )]
    AlreadyStarted,
    /// No preference of this name.
    #[error("unknown preference `{name}`")]
    UnknownPreference {
        /// The name that was asked for.
        name: String,
    },
    /// A preference of another type.
    #[error("preference `{name}` takes {expected}, not `{value}`")]
    PreferenceType {
        /// The name of the preference.
        name: String,
        /// What it takes, in words.
        expected: &'static str,
        /// What was passed.
        value: String,
    },
    /// An option with a value that makes no sense.
    #[error("option `{option}`: `{value}` {reason}")]
    InvalidOption {
        /// The name of the builder's method.
        option: &'static str,
        /// What was passed.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or directory that was named in an option.
    #[error("option `{option}`: {}: {source}", path.display())]
    File {
        /// The name of the builder's method.
        option: &'static str,
        /// The path that was passed.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Servo found nothing to draw with.
    #[error("cannot set up drawing: {reason} (software drawing needs EGL and Mesa)")]
    Rendering {
        /// What the graphics library said.
        reason: String,
    },
    /// No window could be opened.
    #[error("cannot open a window: {reason}")]
    Window {
        /// What the window system said.
        reason: String,
    },
    /// A script that was passed to [`crate::WebView::evaluate`] threw, or could not be run.
    #[error("{0}")]
    Script(ScriptError),
    /// The page did not answer in time.
    #[error("the page did not answer within {0:?}")]
    Timeout(Duration),
    /// The page, or the part of the engine that runs it, crashed.
    #[error("the page crashed: {reason}")]
    Crashed {
        /// What is known about the cause.
        reason: String,
    },
    /// The page has closed itself.
    #[error("the page is closed")]
    Closed,
    /// Waiting inside of a delegate method would wait for ever.
    #[error("`{method}` waits for the page and cannot be called from a delegate method")]
    InsideDelegate {
        /// The method that was called.
        method: &'static str,
    },
    /// The picture could not be taken.
    #[error("no picture of the page: {reason}")]
    Screenshot {
        /// What is known about the cause.
        reason: String,
    },
    /// The picture could not be written.
    #[error("{}: {source}", path.display())]
    Write {
        /// Where it should have gone.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What a script threw, or why it could not run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ScriptError {
    /// The message, with the name of the error where there is one.
    pub message: String,
    /// The URL of the script, where known.
    pub file: Option<String>,
    /// The line, counted from one; 0 if unknown.
    pub line: u64,
    /// The column, counted from one; 0 if unknown.
    pub column: u64,
    /// The stack of the error, where there is one.
    pub stack: Option<String>,
}

impl std::fmt::Display for ScriptError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)?;
        match &self.file {
            Some(file) => write!(formatter, " ({file}:{}:{})", self.line, self.column),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScriptError {}

/// The result of most calls of this crate.
pub type Result<T> = std::result::Result<T, Error>;
