/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The net process as a program of its own, for embedders that do not want to start themselves again.

use std::process::ExitCode;

fn main() -> ExitCode {
    direct_sockets_net::run_if_requested().unwrap_or_else(|| {
        let flag = direct_sockets_net::NET_PROCESS_FLAG;
        eprintln!("This program is started by the broker of Direct Sockets, with {flag} TOKEN.");
        ExitCode::from(2)
    })
}
