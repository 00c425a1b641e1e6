/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_policy::AllowedOrigins;
use proptest::prelude::*;

#[test]
fn a_star_allows_every_origin() {
    let all = AllowedOrigins::parse(" * ");
    assert_eq!(all, AllowedOrigins::All);
    for origin in ["https://example.com", "http://127.0.0.1:8000", "null", ""] {
        assert!(all.allows(origin), "{origin}");
    }
}

#[test]
fn a_list_allows_what_it_names_and_nothing_else() {
    let list = AllowedOrigins::parse("https://one.example  https://two.example:8443\n");
    assert!(list.allows("https://one.example"));
    assert!(list.allows("https://two.example:8443"));
    for origin in [
        "https://two.example",
        "http://one.example",
        "https://one.example.evil.example",
        "https://sub.one.example",
        "https://one.example:443",
        "null",
        "",
    ] {
        assert!(!list.allows(origin), "{origin}");
    }
}

#[test]
fn an_empty_text_allows_nothing() {
    assert!(!AllowedOrigins::parse("").allows("https://one.example"));
    assert_eq!(AllowedOrigins::parse("").to_string(), "");
}

#[test]
fn an_opaque_origin_is_not_in_any_list() {
    let list = AllowedOrigins::List(vec!["null".to_owned()]);
    assert!(!list.allows("null"));
    assert_eq!(
        AllowedOrigins::parse("null data:,x file:///x"),
        AllowedOrigins::List(vec![])
    );
}

#[test]
fn entries_are_brought_into_the_form_of_serialised_origins() {
    let list = AllowedOrigins::parse("HTTPS://One.Example:443/path?query https://one.example");
    assert_eq!(list.to_string(), "https://one.example");
    assert!(list.allows("https://one.example"));
}

#[test]
fn an_entry_that_is_no_origin_allows_nothing() {
    let list = AllowedOrigins::parse("https://one.example rubbish https:// *");
    assert!(list.allows("https://one.example"));
    assert!(!list.allows("rubbish"));
    assert!(!list.allows("*"));
    assert!(!list.allows("https://two.example"));
}

proptest! {
    #[test]
    fn any_text_is_read_and_written_text_reads_the_same(text in ".{0,80}") {
        let origins = AllowedOrigins::parse(&text);
        prop_assert_eq!(AllowedOrigins::parse(&origins.to_string()), origins);
    }
}
