/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Questions about addresses, on their way from the broker's thread to the delegate on the webview's.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use direct_sockets_broker::{AddressDelegate, AddressRequest};

use crate::event_loop::Waker;

/// How many questions may wait for the delegate. Each belongs to a socket that waits for it; those above are answered
/// with no.
const MAX_WAITING: usize = 1024;

/// The questions that nobody has heard yet.
#[derive(Clone, Default)]
pub(crate) struct AddressRequests(Arc<Mutex<VecDeque<AddressRequest>>>);

impl AddressRequests {
    /// What the broker calls: keeps the question and wakes the webview.
    pub(crate) fn delegate(&self, waker: Waker) -> AddressDelegate {
        let waiting = self.0.clone();
        Arc::new(move |request| {
            let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= MAX_WAITING {
                log::warn!("Too many questions about addresses: {request:?} is answered with no");
                return;
            }
            waiting.push_back(request);
            waker.wake();
        })
    }

    /// The oldest question. Outside of the lock, as whoever is asked may do anything.
    pub(crate) fn take(&self) -> Option<AddressRequest> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }
}
