/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_policy::{DefaultAllowlist, PermissionsPolicy};
use proptest::prelude::*;

const OWN: &str = "https://page.example";

/// Whether the header fields of a response let its own document use direct sockets, at the top and with the usual
/// default allowlist.
fn allows_direct_sockets<'a>(
    header_values: impl IntoIterator<Item = &'a [u8]>,
    own_origin: &str,
) -> bool {
    let default = DefaultAllowlist::Own;
    PermissionsPolicy::new(None, header_values, own_origin, default).is_enabled(own_origin, default)
}

fn allows(header: &str) -> bool {
    allows_direct_sockets([header.as_bytes()], OWN)
}

#[test]
fn pp_01_the_feature_is_named_direct_sockets() {
    assert!(!allows("direct-sockets=()"));
    for misspelt in [
        "direct-socket=()",
        "directsockets=()",
        "direct_sockets=()",
        "tcp=()",
    ] {
        assert!(allows(misspelt), "{misspelt}");
    }
}

#[test]
fn pp_02_the_default_allowlist_is_self() {
    assert!(allows_direct_sockets([], OWN));
    assert!(allows(""));
    assert!(allows("geolocation=()"));
}

#[test]
fn pp_09_an_opaque_origin_may_not() {
    assert!(!allows_direct_sockets([], "null"));
    for header in [
        "direct-sockets=*",
        "direct-sockets=(self)",
        "direct-sockets=(\"null\")",
    ] {
        assert!(
            !allows_direct_sockets([header.as_bytes()], "null"),
            "{header}"
        );
    }
}

#[test]
fn self_and_star_allow() {
    for header in [
        "direct-sockets=*",
        "direct-sockets=(*)",
        "direct-sockets=self",
        "direct-sockets=(self)",
        "direct-sockets=(self \"https://other.example\")",
        "direct-sockets=(self);report-to=somewhere",
        "geolocation=(), direct-sockets=(self), camera=()",
    ] {
        assert!(allows(header), "{header}");
    }
}

#[test]
fn a_list_without_the_own_origin_denies() {
    for header in [
        "direct-sockets=()",
        "direct-sockets=(\"https://other.example\")",
        "direct-sockets=(\"http://page.example\")",
        "direct-sockets=(\"https://page.example:8443\")",
        "direct-sockets=(\"https://page.example.evil.example\")",
        "direct-sockets=\"https://other.example\"",
    ] {
        assert!(!allows(header), "{header}");
    }
}

#[test]
fn a_list_with_the_own_origin_allows() {
    for header in [
        "direct-sockets=(\"https://page.example\")",
        "direct-sockets=(\"https://PAGE.example:443/\")",
        "direct-sockets=(\"https://other.example\" \"https://page.example\")",
        "direct-sockets=\"https://page.example\"",
        "direct-sockets=(\"https://*.example\")",
    ] {
        assert!(allows(header), "{header}");
    }
}

#[test]
fn a_wildcard_stands_for_subdomains_only() {
    let wildcard = ["direct-sockets=(\"https://*.page.example\")".as_bytes()];
    assert!(allows_direct_sockets(wildcard, "https://a.page.example"));
    assert!(allows_direct_sockets(wildcard, "https://a.b.page.example"));
    for origin in [
        "https://page.example",
        "https://otherpage.example",
        "http://a.page.example",
        "https://a.page.example:8443",
    ] {
        assert!(!allows_direct_sockets(wildcard, origin), "{origin}");
    }
}

#[test]
fn a_value_that_is_no_allowlist_matches_nobody() {
    // In structured fields a word is a token, so `none` is an entry that matches nobody, and a member
    // without a value is true.
    for header in [
        "direct-sockets=none",
        "direct-sockets=(none)",
        "direct-sockets",
        "direct-sockets=?0",
        "direct-sockets=1",
        "direct-sockets=(1 2.5 ?1)",
        "direct-sockets=\"self\"",
    ] {
        assert!(!allows(header), "{header}");
    }
}

#[test]
fn a_malformed_header_is_ignored_as_a_whole() {
    for header in [
        "direct-sockets=(",
        "direct-sockets 'none'",
        "direct-sockets=(), geolocation='none'",
        "direct-sockets=() direct-sockets=()",
        "DIRECT-SOCKETS=()",
        "direct-sockets=(),",
        "\u{e9}=1, direct-sockets=()",
    ] {
        assert!(allows(header), "{header}");
    }
}

#[test]
fn several_fields_are_one() {
    let deny = "direct-sockets=()".as_bytes();
    let allow = "direct-sockets=(self)".as_bytes();
    let other = "geolocation=()".as_bytes();
    let malformed = "(".as_bytes();
    assert!(!allows_direct_sockets([other, deny], OWN));
    // The last one counts.
    assert!(!allows_direct_sockets([allow, deny], OWN));
    assert!(allows_direct_sockets([deny, allow], OWN));
    assert!(allows_direct_sockets([deny, malformed], OWN));
}

proptest! {
    #[test]
    fn any_bytes_are_answered(header in prop::collection::vec(any::<u8>(), 0..200), origin in ".{0,40}") {
        allows_direct_sockets([header.as_slice()], &origin);
    }

    #[test]
    fn any_value_is_answered(value in "[ -~]{0,60}", origin in ".{0,40}") {
        let header = format!("direct-sockets={value}");
        allows_direct_sockets([header.as_bytes()], &origin);
    }
}
