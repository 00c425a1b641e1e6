/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Runs scripts and pages that use Direct Sockets, in a real Servo. `--help` tells how.

mod demo;
mod demo_site;
mod named_demo;
mod options;
mod output;
mod page;
mod peer;
mod run;
mod script;
mod site;
mod target;

use std::ffi::OsString;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use direct_sockets_webview::{TRACE_VARIABLE, finish_trace, start_trace};

use crate::options::{Options, Stop};
use crate::run::{Failure, Session};
use crate::target::Target;

/// How long the shell takes to go, whatever the engine does. More than the webview takes for an orderly end.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// What is logged without `RUST_LOG`: our own warnings. The engine logs what pages are told anyway.
const QUIET_LOG: &str = "off,direct_sockets_broker=warn,direct_sockets_net=warn,direct_sockets_trace=warn,\
     direct_sockets_webview=warn";

fn main() {
    // Must come first: in a content process and in the net process it does not return.
    direct_sockets_webview::init();
    set_up_environment();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    if arguments
        .first()
        .is_some_and(|argument| argument == peer::FLAG)
    {
        end(peer::run());
    }
    let (options, target) = match options::parse(arguments) {
        Ok(parsed) => parsed,
        Err(Stop::Told(text)) => {
            let _ = io::stdout().write_all(text.as_bytes());
            end(0)
        },
        Err(Stop::Usage(message)) => {
            complain(&format!("{message} (--help tells more)"));
            end(2)
        },
    };
    if let Some(path) = &options.trace
        // SAFETY: no other thread has been started that could read the environment at the same time.
        && let Err(error) = unsafe { start_trace(path) }
    {
        complain(&format!("--trace {}: {error}", path.display()));
        end(2)
    }
    let session = Session::start(options.timeout);
    let status = match run(&options, &target, &session) {
        Ok(()) => 0,
        Err(failure) => {
            if let Some(message) = failure.message() {
                complain(&message);
            }
            failure.status()
        },
    };
    end_soon(status);
    drop(session);
    finish_trace();
    end(status)
}

fn run(options: &Options, target: &Target, session: &Session) -> Result<(), Failure> {
    match target {
        Target::Demo => demo::run(options, session),
        Target::NamedDemo(demo) => named_demo::run(options, *demo, session),
        Target::Script(file) => script::run(options, file, session),
        Target::Page(file) => page::run_file(options, file, session),
        Target::Url(url) => page::run_url(options, url, session),
    }
}

fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "direct-sockets-shell: {message}");
}

/// End at once, without the clean-up of libraries: threads of an engine that could not be shut down may still be
/// using them.
fn end(status: u8) -> ! {
    let _ = io::stdout().flush();
    #[cfg(unix)]
    // SAFETY: the call takes a number and does not return; nothing that is buffered is left.
    unsafe {
        libc::_exit(status.into())
    }
    #[cfg(not(unix))]
    std::process::exit(status.into())
}

/// Keep standard error for the page and for us, unless the user asks for more.
#[expect(
    clippy::disallowed_methods,
    reason = "No other thread has been started yet."
)]
fn set_up_environment() {
    let mut variables = vec![("RUST_LOG", QUIET_LOG.to_owned())];
    // The library of Wayland complains where this one is missing, also when no window is wanted. So name the
    // directory that it would name.
    #[cfg(unix)]
    {
        // SAFETY: the call takes nothing and cannot fail.
        let user = unsafe { libc::getuid() };
        variables.push(("XDG_RUNTIME_DIR", format!("/run/user/{user}")));
    }
    // That of another run, which started this one.
    // SAFETY: no other thread has been started that could read the environment at the same time.
    unsafe { std::env::remove_var(TRACE_VARIABLE) };
    for (name, value) in variables {
        if std::env::var_os(name).is_none() {
            // SAFETY: no other thread has been started that could read the environment at the same time.
            unsafe { std::env::set_var(name, value) };
        }
    }
}

/// See to it that the process ends with `status` even if the webview cannot be shut down.
fn end_soon(status: u8) {
    thread::spawn(move || {
        thread::sleep(EXIT_TIMEOUT);
        end(status);
    });
}
