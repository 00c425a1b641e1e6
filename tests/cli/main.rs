/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Tests of the command line: the shell's executable, run as a user and other tools run it.

#[path = "../support/bounded.rs"]
mod bounded;
mod demo;
mod display;
mod named_demo;
mod output;
mod pages;
mod processes;
mod scripts;
mod support;
mod trace;
mod usage;
mod window;
mod wptrunner;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let trials: Vec<Trial> = [
        demo::tests(),
        named_demo::tests(),
        output::tests(),
        pages::tests(),
        processes::tests(),
        scripts::tests(),
        trace::tests(),
        usage::tests(),
        window::tests(),
        wptrunner::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
