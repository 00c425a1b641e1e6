/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Runs the shell, and what it is run against.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Failed, Trial};
use tempfile::TempDir;

use crate::bounded;
pub use crate::bounded::{PATIENCE, TestResult, ensure, eventually, text};

pub const SHELL: &str = env!("CARGO_BIN_EXE_direct-sockets-shell");

/// How long a run may take before it is killed, which is a failure.
const RUN_TIMEOUT: Duration = Duration::from_secs(60);

/// The ways to run a script.
pub const SCRIPT_MODES: &[(&str, &[&str])] = &[
    ("", &[]),
    ("_worker", &["--worker"]),
    ("_multiprocess", &["--multiprocess"]),
    ("_worker_multiprocess", &["--worker", "--multiprocess"]),
];

/// The ways to run a page.
pub const PAGE_MODES: &[(&str, &[&str])] = &[("", &[]), ("_multiprocess", &["--multiprocess"])];

/// Trials from functions without and with a mode.
macro_rules! tests {
    (each_mode($modes:expr): [$($each:ident),* $(,)?], once: [$($once:ident),* $(,)?]) => {
        pub fn tests() -> Vec<libtest_mimic::Trial> {
            let mut trials = Vec::new();
            let _modes = $modes;
            $($crate::support::add_modes(&mut trials, module_path!(), stringify!($each), _modes, $each);)*
            $($crate::support::add(&mut trials, module_path!(), stringify!($once), $once);)*
            trials
        }
    };
}
pub(crate) use tests;

fn full_name(module: &str, name: &str) -> String {
    let module = module.split_once("::").map_or(module, |(_, module)| module);
    format!("{module}::{name}")
}

pub fn add(trials: &mut Vec<Trial>, module: &str, name: &str, test: fn() -> TestResult) {
    trials.push(Trial::test(full_name(module, name), move || {
        test().map_err(Failed::from)
    }));
}

pub fn add_modes(
    trials: &mut Vec<Trial>,
    module: &str,
    name: &str,
    modes: &'static [(&'static str, &'static [&'static str])],
    test: fn(&[&str]) -> TestResult,
) {
    for (suffix, options) in modes {
        trials.push(Trial::test(
            full_name(module, &format!("{name}{suffix}")),
            move || test(options).map_err(Failed::from),
        ));
    }
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Fail unless the status is this one.
    pub fn expect_status(self, status: i32) -> Result<Self, String> {
        if self.status == Some(status) {
            return Ok(self);
        }
        Err(format!("status {:?}, not {status}: {self:#?}", self.status))
    }

    /// Fail unless standard output is exactly this.
    pub fn expect_stdout(self, stdout: &str) -> Result<Self, String> {
        if self.stdout == stdout {
            return Ok(self);
        }
        Err(format!("standard output is not {stdout:?}: {self:#?}"))
    }

    /// Fail unless this is somewhere on standard error.
    pub fn expect_error(self, part: &str) -> Result<Self, String> {
        if self.stderr.contains(part) {
            return Ok(self);
        }
        Err(format!("{part:?} is not on standard error: {self:#?}"))
    }

    /// Fail unless standard error is one line.
    pub fn expect_one_line_of_error(self) -> Result<Self, String> {
        if self.stderr.ends_with('\n') && self.stderr.lines().count() == 1 {
            return Ok(self);
        }
        Err(format!("standard error is not one line: {self:#?}"))
    }

    /// Fail if there is anything on standard error.
    pub fn expect_no_error(self) -> Result<Self, String> {
        if self.stderr.is_empty() {
            return Ok(self);
        }
        Err(format!("there is something on standard error: {self:#?}"))
    }
}

/// A shell to be run.
pub struct Shell {
    command: Command,
}

impl Shell {
    pub fn new() -> Self {
        let mut command = Command::new(SHELL);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .env_remove("HOST_FILE")
            .env_remove("RUST_LOG");
        Self { command }
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    pub fn args<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.command.args(arguments);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Start it and leave it to the test.
    pub fn start(mut self) -> Result<Running, String> {
        let mut child = self.command.spawn().map_err(text)?;
        let stdout = Lines::of(child.stdout.take());
        let stderr = Lines::of(child.stderr.take());
        Ok(Running {
            child,
            stdout,
            stderr,
        })
    }

    /// Run it to its end.
    pub fn run(self) -> Result<Outcome, String> {
        self.start()?.finish()
    }
}

/// The bytes of a pipe, as they come.
pub struct Lines {
    receiver: mpsc::Receiver<Vec<u8>>,
    bytes: Vec<u8>,
}

impl Lines {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let Some(mut stream) = stream else { return };
            let mut buffer = [0; 64 * 1024];
            while let Ok(count) = stream.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            receiver,
            bytes: Vec::new(),
        }
    }

    /// Wait until `part` has come.
    pub fn wait_for(&mut self, part: &str) -> TestResult {
        let deadline = Instant::now() + PATIENCE;
        while !String::from_utf8_lossy(&self.bytes).contains(part) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.receiver.recv_timeout(left) {
                Ok(bytes) => self.bytes.extend(bytes),
                Err(_) => {
                    return Err(format!(
                        "{part:?} did not come, but {:?}",
                        String::from_utf8_lossy(&self.bytes)
                    ));
                },
            }
        }
        Ok(())
    }

    /// What has been waited for, and what came with it.
    pub fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Everything until the end. A process that was left behind may still hold the pipe, so not for ever.
    fn rest(mut self) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Ok(bytes) = self
            .receiver
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            self.bytes.extend(bytes);
        }
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// A shell that runs.
pub struct Running {
    pub child: Child,
    pub stdout: Lines,
    pub stderr: Lines,
}

impl Running {
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Wait for the end.
    pub fn finish(mut self) -> Result<Outcome, String> {
        let status = bounded::wait(&mut self.child, RUN_TIMEOUT);
        let stdout = self.stdout.rest();
        let stderr = self.stderr.rest();
        match status {
            Some(status) => Ok(Outcome {
                status: status.code(),
                stdout,
                stderr,
            }),
            None => Err(format!(
                "not done after {RUN_TIMEOUT:?}\n{stdout}\n{stderr}"
            )),
        }
    }
}

/// A directory with the user's files.
pub struct Files(TempDir);

impl Files {
    pub fn new() -> Result<Self, String> {
        tempfile::tempdir().map(Self).map_err(text)
    }

    pub fn with(name: &str, contents: &str) -> Result<Self, String> {
        Self::new()?.and(name, contents)
    }

    pub fn and(self, name: &str, contents: &str) -> Result<Self, String> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(text)?;
        }
        fs::write(path, contents).map_err(text)?;
        Ok(self)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn directory(&self) -> &Path {
        self.0.path()
    }
}

/// Run a script with options before and arguments after it.
pub fn run_script(options: &[&str], script: &str, arguments: &[&str]) -> Result<Outcome, String> {
    let files = Files::with("script.js", script)?;
    Shell::new()
        .args(options)
        .arg(files.path("script.js"))
        .args(arguments)
        .run()
}

/// Run a page with options before it.
pub fn run_page(options: &[&str], html: &str) -> Result<Outcome, String> {
    let files = Files::with("page.html", html)?;
    Shell::new()
        .args(options)
        .arg(files.path("page.html"))
        .run()
}

/// Run with these arguments.
pub fn run(arguments: &[&str]) -> Result<Outcome, String> {
    Shell::new()
        .args(arguments.iter().map(OsString::from))
        .run()
}

/// A TCP server on loopback that sends everything back, then the end. Its port.
pub fn echo_server() -> Result<u16, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(text)?;
    let port = listener.local_addr().map_err(text)?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    });
    Ok(port)
}

fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = stream.read(&mut buffer) {
        if count == 0 || stream.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}

/// An http server on loopback that answers every request with this page. Its origin.
pub fn web_server(html: &'static str) -> Result<String, String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(text)?;
    let port = listener.local_addr().map_err(text)?.port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n")
                    && stream.read(&mut byte).is_ok_and(|count| count == 1)
                {
                    request.push(byte[0]);
                }
                let _ = write!(
                    stream,
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
                     Connection: close\r\n\r\n{html}",
                    html.len()
                );
            });
        }
    });
    Ok(format!("http://127.0.0.1:{port}"))
}
