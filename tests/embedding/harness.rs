/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Runs each test in a process of its own, and gives the tests what they share.

use std::env;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use direct_sockets_webview::{Error, ScriptError, Value, WebView, WebViewBuilder};
use libtest_mimic::{Failed, Trial};

pub use crate::bounded::{PATIENCE, TestResult, ensure, eventually, text, wait};

/// Which test a child process is to run.
const TEST: &str = "DIRECT_SOCKETS_EMBEDDING_TEST";

/// Whether it runs with content processes.
const MULTIPROCESS: &str = "DIRECT_SOCKETS_EMBEDDING_MULTIPROCESS";

/// Names the tests that run without the call at the top of `main`.
const WITHOUT_INIT: &str = "without_init";

/// How long a test may take before its process is killed.
const TEST_TIMEOUT: Duration = Duration::from_secs(90);

/// The origin of most pages here.
pub const ORIGIN: &str = "https://app.test";

/// A test, once for each way to run it.
#[derive(Clone, Copy)]
pub struct Test {
    pub name: &'static str,
    pub both_modes: bool,
    pub run: fn() -> TestResult,
}

/// A list of tests from functions of this module. Those before the semicolon run in both process modes.
macro_rules! tests {
    (both: [$($both:ident),* $(,)?], single: [$($single:ident),* $(,)?]) => {
        pub fn tests() -> Vec<$crate::harness::Test> {
            vec![
                $($crate::harness::Test {
                    name: concat!(module_path!(), "::", stringify!($both)),
                    both_modes: true,
                    run: $both,
                },)*
                $($crate::harness::Test {
                    name: concat!(module_path!(), "::", stringify!($single)),
                    both_modes: false,
                    run: $single,
                },)*
            ]
        }
    };
}
pub(crate) use tests;

impl Test {
    /// Without the name of this program.
    fn short_name(&self) -> &'static str {
        self.name
            .split_once("::")
            .map_or(self.name, |(_, name)| name)
    }

    pub fn trials(&self) -> Vec<Trial> {
        let name = self.short_name();
        let mut trials = vec![Trial::test(name, move || run_child(name, false))];
        if self.both_modes {
            trials.push(Trial::test(format!("{name}_multiprocess"), move || {
                run_child(name, true)
            }));
        }
        trials
    }
}

pub fn is_without_init() -> bool {
    env::var(TEST).is_ok_and(|name| name.ends_with(WITHOUT_INIT))
}

pub fn is_multiprocess() -> bool {
    env::var_os(MULTIPROCESS).is_some()
}

/// Run the test that the environment names, if it names one.
pub fn run_if_child(tests: &[Test]) -> Option<ExitCode> {
    let name = env::var(TEST).ok()?;
    let Some(test) = tests.iter().find(|test| test.short_name() == name) else {
        eprintln!("no test is called {name}");
        return Some(ExitCode::FAILURE);
    };
    match (test.run)() {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(message) => {
            eprintln!("{message}");
            Some(ExitCode::FAILURE)
        },
    }
}

fn run_child(name: &str, multiprocess: bool) -> Result<(), Failed> {
    let mut command = Command::new(env::current_exe()?);
    command
        .env(TEST, name)
        .env_remove(MULTIPROCESS)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if multiprocess {
        command.env(MULTIPROCESS, "1");
    }
    let mut child = command.spawn()?;
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let status = wait(&mut child, TEST_TIMEOUT);
    // A process that the child left behind may still hold the pipes.
    let output = [stdout, stderr]
        .map(|receiver| {
            receiver
                .recv_timeout(Duration::from_secs(2))
                .unwrap_or_default()
        })
        .concat();
    match status {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(format!("{status}\n{output}").into()),
        None => Err(format!("not done after {TEST_TIMEOUT:?}\n{output}").into()),
    }
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            let _ = stream.read_to_end(&mut bytes);
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// A builder in the mode of this run.
pub fn builder() -> WebViewBuilder {
    WebViewBuilder::new()
        .multiprocess(is_multiprocess())
        .size(320, 240)
}

/// A loaded page with this markup, under [`ORIGIN`].
pub fn open(html: &str) -> Result<WebView, String> {
    open_with(builder(), html)
}

/// The same with more options.
pub fn open_with(builder: WebViewBuilder, html: &str) -> Result<WebView, String> {
    let url = format!("{ORIGIN}/");
    let webview = builder
        .serve_page(&url, html, &[])
        .url(url)
        .build()
        .map_err(|error| error.to_string())?;
    webview
        .wait_for_load(PATIENCE)
        .map_err(|error| error.to_string())?;
    Ok(webview)
}

/// What `body` returns in the page.
pub fn ask(webview: &WebView, body: &str) -> Result<Value, String> {
    webview
        .evaluate_async(body, PATIENCE)
        .map_err(|error| format!("{error}\nin: {body}"))
}

/// The text that `body` returns in the page.
pub fn ask_text(webview: &WebView, body: &str) -> Result<String, String> {
    match ask(webview, body)? {
        Value::Text(text) => Ok(text),
        other => Err(format!("not a text: {other:?}\nin: {body}")),
    }
}

/// What `body` throws in the page.
pub fn ask_error(webview: &WebView, body: &str) -> Result<ScriptError, String> {
    match webview.evaluate_async(body, PATIENCE) {
        Err(Error::Script(error)) => Ok(error),
        other => Err(format!("no error but {other:?}\nin: {body}")),
    }
}

/// Fail with both values if they differ.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, expected: T) -> TestResult {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what}: got {got:?}, expected {expected:?}"))
}

/// A TCP server on loopback that sends everything back, then the end.
pub struct EchoServer {
    pub address: SocketAddr,
    open: Arc<AtomicUsize>,
}

impl EchoServer {
    pub fn start() -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(text)?;
        let address = listener.local_addr().map_err(text)?;
        let open = Arc::new(AtomicUsize::new(0));
        let counter = open.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = counter.clone();
                counter.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    echo(stream);
                    counter.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self { address, open })
    }

    /// How many connections the other side has not ended.
    pub fn open_connections(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }
}

fn echo(mut stream: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(count) = stream.read(&mut buffer) {
        if count == 0 || stream.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
}

/// The body of a function that sends a text to `port` and returns what comes back.
pub fn echo_body(port: u16, text: &str) -> String {
    format!(
        "const socket = new TCPSocket('127.0.0.1', {port});
         const {{ readable, writable }} = await socket.opened;
         const writer = writable.getWriter();
         await writer.write(new TextEncoder().encode({text:?}));
         await writer.close();
         const reader = readable.getReader();
         const decoder = new TextDecoder();
         let text = '';
         for (;;) {{
             const {{ value, done }} = await reader.read();
             if (done) break;
             text += decoder.decode(value, {{ stream: true }});
         }}
         await socket.closed;
         return text;"
    )
}
