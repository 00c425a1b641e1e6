/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Which datagrams count as written when they are in the ring: those to an address that has been sent to before, of a
//! size that can be sent. Everything that can fail by itself waits for the OS: names, whose answers change; addresses
//! for which there may be no route, or no leave; sizes that are over a limit.

use std::collections::VecDeque;
use std::net::IpAddr;

use direct_sockets_traits::{Destination, Host, WriteResult};

/// The most addresses that are remembered: a socket that sends to more waits for the OS now and then.
const MOST: usize = 16;

/// The most bytes that one datagram can carry over IPv4; over IPv6 it is more.
const MAX_EARLY: usize = 65_507;

/// Where a datagram goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// Where the constructor has said.
    Connected,
    Address(IpAddr, u16),
}

/// Where one socket has sent datagrams to.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    known: VecDeque<Place>,
    /// That of the datagram for whose result the page waits.
    tried: Option<Place>,
}

impl Destinations {
    /// A datagram of so many bytes is to be sent there. Whether it counts as written when it is in the ring; where it
    /// does not, [`Self::note`] hears what became of it.
    pub(super) fn is_early(&mut self, to: Option<&Destination>, bytes: usize) -> bool {
        let place = match to {
            None => Place::Connected,
            Some(Destination {
                host: Host::Ip(address),
                port,
                ..
            }) => Place::Address(*address, *port),
            Some(_) => {
                self.tried = None;
                return false;
            },
        };
        let is_early = bytes <= MAX_EARLY && self.known.contains(&place);
        self.tried = (!is_early).then_some(place);
        is_early
    }

    /// What became of the datagram that was tried last.
    pub(super) fn note(&mut self, result: WriteResult) {
        let Some(place) = self.tried.take() else {
            return;
        };
        if result == WriteResult::Done && !self.known.contains(&place) {
            if self.known.len() == MOST {
                self.known.pop_front();
            }
            self.known.push_back(place);
        }
    }
}
