/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::os::fd::{AsFd, OwnedFd};

use direct_sockets_traits::{BrokerMessage, ClientEvent, Owner, SocketError};
use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use libtest_mimic::Trial;
use serde::{Deserialize, Serialize};

use crate::support::{ORIGIN, broker, connect};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(event_loop:
        life_08_bytes_that_are_no_message_are_dropped,
        life_08_a_channel_that_is_named_twice_is_dropped,
        life_08_a_channel_that_is_not_there_is_dropped,
        life_08_channels_that_are_none_are_dropped,
        life_08_an_event_loop_that_sends_half_a_message_holds_up_itself_alone,
        life_08_a_flood_of_connections_that_nobody_wants_is_survived,
        an_event_loop_that_ends_leaves_its_clients_alone,
    )
}

/// The sender of an event loop, used to send something else.
fn forged<T: for<'de> Deserialize<'de> + Serialize>(
    sender: &IpcSender<BrokerMessage>,
) -> IpcSender<T> {
    sender.clone().to_opaque().to()
}

/// What a connect request looks like, with indices of channels that the forger chooses.
#[derive(Deserialize, Serialize)]
struct Forged {
    variant: u32,
    owner: Owner,
    origin: String,
    attempt: u32,
    requests: usize,
    events: usize,
}

impl Forged {
    fn new(requests: usize, events: usize) -> Self {
        let owner = Owner {
            pipeline: String::new(),
            worker: None,
        };
        Self {
            variant: 0,
            owner,
            origin: ORIGIN.to_owned(),
            attempt: 0,
            requests,
            events,
        }
    }
}

fn life_08_bytes_that_are_no_message_are_dropped() {
    let (_broker, sender) = broker();
    let raw = forged::<Vec<u8>>(&sender);
    for length in [0, 1, 2, 10, 1000, 50_000] {
        raw.send(vec![255; length]).unwrap();
        raw.send(vec![0; length]).unwrap();
    }
    // Longer than any message, in one packet and in several.
    raw.send(vec![1; 150_000]).unwrap();
    forged::<u64>(&sender).send(u64::MAX).unwrap();
    // The broker is there, and takes what is sensible even from this event loop.
    connect(&sender, ORIGIN, 0).ready();
}

fn life_08_a_channel_that_is_named_twice_is_dropped() {
    let (_broker, sender) = broker();
    let (to_client, events) = ipc::channel::<ClientEvent>().unwrap();
    let message = (Forged::new(0, 0), to_client);
    forged::<(Forged, IpcSender<ClientEvent>)>(&sender)
        .send(message)
        .unwrap();
    assert!(events.try_recv_timeout(crate::support::PATIENCE).is_err());
    connect(&sender, ORIGIN, 0).ready();
}

fn life_08_a_channel_that_is_not_there_is_dropped() {
    let (_broker, sender) = broker();
    let forger = forged::<Forged>(&sender);
    for index in [0, 1, 2, 1000, usize::MAX - 1, usize::MAX] {
        forger.send(Forged::new(index, index)).unwrap();
        forger.send(Forged::new(0, index)).unwrap();
        forger.send(Forged::new(index, 0)).unwrap();
    }
    connect(&sender, ORIGIN, 0).ready();
}

/// A sender of a descriptor that is no channel.
fn sender_from(descriptor: OwnedFd) -> IpcSender<ClientEvent> {
    use direct_sockets_wire::{Endpoint, Wait};
    let (server, path) = ipc::IpcOneShotServer::<IpcSender<ClientEvent>>::new().unwrap();
    let endpoint = Endpoint::connect(&path).unwrap();
    endpoint
        .send(&[0], &[descriptor.as_fd()], Wait::Forever)
        .unwrap();
    server.accept().unwrap().1
}

fn life_08_channels_that_are_none_are_dropped() {
    let (_broker, sender) = broker();
    let stream = std::os::unix::net::UnixStream::pair().unwrap();
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for descriptor in [OwnedFd::from(stream.0), OwnedFd::from(tcp)] {
        let (requests, to_net): (_, IpcReceiver<ClientEvent>) = ipc::channel().unwrap();
        let message = (Forged::new(0, 1), to_net, sender_from(descriptor));
        type Message = (Forged, IpcReceiver<ClientEvent>, IpcSender<ClientEvent>);
        forged::<Message>(&sender).send(message).unwrap();
        // The other channel is closed with it.
        let event = ClientEvent::Refused(SocketError::TimedOut);
        crate::support::wait_until("it is closed", || requests.send(event.clone()).is_err());
    }
    connect(&sender, ORIGIN, 0).ready();
}

fn life_08_an_event_loop_that_sends_half_a_message_holds_up_itself_alone() {
    use direct_sockets_wire::Endpoint;
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let (broker, sender) = broker();
    let honest = crate::support::event_loop(&broker);
    // To get at the descriptor of a sender, it is sent to somebody who takes descriptors.
    let (_rest, other) = Endpoint::pair().unwrap();
    let raw = descriptor_of(&sender);
    let mut bytes = usize::to_ne_bytes(20).to_vec();
    bytes.extend(usize::to_ne_bytes(1000));
    bytes.extend([0; 4]);
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights = [other.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&rights)));
    sendmsg(
        &raw,
        &[std::io::IoSlice::new(&bytes)],
        &mut control,
        SendFlags::empty(),
    )
    .unwrap();
    drop(other);
    let stuck = connect(&sender, ORIGIN, 0);
    connect(&honest, ORIGIN, 0).ready();
    assert!(stuck.events.try_recv().is_err());
    // Once it is clear that the rest never comes, that message is dropped and the next is read.
    drop(_rest);
    stuck.ready();
}

fn descriptor_of(sender: &IpcSender<BrokerMessage>) -> OwnedFd {
    use direct_sockets_wire::{Listener, Wait};
    let listener = Listener::new().unwrap();
    let carrier = IpcSender::connect(listener.path().to_owned()).unwrap();
    carrier.send(sender.clone()).unwrap();
    let endpoint = listener.accept(Wait::Forever).unwrap();
    let message = endpoint
        .receive_message(&mut [0; 100], Wait::Forever)
        .unwrap();
    message.descriptors.into_iter().next().unwrap()
}

fn life_08_a_flood_of_connections_that_nobody_wants_is_survived() {
    let (broker, sender) = broker();
    let honest = crate::support::event_loop(&broker);
    let client = connect(&honest, ORIGIN, 0);
    client.ready();
    for _ in 0..2000 {
        drop(connect(&sender, ORIGIN, 0));
    }
    client.works();
    connect(&honest, ORIGIN, 0).ready();
    crate::support::wait_until("they are all gone", || {
        broker.statistics(crate::support::PATIENCE).unwrap().clients <= 2
    });
}

fn an_event_loop_that_ends_leaves_its_clients_alone() {
    let (_broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    client.ready();
    drop(sender);
    client.works();
}
