/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Many datagrams to the OS by one system call: of one size, to one destination. The kernel takes them as one packet,
//! and cuts it up where nothing depends on that any more (UDP_SEGMENT). It takes all of them or none, so what was sent
//! is always known.
//!
//! Others are sent one by one. One call could give the kernel many of them as well (sendmmsg(2)), and does not say why
//! it stopped where it took some: an ICMP error that came meanwhile would be lost.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::io::{self, IoSlice};
use std::net::SocketAddr;

use socket2::{MsgHdr, SockAddr, SockRef};
use tokio::net::UdpSocket;

use crate::batch::kernel;

/// The most bytes of datagrams that are sent together: what one packet of IPv4 can hold.
const MAX_BYTES: usize = 65_507;

/// The kernel's `cmsghdr`: a length, a level and a type.
const HEADER: usize = size_of::<usize>() + 2 * size_of::<c_int>();

/// With the size of the datagrams behind it.
const CONTROL: usize = HEADER + size_of::<u16>();

/// And with what makes that a multiple of a word.
const CONTROL_SPACE: usize = CONTROL.next_multiple_of(size_of::<usize>());

/// Datagrams that are sent together, as they stood in a ring.
#[derive(Debug, Default)]
pub struct Burst {
    /// One after the other.
    bytes: Vec<u8>,
    to: Option<SocketAddr>,
    /// Of each of them, but for the last one, which may be shorter.
    size: usize,
    count: usize,
    /// What they take in the ring, and what the first one does.
    taken: usize,
    first: usize,
}

impl Burst {
    /// Begin a new one.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
        self.taken = 0;
    }

    /// Add a datagram, which takes `taken` bytes in the ring; whether it can be sent with those that are there. The
    /// first one always can.
    pub fn add(
        &mut self,
        data: &[u8],
        to: Option<SocketAddr>,
        taken: usize,
        most: &MostTogether,
    ) -> bool {
        if self.count == 0 {
            self.to = to;
            self.size = data.len();
            self.first = taken;
        } else if to != self.to
            || data.len() > self.size
            // Nothing is cut off where there is nothing, and nothing follows one that is shorter.
            || data.is_empty()
            || self.bytes.len() != self.count * self.size
            || self.bytes.len() + data.len() > MAX_BYTES
            || self.count >= most.datagrams(self.size)
        {
            return false;
        }
        self.bytes.extend_from_slice(data);
        self.count += 1;
        self.taken += taken;
        true
    }

    /// How many datagrams there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many bytes they take in the ring.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// The bytes of all of them, and where they go.
    pub fn contents(&self) -> (&[u8], Option<SocketAddr>) {
        (&self.bytes, self.to)
    }

    /// Leave out all but the first.
    pub fn keep_first(&mut self) {
        if self.count > 1 {
            self.bytes.truncate(self.size);
            self.count = 1;
            self.taken = self.first;
        }
    }

    /// Have the OS take all of them, without waiting; how many bytes those are.
    pub fn send(&self, socket: &UdpSocket) -> io::Result<usize> {
        let socket = SockRef::from(socket);
        let to = self.to.map(SockAddr::from);
        if self.count < 2 {
            return match &to {
                Some(to) => socket.send_to(&self.bytes, to),
                None => socket.send(&self.bytes),
            };
        }
        let control = segments_of(self.size as u16);
        let bytes = [IoSlice::new(&self.bytes)];
        let mut message = MsgHdr::new().with_buffers(&bytes).with_control(&control);
        if let Some(to) = &to {
            message = message.with_addr(to);
        }
        socket.sendmsg(&message, 0)
    }
}

/// What tells the kernel to cut datagrams of this size off.
fn segments_of(size: u16) -> [u8; CONTROL_SPACE] {
    let mut control = [0; CONTROL_SPACE];
    let length = CONTROL.to_ne_bytes();
    let level = libc::SOL_UDP.to_ne_bytes();
    let kind = libc::UDP_SEGMENT.to_ne_bytes();
    let size = size.to_ne_bytes();
    let bytes = length.iter().chain(&level).chain(&kind).chain(&size);
    for (place, byte) in control.iter_mut().zip(bytes) {
        *place = *byte;
    }
    control
}

/// How many datagrams one socket can send together.
#[derive(Debug)]
pub struct MostTogether {
    datagrams: usize,
    /// The longest of which it can send more than one.
    longest: Cell<usize>,
}

impl MostTogether {
    /// That many of any size, as far as is known.
    pub fn new(datagrams: usize) -> Self {
        Self {
            datagrams,
            longest: Cell::new(usize::MAX),
        }
    }

    /// How many of this size.
    fn datagrams(&self, size: usize) -> usize {
        if size <= self.longest.get() {
            self.datagrams
        } else {
            1
        }
    }

    /// A burst could not be sent. Whether that is because it is one, and its datagrams are to be sent one by one; what
    /// fails for ever is not tried again.
    ///
    /// Other errors are those of an earlier datagram, of which ICMP has told, or of any datagram to that destination,
    /// so the first one meets them. ICMP's word that a path takes less than was thought looks like the first one here,
    /// and is taken for it: the kernel cuts up what is longer from then on.
    pub fn refuses(&self, burst: &Burst, error: &io::Error) -> bool {
        if burst.count < 2 {
            return false;
        }
        match error.raw_os_error() {
            // One of them is more than the path takes at once; older kernels say the second.
            Some(libc::EMSGSIZE | libc::EINVAL) => self.longest.set(burst.size - 1),
            // The path takes no such thing, as where IPsec is.
            Some(libc::EIO) => self.longest.set(0),
            // There is no memory for so much at once.
            Some(libc::ENOBUFS) => {},
            _ => return false,
        }
        true
    }
}

/// What all sockets share.
#[derive(Debug, Default)]
pub struct Bursts {
    /// Where they are put together. One for all, because nothing waits with it in use.
    burst: RefCell<Burst>,
    /// How many datagrams the kernel takes together, once it has been asked.
    most: Cell<Option<usize>>,
}

impl Bursts {
    /// Put one together and send it.
    pub fn with<R>(&self, action: impl FnOnce(&mut Burst) -> R) -> R {
        let mut burst = self.burst.borrow_mut();
        burst.clear();
        action(&mut burst)
    }

    /// What a new socket can send. A kernel that does not know how to cut datagrams would send them as one, so it is
    /// asked before.
    pub fn most_together(&self) -> MostTogether {
        let most = self.most.get().or_else(|| {
            // Where there is no socket to ask with, the next one asks again.
            let most = kernel().ok()?.max_gso_segments();
            self.most.set(Some(most));
            Some(most)
        });
        MostTogether::new(most.unwrap_or(1))
    }
}
