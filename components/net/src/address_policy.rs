/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The embedder's word about addresses and ports: looked at after names have been resolved, and before anything is
//! connected, bound or sent. Only addresses that were looked at are used, so a name that is resolved to something
//! else a moment later gets nobody anywhere.

use std::cell::Cell;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;

use direct_sockets_policy::address_space;
use direct_sockets_traits::{
    AddressGrant, AddressSpace, AddressUse, Decision, Grant, PortFloors, SocketError,
};

use crate::questions::Questions;

/// Who decides about addresses and ports.
pub trait AddressPolicy {
    /// Whether this port may be used. Ports that the OS picks are not asked about.
    fn allows_port(&self, usage: AddressUse, port: u16) -> bool;

    /// What has been decided about a space.
    fn decision(&self, space: AddressSpace) -> Decision;

    /// Ask, where the decision was to.
    fn ask<'a>(
        &'a self,
        space: AddressSpace,
        usage: AddressUse,
        address: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>>;
}

/// What the broker has attached to a client.
#[derive(Debug)]
pub struct GrantedPolicy {
    origin: String,
    addresses: AddressGrant,
    port_floors: PortFloors,
    questions: Rc<Questions>,
}

impl GrantedPolicy {
    /// The policy for a client.
    pub fn new(grant: &Grant, questions: &Rc<Questions>) -> Self {
        Self {
            origin: grant.origin.clone(),
            addresses: grant.addresses,
            port_floors: grant.port_floors,
            questions: questions.clone(),
        }
    }
}

impl AddressPolicy for GrantedPolicy {
    fn allows_port(&self, usage: AddressUse, port: u16) -> bool {
        let floor = match usage {
            AddressUse::UdpBind => self.port_floors.udp_bind,
            AddressUse::TcpListen => self.port_floors.tcp_listen,
            AddressUse::TcpConnect | AddressUse::UdpConnect | AddressUse::UdpSend => {
                self.port_floors.remote
            },
        };
        port >= floor
    }

    fn decision(&self, space: AddressSpace) -> Decision {
        self.addresses.decision(space)
    }

    fn ask<'a>(
        &'a self,
        space: AddressSpace,
        usage: AddressUse,
        address: SocketAddr,
    ) -> Pin<Box<dyn Future<Output = bool> + 'a>> {
        Box::pin(self.questions.ask(&self.origin, space, usage, address))
    }
}

/// The policy as one socket meets it: what was answered once holds for as long as the socket exists.
pub struct Gate {
    policy: Rc<dyn AddressPolicy>,
    answers: [Cell<Option<bool>>; AddressSpace::ALL.len()],
}

impl Gate {
    /// The gate of a new socket.
    pub fn new(policy: Rc<dyn AddressPolicy>) -> Self {
        Self {
            policy,
            answers: Default::default(),
        }
    }

    /// Whether a port may be used.
    pub fn port(&self, usage: AddressUse, port: u16) -> Result<(), SocketError> {
        match self.policy.allows_port(usage, port) {
            true => Ok(()),
            false => Err(SocketError::PortNotAllowed),
        }
    }

    /// Whether a socket may have this address, and this port if it asks for one.
    pub async fn own(&self, usage: AddressUse, address: SocketAddr) -> Result<(), SocketError> {
        if address.port() != 0 {
            self.port(usage, address.port())?;
        }
        let space = address_space::of_local(address.ip());
        self.space(space, usage, address).await
    }

    /// Whether a socket may reach this address.
    ///
    /// Cancel safety: dropping this withdraws the question.
    pub async fn remote(&self, usage: AddressUse, address: SocketAddr) -> Result<(), SocketError> {
        let space = address_space::of_remote(address.ip());
        self.space(space, usage, address).await
    }

    /// Whether it is known, without asking anybody, that a socket may reach this address.
    pub fn is_known(&self, address: SocketAddr) -> bool {
        self.answer(address_space::of_remote(address.ip())) == Some(true)
    }

    /// What has been decided or answered about a space.
    fn answer(&self, space: AddressSpace) -> Option<bool> {
        match self.policy.decision(space) {
            Decision::Allow => Some(true),
            Decision::Deny => Some(false),
            Decision::Ask => self.answers[space as usize].get(),
        }
    }

    async fn space(
        &self,
        space: AddressSpace,
        usage: AddressUse,
        address: SocketAddr,
    ) -> Result<(), SocketError> {
        let is_allowed = match self.answer(space) {
            Some(is_allowed) => is_allowed,
            None => {
                let is_allowed = self.policy.ask(space, usage, address).await;
                self.answers[space as usize].set(Some(is_allowed));
                is_allowed
            },
        };
        match is_allowed {
            true => Ok(()),
            false => Err(SocketError::AddressNotAllowed),
        }
    }
}
