/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Many datagrams by one system call, so that the server's side of a benchmark is not what is measured.

use std::io;
use std::mem::MaybeUninit;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr;

use socket2::SockAddr;

/// How many datagrams one call sends or takes.
const BATCH: usize = 64;
/// The longest datagram that is taken whole; of a longer one the rest is lost, which does not matter here.
const LONGEST: usize = 2048;

/// Send `payload` to `to` as often as one call can. How often the kernel took it; none if it has no room.
pub(crate) fn send(socket: &UdpSocket, payload: &[u8], to: SocketAddr) -> io::Result<usize> {
    let to = SockAddr::from(to);
    let mut part = libc::iovec {
        iov_base: payload.as_ptr().cast_mut().cast(),
        iov_len: payload.len(),
    };
    let mut header = empty_header();
    header.msg_hdr.msg_name = to.as_ptr().cast_mut().cast();
    header.msg_hdr.msg_namelen = to.len();
    header.msg_hdr.msg_iov = &raw mut part;
    header.msg_hdr.msg_iovlen = 1;
    let mut headers = [header; BATCH];
    // SAFETY: each header points at `to`, `part` and, through it, `payload`. All of them live until the call has
    // returned, and the kernel only reads them.
    let sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), BATCH as u32, 0) };
    match usize::try_from(sent) {
        Ok(sent) => Ok(sent),
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            error => Err(error),
        },
    }
}

/// Room for what one call takes.
pub(crate) struct Inbox {
    room: Vec<[u8; LONGEST]>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self {
            room: vec![[0; LONGEST]; BATCH],
        }
    }

    /// Wait for a datagram and take what is there: how many, and their bytes together.
    pub(crate) fn receive(&mut self, socket: &UdpSocket) -> io::Result<(usize, usize)> {
        let mut parts: Vec<_> = self
            .room
            .iter_mut()
            .map(|room| libc::iovec {
                iov_base: room.as_mut_ptr().cast(),
                iov_len: LONGEST,
            })
            .collect();
        let mut headers: Vec<_> = parts
            .iter_mut()
            .map(|part| {
                let mut header = empty_header();
                header.msg_hdr.msg_iov = part;
                header.msg_hdr.msg_iovlen = 1;
                header
            })
            .collect();
        // SAFETY: each header points at an `iovec` of its own, and that at a piece of `room` of its own, which nothing
        // else touches until the call has returned. `BATCH` is the length of all three.
        let received = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                BATCH as u32,
                libc::MSG_WAITFORONE,
                ptr::null_mut(),
            )
        };
        let count = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        let bytes = headers[..count]
            .iter()
            .map(|header| header.msg_len as usize)
            .sum();
        Ok((count, bytes))
    }
}

fn empty_header() -> libc::mmsghdr {
    // SAFETY: the structure consists of numbers and pointers, for all of which zero is a value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}
