/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{
    AddressFamily, SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketAddrUnix,
    SocketFlags, SocketType, connect, sendmsg, socket_with, socketpair, sockopt,
};

/// How long a call may wait.
#[derive(Clone, Copy, Debug)]
pub enum Wait {
    /// Not at all: [`io::ErrorKind::WouldBlock`] instead.
    Never,
    /// Until this moment, then [`io::ErrorKind::WouldBlock`].
    Until(Instant),
    /// As long as it takes.
    Forever,
}

/// One end of a channel. The other end may be an `ipc_channel` sender or receiver, or an `Endpoint`.
#[derive(Debug)]
pub struct Endpoint(OwnedFd);

/// The most descriptors in one message: two channel ends, and one for the rest of a long message.
pub(crate) const MAX_DESCRIPTORS: usize = 3;

/// The length of the packet and the length of the message stand before the bytes.
pub(crate) const HEADER: usize = 2 * size_of::<usize>();

impl Endpoint {
    /// Two connected ends.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = socketpair(
            AddressFamily::UNIX,
            SocketType::SEQPACKET,
            SocketFlags::CLOEXEC,
            None,
        )?;
        Ok((Self(one), Self(other)))
    }

    /// Connect to a [`crate::Listener`], or to the server of an `ipc_channel` one-shot.
    pub fn connect(path: &str) -> io::Result<Self> {
        let address = SocketAddrUnix::new(path)?;
        let socket = seqpacket_socket()?;
        connect(&socket, &address)?;
        Ok(Self(socket))
    }

    /// Take a descriptor that came from elsewhere, if it is what channels are made of.
    pub fn from_untrusted(descriptor: OwnedFd) -> Option<Self> {
        let domain = sockopt::socket_domain(&descriptor).ok()?;
        let kind = sockopt::socket_type(&descriptor).ok()?;
        (domain == AddressFamily::UNIX && kind == SocketType::SEQPACKET).then_some(Self(descriptor))
    }

    pub(crate) fn from_own(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// The process at the other end when the two were connected.
    pub fn peer_process(&self) -> io::Result<u32> {
        let credentials = sockopt::socket_peercred(&self.0)?;
        Ok(credentials.pid.as_raw_nonzero().get().unsigned_abs())
    }

    /// Send one message in one packet.
    ///
    /// A packet that the buffer of the socket can never take is refused by the OS, so messages must
    /// stay well below the default of about 200 KiB. Waiting has no time limit here: what waits has a
    /// thread of its own.
    pub fn send(
        &self,
        message: &[u8],
        descriptors: &[BorrowedFd<'_>],
        wait: Wait,
    ) -> io::Result<()> {
        if descriptors.len() > MAX_DESCRIPTORS {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let packet_length = (HEADER + message.len()).to_ne_bytes();
        let message_length = message.len().to_ne_bytes();
        let parts = [
            IoSlice::new(&packet_length),
            IoSlice::new(&message_length),
            IoSlice::new(message),
        ];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let flags = match wait {
            Wait::Forever => SendFlags::NOSIGNAL,
            Wait::Never | Wait::Until(_) => SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        };
        loop {
            match sendmsg(&self.0, &parts, &mut control, flags) {
                // Packets are taken whole or not at all.
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {},
                Err(rustix::io::Errno::AGAIN) if matches!(wait, Wait::Until(_)) => {
                    wait_for(&self.0, PollFlags::OUT, wait)?;
                },
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Endpoint {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Endpoint {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl From<Endpoint> for OwnedFd {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0
    }
}

pub(crate) fn seqpacket_socket() -> io::Result<OwnedFd> {
    Ok(socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Wait until `descriptor` is ready, or [`io::ErrorKind::WouldBlock`] when the time is up.
pub(crate) fn wait_for(descriptor: impl AsFd, events: PollFlags, wait: Wait) -> io::Result<()> {
    loop {
        let timeout = match wait {
            Wait::Never => Some(Timespec::default()),
            Wait::Forever => None,
            Wait::Until(moment) => {
                let left = moment.saturating_duration_since(Instant::now());
                Some(Timespec {
                    tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: left.subsec_nanos().into(),
                })
            },
        };
        match poll(&mut [PollFd::new(&descriptor, events)], timeout.as_ref()) {
            Ok(0) => return Err(io::ErrorKind::WouldBlock.into()),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {},
            Err(error) => return Err(error.into()),
        }
    }
}
