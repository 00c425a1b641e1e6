/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Tests of the broker with real net processes.
//!
//! This program is its own net process, as an embedder is: started with the flag, it becomes one. So it has a `main`
//! of its own instead of the usual test harness, and the same output.

mod address_request;
mod broker;
mod child;
mod documents;
mod event_loop;
mod keeper;
mod launch;
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
    if let Some(code) = direct_sockets_net::run_if_requested() {
        return code;
    }
    if let Some(code) = support::programs::run_if_requested() {
        return code;
    }
    let tests: Vec<Trial> = [
        address_request::tests(),
        broker::tests(),
        child::tests(),
        documents::tests(),
        event_loop::tests(),
        keeper::tests(),
        launch::tests(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
