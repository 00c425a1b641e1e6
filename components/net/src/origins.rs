/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What all clients of one origin have together, so that none takes everything from the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use direct_sockets_traits::limits::{
    MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN, MAX_LISTENERS_PER_ORIGIN, MAX_LOOKUPS_PER_ORIGIN,
    ORIGIN_SHARE,
};
use tokio::sync::Semaphore;

use crate::budget::{Budget, Quota};

/// One origin that has clients.
#[derive(Debug)]
pub struct Origin {
    /// Its clients.
    pub clients: Quota,
    /// Their sockets.
    pub sockets: Quota,
    /// Those of them that listen.
    pub listeners: Quota,
    /// Datagrams on their way to the OS.
    pub datagrams: Quota,
    /// Its turn to resolve names.
    pub lookups: Arc<Semaphore>,
}

impl Origin {
    fn new(budget: &Budget) -> Self {
        let share = |all: u64| {
            let share = all / 4 * ORIGIN_SHARE;
            Quota::new(usize::try_from(share).unwrap_or(usize::MAX))
        };
        Self {
            clients: share(budget.clients),
            sockets: share(budget.sockets),
            listeners: Quota::new(MAX_LISTENERS_PER_ORIGIN),
            datagrams: Quota::new(MAX_DATAGRAMS_IN_FLIGHT_PER_ORIGIN),
            lookups: Arc::new(Semaphore::new(MAX_LOOKUPS_PER_ORIGIN)),
        }
    }
}

/// The origins that have clients.
#[derive(Debug, Default)]
pub struct Origins(RefCell<HashMap<String, Weak<Origin>>>);

impl Origins {
    /// What this origin has. It is forgotten when nobody holds it any more.
    pub fn get(&self, name: &str, budget: &Budget) -> Rc<Origin> {
        let mut origins = self.0.borrow_mut();
        if let Some(origin) = origins.get(name).and_then(Weak::upgrade) {
            return origin;
        }
        origins.retain(|_, origin| origin.strong_count() > 0);
        let origin = Rc::new(Origin::new(budget));
        origins.insert(name.to_owned(), Rc::downgrade(&origin));
        origin
    }
}
