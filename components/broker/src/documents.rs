/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use direct_sockets_policy::Ceiling;
use direct_sockets_traits::Owner;

/// How long the broker waits to be told of a document that already asks for sockets: page code can run in a new frame
/// before the constellation has heard of it. Only the event loop that asks waits.
const PLACEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// How many documents of one event loop are remembered after their end. Shared workers outlive the document that
/// made them and go on speaking for it.
const MAX_ENDED: usize = 4096;

/// Which documents there are in one event loop, as the trusted side has put them there, and the most that each of them
/// may have. What content says about itself is measured by this.
#[derive(Clone, Debug, Default)]
pub struct Documents(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ceilings: HashMap<String, Ceiling>,
    /// The documents that have ended, oldest first.
    ended: VecDeque<String>,
    /// Whether there are no documents here, only workers that belong to none.
    is_without_documents: bool,
}

impl Documents {
    /// For a process that runs service workers: they belong to no document, and have the default.
    pub(crate) fn none() -> Self {
        let documents = Self::default();
        documents.state().is_without_documents = true;
        documents
    }

    /// A document with this pipeline is, or is about to be, in this event loop.
    pub fn place(&self, pipeline: String, ceiling: Ceiling) {
        self.state().ceilings.insert(pipeline, ceiling);
        self.0.changed.notify_all();
    }

    /// The document has ended.
    pub fn end(&self, pipeline: &str) {
        let mut state = self.state();
        if !state.ceilings.contains_key(pipeline) {
            return;
        }
        state.ended.push_back(pipeline.to_owned());
        if state.ended.len() > MAX_ENDED
            && let Some(oldest) = state.ended.pop_front()
        {
            state.ceilings.remove(&oldest);
        }
    }

    /// The most that a document may have; nothing, if it is none of this event loop.
    pub fn ceiling(&self, pipeline: &str) -> Ceiling {
        let state = self.state();
        state.ceiling(pipeline).unwrap_or(Ceiling::Nobody)
    }

    /// Whether who says that this is their pipeline and their origin may have sockets. Waits a while if the trusted
    /// side has not said anything about that pipeline yet.
    pub(crate) fn permit(&self, owner: &Owner, origin: &str) -> bool {
        let is_unknown = |state: &mut State| state.ceiling(&owner.pipeline).is_none();
        let waited = self
            .0
            .changed
            .wait_timeout_while(self.state(), PLACEMENT_TIMEOUT, is_unknown);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state
            .ceiling(&owner.pipeline)
            .is_some_and(|ceiling| match owner.worker {
                Some(_) => ceiling.permits_worker(origin),
                None => ceiling.permits(origin),
            })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ceiling(&self, pipeline: &str) -> Option<Ceiling> {
        if self.is_without_documents {
            return Some(Ceiling::Top);
        }
        self.ceilings.get(pipeline).cloned()
    }
}
