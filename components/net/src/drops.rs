/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the kernel has dropped because the queue of a socket was full.

use std::os::fd::{AsFd, AsRawFd};

/// Missing in the libc crate; the same on all architectures that Rust has a standard library for, except SPARC.
const SO_MEMINFO: libc::c_int = 55;

/// How many datagrams the kernel has dropped so far. 0 where it does not tell.
#[expect(unsafe_code, reason = "no safe interface has this option")]
pub fn dropped(socket: &impl AsFd) -> u64 {
    // Later kernels have more figures than this; they tell as many as there is room for.
    const FIGURES: usize = libc::SK_MEMINFO_DROPS as usize + 1;
    let mut figures = [0_u32; FIGURES];
    let mut length = size_of_val(&figures) as libc::socklen_t;
    // SAFETY: the pointers are to `length` bytes that may be written, and to `length` itself; both outlive the call,
    // and every value of these bytes is a valid `u32`. The descriptor is borrowed, hence open.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            SO_MEMINFO,
            figures.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    match result {
        0 if length as usize == size_of_val(&figures) => figures[FIGURES - 1].into(),
        _ => 0,
    }
}
