/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Who may have how much of what the process has.

use std::cell::Cell;
use std::rc::Rc;

use crate::statistics::Counted;

/// The most descriptors that are kept back from clients and their sockets.
const RESERVED_DESCRIPTORS: u64 = 512;

/// The descriptors of the process, shared out so that no client can take those of others, and all of them
/// together cannot take what net itself needs: for the broker's questions, for resolvers.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// How many clients there may be.
    pub clients: u64,
    /// How many sockets all of them may have.
    pub sockets: u64,
    /// How many of those may be one client's.
    pub sockets_of_one_client: usize,
}

impl Budget {
    /// Share out what the process may have.
    pub fn new(descriptor_limit: Option<u64>) -> Self {
        let limit = descriptor_limit.unwrap_or(u64::MAX);
        let shared = limit - (limit / 4).min(RESERVED_DESCRIPTORS);
        let sockets = shared / 4 * 3;
        Self {
            // A channel each way.
            clients: (shared - sockets) / 2,
            sockets,
            sockets_of_one_client: usize::try_from(sockets / 4 * 3).unwrap_or(usize::MAX),
        }
    }
}

/// So much of something, and no more.
#[derive(Clone, Debug)]
pub struct Quota {
    used: Rc<Cell<usize>>,
    most: usize,
}

impl Quota {
    /// With nothing used.
    pub fn new(most: usize) -> Self {
        Self {
            used: Rc::default(),
            most,
        }
    }

    /// Whether nothing is left.
    pub fn is_used_up(&self) -> bool {
        self.used.get() >= self.most
    }

    /// Take one, if there is one left. It comes back when the share is dropped.
    pub fn take(&self) -> Option<Share> {
        (!self.is_used_up()).then(|| {
            self.used.set(self.used.get() + 1);
            Share(self.used.clone())
        })
    }
}

/// One of what a [`Quota`] has.
#[derive(Debug)]
pub struct Share(Rc<Cell<usize>>);

impl Drop for Share {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// What a socket takes for as long as it exists in the OS.
#[derive(Debug)]
pub struct Place {
    /// It counts as a socket.
    pub counted: Counted,
    /// What it takes of quotas.
    pub shares: Vec<Share>,
}
