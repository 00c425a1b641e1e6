/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What net counts, asked for and answered.

use std::time::Instant;

use crossbeam_channel::Sender;
use direct_sockets_traits::limits::MAX_LISTED_SOCKETS;
use direct_sockets_traits::{NetStatistics, SocketKey, SocketList};
use direct_sockets_wire::{Control, Endpoint, MAX_MESSAGE, Wait};

use crate::keeper::Command;

/// The figures of the whole, if there is a net process and it answers in time.
pub(crate) fn totals(commands: &Sender<Command>, deadline: Instant) -> Option<NetStatistics> {
    let reply = ask(commands, deadline, Control::Statistics)?;
    figures(&reply, deadline)
}

/// The sockets, if there is a net process and it answers in time. Net tells of some after the other: where it does not
/// go on, the list is not complete.
pub(crate) fn sockets(commands: &Sender<Command>, deadline: Instant) -> Option<SocketList> {
    let mut list = sockets_after(commands, deadline, None)?;
    while !list.is_complete && list.sockets.len() < MAX_LISTED_SOCKETS {
        let after = list.sockets.last().map(|socket| socket.key);
        let Some(next) = sockets_after(commands, deadline, after) else {
            break;
        };
        // Only a net process that has been replaced meanwhile, or that breaks the contract, does not get on.
        let gets_on = match next.sockets.first() {
            Some(first) => Some(first.key) > after,
            None => next.is_complete,
        };
        if !gets_on {
            break;
        }
        list.is_complete = next.is_complete;
        list.sockets.extend(next.sockets);
    }
    if list.sockets.len() > MAX_LISTED_SOCKETS {
        list.sockets.truncate(MAX_LISTED_SOCKETS);
        list.is_complete = false;
    }
    Some(list)
}

fn sockets_after(
    commands: &Sender<Command>,
    deadline: Instant,
    after: Option<SocketKey>,
) -> Option<SocketList> {
    let reply = ask(commands, deadline, |reply| Control::Sockets {
        after,
        reply,
    })?;
    postcard::from_bytes(&answer(&reply, deadline)?).ok()
}

/// Have net asked something; where it will answer.
fn ask(
    commands: &Sender<Command>,
    deadline: Instant,
    question: impl FnOnce(Endpoint) -> Control,
) -> Option<Endpoint> {
    let (own, reply) = Endpoint::pair().ok()?;
    let command = Command::Ask(question(reply));
    commands.send_deadline(command, deadline).ok()?;
    Some(own)
}

/// Wait for the figures that a net process was asked for on the other end of `reply`.
pub(crate) fn figures(reply: &Endpoint, deadline: Instant) -> Option<NetStatistics> {
    postcard::from_bytes(&answer(reply, deadline)?).ok()
}

fn answer(reply: &Endpoint, deadline: Instant) -> Option<Vec<u8>> {
    let mut buffer = vec![0; MAX_MESSAGE];
    let message = reply
        .receive_message(&mut buffer, Wait::Until(deadline))
        .ok()?;
    Some(message.bytes)
}
