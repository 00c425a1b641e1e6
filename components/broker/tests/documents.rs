/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What an event loop gets that lies about its documents. The constellation is played by the tests: they tell the
//! broker what it would tell.

use std::time::{Duration, Instant};

use direct_sockets_broker::{Broker, Ceiling, Config, Documents, EventLoopAccess};
use direct_sockets_policy::{
    ContainerPolicy, DefaultAllowlist, FrameAttributes, PermissionsPolicy,
};
use direct_sockets_traits::{BrokerMessage, EventLoopKey, SocketError};
use ipc_channel::ipc::IpcSender;
use libtest_mimic::Trial;

use crate::support::{Client, ORIGIN, connect_as, owner};
use crate::trials;

const OTHER: &str = "https://other.example";

pub fn tests() -> Vec<Trial> {
    trials!(documents:
        pp_03_a_frame_of_another_origin_is_refused_without_allow,
        pp_04_a_frame_of_another_origin_is_served_with_allow,
        pp_05_a_frame_cannot_widen_itself,
        pp_09_a_sandboxed_frame_is_refused_whatever_it_says,
        pp_10_a_worker_has_the_ceiling_of_its_document,
        a_document_of_another_event_loop_is_none_of_this_one,
        a_document_that_comes_later_is_waited_for,
        a_document_that_has_ended_is_remembered_for_its_workers,
        a_frame_that_claims_the_origin_of_the_page_around_is_believed,
        workers_without_documents_have_the_default,
        keys_are_different_and_say_nothing,
    )
}

/// An event loop, and what the trusted side tells about it.
struct Loop {
    sender: IpcSender<BrokerMessage>,
    documents: Documents,
}

impl Loop {
    fn new(broker: &Broker) -> Self {
        let EventLoopAccess {
            sender, documents, ..
        } = broker.event_loop().unwrap();
        Self {
            sender: sender.unwrap(),
            documents,
        }
    }

    fn ask(&self, pipeline: &str, origin: &str) -> Client {
        connect_as(&self.sender, owner(pipeline, None), origin, 0)
    }

    fn is_served(&self, pipeline: &str, origin: &str) {
        self.ask(pipeline, origin).ready();
    }

    fn is_refused(&self, pipeline: &str, origin: &str) {
        let client = self.ask(pipeline, origin);
        assert_eq!(client.refused(), SocketError::OriginNotAllowed);
        client.is_lost();
    }
}

/// What a page of [`ORIGIN`] says about a frame of [`OTHER`].
fn container(allow: Option<&str>, is_sandboxed: bool) -> ContainerPolicy {
    let default = DefaultAllowlist::Own;
    let attributes = FrameAttributes {
        allow,
        src: OTHER,
        is_sandboxed,
    };
    PermissionsPolicy::new(None, [], ORIGIN, default).for_frame(ORIGIN, false, &attributes)
}

fn in_frame(of: &Ceiling, container: &ContainerPolicy) -> Ceiling {
    of.of_frame(Some(container), DefaultAllowlist::Own)
}

/// A broker, the event loop of a page, and that of a frame in it which has what the attributes say.
fn page_and_frame(allow: Option<&str>, is_sandboxed: bool) -> (Broker, Loop, Loop) {
    let broker = Broker::new(Config::default());
    let (page, frame) = (Loop::new(&broker), Loop::new(&broker));
    page.documents.place("page".into(), Ceiling::Top);
    let ceiling = in_frame(
        &page.documents.ceiling("page"),
        &container(allow, is_sandboxed),
    );
    frame.documents.place("frame".into(), ceiling);
    (broker, page, frame)
}

fn pp_03_a_frame_of_another_origin_is_refused_without_allow() {
    let (_broker, page, frame) = page_and_frame(None, false);
    frame.is_refused("frame", OTHER);
    page.is_served("page", ORIGIN);
}

fn pp_04_a_frame_of_another_origin_is_served_with_allow() {
    let (_broker, _page, frame) = page_and_frame(Some("direct-sockets"), false);
    frame.is_served("frame", OTHER);
    frame.is_refused("frame", "https://third.example");
}

fn pp_05_a_frame_cannot_widen_itself() {
    let (_broker, _page, frame) = page_and_frame(Some("direct-sockets 'none'"), false);
    // Whatever origin it says that it has.
    for origin in [OTHER, ORIGIN, "https://third.example", "null", ""] {
        frame.is_refused("frame", origin);
    }
    // It says about a frame in it, which the constellation puts into the same event loop, that it has everything.
    let boasting = PermissionsPolicy::new(None, [], OTHER, DefaultAllowlist::Own).for_frame(
        OTHER,
        false,
        &FrameAttributes {
            allow: Some("direct-sockets *"),
            src: OTHER,
            is_sandboxed: false,
        },
    );
    let ceiling = in_frame(&frame.documents.ceiling("frame"), &boasting);
    frame.documents.place("inner".into(), ceiling);
    frame.is_refused("inner", OTHER);
}

fn pp_09_a_sandboxed_frame_is_refused_whatever_it_says() {
    let (_broker, _page, frame) = page_and_frame(Some("direct-sockets *"), true);
    for origin in [OTHER, ORIGIN, "null"] {
        frame.is_refused("frame", origin);
    }
}

fn pp_10_a_worker_has_the_ceiling_of_its_document() {
    let (_broker, page, frame) = page_and_frame(Some("direct-sockets 'none'"), false);
    let ask = |of: &Loop, pipeline, origin| {
        connect_as(&of.sender, owner(pipeline, Some("worker")), origin, 0)
    };
    for origin in [OTHER, ORIGIN, "null"] {
        let client = ask(&frame, "frame", origin);
        assert_eq!(client.refused(), SocketError::OriginNotAllowed, "{origin}");
    }
    ask(&page, "page", ORIGIN).ready();
    // From a data: URL.
    ask(&page, "page", "null").ready();
    page.is_refused("page", "null");
}

fn a_document_of_another_event_loop_is_none_of_this_one() {
    let (_broker, page, frame) = page_and_frame(None, false);
    let started = Instant::now();
    frame.is_refused("page", ORIGIN);
    // It was waited for, as nobody had said yet that there is no such document; the page was not held up.
    assert!(started.elapsed() > Duration::from_secs(1));
    page.is_served("page", ORIGIN);
    assert_eq!(frame.documents.ceiling("page"), Ceiling::Nobody);
}

fn a_document_that_comes_later_is_waited_for() {
    let broker = Broker::new(Config::default());
    let page = Loop::new(&broker);
    let early = page.ask("page", ORIGIN);
    page.documents.place("another".into(), Ceiling::Nobody);
    page.documents.place("page".into(), Ceiling::Top);
    early.ready();
}

fn a_document_that_has_ended_is_remembered_for_its_workers() {
    let (_broker, page, frame) = page_and_frame(None, false);
    page.documents.end("page");
    frame.documents.end("frame");
    page.is_served("page", ORIGIN);
    frame.is_refused("frame", OTHER);
    // Not for ever.
    for number in 0..10_000 {
        let pipeline = format!("{number}");
        page.documents.place(pipeline.clone(), Ceiling::Top);
        page.documents.end(&pipeline);
    }
    assert_eq!(page.documents.ceiling("page"), Ceiling::Nobody);
    assert_eq!(page.documents.ceiling("9999"), Ceiling::Top);
}

/// Servo leaves to content where a redirect has led, and so which origin a document has. This is what a lie about it
/// brings: what a frame of that origin would have at this place.
fn a_frame_that_claims_the_origin_of_the_page_around_is_believed() {
    let (_broker, _page, frame) = page_and_frame(None, false);
    frame.is_refused("frame", OTHER);
    frame.is_served("frame", ORIGIN);
    // Not where frames of that origin have nothing either.
    let (_broker, _page, frame) = page_and_frame(Some("direct-sockets 'src'"), false);
    frame.is_refused("frame", ORIGIN);
}

fn workers_without_documents_have_the_default() {
    let broker = Broker::new(Config::default());
    let access = broker.service_workers().unwrap();
    let sender = access.sender.unwrap();
    connect_as(&sender, owner("any", Some("worker")), ORIGIN, 0).ready();
    let document = connect_as(&sender, owner("any", None), "null", 0);
    assert_eq!(document.refused(), SocketError::OriginNotAllowed);
}

fn keys_are_different_and_say_nothing() {
    let broker = Broker::new(Config::default());
    let keys = [(); 3].map(|()| broker.event_loop().unwrap().key);
    for (index, key) in keys.iter().enumerate() {
        for (other, other_key) in keys.iter().enumerate() {
            assert_eq!(key.opens(*other_key), index == other);
        }
        assert!(!EventLoopKey::default().opens(*key));
        assert_eq!(format!("{key:?}"), "EventLoopKey(..)");
    }
    assert!(!EventLoopKey::default().opens(EventLoopKey::default()));
}
