/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the embedder says about addresses and ports, with a real net process.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use direct_sockets_broker::{
    AddressGrant, AddressRequest, AddressSpace, AddressUse, Broker, Config, Decision, PortFloors,
    Remember,
};
use direct_sockets_traits::{
    BrokerMessage, Host, SocketError, SocketEvent, SocketId, SocketRequest, TcpExtras, TcpOpen,
    TcpOptions,
};
use ipc_channel::ipc::IpcSender;
use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::support::{
    Client, Event, ORIGIN, PATIENCE, broker, broker_with, connect, signal, wait_until_gone,
};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(address_request:
        everything_is_allowed_by_default,
        what_is_denied_is_refused_without_asking,
        ports_below_the_floor_are_refused,
        decisions_hold_for_those_who_come_later,
        the_embedder_is_asked_and_answers_later,
        without_anybody_to_ask_the_answer_is_no,
        a_request_that_is_dropped_is_a_no,
        a_delegate_that_panics_says_no_and_is_asked_again,
        an_answer_for_the_origin_is_remembered_for_that_origin_and_space,
        those_who_wait_get_the_answer_for_the_origin,
        those_who_wait_are_asked_about_one_after_the_other,
        answers_are_remembered_when_net_was_lost,
        a_page_that_asks_too_much_is_refused_and_others_are_not,
    )
}

const ASK: AddressGrant = AddressGrant {
    loopback: Decision::Ask,
    local: Decision::Allow,
    public: Decision::Allow,
};

/// Somebody to connect to.
fn peer() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn open(client: &Client, id: u64, address: SocketAddr) {
    let id = SocketId(id);
    let open = TcpOpen {
        host: Host::Ip(address.ip()),
        port: address.port(),
        options: TcpOptions::default(),
        extras: TcpExtras::default(),
    };
    client
        .requests
        .send(SocketRequest::OpenTcp { id, open })
        .unwrap();
}

/// The next socket that opens or fails, and whether it failed.
fn opened(client: &Client) -> (u64, Result<(), SocketError>) {
    match client.next() {
        Event::Socket {
            id,
            event: SocketEvent::Opened { .. },
        } => (id.0, Ok(())),
        Event::Socket {
            id,
            event: SocketEvent::OpenFailed(error),
        } => (id.0, Err(error)),
        other => panic!("{other:?}"),
    }
}

const REFUSED: Result<(), SocketError> = Err(SocketError::AddressNotAllowed);

fn client_of(sender: &IpcSender<BrokerMessage>, origin: &str) -> Client {
    let client = connect(sender, origin, 0);
    client.ready();
    client
}

/// A broker whose requests come out here.
fn asking() -> (
    Broker,
    IpcSender<BrokerMessage>,
    mpsc::Receiver<AddressRequest>,
) {
    let (broker, sender) = broker_with(Config {
        addresses: ASK,
        ..Config::default()
    });
    let (requests, asked) = mpsc::channel();
    let requests = Mutex::new(requests);
    broker.set_address_delegate(Some(Arc::new(move |request| {
        let _ = requests.lock().unwrap().send(request);
    })));
    (broker, sender, asked)
}

fn next(asked: &mpsc::Receiver<AddressRequest>) -> AddressRequest {
    asked.recv_timeout(PATIENCE).expect("the embedder is asked")
}

fn everything_is_allowed_by_default() {
    let (broker, sender) = broker();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    broker.set_address_delegate(Some(Arc::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    })));
    client_of(&sender, ORIGIN).works();
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

fn what_is_denied_is_refused_without_asking() {
    let (broker, sender, asked) = asking();
    broker.set_address_decisions(AddressGrant {
        loopback: Decision::Deny,
        ..ASK
    });
    let client = client_of(&sender, ORIGIN);
    open(&client, 1, peer().1);
    assert_eq!(opened(&client), (1, REFUSED));
    assert!(asked.try_recv().is_err());
}

fn ports_below_the_floor_are_refused() {
    let (_broker, sender) = broker_with(Config {
        port_floors: PortFloors {
            remote: 1024,
            ..Default::default()
        },
        ..Config::default()
    });
    let client = client_of(&sender, ORIGIN);
    open(&client, 1, ([127, 0, 0, 1], 1023).into());
    assert_eq!(opened(&client), (1, Err(SocketError::PortNotAllowed)));
    client.works();
}

fn decisions_hold_for_those_who_come_later() {
    let (broker, sender) = broker();
    let early = client_of(&sender, ORIGIN);
    broker.set_address_decisions(AddressGrant {
        loopback: Decision::Deny,
        ..Default::default()
    });
    broker.set_port_floors(PortFloors::default());
    early.works();
    let late = client_of(&sender, ORIGIN);
    open(&late, 1, peer().1);
    assert_eq!(opened(&late), (1, REFUSED));
}

fn the_embedder_is_asked_and_answers_later() {
    let (_broker, sender, asked) = asking();
    let client = client_of(&sender, ORIGIN);
    let (_listener, address) = peer();
    open(&client, 1, address);
    let request = next(&asked);
    assert_eq!(request.origin(), ORIGIN);
    assert_eq!(request.space(), AddressSpace::Loopback);
    assert_eq!(request.address(), address);
    assert_eq!(request.usage(), AddressUse::TcpConnect);
    // Meanwhile others are served.
    let other = client_of(&sender, "https://other.example");
    open(&other, 5, address);
    next(&asked).deny(Remember::Once);
    assert_eq!(opened(&other), (5, REFUSED));
    std::thread::spawn(move || request.allow(Remember::Once))
        .join()
        .unwrap();
    assert_eq!(opened(&client), (1, Ok(())));
    // Once: the next socket asks again.
    open(&client, 2, address);
    next(&asked).deny(Remember::Once);
    assert_eq!(opened(&client), (2, REFUSED));
}

fn without_anybody_to_ask_the_answer_is_no() {
    let (broker, sender) = broker_with(Config {
        addresses: ASK,
        ..Config::default()
    });
    let client = client_of(&sender, ORIGIN);
    open(&client, 1, peer().1);
    assert_eq!(opened(&client), (1, REFUSED));
    // Also when there was somebody once.
    broker.set_address_delegate(Some(Arc::new(|request| request.allow(Remember::Once))));
    client.works();
    broker.set_address_delegate(None);
    open(&client, 2, peer().1);
    assert_eq!(opened(&client), (2, REFUSED));
}

fn a_request_that_is_dropped_is_a_no() {
    let (_broker, sender, asked) = asking();
    let client = client_of(&sender, ORIGIN);
    open(&client, 1, peer().1);
    drop(next(&asked));
    assert_eq!(opened(&client), (1, REFUSED));
    // And not one that is remembered.
    let (_listener, address) = peer();
    open(&client, 2, address);
    next(&asked).allow(Remember::Once);
    assert_eq!(opened(&client), (2, Ok(())));
}

fn a_delegate_that_panics_says_no_and_is_asked_again() {
    let (broker, sender) = broker_with(Config {
        addresses: ASK,
        ..Config::default()
    });
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    broker.set_address_delegate(Some(Arc::new(move |request| {
        assert!(counted.fetch_add(1, Ordering::SeqCst) > 0, "as a test");
        request.allow(Remember::Once);
    })));
    let client = client_of(&sender, ORIGIN);
    open(&client, 1, peer().1);
    assert_eq!(opened(&client), (1, REFUSED));
    client.works();
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

fn an_answer_for_the_origin_is_remembered_for_that_origin_and_space() {
    let (broker, sender, asked) = asking();
    let (_listener, address) = peer();
    for allow in [true, false] {
        let expected = if allow { Ok(()) } else { REFUSED };
        let client = client_of(&sender, ORIGIN);
        open(&client, 1, address);
        let request = next(&asked);
        if allow {
            request.allow(Remember::Origin);
        } else {
            request.deny(Remember::Origin);
        }
        assert_eq!(opened(&client), (1, expected));
        // Other sockets, other addresses, other pages of the origin.
        open(&client, 2, address);
        assert_eq!(opened(&client), (2, expected));
        let same = client_of(&sender, ORIGIN);
        open(&same, 1, address);
        assert_eq!(opened(&same), (1, expected));
        assert!(asked.try_recv().is_err());
        // Another origin is another question.
        let other = client_of(&sender, "https://other.example");
        open(&other, 1, address);
        next(&asked).allow(Remember::Once);
        assert_eq!(opened(&other), (1, Ok(())));
        broker.forget_address_answers();
    }
}

fn those_who_wait_get_the_answer_for_the_origin() {
    let (_broker, sender, asked) = asking();
    let (_listener, address) = peer();
    let client = client_of(&sender, ORIGIN);
    for id in 0..10 {
        open(&client, id, address);
    }
    let request = next(&asked);
    // They are questions by now, or they will find the answer.
    request.allow(Remember::Origin);
    let mut ids: Vec<_> = (0..10).map(|_| opened(&client)).collect();
    ids.sort_by_key(|(id, _)| *id);
    assert_eq!(ids, (0..10).map(|id| (id, Ok(()))).collect::<Vec<_>>());
    assert!(asked.try_recv().is_err());
}

fn those_who_wait_are_asked_about_one_after_the_other() {
    let (_broker, sender, asked) = asking();
    let (_listener, address) = peer();
    let client = client_of(&sender, ORIGIN);
    for id in 0..4 {
        open(&client, id, address);
    }
    for turn in 0..4 {
        let request = next(&asked);
        assert!(asked.try_recv().is_err(), "only one at a time");
        if turn % 2 == 0 {
            request.allow(Remember::Once);
            assert_eq!(opened(&client).1, Ok(()));
        } else {
            drop(request);
            assert_eq!(opened(&client).1, REFUSED);
        }
    }
}

fn answers_are_remembered_when_net_was_lost() {
    let (_broker, sender, asked) = asking();
    let (_listener, address) = peer();
    let client = connect(&sender, ORIGIN, 0);
    let pid = client.ready();
    open(&client, 1, address);
    let request = next(&asked);
    // Lost while the embedder thinks about it.
    signal(pid, Signal::KILL);
    client.is_lost();
    wait_until_gone(pid);
    request.allow(Remember::Origin);
    let again = client_of(&sender, ORIGIN);
    open(&again, 1, address);
    assert_eq!(opened(&again), (1, Ok(())));
    assert!(asked.try_recv().is_err());
}

fn a_page_that_asks_too_much_is_refused_and_others_are_not() {
    let (_broker, sender, asked) = asking();
    let (_listener, address) = peer();
    let client = client_of(&sender, ORIGIN);
    let count = 200;
    for id in 0..count {
        open(&client, id, address);
    }
    let first = next(&asked);
    // Some wait, the others are refused at once.
    let (_, result) = opened(&client);
    assert_eq!(result, REFUSED);
    let other = client_of(&sender, "https://other.example");
    open(&other, 1, address);
    next(&asked).allow(Remember::Once);
    assert_eq!(opened(&other), (1, Ok(())));
    first.allow(Remember::Origin);
    let results: Vec<_> = (1..count).map(|_| opened(&client).1).collect();
    let allowed = results.iter().filter(|result| result.is_ok()).count();
    assert!((32..199).contains(&allowed), "{allowed}");
}
