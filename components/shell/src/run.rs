/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What all kinds of targets share.

use std::cell::RefCell;
use std::env;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use direct_sockets_webview::{
    ConsoleLevel, Delegate, Error, Preference, WebView, WebViewBuilder, parse_preference,
};

use crate::options::Options;
use crate::output::Output;

/// The status of a command that its time limit ended, as with `timeout(1)`.
pub(crate) const TIMED_OUT: u8 = 124;

/// How a run ended otherwise than well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Status 2 and one line.
    Usage(String),
    /// Status 1 and a message.
    Failed(String),
    /// Status 1; everything was said already.
    Quiet,
    /// Status 124.
    TimedOut(Duration),
}

impl Failure {
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Failed(_) | Self::Quiet => 1,
            Self::Usage(_) => 2,
            Self::TimedOut(_) => TIMED_OUT,
        }
    }

    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Usage(message) | Self::Failed(message) => Some(message.clone()),
            Self::Quiet => None,
            Self::TimedOut(limit) => Some(format!(
                "ended by --timeout after {} s",
                limit.as_secs_f64()
            )),
        }
    }
}

/// What is wrong with an option is wrong usage; everything else is a failure.
impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownPreference { .. }
            | Error::PreferenceType { .. }
            | Error::InvalidOption { .. }
            | Error::File { .. } => Self::Usage(error.to_string()),
            Error::Crashed { reason } => Self::Failed(crash_message(&reason)),
            other => Self::Failed(other.to_string()),
        }
    }
}

pub(crate) fn crash_message(reason: &str) -> String {
    format!("the page crashed: {reason}")
}

/// A webview with the options that do not depend on the kind of target.
pub(crate) fn builder(options: &Options) -> Result<WebViewBuilder, Failure> {
    let mut builder = WebViewBuilder::new()
        .multiprocess(options.multiprocess)
        .ignore_certificate_errors(options.ignore_certificate_errors)
        .hard_fail(options.hard_fail);
    if options.window {
        builder = builder.window("Direct Sockets");
    }
    let ratio = options.device_pixel_ratio.unwrap_or(1.0);
    if options.window_size.is_some() || options.device_pixel_ratio.is_some() {
        // As with servoshell, the size is that of the page in its own pixels.
        let (width, height) = options.window_size.unwrap_or(WebViewBuilder::DEFAULT_SIZE);
        let scaled = |side: u32| (f64::from(side) * f64::from(ratio)).round() as u32;
        builder = builder.size(scaled(width), scaled(height));
    }
    if let Some(ratio) = options.device_pixel_ratio {
        builder = builder.scale_factor(ratio);
    }
    if let Some(user_agent) = &options.user_agent {
        builder = builder.user_agent(user_agent);
    }
    if let Some(path) = &options.certificate_path {
        builder = builder.certificate_file(path);
    }
    // Servo reads the variable as well, but panics if there is no such file.
    if let Some(path) = env::var_os("HOST_FILE").filter(|path| !path.is_empty()) {
        builder = builder.host_file(PathBuf::from(path));
    }
    for path in &options.user_stylesheets {
        let css = std::fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!("--user-stylesheet {}: {error}", path.display()))
        })?;
        builder = builder.user_stylesheet(css);
    }
    for path in &options.preference_files {
        builder = builder.preferences_file(path);
    }
    for text in &options.preferences {
        let (name, value) = preference(text)?;
        builder = builder.preference(name, value);
    }
    Ok(builder)
}

/// `NAME=VALUE`; `NAME` alone switches on, as with servoshell.
fn preference(text: &str) -> Result<(&str, Preference), Failure> {
    let (name, value) = text.split_once('=').unwrap_or((text, "true"));
    let value = parse_preference(name, value)
        .map_err(|error| Failure::Usage(format!("--pref {text}: {error}")))?;
    Ok((name, value))
}

/// One run of the shell.
pub(crate) struct Session {
    started: Instant,
    /// `--timeout`, which counts from the start of the process.
    limit: Option<Duration>,
    /// Kept until the status is known, since dropping it is the one thing that may take long.
    webview: RefCell<Option<WebView>>,
}

impl Session {
    pub(crate) fn start(limit: Option<Duration>) -> Self {
        Self {
            started: Instant::now(),
            limit,
            webview: RefCell::new(None),
        }
    }

    /// Build the webview of this run.
    pub(crate) fn build(&self, builder: WebViewBuilder) -> Result<WebView, Failure> {
        let webview = builder.build()?;
        *self.webview.borrow_mut() = Some(webview.clone());
        Ok(webview)
    }

    /// How long something may take that should not take more than `limit`.
    pub(crate) fn patience(&self, limit: Duration) -> Duration {
        self.left().map_or(limit, |left| left.min(limit))
    }

    fn left(&self) -> Option<Duration> {
        self.limit
            .map(|limit| limit.saturating_sub(self.started.elapsed()))
    }

    /// Handle events until `done`, or fail because the time is over, the page crashed or nobody reads.
    pub(crate) fn run_until(
        &self,
        webview: &WebView,
        output: &Output,
        mut done: impl FnMut() -> bool,
    ) -> Result<(), Failure> {
        let in_time = webview.run_until(self.left(), || {
            done() || webview.crash().is_some() || output.is_broken()
        })?;
        if done() {
            return Ok(());
        }
        if let Some(reason) = webview.crash() {
            return Err(Failure::Failed(crash_message(&reason)));
        }
        if !in_time && let Some(limit) = self.limit {
            return Err(Failure::TimedOut(limit));
        }
        Err(Failure::Quiet)
    }
}

/// Writes what the page logs.
pub(crate) struct Console {
    pub(crate) output: Rc<Output>,
}

impl Delegate for Console {
    fn show_console_message(&self, _webview: &WebView, level: ConsoleLevel, message: &str) {
        self.output.console(level, message);
    }
}

/// Take the console lines that are still on their way after a page has closed itself. They were sent before it
/// closed, so they are there already.
pub(crate) fn drain(webview: &WebView) {
    let _ = webview.run_until(Some(Duration::ZERO), || true);
}

/// `--screenshot`, if it was asked for.
pub(crate) fn take_screenshot(options: &Options, webview: &WebView) -> Result<(), Failure> {
    match &options.screenshot {
        None => Ok(()),
        Some(path) => Ok(webview.save_screenshot(path)?),
    }
}
