/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::time::{Duration, Instant};

use direct_sockets_broker::{AllowedOrigins, Ceiling, Config};
use direct_sockets_traits::limits::SOCKETS_PER_ANSWER;
use direct_sockets_traits::{
    ServerOptions, SocketError, SocketEvent, SocketId, SocketKind, SocketRequest,
};
use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::support::{
    Event, ORIGIN, PATIENCE, PIPELINE, broker, broker_with, connect, exists, owner, signal,
    wait_until, wait_until_gone,
};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(broker:
        net_is_started_by_the_first_socket_and_not_before,
        one_net_process_serves_every_event_loop,
        the_figures_come_from_net,
        all_sockets_are_told_however_many_answers_that_takes,
        a_net_process_that_does_not_answer_tells_of_no_sockets,
        an_origin_that_is_not_allowed_is_refused,
        the_allowed_origins_can_change,
        shutdown_ends_net_and_reaps_it,
        shutdown_ends_a_net_process_that_does_not_listen,
        shutdown_without_net_returns_at_once,
        after_a_shutdown_the_next_socket_starts_net_again,
        dropping_the_broker_ends_net,
        the_broker_of_the_process_is_one,
    )
}

fn net_is_started_by_the_first_socket_and_not_before() {
    let (broker, sender) = broker();
    assert_eq!(broker.net_process_id(), None);
    assert_eq!(broker.statistics(PATIENCE), None);
    assert_eq!(broker.socket_statistics(PATIENCE), None);
    let client = connect(&sender, ORIGIN, 0);
    let pid = client.ready();
    assert_eq!(broker.net_process_id(), Some(pid));
    assert_ne!(pid, std::process::id());
    client.works();
}

fn one_net_process_serves_every_event_loop() {
    let (broker, first) = broker();
    let second = crate::support::event_loop(&broker);
    let clients: Vec<_> = (0..50)
        .map(|index| connect(if index % 2 == 0 { &first } else { &second }, ORIGIN, 0))
        .collect();
    let pids: Vec<_> = clients.iter().map(|client| client.ready()).collect();
    assert!(
        pids.iter().all(|pid| Some(*pid) == broker.net_process_id()),
        "{pids:?}"
    );
    clients.iter().for_each(|client| client.works());
}

fn the_figures_come_from_net() {
    let (broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    client.ready();
    let figures = broker.statistics(PATIENCE).unwrap();
    assert_eq!((figures.clients, figures.sockets), (1, 0));
    drop(client);
    wait_until("the client has gone", || {
        broker.statistics(PATIENCE).unwrap().clients == 0
    });
}

fn all_sockets_are_told_however_many_answers_that_takes() {
    let (broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    client.ready();
    let none = broker.socket_statistics(PATIENCE).unwrap();
    assert!(none.sockets.is_empty() && none.is_complete);
    let count = 2 * SOCKETS_PER_ANSWER as u64 + 1;
    let mut expected = Vec::new();
    for number in 1..=count {
        let listen = ServerOptions::default().validate("127.0.0.1".to_owned());
        let (id, listen) = (SocketId(number), listen.unwrap());
        let request = SocketRequest::ListenTcp { id, listen };
        client.requests.send(request).unwrap();
        match client.next() {
            Event::Socket {
                id,
                event: SocketEvent::Listening { local },
            } => expected.push((id.0, Some(local))),
            other => panic!("{other:?} instead of a listening socket"),
        }
    }
    let list = broker.socket_statistics(PATIENCE).unwrap();
    assert!(list.is_complete);
    for socket in &list.sockets {
        assert_eq!(socket.kind, SocketKind::TcpServer);
        assert_eq!(socket.origin, ORIGIN);
        assert_eq!(socket.owner, owner(PIPELINE, Some("worker")));
    }
    let told = list.sockets.iter();
    let told: Vec<_> = told.map(|one| (one.key.socket, one.local)).collect();
    assert_eq!(told, expected);
    assert_eq!(broker.statistics(PATIENCE).unwrap().sockets, count);
}

fn a_net_process_that_does_not_answer_tells_of_no_sockets() {
    let (broker, sender) = broker();
    let pid = connect(&sender, ORIGIN, 0).ready();
    signal(pid, Signal::STOP);
    let moment = Duration::from_millis(50);
    assert_eq!(broker.socket_statistics(moment), None);
    assert_eq!(broker.statistics(moment), None);
    signal(pid, Signal::CONT);
    assert!(broker.socket_statistics(PATIENCE).unwrap().is_complete);
}

fn an_origin_that_is_not_allowed_is_refused() {
    let (broker, sender) = broker_with(Config {
        origins: AllowedOrigins::parse("https://page.example https://other.example"),
        ..Config::default()
    });
    for origin in [
        "https://evil.example",
        "null",
        "",
        "https://page.example.evil.example",
    ] {
        let client = connect(&sender, origin, 0);
        assert_eq!(client.refused(), SocketError::OriginNotAllowed, "{origin}");
        client.is_lost();
    }
    // Nobody was allowed, so nothing was started.
    assert_eq!(broker.net_process_id(), None);
    connect(&sender, "https://other.example", 0).ready();
}

fn the_allowed_origins_can_change() {
    let (broker, sender) = broker();
    // Every origin at first.
    let early = connect(&sender, "https://early.example", 0);
    early.ready();
    broker.set_allowed_origins(AllowedOrigins::parse("https://other.example"));
    assert_eq!(
        connect(&sender, ORIGIN, 0).refused(),
        SocketError::OriginNotAllowed
    );
    assert_eq!(
        connect(&sender, "https://early.example", 0).refused(),
        SocketError::OriginNotAllowed
    );
    connect(&sender, "https://other.example", 0).ready();
    // What was given before stays.
    early.works();
}

fn shutdown_ends_net_and_reaps_it() {
    let (broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    let pid = client.ready();
    broker.shutdown(PATIENCE);
    assert!(!exists(pid));
    assert_eq!(broker.net_process_id(), None);
    client.is_lost();
}

fn shutdown_ends_a_net_process_that_does_not_listen() {
    let (broker, sender) = broker();
    let pid = connect(&sender, ORIGIN, 0).ready();
    signal(pid, Signal::STOP);
    let begin = Instant::now();
    broker.shutdown(Duration::from_millis(100));
    assert!(!exists(pid));
    assert!(begin.elapsed() < PATIENCE);
}

fn shutdown_without_net_returns_at_once() {
    let (broker, _sender) = broker();
    broker.shutdown(PATIENCE);
    direct_sockets_broker::Broker::new(Config::default()).shutdown(PATIENCE);
}

fn after_a_shutdown_the_next_socket_starts_net_again() {
    let (broker, sender) = broker();
    // More often than deaths are forgiven: these are none.
    for _ in 0..5 {
        let client = connect(&sender, ORIGIN, 0);
        client.ready();
        client.works();
        broker.shutdown(PATIENCE);
    }
}

fn dropping_the_broker_ends_net() {
    let (broker, sender) = broker();
    let pid = connect(&sender, ORIGIN, 0).ready();
    drop(broker);
    wait_until_gone(pid);
}

fn the_broker_of_the_process_is_one() {
    use direct_sockets_broker as api;
    assert_eq!(api::net_process_id(), None);
    api::install(Config {
        origins: AllowedOrigins::parse(ORIGIN),
        ..Config::default()
    });
    let sender = |access: api::EventLoopAccess| {
        access.documents.place(PIPELINE.to_owned(), Ceiling::Top);
        access.sender.unwrap()
    };
    let first = sender(api::event_loop());
    let second = sender(api::event_loop());
    let pid = connect(&first, ORIGIN, 0).ready();
    assert_eq!(connect(&second, ORIGIN, 0).ready(), pid);
    assert_eq!(api::net_process_id(), Some(pid));
    let other = "https://other.example";
    assert_eq!(
        connect(&first, other, 0).refused(),
        SocketError::OriginNotAllowed
    );
    api::set_allowed_origins(AllowedOrigins::All);
    assert_eq!(connect(&first, other, 0).ready(), pid);
    assert!(api::statistics(PATIENCE).is_some());
    assert!(api::socket_statistics(PATIENCE).is_some());
    api::shutdown(PATIENCE);
    assert!(!exists(pid));
}
