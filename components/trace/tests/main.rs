/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Tests of the timeline.
//!
//! A process records into one file for all its life, so what records is a process of its own: this program once more.
//! It has a `main` of its own instead of the usual test harness, and the same output.

mod event;
mod file;
mod link;
mod name;
mod recorder;
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// A list of tests from functions, named as the usual harness names them.
macro_rules! trials {
    ($module:ident: $($name:ident),+ $(,)?) => {
        vec![$(libtest_mimic::Trial::test(
            concat!(stringify!($module), "::", stringify!($name)),
            || { $name(); Ok(()) },
        )),+]
    };
}
pub(crate) use trials;

fn main() -> ExitCode {
    if support::programs::run_if_requested() {
        return ExitCode::SUCCESS;
    }
    let tests: Vec<Trial> = [
        event::tests(),
        file::tests(),
        link::tests(),
        name::tests(),
        recorder::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
