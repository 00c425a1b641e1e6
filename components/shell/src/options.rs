/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The command line. `--help` is its reference.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{ArgAction, Command, CommandFactory, FromArgMatches, Parser};

use crate::target::Target;

/// The longest time limit: a year, far below what the clock can express.
const MAX_TIMEOUT_SECONDS: f64 = 365.0 * 24.0 * 3600.0;

const AFTER_HELP: &str = "\
Without TARGET a demonstration runs: a page talks TCP to a peer on this machine and tells what happened. Others
are started by name: udp-echo (datagrams between two pages), http-server (a page that serves HTTP on loopback).

Exit status: 0 when the target ended well; 1 when the script or page failed (the reason is on standard error);
2 for wrong usage; 124 when --timeout ended it.

Which pages may use sockets: FILE.js and FILE.html may, because the shell serves them itself. A URL may not,
unless --pref dom_direct_sockets_allowed_origins=ORIGIN says so ('*' means every secure page).

RUST_LOG=LEVEL shows the log of the engine.

For wptrunner (product servo_legacy) options may also follow a URL, the environment variable HOST_FILE names a
hosts file, and these are accepted without effect: --enable-experimental-web-platform-features, --headless (-z).";

/// Run a script or a page in Servo with Direct Sockets.
#[derive(Debug, Default, Parser)]
#[command(
    name = "direct-sockets-shell",
    version,
    override_usage = "direct-sockets-shell [OPTIONS] [TARGET] [ARG...]",
    after_help = AFTER_HELP,
    args_override_self = true,
    max_term_width = 100
)]
pub(crate) struct Options {
    /// FILE.js or FILE.mjs (a module, run in a secure page; everything after it is for `globalThis.args`),
    /// FILE.html, a URL, or the name of a demonstration
    #[arg(value_name = "TARGET")]
    target: Option<OsString>,

    /// What a script finds in `globalThis.args`: everything after it on the command line.
    #[arg(skip)]
    pub(crate) arguments: Vec<String>,

    /// Run the script in a dedicated worker
    #[arg(long)]
    pub(crate) worker: bool,

    /// Run pages in content processes of their own
    #[arg(long, short = 'M')]
    pub(crate) multiprocess: bool,

    /// Show the page in a window
    #[arg(long)]
    pub(crate) window: bool,

    /// Write a picture of the page, once it is loaded and drawn, and end
    #[arg(long, value_name = "FILE.png", alias = "output")]
    pub(crate) screenshot: Option<PathBuf>,

    /// Set a preference; can be repeated
    #[arg(long = "pref", value_name = "NAME=VALUE", action = ArgAction::Append)]
    pub(crate) preferences: Vec<String>,

    /// Read preferences from a JSON file; can be repeated
    #[arg(long = "prefs-file", value_name = "FILE", action = ArgAction::Append)]
    pub(crate) preference_files: Vec<PathBuf>,

    /// Serve FILE with this `Permissions-Policy` header
    #[arg(long, value_name = "VALUE")]
    pub(crate) permissions_policy: Option<String>,

    /// The user agent that pages and servers see
    #[arg(long, short = 'u', value_name = "TEXT")]
    pub(crate) user_agent: Option<String>,

    /// End with status 124 after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_timeout)]
    pub(crate) timeout: Option<Duration>,

    /// Write a timeline of what sockets do, through all processes, for ui.perfetto.dev and chrome://tracing
    #[arg(long, value_name = "FILE.json")]
    pub(crate) trace: Option<PathBuf>,

    /// The size of the page
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = parse_size)]
    pub(crate) window_size: Option<(u32, u32)>,

    /// How many device pixels a pixel of the page has on each side; the picture grows by it
    #[arg(long, value_name = "RATIO", value_parser = parse_ratio)]
    pub(crate) device_pixel_ratio: Option<f32>,

    /// End as soon as the page is loaded
    #[arg(long = "exit", short = 'x')]
    pub(crate) exit: bool,

    /// Apply a style sheet to every page; can be repeated
    #[arg(long = "user-stylesheet", value_name = "FILE", action = ArgAction::Append)]
    pub(crate) user_stylesheets: Vec<PathBuf>,

    /// Trust the certificate authorities of a PEM file as well
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate_path: Option<PathBuf>,

    /// Load pages whatever their certificates are like
    #[arg(long)]
    pub(crate) ignore_certificate_errors: bool,

    /// Exit with status 1 as soon as a thread of a page fails
    #[arg(long)]
    pub(crate) hard_fail: bool,

    /// No effect: nothing is shown without --window
    #[arg(long, short = 'z')]
    headless: bool,

    /// No effect
    #[arg(long)]
    enable_experimental_web_platform_features: bool,
}

/// Why there is nothing to run.
pub(crate) enum Stop {
    /// Something to print on standard output: the help or the version.
    Told(String),
    /// Wrong usage, in one line.
    Usage(String),
}

fn usage(message: impl Into<String>) -> Stop {
    Stop::Usage(message.into())
}

/// Read the command line, the name of the program left out.
pub(crate) fn parse(arguments: Vec<OsString>) -> Result<(Options, Target), Stop> {
    let (own, rest) = split_at_script(&Options::command(), arguments);
    let name = OsString::from("direct-sockets-shell");
    let matches = Options::command()
        .try_get_matches_from(std::iter::once(name).chain(own))
        .map_err(clap_error)?;
    let mut options = Options::from_arg_matches(&matches).map_err(clap_error)?;
    let target = match options.target.take() {
        None => Target::Demo,
        Some(target) => Target::of(&target).map_err(Stop::Usage)?,
    };
    for argument in rest {
        let argument = argument
            .into_string()
            .map_err(|argument| usage(format!("the argument {argument:?} is not text in UTF-8")))?;
        options.arguments.push(argument);
    }
    check(&options, &target)?;
    Ok((options, target))
}

/// What makes no sense together.
fn check(options: &Options, target: &Target) -> Result<(), Stop> {
    let is_script = matches!(target, Target::Script(_));
    if options.worker && !is_script {
        return Err(usage("--worker needs a script as TARGET"));
    }
    if options.permissions_policy.is_some() && matches!(target, Target::Url(_)) {
        return Err(usage(
            "--permissions-policy needs a FILE as TARGET: the headers of a URL are its server's",
        ));
    }
    if options.exit && is_script {
        return Err(usage("--exit needs a page as TARGET"));
    }
    Ok(())
}

/// Split off what belongs to a script: everything after it.
fn split_at_script(command: &Command, arguments: Vec<OsString>) -> (Vec<OsString>, Vec<OsString>) {
    let mut position = 0;
    while position < arguments.len() {
        let argument = &arguments[position];
        if argument == "--" {
            position += 1;
        } else if is_option(argument) {
            position += if takes_next(command, argument) { 2 } else { 1 };
            continue;
        }
        // The first that is no option is TARGET.
        let is_script = arguments
            .get(position)
            .is_some_and(|target| matches!(Target::kind(target), Some(kind) if kind.is_script()));
        if is_script {
            let mut own = arguments;
            let rest = own.split_off(position + 1);
            return (own, rest);
        }
        break;
    }
    (arguments, Vec::new())
}

fn is_option(argument: &OsStr) -> bool {
    let bytes = argument.as_encoded_bytes();
    bytes.len() > 1 && bytes[0] == b'-'
}

/// Whether the value of this option is the next argument.
fn takes_next(command: &Command, argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    let option = if let Some(long) = text.strip_prefix("--") {
        if long.contains('=') {
            return false;
        }
        command.get_arguments().find(|known| {
            known
                .get_long_and_visible_aliases()
                .is_some_and(|names| names.contains(&long))
                || has_alias(known, long)
        })
    } else {
        // `-ufoo` and `-zu foo`: only the last letter can be waiting for a value.
        let mut letters = text.chars().skip(1).peekable();
        let mut found = None;
        while let Some(letter) = letters.next() {
            found = command
                .get_arguments()
                .find(|known| known.get_short() == Some(letter));
            if found.is_some_and(|known| known.get_action().takes_values())
                && letters.peek().is_some()
            {
                return false;
            }
        }
        found
    };
    option.is_some_and(|known| known.get_action().takes_values())
}

fn has_alias(known: &clap::Arg, name: &str) -> bool {
    known
        .get_all_aliases()
        .is_some_and(|aliases| aliases.contains(&name))
}

/// clap writes paragraphs; users of a command line get one line.
fn clap_error(error: clap::Error) -> Stop {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            Stop::Told(error.render().to_string())
        },
        _ => {
            let text = error.render().to_string();
            let line = text.lines().next().unwrap_or_default();
            usage(line.strip_prefix("error: ").unwrap_or(line))
        },
    }
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "not a number of seconds".to_owned())?;
    if !(seconds > 0.0 && seconds <= MAX_TIMEOUT_SECONDS) {
        return Err("not a sensible number of seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

fn parse_ratio(text: &str) -> Result<f32, String> {
    text.parse()
        .ok()
        .filter(|ratio| (0.1..=10.0).contains(ratio))
        .ok_or_else(|| "not a ratio from 0.1 to 10".to_owned())
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    text.split_once(['x', 'X'])
        .and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)))
        .filter(|(width, height)| *width > 0 && *height > 0)
        .ok_or_else(|| "not a size such as 800x600".to_owned())
}
