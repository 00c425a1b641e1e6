/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Many datagrams from the OS by one system call. `burst.rs` has the other way.
//!
//! The kernel could also give several datagrams as one (UDP_GRO). It is not asked to, although that would save most of
//! the calls: such a bundle holds as many as have come together, up to 64, and is given as a whole, while a page is to
//! get no more than it asked for, and the rest is to stay in the kernel's queue; and the kernel counts a bundle for
//! which it has no room as one datagram that was dropped.

use std::cell::RefCell;
use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket as StdSocket};

use direct_sockets_traits::limits::MAX_BATCH;
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSocketState};
use tokio::net::UdpSocket;

/// The room for one datagram: none is longer (decision AMB-60).
const ROOM: usize = 64 * 1024;

/// The room for what one call receives.
const COUNT: usize = if (MAX_BATCH as usize) < BATCH_SIZE {
    MAX_BATCH as usize
} else {
    BATCH_SIZE
};

/// Where datagrams are received before they are sent on. One for all, because nothing waits with it in use.
#[derive(Debug, Default)]
pub struct Batch(RefCell<Option<Room>>);

#[derive(Debug)]
struct Room {
    bytes: Box<[u8]>,
    state: UdpSocketState,
}

impl Room {
    fn new() -> io::Result<Self> {
        Ok(Self {
            bytes: vec![0; COUNT * ROOM].into(),
            state: kernel()?,
        })
    }
}

/// What the kernel can do.
///
/// Making the state sets options: no fragmentation, several datagrams as one, time stamps, and more that QUIC wants and
/// pages do not. Nothing of it is needed here, so a socket that nobody uses gets them all.
pub(crate) fn kernel() -> io::Result<UdpSocketState> {
    let unused = StdSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    UdpSocketState::new((&unused).into())
}

impl Batch {
    /// Receive what is there without waiting, up to `max` datagrams. Calls `each` with every one of them, in the order
    /// of their arrival: its bytes, its sender, and whether it is the last one.
    pub fn receive(
        &self,
        socket: &UdpSocket,
        max: usize,
        mut each: impl FnMut(&[u8], SocketAddr, bool),
    ) -> io::Result<()> {
        let mut room = self.0.borrow_mut();
        let room = match &mut *room {
            Some(room) => room,
            none => none.insert(Room::new()?),
        };
        let mut meta = [RecvMeta::default(); COUNT];
        let mut slices = room.bytes.chunks_mut(ROOM);
        let mut slices: [_; COUNT] =
            std::array::from_fn(|_| IoSliceMut::new(slices.next().unwrap_or_default()));
        let max = max.clamp(1, COUNT);
        let count = room
            .state
            .recv(socket.into(), &mut slices[..max], &mut meta[..max])?;
        for (index, (slice, meta)) in slices.iter().zip(&meta).take(count).enumerate() {
            let data = slice.get(..meta.len).unwrap_or_default();
            each(data, meta.addr, index + 1 == count);
        }
        Ok(())
    }
}
