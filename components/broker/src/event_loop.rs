/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::thread;

use crossbeam_channel::Sender;
use direct_sockets_traits::{BrokerMessage, SocketError};
use direct_sockets_wire::{Connect, Endpoint, MAX_MESSAGE, ReceiveError, Wait};
use ipc_channel::ipc::IpcSender;
use log::debug;

use crate::documents::Documents;
use crate::keeper::{Command, refuse};

/// A channel for one event loop, and a thread that reads it.
///
/// A thread for each, because what an event loop sends may keep its reader waiting: one that sends half a
/// message, or sends faster than is taken, holds up itself and nobody else.
///
/// What an event loop may have is decided here, by what the trusted side has said about its documents.
pub(crate) fn listen(
    commands: Sender<Command>,
    documents: Documents,
) -> io::Result<IpcSender<BrokerMessage>> {
    let (sender, endpoint) = Endpoint::for_ipc_sender()?;
    let name = "direct-sockets: event loop".to_owned();
    thread::Builder::new()
        .name(name)
        .spawn(move || read(&endpoint, &commands, &documents))?;
    Ok(sender)
}

/// Read until every sender of the event loop has gone.
fn read(endpoint: &Endpoint, commands: &Sender<Command>, documents: &Documents) {
    let mut buffer = vec![0; MAX_MESSAGE];
    loop {
        let message = match endpoint.receive_message(&mut buffer, Wait::Forever) {
            Ok(message) => message,
            // It has had its effect on its sender: the channels in it are closed. What comes next may be good,
            // for this also happens where no descriptor is left to take a message's.
            Err(ReceiveError::Malformed(reason)) => {
                debug!("An event loop's message is dropped: {reason}");
                continue;
            },
            Err(ReceiveError::WouldBlock) => continue,
            Err(ReceiveError::Closed | ReceiveError::Io(_)) => return,
        };
        match Connect::decode(&message.bytes, message.descriptors) {
            Ok(connect) if !documents.permit(&connect.owner, &connect.origin) => {
                debug!("No document {:?} may use direct sockets", connect.owner);
                refuse(&connect, SocketError::OriginNotAllowed);
            },
            Ok(connect) => {
                if commands.send(Command::Connect(connect)).is_err() {
                    return;
                }
            },
            Err(error) => debug!("An event loop's message is dropped: {error}"),
        }
    }
}
