/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The demonstrations that are started by name: pages of ours that need no peer of the shell's.

use std::rc::Rc;
use std::time::Duration;

use direct_sockets_webview::Value;

use crate::demo_site::{self, ORIGIN};
use crate::options::Options;
use crate::output::Output;
use crate::page::check_screenshot;
use crate::run::{self, Console, Failure, Session};

/// How long a demonstration may take that ends by itself, where `--timeout` does not say.
const PATIENCE: Duration = Duration::from_secs(60);

/// A demonstration that somebody else ends: as long as the clock can express, for all that people do.
const NO_END: Duration = Duration::from_secs(365 * 24 * 3600);

/// Which one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NamedDemo {
    /// A page that serves HTTP.
    HttpServer,
    /// Two pages that send each other datagrams.
    UdpEcho,
}

impl NamedDemo {
    /// All of them.
    pub(crate) const ALL: [Self; 2] = [Self::HttpServer, Self::UdpEcho];

    /// What users call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::HttpServer => "http-server",
            Self::UdpEcho => "udp-echo",
        }
    }

    fn patience(self) -> Duration {
        match self {
            Self::HttpServer => NO_END,
            Self::UdpEcho => PATIENCE,
        }
    }
}

/// Run it until its page says that it has ended.
pub(crate) fn run(options: &Options, demo: NamedDemo, session: &Session) -> Result<(), Failure> {
    check_screenshot(options)?;
    let output = Rc::new(Output::default());
    let builder = demo_site::serve(run::builder(options)?, options)
        .url(format!("{ORIGIN}/{}.html", demo.name()))
        .delegate(Rc::new(Console {
            output: output.clone(),
        }));
    let webview = session.build(builder)?;
    session.run_until(&webview, &output, || webview.is_loaded())?;
    if options.screenshot.is_some() && demo.patience() == NO_END {
        return run::take_screenshot(options, &webview);
    }
    let result = webview.evaluate_async(
        "return await globalThis.demo;",
        session.patience(demo.patience()),
    )?;
    run::drain(&webview);
    if let Some(reason) = result.get("error").and_then(Value::as_str) {
        return Err(Failure::Failed(format!(
            "the demonstration {} failed: {reason}",
            demo.name()
        )));
    }
    run::take_screenshot(options, &webview)?;
    output.line("The demonstration succeeded.");
    if options.window && options.screenshot.is_none() {
        session.run_until(&webview, &output, || webview.is_closed())?;
    }
    Ok(())
}
