/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use direct_sockets_traits::{Grant, Owner, QuestionId, SocketKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::Endpoint;

/// The longest message to the broker or about a client. Origins and owners are the only long parts.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// A message that is not what it should be.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("not a message of this kind")]
pub struct Malformed;

/// [`direct_sockets_traits::BrokerMessage::Connect`] with the descriptors themselves.
#[derive(Debug)]
pub struct Connect {
    /// Whose sockets these will be.
    pub owner: Owner,
    /// The serialised origin, as script says.
    pub origin: String,
    /// How often script has asked before.
    pub attempt: u32,
    /// Where requests are to be read.
    pub requests: Endpoint,
    /// Where events are to be written.
    pub events: Endpoint,
}

/// [`direct_sockets_traits::NetControl`] with the descriptors themselves.
#[derive(Debug)]
pub enum Control {
    /// A new client.
    Register {
        /// Whose sockets these will be.
        owner: Owner,
        /// What it may do.
        grant: Grant,
        /// Where requests are to be read.
        requests: Endpoint,
        /// Where events are to be written.
        events: Endpoint,
    },
    /// Answer with the figures.
    Statistics(Endpoint),
    /// Answer with the sockets that follow this one.
    Sockets {
        /// The last one of the answer before this.
        after: Option<SocketKey>,
        /// Where to answer.
        reply: Endpoint,
    },
    /// The answer to a question.
    Answer {
        /// Which question.
        id: QuestionId,
        /// What the answer is.
        allow: bool,
    },
    /// Close everything and end.
    Exit,
}

/// [`direct_sockets_traits::NetHello`] with the descriptor itself.
#[derive(Debug)]
pub struct Hello {
    /// The version of the net binary.
    pub version: u32,
    /// Its process id, as it says.
    pub pid: u32,
    /// Where it takes [`Control`] messages.
    pub control: Endpoint,
    /// Where it writes its questions.
    pub questions: Endpoint,
}

/// The events of [`direct_sockets_traits::ClientEvent`] that hand over memory, with the descriptors themselves.
#[derive(Debug)]
pub enum MemoryEvent {
    /// [`direct_sockets_traits::ClientEvent::Ready`]
    Ready {
        /// The process id of net.
        net_pid: u32,
        /// The first memory.
        memory: OwnedFd,
    },
    /// [`direct_sockets_traits::ClientEvent::Rings`]
    Rings(OwnedFd),
}

// The same shapes as in the contract, with the index that `ipc_channel` writes for a channel end. The
// tests compare them with the real ones.

#[derive(Deserialize, Serialize)]
enum BrokerForm {
    Connect(ConnectForm),
}

#[derive(Deserialize, Serialize)]
struct ConnectForm {
    owner: Owner,
    origin: String,
    attempt: u32,
    requests: usize,
    events: usize,
}

#[derive(Deserialize, Serialize)]
enum ControlForm {
    Register {
        owner: Owner,
        grant: Grant,
        requests: usize,
        events: usize,
    },
    Statistics(usize),
    Sockets {
        after: Option<SocketKey>,
        reply: usize,
    },
    Answer {
        id: QuestionId,
        allow: bool,
    },
    Exit,
}

#[derive(Deserialize, Serialize)]
struct HelloForm {
    version: u32,
    pid: u32,
    control: usize,
    questions: usize,
}

/// The first variants of [`direct_sockets_traits::ClientEvent`], whose numbers they have.
#[derive(Serialize)]
enum MemoryForm {
    Ready { net_pid: u32, memory: usize },
    Rings(usize),
}

/// The descriptors of a message, each to be taken once.
struct Descriptors(Vec<Option<OwnedFd>>);

impl Descriptors {
    fn new(descriptors: Vec<OwnedFd>) -> Self {
        Self(descriptors.into_iter().map(Some).collect())
    }

    fn take(&mut self, index: usize) -> Result<Endpoint, Malformed> {
        let descriptor = self.0.get_mut(index).ok_or(Malformed)?.take();
        Endpoint::from_untrusted(descriptor.ok_or(Malformed)?).ok_or(Malformed)
    }
}

impl Connect {
    /// Read it as script has sent it.
    pub fn decode(bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<Self, Malformed> {
        let mut descriptors = Descriptors::new(descriptors);
        let BrokerForm::Connect(form) = postcard::from_bytes(bytes).map_err(|_| Malformed)?;
        Ok(Self {
            owner: form.owner,
            origin: form.origin,
            attempt: form.attempt,
            requests: descriptors.take(form.requests)?,
            events: descriptors.take(form.events)?,
        })
    }
}

impl Control {
    /// Read it as the broker has sent it.
    pub fn decode(bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<Self, Malformed> {
        let mut descriptors = Descriptors::new(descriptors);
        match postcard::from_bytes(bytes).map_err(|_| Malformed)? {
            ControlForm::Register {
                owner,
                grant,
                requests,
                events,
            } => Ok(Self::Register {
                owner,
                grant,
                requests: descriptors.take(requests)?,
                events: descriptors.take(events)?,
            }),
            ControlForm::Statistics(index) => Ok(Self::Statistics(descriptors.take(index)?)),
            ControlForm::Sockets { after, reply } => Ok(Self::Sockets {
                after,
                reply: descriptors.take(reply)?,
            }),
            ControlForm::Answer { id, allow } => Ok(Self::Answer { id, allow }),
            ControlForm::Exit => Ok(Self::Exit),
        }
    }

    /// The bytes and descriptors to send.
    pub fn encode(&self) -> Result<(Vec<u8>, Vec<BorrowedFd<'_>>), Malformed> {
        let (form, descriptors) = match self {
            Self::Register {
                owner,
                grant,
                requests,
                events,
            } => (
                ControlForm::Register {
                    owner: owner.clone(),
                    grant: grant.clone(),
                    requests: 0,
                    events: 1,
                },
                vec![requests.as_fd(), events.as_fd()],
            ),
            Self::Statistics(reply) => (ControlForm::Statistics(0), vec![reply.as_fd()]),
            Self::Sockets { after, reply } => (
                ControlForm::Sockets {
                    after: *after,
                    reply: 0,
                },
                vec![reply.as_fd()],
            ),
            Self::Answer { id, allow } => (
                ControlForm::Answer {
                    id: *id,
                    allow: *allow,
                },
                Vec::new(),
            ),
            Self::Exit => (ControlForm::Exit, Vec::new()),
        };
        let bytes = postcard::to_stdvec(&form).map_err(|_| Malformed)?;
        Ok((bytes, descriptors))
    }
}

impl Hello {
    /// Read it as net has sent it.
    pub fn decode(bytes: &[u8], descriptors: Vec<OwnedFd>) -> Result<Self, Malformed> {
        let mut descriptors = Descriptors::new(descriptors);
        let form: HelloForm = postcard::from_bytes(bytes).map_err(|_| Malformed)?;
        Ok(Self {
            version: form.version,
            pid: form.pid,
            control: descriptors.take(form.control)?,
            questions: descriptors.take(form.questions)?,
        })
    }

    /// The bytes and descriptors to send.
    pub fn encode(&self) -> Result<(Vec<u8>, Vec<BorrowedFd<'_>>), Malformed> {
        let form = HelloForm {
            version: self.version,
            pid: self.pid,
            control: 0,
            questions: 1,
        };
        let bytes = postcard::to_stdvec(&form).map_err(|_| Malformed)?;
        Ok((bytes, vec![self.control.as_fd(), self.questions.as_fd()]))
    }
}

impl MemoryEvent {
    /// The bytes and the descriptor to send.
    pub fn encode(self) -> Result<(Vec<u8>, OwnedFd), Malformed> {
        // The only descriptor of the message.
        const FIRST: usize = 0;
        let (form, descriptor) = match self {
            Self::Ready { net_pid, memory } => (
                MemoryForm::Ready {
                    net_pid,
                    memory: FIRST,
                },
                memory,
            ),
            Self::Rings(memory) => (MemoryForm::Rings(FIRST), memory),
        };
        let bytes = postcard::to_stdvec(&form).map_err(|_| Malformed)?;
        Ok((bytes, descriptor))
    }
}
