/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_policy::{
    Ceiling, ContainerPolicy, DefaultAllowlist, FrameAttributes, IsolationHeaders,
    PermissionsPolicy, is_isolated,
};
use proptest::prelude::*;

const OWN: &str = "https://page.example";
const OTHER: &str = "https://other.example";
const THIRD: &str = "https://third.example";
const SELF: DefaultAllowlist = DefaultAllowlist::Own;

/// A page of ours at the top.
fn page(header: &str) -> PermissionsPolicy {
    PermissionsPolicy::new(None, [header.as_bytes()], OWN, SELF)
}

fn attributes<'a>(allow: Option<&'a str>, src: &'a str) -> FrameAttributes<'a> {
    FrameAttributes {
        allow,
        src,
        is_sandboxed: false,
    }
}

/// What a page of ours, with this header, says about a frame whose `src` is at the other origin.
fn container(header: &str, allow: &str) -> ContainerPolicy {
    page(header).for_frame(OWN, false, &attributes(Some(allow), OTHER))
}

fn inherits(allow: &str, origin: &str) -> bool {
    container("", allow).inherited(origin, SELF)
}

#[test]
fn pp_03_the_default_is_self() {
    let container = page("").for_frame(OWN, false, &attributes(None, OTHER));
    assert!(container.inherited(OWN, SELF));
    assert!(!container.inherited(OTHER, SELF));
    assert!(!container.inherited("https://page.example:8443", SELF));
    assert!(!container.inherited("http://page.example", SELF));
}

#[test]
fn pp_04_allow_without_a_list_is_for_the_src() {
    assert!(inherits("direct-sockets", OTHER));
    assert!(!inherits("direct-sockets", THIRD));
    assert!(!inherits("direct-sockets", OWN));
}

#[test]
fn pp_04_the_words_of_a_list() {
    for (allow, own, other, third) in [
        ("direct-sockets 'none'", false, false, false),
        ("direct-sockets 'self'", true, false, false),
        ("direct-sockets 'SELF' 'Src'", true, true, false),
        ("direct-sockets 'src'", false, true, false),
        ("direct-sockets *", true, true, true),
        ("direct-sockets 'none' *", true, true, true),
        ("direct-sockets https://third.example", false, false, true),
        (
            "direct-sockets https://third.example/path?x 'self'",
            true,
            false,
            true,
        ),
        ("direct-sockets https://*.example", true, true, true),
        (
            "direct-sockets self src none third.example",
            false,
            false,
            false,
        ),
    ] {
        assert_eq!(inherits(allow, OWN), own, "{allow}");
        assert_eq!(inherits(allow, OTHER), other, "{allow}");
        assert_eq!(inherits(allow, THIRD), third, "{allow}");
    }
}

#[test]
fn pp_04_declarations_are_separated_by_semicolons_and_the_last_one_counts() {
    for (allow, other) in [
        ("geolocation; direct-sockets;camera", true),
        (";; direct-sockets ;", true),
        ("\tdirect-sockets\n'src'\r", true),
        ("direct-sockets; direct-sockets 'none'", false),
        ("direct-sockets 'none'; direct-sockets", true),
        ("geolocation direct-sockets", false),
        ("direct-sockets, geolocation", false),
        ("direct-sockets=*", false),
    ] {
        assert_eq!(inherits(allow, OTHER), other, "{allow}");
    }
}

#[test]
fn pp_01_another_name_says_nothing_about_the_feature() {
    for allow in ["", "Direct-Sockets *", "direct-socket *", "directsockets *"] {
        assert!(inherits(allow, OWN), "{allow}");
        assert!(!inherits(allow, OTHER), "{allow}");
    }
}

#[test]
fn pp_05_the_header_of_the_page_around_is_the_limit() {
    for (header, own, other) in [
        ("direct-sockets=()", false, false),
        ("direct-sockets=(self)", true, false),
        (
            "direct-sockets=(self \"https://other.example\")",
            true,
            true,
        ),
        ("direct-sockets=(\"https://other.example\")", false, false),
        ("direct-sockets=*", true, true),
        ("geolocation=()", true, true),
    ] {
        let container = container(header, "direct-sockets *");
        assert_eq!(container.inherited(OWN, SELF), own, "{header}");
        assert_eq!(container.inherited(OTHER, SELF), other, "{header}");
    }
}

#[test]
fn pp_05_the_header_of_a_frame_can_only_take_away() {
    let child = |container: &ContainerPolicy, header: &str| {
        PermissionsPolicy::new(Some(container), [header.as_bytes()], OTHER, SELF)
            .is_enabled(OTHER, SELF)
    };
    let allowed = container("", "direct-sockets");
    assert!(child(&allowed, ""));
    assert!(child(&allowed, "direct-sockets=(self)"));
    assert!(!child(&allowed, "direct-sockets=()"));
    assert!(!child(&container("", ""), "direct-sockets=*"));
}

#[test]
fn pp_05_a_frame_gives_no_more_than_it_has() {
    let denied = PermissionsPolicy::new(Some(&container("", "")), [], OTHER, SELF);
    let inner = denied.for_frame(OTHER, false, &attributes(Some("direct-sockets *"), OWN));
    assert!(!inner.inherited(OWN, SELF));
    assert!(!inner.inherited(OTHER, SELF));
}

#[test]
fn pp_09_no_opaque_origin_and_no_sandbox() {
    assert!(!inherits("direct-sockets *", "null"));
    let opaque = page("").for_frame("null", false, &attributes(Some("direct-sockets *"), OTHER));
    assert!(!opaque.inherited("null", SELF));
    assert!(!opaque.inherited(OTHER, SELF));
    let sandboxed = FrameAttributes {
        allow: Some("direct-sockets *"),
        src: OWN,
        is_sandboxed: true,
    };
    let sandboxed = page("").for_frame(OWN, false, &sandboxed);
    assert!(!sandboxed.inherited(OWN, SELF));
    assert!(!sandboxed.inherited(OTHER, SELF));
}

#[test]
fn the_default_allowlist_can_be_nobody() {
    let nobody = DefaultAllowlist::parse("none");
    let enabled = |header: &str| {
        PermissionsPolicy::new(None, [header.as_bytes()], OWN, nobody).is_enabled(OWN, nobody)
    };
    assert!(!enabled(""));
    assert!(enabled("direct-sockets=(self)"));
    let plain = page("").for_frame(OWN, false, &attributes(None, OWN));
    assert!(!plain.inherited(OWN, nobody));
    assert!(container("", "direct-sockets").inherited(OTHER, nobody));
    for text in ["self", "'self'", "", " self "] {
        assert_eq!(DefaultAllowlist::parse(text), SELF, "{text}");
    }
    for text in ["'none'", "nobody", "*", "Self"] {
        assert_eq!(DefaultAllowlist::parse(text), nobody, "{text}");
    }
}

#[test]
fn pp_05_a_ceiling_only_comes_down() {
    let top = Ceiling::Top;
    assert!(top.permits(OWN) && top.permits(OTHER) && !top.permits("null"));
    let frame =
        |ceiling: &Ceiling, container: &ContainerPolicy| ceiling.of_frame(Some(container), SELF);
    let allowed = frame(&top, &container("", "direct-sockets"));
    assert!(allowed.permits(OTHER) && !allowed.permits(OWN) && !allowed.permits(THIRD));
    assert_eq!(top.of_frame(None, SELF), Ceiling::Nobody);

    // One that was not allowed says that it was, to a frame in it.
    let denied = frame(&top, &container("", ""));
    assert!(!denied.permits(OTHER));
    let boasting = PermissionsPolicy::new(None, [], OTHER, SELF).for_frame(
        OTHER,
        false,
        &attributes(Some("direct-sockets *"), OTHER),
    );
    assert!(boasting.inherited(OTHER, SELF));
    assert_eq!(frame(&denied, &boasting), Ceiling::Nobody);
    assert!(frame(&allowed, &boasting).permits(OTHER));
    assert_eq!(frame(&Ceiling::Nobody, &boasting), Ceiling::Nobody);
}

#[test]
fn pp_10_a_worker_with_an_opaque_origin_has_what_its_document_could_have() {
    let frame = |allow| Ceiling::Top.of_frame(Some(&container("", allow)), SELF);
    for (ceiling, permits) in [
        (Ceiling::Top, true),
        (frame(""), true),
        (frame("direct-sockets"), true),
        (frame("direct-sockets 'none'"), false),
        (Ceiling::Nobody, false),
    ] {
        assert_eq!(ceiling.permits_worker("null"), permits, "{ceiling:?}");
        assert!(!ceiling.permits("null"), "{ceiling:?}");
    }
    assert!(!frame("direct-sockets").permits_worker(THIRD));
}

fn headers<'a>(opener: &'a str, embedder: &'a str) -> IsolationHeaders<'a> {
    IsolationHeaders {
        opener_policy: Some(opener.as_bytes()),
        embedder_policy: Some(embedder.as_bytes()),
    }
}

#[test]
fn a_page_is_isolated_by_two_headers() {
    let isolated = |headers| is_isolated(None, headers, OWN, false);
    assert!(isolated(headers("same-origin", "require-corp")));
    assert!(isolated(headers(
        "same-origin; report-to=\"x\"",
        "credentialless"
    )));
    for (opener, embedder) in [
        ("same-origin", "unsafe-none"),
        ("same-origin-allow-popups", "require-corp"),
        ("\"same-origin\"", "require-corp"),
        ("same-origin", "Require-Corp"),
        ("", ""),
        ("same-origin, same-origin", "require-corp"),
    ] {
        assert!(!isolated(headers(opener, embedder)), "{opener} {embedder}");
    }
    assert!(!isolated(IsolationHeaders::default()));
}

#[test]
fn a_frame_is_isolated_like_the_page_around_if_its_response_agrees() {
    let frame =
        |is_isolated, allow| page("").for_frame(OWN, is_isolated, &attributes(Some(allow), OTHER));
    let answer = |container: &ContainerPolicy, headers, origin, is_local| {
        is_isolated(Some(container), headers, origin, is_local)
    };
    let agrees = headers("", "require-corp");
    let plain = frame(true, "");
    assert!(answer(&plain, agrees, OWN, false));
    assert!(answer(&plain, IsolationHeaders::default(), OWN, true));
    assert!(!answer(&plain, IsolationHeaders::default(), OWN, false));
    assert!(!answer(&plain, agrees, OTHER, false));
    assert!(answer(
        &frame(true, "cross-origin-isolated"),
        agrees,
        OTHER,
        false
    ));
    assert!(!answer(&frame(false, ""), agrees, OWN, false));
}

proptest! {
    #[test]
    fn any_attribute_is_answered(allow in "\\PC{0,200}", src in "\\PC{0,50}", origin in "\\PC{0,50}") {
        let container = page("").for_frame(OWN, false, &attributes(Some(&allow), &src));
        let _ = container.inherited(&origin, SELF);
        prop_assert!(!container.inherited("null", SELF));
    }

    /// Whatever the words around it are, 'none' alone gives nothing to anybody.
    #[test]
    fn what_comes_last_counts(before in "[a-z' *;-]{0,60}") {
        let allow = format!("{before}; direct-sockets 'none'");
        for origin in [OWN, OTHER, THIRD] {
            prop_assert!(!inherits(&allow, origin));
        }
    }
}
