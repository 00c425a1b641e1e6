/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Questions to the embedder, by way of the broker. Whoever asks waits, and nobody else does.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use direct_sockets_traits::{AddressQuestion, AddressSpace, AddressUse, QuestionId};
use direct_sockets_wire::{Endpoint, Wait};
use log::debug;
use tokio::io::Interest;
use tokio::sync::oneshot;

use crate::channel::{Watched, watch};

/// The questions of all clients that have not been answered.
#[derive(Debug)]
pub struct Questions {
    channel: Watched,
    waiting: RefCell<HashMap<QuestionId, oneshot::Sender<bool>>>,
    next: Cell<u64>,
}

impl Questions {
    /// Ask on this channel. To be called on the runtime.
    pub fn new(channel: Endpoint) -> io::Result<Rc<Self>> {
        Ok(Rc::new(Self {
            channel: watch(channel, Interest::WRITABLE)?,
            waiting: RefCell::default(),
            next: Cell::new(0),
        }))
    }

    /// Ask whether `origin` may use an address. No, where nobody can be asked.
    ///
    /// Cancel safety: when this is dropped, the answer is ignored.
    pub async fn ask(
        &self,
        origin: &str,
        space: AddressSpace,
        usage: AddressUse,
        address: SocketAddr,
    ) -> bool {
        let id = QuestionId(self.next.get());
        self.next.set(id.0 + 1);
        let question = AddressQuestion {
            id,
            origin: origin.to_owned(),
            space,
            address: address.into(),
            usage,
        };
        let (sender, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(id, sender);
        let _forget = ForgetOnDrop(self, id);
        if let Err(error) = self.send(&question).await {
            debug!("Nobody can be asked about an address: {error}");
            return false;
        }
        answer.await.unwrap_or(false)
    }

    async fn send(&self, question: &AddressQuestion) -> io::Result<()> {
        let message = postcard::to_stdvec(question).map_err(io::Error::other)?;
        loop {
            let mut ready = self.channel.writable().await?;
            match self.channel.get_ref().send(&message, &[], Wait::Never) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                result => return result,
            }
        }
    }

    /// The broker has answered.
    pub fn answer(&self, id: QuestionId, allow: bool) {
        match self.waiting.borrow_mut().remove(&id) {
            // Whoever asked may be gone by now.
            Some(sender) => drop(sender.send(allow)),
            None => debug!("An answer comes too late"),
        }
    }

    /// How many wait for an answer.
    pub fn count(&self) -> usize {
        self.waiting.borrow().len()
    }
}

/// Nobody waits for the answer any more.
struct ForgetOnDrop<'a>(&'a Questions, QuestionId);

impl Drop for ForgetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.waiting.borrow_mut().remove(&self.1);
    }
}
