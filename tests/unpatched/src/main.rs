/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Loads one page in Servo as it is published, prints what the page logs, and ends when the page closes itself.
//! It has as much of the shell's command line as the runner of web-platform tests needs.

use std::cell::Cell;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;
use std::{env, fs, panic, process, thread};

use clap::Parser;
use dpi::PhysicalSize;
use servo::{
    ConsoleLogLevel, EventLoopWaker, Opts, PrefValue, Preferences, RenderingContext, ServoBuilder,
    ServoDelegate, ServoError, SoftwareRenderingContext, WebView, WebViewBuilder, WebViewDelegate,
};
use url::Url;

/// Servo starts a content process as `EXECUTABLE --content-process TOKEN`.
const CONTENT_PROCESS_FLAG: &str = "--content-process";

/// How long the engine may take to end. What it leaves behind ends with the process.
const ENDING: Duration = Duration::from_secs(2);

/// Run a page in Servo as it is published. It runs until the page calls `window.close()`.
#[derive(Parser)]
#[command(name = "unpatched-servo", version, args_override_self = true)]
struct Options {
    /// The page
    #[arg(value_name = "URL")]
    url: Url,

    /// Run pages in content processes of their own
    #[arg(long, short = 'M')]
    multiprocess: bool,

    /// Set a preference; can be repeated
    #[arg(long = "pref", value_name = "NAME=VALUE")]
    preferences: Vec<String>,

    /// Read preferences from a JSON file; can be repeated
    #[arg(long = "prefs-file", value_name = "FILE")]
    preference_files: Vec<PathBuf>,

    /// Trust the certificate authorities of a PEM file as well
    #[arg(long, value_name = "FILE")]
    certificate_path: Option<String>,

    /// Load pages whatever their certificates are like
    #[arg(long)]
    ignore_certificate_errors: bool,

    /// End as soon as a thread of a page fails
    #[arg(long)]
    hard_fail: bool,
}

/// Ends the main thread's sleep. A wake that is waiting already is enough.
#[derive(Clone)]
struct Waker(SyncSender<()>);

impl EventLoopWaker for Waker {
    fn clone_box(&self) -> Box<dyn EventLoopWaker> {
        Box::new(self.clone())
    }

    fn wake(&self) {
        let _ = self.0.try_send(());
    }
}

/// Hears of the page, and of the engine as a whole.
#[derive(Default)]
struct Page {
    /// The status to end with.
    end: Cell<Option<u8>>,
}

impl Page {
    fn console(&self, level: ConsoleLogLevel, message: &str) {
        use ConsoleLogLevel::{Error, Trace, Warn};
        let line = format!("{message}\n");
        // One write for a line, so that it stays whole. A reader that has gone is no reason to fail.
        let _ = match level {
            Warn | Error | Trace => std::io::stderr().write_all(line.as_bytes()),
            _ => std::io::stdout().write_all(line.as_bytes()),
        };
    }

    fn crashed(&self, reason: &str) {
        complain(&format!("the page crashed: {reason}"));
        self.end.set(Some(1));
    }
}

impl WebViewDelegate for Page {
    fn notify_new_frame_ready(&self, webview: WebView) {
        webview.paint();
    }

    fn notify_closed(&self, _webview: WebView) {
        if self.end.get().is_none() {
            self.end.set(Some(0));
        }
    }

    fn notify_crashed(&self, _webview: WebView, reason: String, _backtrace: Option<String>) {
        self.crashed(&reason);
    }

    fn show_console_message(&self, _webview: WebView, level: ConsoleLogLevel, message: String) {
        self.console(level, &message);
    }
}

impl ServoDelegate for Page {
    fn notify_error(&self, error: ServoError) {
        if matches!(error, ServoError::LostConnectionWithBackend) && self.end.get().is_none() {
            self.crashed("the engine has ended");
        }
    }

    fn show_console_message(&self, level: ConsoleLogLevel, message: String) {
        self.console(level, &message);
    }
}

fn main() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() == Some(CONTENT_PROCESS_FLAG) {
        // A process that hangs in a script would otherwise outlive a browser that was killed.
        #[cfg(target_os = "linux")]
        // SAFETY: the call takes plain numbers.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        }
        log_panics();
        servo::run_content_process(arguments.next().unwrap_or_default());
        return;
    }
    let options = Options::parse();
    let preferences = preferences(&options).unwrap_or_else(|problem| {
        complain(&problem);
        process::exit(2)
    });
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (sender, wakes) = sync_channel(1);
    let status = run(options, preferences, Waker(sender), &wakes);
    end(status)
}

fn run(options: Options, preferences: Preferences, waker: Waker, wakes: &Receiver<()>) -> u8 {
    let context = match SoftwareRenderingContext::new(PhysicalSize::new(1024, 740)) {
        Ok(context) if context.make_current().is_ok() => Rc::new(context),
        _ => {
            complain("no software rendering: EGL is missing");
            return 1;
        },
    };
    let servo = ServoBuilder::default()
        .opts(Opts {
            multiprocess: options.multiprocess,
            hard_fail: options.hard_fail,
            ignore_certificate_errors: options.ignore_certificate_errors,
            certificate_path: options.certificate_path,
            temporary_storage: true,
            // Servo itself reads the environment variable HOST_FILE.
            ..Opts::default()
        })
        .preferences(preferences)
        .event_loop_waker(Box::new(waker))
        .build();
    servo.setup_logging();
    log_panics();
    let page = Rc::new(Page::default());
    servo.set_delegate(page.clone());
    let view = WebViewBuilder::new(&servo, context)
        .url(options.url)
        .delegate(page.clone())
        .build();
    let status = loop {
        servo.spin_event_loop();
        if let Some(status) = page.end.get() {
            break status;
        }
        if wakes.recv().is_err() {
            break 1;
        }
    };
    // Lines that were logged before the page closed itself are there already.
    servo.spin_event_loop();
    thread::spawn(move || {
        thread::sleep(ENDING);
        end(status);
    });
    drop(view);
    drop(servo);
    status
}

/// As servoshell does it: files first, then what the command line says.
fn preferences(options: &Options) -> Result<Preferences, String> {
    let mut preferences = Preferences::default();
    let mut set = |name: &str, value: PrefValue| {
        if !Preferences::exists(name) {
            return Err(format!("unknown preference: {name}"));
        }
        preferences.set_value(name, value);
        Ok(())
    };
    set("dom_allow_scripts_to_close_windows", PrefValue::Bool(true))?;
    for path in &options.preference_files {
        let problem = |reason: String| format!("--prefs-file {}: {reason}", path.display());
        let text = fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
        let values: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(&text).map_err(|error| problem(error.to_string()))?;
        for (name, value) in &values {
            set(name, PrefValue::try_from(value).map_err(&problem)?).map_err(&problem)?;
        }
    }
    for text in &options.preferences {
        let (name, value) = text.split_once('=').unwrap_or((text, "true"));
        set(name, PrefValue::from_booleanish_str(value))
            .map_err(|reason| format!("--pref {text}: {reason}"))?;
    }
    Ok(preferences)
}

/// Servo's logger takes an error that is logged by a panicking thread for the crash of that thread's page.
fn log_panics() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        previous(info);
        log::error!("{info}");
    }));
}

fn complain(message: &str) {
    let _ = writeln!(std::io::stderr(), "unpatched-servo: {message}");
}

/// End without the clean-up of libraries that threads of the engine may still be using.
fn end(status: u8) -> ! {
    let _ = std::io::stdout().flush();
    // SAFETY: the call takes a number and does not return; nothing that is buffered is left.
    unsafe { libc::_exit(status.into()) }
}
