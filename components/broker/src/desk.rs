/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Where questions about addresses wait for the embedder.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use direct_sockets_traits::limits::MAX_QUESTIONS;
use direct_sockets_traits::{AddressQuestion, AddressSpace};
use direct_sockets_wire::{Control, Endpoint, MAX_MESSAGE, ReceiveError, Wait};
use log::{debug, error, warn};

use crate::address_request::{AddressDelegate, AddressRequest, Remember};

/// How many questions of one origin about one space may wait. One of them is with the embedder.
const MAX_WAITING_FOR_ONE: usize = MAX_QUESTIONS / 16;

/// The way to a net process; it goes with the process.
pub(crate) type Replies = Weak<Sender<Control>>;

/// What an answer is remembered for.
type Key = (String, AddressSpace);

struct Waiting {
    question: AddressQuestion,
    replies: Replies,
}

#[derive(Default)]
struct State {
    delegate: Option<AddressDelegate>,
    remembered: HashMap<Key, bool>,
    /// The first of each queue is with the embedder.
    waiting: HashMap<Key, VecDeque<Waiting>>,
    count: usize,
    /// To the thread that asks, once there is one.
    to_ask: Option<Sender<AddressQuestion>>,
}

/// The questions of all net processes of one broker.
#[derive(Default)]
pub(crate) struct Desk {
    state: Mutex<State>,
}

impl Desk {
    pub(crate) fn set_delegate(&self, delegate: Option<AddressDelegate>) {
        self.state().delegate = delegate;
    }

    pub(crate) fn forget(&self) {
        self.state().remembered.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Read what a net process asks, until it has gone, on a thread of its own.
    pub(crate) fn listen(
        self: &Arc<Self>,
        questions: Endpoint,
        replies: Replies,
    ) -> io::Result<()> {
        let desk = self.clone();
        let name = "direct-sockets: questions".to_owned();
        thread::Builder::new()
            .name(name)
            .spawn(move || desk.read(&questions, &replies))?;
        Ok(())
    }

    fn read(self: &Arc<Self>, questions: &Endpoint, replies: &Replies) {
        let mut buffer = vec![0; MAX_MESSAGE];
        loop {
            let message = match questions.receive_message(&mut buffer, Wait::Forever) {
                Ok(message) => message,
                Err(ReceiveError::Malformed(_) | ReceiveError::WouldBlock) => continue,
                Err(ReceiveError::Closed | ReceiveError::Io(_)) => return,
            };
            match postcard::from_bytes::<AddressQuestion>(&message.bytes) {
                Ok(question) => self.take(question, replies),
                Err(error) => warn!("A question of the net process cannot be read: {error}"),
            }
        }
    }

    /// A question has come: answer it, or let it wait.
    fn take(self: &Arc<Self>, question: AddressQuestion, replies: &Replies) {
        let key = (question.origin.clone(), question.space);
        let mut state = self.state();
        if let Some(allow) = state.remembered.get(&key) {
            return reply(replies, &question, *allow);
        }
        let others = state.waiting.get(&key).map_or(0, VecDeque::len);
        if state.delegate.is_none() || state.count >= MAX_QUESTIONS || others >= MAX_WAITING_FOR_ONE
        {
            debug!("Nobody is asked whether {} may do this", question.origin);
            return reply(replies, &question, false);
        }
        state.count += 1;
        state.waiting.entry(key).or_default().push_back(Waiting {
            question: question.clone(),
            replies: replies.clone(),
        });
        if others == 0 {
            self.ask(&mut state, question);
        }
    }

    /// Have the embedder asked, on the thread for that.
    fn ask(self: &Arc<Self>, state: &mut State, question: AddressQuestion) {
        if state.to_ask.is_none() {
            let (sender, questions) = bounded(MAX_QUESTIONS);
            let desk = Arc::downgrade(self);
            let name = "direct-sockets: address delegate".to_owned();
            let spawned = thread::Builder::new()
                .name(name)
                .spawn(move || ask_all(&desk, &questions));
            if let Err(error) = spawned {
                error!("Nobody can be asked about addresses: {error}");
                return self.settle(state, &question, false, Remember::Once);
            }
            state.to_ask = Some(sender);
        }
        // There is room: each of them stands for a queue that is counted.
        let sent = state
            .to_ask
            .as_ref()
            .map(|to_ask| to_ask.try_send(question));
        if let Some(Err(error)) = sent {
            self.settle(state, &error.into_inner(), false, Remember::Once);
        }
    }

    fn answered(self: &Arc<Self>, question: &AddressQuestion, allow: bool, remember: Remember) {
        self.settle(&mut self.state(), question, allow, remember);
    }

    /// The embedder has answered: pass it on to those for whom it holds, and ask for the next of the others.
    fn settle(
        self: &Arc<Self>,
        state: &mut State,
        question: &AddressQuestion,
        allow: bool,
        remember: Remember,
    ) {
        let key = (question.origin.clone(), question.space);
        let Some(mut queue) = state.waiting.remove(&key) else {
            return;
        };
        let settled = match remember {
            Remember::Once => 1,
            Remember::Origin => {
                state.remembered.insert(key.clone(), allow);
                queue.len()
            },
        };
        for Waiting { question, replies } in queue.drain(..settled.min(queue.len())) {
            state.count -= 1;
            reply(&replies, &question, allow);
        }
        // Those of processes that have gone wait for nothing.
        let before = queue.len();
        queue.retain(|waiting| waiting.replies.strong_count() > 0);
        state.count -= before - queue.len();
        if let Some(next) = queue.front() {
            let next = next.question.clone();
            state.waiting.insert(key, queue);
            self.ask(state, next);
        }
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Desk").finish_non_exhaustive()
    }
}

/// Ask the embedder one question after the other, for as long as there is a broker.
fn ask_all(desk: &Weak<Desk>, questions: &Receiver<AddressQuestion>) {
    for question in questions {
        let Some(desk) = desk.upgrade() else {
            return;
        };
        let delegate = desk.state().delegate.clone();
        let asked = question.clone();
        let answer = Box::new(move |allow, remember| desk.answered(&asked, allow, remember));
        let request = AddressRequest::new(question, answer);
        // Without anybody to ask any more the request is dropped, which is an answer.
        let Some(delegate) = delegate else {
            continue;
        };
        // The request is dropped where it panics.
        if catch_unwind(AssertUnwindSafe(|| delegate(request))).is_err() {
            error!("The embedder's address delegate has panicked");
        }
    }
}

/// Answer. Never waits: there are fewer questions than there is room for answers.
fn reply(replies: &Replies, question: &AddressQuestion, allow: bool) {
    let id = question.id;
    let sent = replies
        .upgrade()
        .map(|replies| replies.try_send(Control::Answer { id, allow }));
    if !matches!(sent, Some(Ok(()))) {
        debug!("An answer is not wanted any more");
    }
}
