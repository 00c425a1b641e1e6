/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the embedder says about addresses and ports, in the form in which it travels to net.

use serde::{Deserialize, Serialize};

use crate::Address;

/// Where an address is, seen from this machine.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub enum AddressSpace {
    /// This machine.
    Loopback,
    /// The networks that it is in, and their neighbours: not routed in the Internet.
    Local,
    /// The Internet.
    Public,
}

impl AddressSpace {
    /// All of them, the nearest first.
    pub const ALL: [Self; 3] = [Self::Loopback, Self::Local, Self::Public];
}

/// What the embedder has decided.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Decision {
    /// Yes: the specification has no such gate (decision AMB-72).
    #[default]
    Allow,
    /// No.
    Deny,
    /// It wants to be asked each time.
    Ask,
}

/// The embedder's decisions, one for each space.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AddressGrant {
    /// About [`AddressSpace::Loopback`].
    pub loopback: Decision,
    /// About [`AddressSpace::Local`].
    pub local: Decision,
    /// About [`AddressSpace::Public`].
    pub public: Decision,
}

impl AddressGrant {
    /// The decision about a space.
    pub fn decision(self, space: AddressSpace) -> Decision {
        match space {
            AddressSpace::Loopback => self.loopback,
            AddressSpace::Local => self.local,
            AddressSpace::Public => self.public,
        }
    }
}

/// The smallest ports that may be asked for; 0 for no limit (decision AMB-73). Ports that the OS picks are not
/// concerned.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct PortFloors {
    /// Of UDP sockets' own ports.
    pub udp_bind: u16,
    /// Of listening sockets.
    pub tcp_listen: u16,
    /// Of whoever is connected to, or sent to.
    pub remote: u16,
}

/// What an address is wanted for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub enum AddressUse {
    /// To connect a TCP socket to.
    TcpConnect,
    /// To listen on for TCP connections.
    TcpListen,
    /// To bind a UDP socket to.
    UdpBind,
    /// To connect a UDP socket to.
    UdpConnect,
    /// To send a datagram to.
    UdpSend,
}

/// Names a question of one net process.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct QuestionId(pub u64);

/// From net to the broker, where the embedder's decision is [`Decision::Ask`]. Answered by
/// [`crate::NetControl::Answer`], some time or never.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AddressQuestion {
    /// Names the question in the answer.
    pub id: QuestionId,
    /// The origin that the client was granted.
    pub origin: String,
    /// Where the address is.
    pub space: AddressSpace,
    /// The address itself.
    pub address: Address,
    /// What it is wanted for.
    pub usage: AddressUse,
}
