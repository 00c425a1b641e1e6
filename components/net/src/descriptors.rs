/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the process inherits from the one that started it.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Close every descriptor above standard error.
///
/// The net process gets nothing but a name to connect to, so whatever is open at its start was inherited by
/// mistake, and would keep files and sockets of the embedder open for as long as net lives.
///
/// To be called before anything else in `main`: it must not hit descriptors that anybody in this process owns.
#[expect(unsafe_code, reason = "closing descriptors by number")]
pub fn close_inherited() {
    const FIRST: libc::c_uint = 3;
    // SAFETY: close_range(2) touches no memory. It closes descriptors under the feet of their owners, so there
    // must be none: this is the first thing that `main` does, no other thread exists, and the runtime
    // of Rust keeps no descriptors above standard error.
    let result = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    if result == 0 {
        return;
    }
    // Linux before 5.9. Collected first: the listing has a descriptor of its own, closed by then.
    let Ok(directory) = std::fs::read_dir("/proc/self/fd") else {
        return;
    };
    let open: Vec<i32> = directory
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|number| *number > 2)
        .collect();
    for number in open {
        // SAFETY: as above. That the number may be closed already is no harm.
        unsafe { libc::close(number) };
    }
}

/// Ignore SIGPIPE, as every Rust `main` does; the executable of an embedder may have another one.
#[expect(unsafe_code, reason = "signal dispositions")]
pub fn ignore_sigpipe() {
    // SAFETY: SIG_IGN is a valid disposition and runs no code.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// Raise the soft limit of open descriptors to the hard one.
pub fn raise_descriptor_limit() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised)?;
    }
    Ok(())
}

/// How many descriptors this process may have, if there is a limit.
pub fn descriptor_limit() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}
