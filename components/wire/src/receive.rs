/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{self, IoSliceMut};
use std::mem::{MaybeUninit, size_of};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::PollFlags;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, recv, recvmsg,
};
use thiserror::Error;

use crate::endpoint::{HEADER, MAX_DESCRIPTORS, wait_for};
use crate::{Endpoint, Wait};

/// What [`Endpoint::receive`] found.
#[derive(Debug)]
pub enum Incoming {
    /// A whole message: its bytes are the first `length` of the buffer.
    Whole {
        /// How many bytes of the buffer belong to the message.
        length: usize,
        /// What came with it.
        descriptors: Vec<OwnedFd>,
    },
    /// The beginning of a message whose rest comes on a socket of its own. `ipc_channel` does that with
    /// messages above about 200 KiB, and with all when the OS is short of memory.
    Begun(Assembly),
}

/// A message in full.
#[derive(Debug)]
pub struct Message {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What came with it.
    pub descriptors: Vec<OwnedFd>,
}

/// Why nothing could be received.
#[derive(Debug, Error)]
pub enum ReceiveError {
    /// Every other end has been closed.
    #[error("the channel is closed")]
    Closed,
    /// Nothing is there (yet).
    #[error("nothing has been received")]
    WouldBlock,
    /// Not something that `ipc_channel` sends. The other side is not to be listened to any more.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// The OS reports an error.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for ReceiveError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock => Self::WouldBlock,
            io::ErrorKind::ConnectionReset => Self::Closed,
            _ => Self::Io(error),
        }
    }
}

impl From<rustix::io::Errno> for ReceiveError {
    fn from(error: rustix::io::Errno) -> Self {
        io::Error::from(error).into()
    }
}

impl Endpoint {
    /// Receive the next packet into `buffer`. No message may be longer than `buffer`.
    pub fn receive(&self, buffer: &mut [u8], wait: Wait) -> Result<Incoming, ReceiveError> {
        let most = buffer.len();
        let mut packet_length = [0; size_of::<usize>()];
        let mut message_length = [0; size_of::<usize>()];
        let mut descriptors = Vec::new();
        let (received, truncated) = loop {
            let mut space =
                [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
            let mut control = RecvAncillaryBuffer::new(&mut space);
            let flags = match wait {
                Wait::Forever => RecvFlags::CMSG_CLOEXEC,
                Wait::Never | Wait::Until(_) => RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
            };
            let mut parts = [
                IoSliceMut::new(&mut packet_length),
                IoSliceMut::new(&mut message_length),
                IoSliceMut::new(buffer),
            ];
            match recvmsg(self, &mut parts, &mut control, flags) {
                Ok(result) => {
                    for message in control.drain() {
                        if let RecvAncillaryMessage::ScmRights(rights) = message {
                            descriptors.extend(rights);
                        }
                    }
                    let truncated = ReturnFlags::TRUNC | ReturnFlags::CTRUNC;
                    break (result.bytes, result.flags.intersects(truncated));
                },
                Err(rustix::io::Errno::INTR) => {},
                Err(rustix::io::Errno::AGAIN) if matches!(wait, Wait::Until(_)) => {
                    wait_for(self, PollFlags::IN, wait)?;
                },
                Err(error) => return Err(error.into()),
            }
        };
        // An empty packet looks the same. No honest sender makes one.
        if received == 0 {
            return Err(ReceiveError::Closed);
        }
        if truncated {
            return Err(ReceiveError::Malformed("more than fits"));
        }
        if received < HEADER || usize::from_ne_bytes(packet_length) != received {
            return Err(ReceiveError::Malformed(
                "the packet has another length than it says",
            ));
        }
        let length = received - HEADER;
        let total = usize::from_ne_bytes(message_length);
        if total == length {
            return Ok(Incoming::Whole {
                length,
                descriptors,
            });
        }
        if total < length || total > most {
            return Err(ReceiveError::Malformed(
                "the message has an impossible length",
            ));
        }
        let Some(rest) = descriptors.pop().and_then(Endpoint::from_untrusted) else {
            return Err(ReceiveError::Malformed(
                "the rest of the message cannot come",
            ));
        };
        let mut bytes = Vec::with_capacity(total);
        bytes.extend_from_slice(&buffer[..length]);
        Ok(Incoming::Begun(Assembly {
            bytes,
            total,
            rest: Arc::new(rest),
            descriptors,
        }))
    }

    /// Receive a whole message. Where the rest of one does not come in time, it is lost.
    pub fn receive_message(&self, buffer: &mut [u8], wait: Wait) -> Result<Message, ReceiveError> {
        match self.receive(buffer, wait)? {
            Incoming::Whole {
                length,
                descriptors,
            } => Ok(Message {
                bytes: buffer[..length].to_vec(),
                descriptors,
            }),
            Incoming::Begun(mut assembly) => {
                while !assembly.advance(wait)? {}
                Ok(assembly.finish())
            },
        }
    }
}

/// A message that comes in several packets.
#[derive(Debug)]
pub struct Assembly {
    bytes: Vec<u8>,
    total: usize,
    rest: Arc<Endpoint>,
    descriptors: Vec<OwnedFd>,
}

impl Assembly {
    /// Where the rest comes.
    pub fn rest(&self) -> Arc<Endpoint> {
        self.rest.clone()
    }

    /// Take one more packet; whether the message is complete now.
    pub fn advance(&mut self, wait: Wait) -> Result<bool, ReceiveError> {
        if self.bytes.len() >= self.total {
            return Ok(true);
        }
        if !matches!(wait, Wait::Forever) {
            wait_for(&*self.rest, PollFlags::IN, wait)?;
        }
        let start = self.bytes.len();
        self.bytes.resize(self.total, 0);
        let result = recv(&*self.rest, &mut self.bytes[start..], RecvFlags::empty());
        let received = match result {
            Ok((received, _)) => received,
            Err(rustix::io::Errno::INTR) => {
                self.bytes.truncate(start);
                return Ok(false);
            },
            Err(error) => {
                self.bytes.truncate(start);
                return Err(error.into());
            },
        };
        self.bytes.truncate(start + received);
        if received == 0 {
            return Err(ReceiveError::Malformed(
                "the rest of the message is missing",
            ));
        }
        Ok(self.bytes.len() >= self.total)
    }

    /// The message, once [`Assembly::advance`] has said that it is complete.
    pub fn finish(self) -> Message {
        Message {
            bytes: self.bytes,
            descriptors: self.descriptors,
        }
    }
}
