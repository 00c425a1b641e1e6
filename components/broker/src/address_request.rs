/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use direct_sockets_traits::{AddressQuestion, AddressSpace, AddressUse};

/// For how long an answer holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Remember {
    /// For the socket that it was asked for, for as long as that exists.
    Once,
    /// For all sockets of the origin and all addresses of the space, until
    /// [`crate::Broker::forget_address_answers`].
    Origin,
}

/// Asked where the embedder has decided to be. To be answered on any thread, now or later; dropping it means no.
///
/// The socket waits meanwhile, and nothing else does.
#[must_use = "dropping it means no"]
pub struct AddressRequest {
    question: AddressQuestion,
    answer: Option<Answer>,
}

/// Takes the answer.
pub(crate) type Answer = Box<dyn FnOnce(bool, Remember) + Send>;

/// Whom to ask. Called on a thread of the broker; other requests wait until it returns.
pub type AddressDelegate = Arc<dyn Fn(AddressRequest) + Send + Sync>;

impl AddressRequest {
    pub(crate) fn new(question: AddressQuestion, answer: Answer) -> Self {
        Self {
            question,
            answer: Some(answer),
        }
    }

    /// The origin of the page or worker.
    pub fn origin(&self) -> &str {
        &self.question.origin
    }

    /// Where the address is.
    pub fn space(&self) -> AddressSpace {
        self.question.space
    }

    /// The address itself. Other addresses of the space may follow under the same answer.
    pub fn address(&self) -> SocketAddr {
        self.question.address.into()
    }

    /// What it is wanted for.
    pub fn usage(&self) -> AddressUse {
        self.question.usage
    }

    /// Yes.
    pub fn allow(mut self, remember: Remember) {
        self.give(true, remember);
    }

    /// No.
    pub fn deny(mut self, remember: Remember) {
        self.give(false, remember);
    }

    fn give(&mut self, allow: bool, remember: Remember) {
        if let Some(answer) = self.answer.take() {
            answer(allow, remember);
        }
    }
}

impl Drop for AddressRequest {
    fn drop(&mut self) {
        self.give(false, Remember::Once);
    }
}

impl fmt::Debug for AddressRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("AddressRequest")
            .field(&self.question)
            .finish()
    }
}
