/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Tests of the webview through its public API, as an application uses it.
//!
//! Servo can be started once in a process, so each test runs in a child process of its own: this program started
//! again. That is also why it has a `main` of its own, whose first statement is the one that every application has.

mod addresses;
#[path = "../support/bounded.rs"]
mod bounded;
mod builder;
mod ending;
mod events;
mod harness;
mod https;
mod origins;
mod pictures;
mod policies;
mod preferences;
mod processes;
mod scripts;
mod serving;
mod sockets;
mod statistics;
mod waiting;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use crate::harness::Test;

fn tests() -> Vec<Test> {
    [
        addresses::tests(),
        builder::tests(),
        ending::tests(),
        events::tests(),
        origins::tests(),
        pictures::tests(),
        policies::tests(),
        preferences::tests(),
        processes::tests(),
        scripts::tests(),
        serving::tests(),
        sockets::tests(),
        statistics::tests(),
        waiting::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn main() -> ExitCode {
    // One test is about what happens without this call.
    if !harness::is_without_init() {
        direct_sockets_webview::init();
    }
    if let Some(status) = harness::run_if_child(&tests()) {
        return status;
    }
    let trials: Vec<Trial> = tests().iter().flat_map(Test::trials).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
