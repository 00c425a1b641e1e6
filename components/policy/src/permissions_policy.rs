/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the `Permissions-Policy` header of a response says about `direct-sockets`.
//!
//! <https://wicg.github.io/direct-sockets/#permissions-policy>

use sfv::{BareItem, Dictionary, ListEntry, Parser};
use url::Url;

/// The name of the feature, in headers and in `allow` attributes.
pub const FEATURE: &str = "direct-sockets";

/// The serialisation that all opaque origins share.
const OPAQUE: &str = "null";

/// Whether the header fields of a response let its own document use direct sockets.
///
/// Every `Permissions-Policy` field of the response is to be passed, in their order. Without any, and
/// where they do not speak of the feature, the default allowlist `'self'` decides.
/// A document with an opaque origin may not, whatever its own header says.
///
/// <https://w3c.github.io/webappsec-permissions-policy/#algo-process-response-policy>
pub fn allows_direct_sockets<'a>(
    header_values: impl IntoIterator<Item = &'a [u8]>,
    own_origin: &str,
) -> bool {
    if own_origin == OPAQUE {
        return false;
    }
    match declared_value(header_values) {
        // The default allowlist is 'self', and a document is always that.
        None => true,
        Some(ListEntry::Item(item)) => matches(&item.bare_item, own_origin),
        // An empty list matches nobody.
        Some(ListEntry::InnerList(list)) => list
            .items
            .iter()
            .any(|item| matches(&item.bare_item, own_origin)),
    }
}

/// The member of the structured field, if the fields are well-formed and have one.
///
/// Fields of one name are one field, joined by commas; if any part of it is malformed, all of it is
/// ignored (<https://www.rfc-editor.org/rfc/rfc9651#section-4.2>). The last of several members of one
/// name counts.
fn declared_value<'a>(header_values: impl IntoIterator<Item = &'a [u8]>) -> Option<ListEntry> {
    let fields: Vec<&[u8]> = header_values.into_iter().collect();
    let joined = fields.join(b", ".as_slice());
    let mut dictionary: Dictionary = Parser::new(&joined).parse().ok()?;
    dictionary.swap_remove(FEATURE)
}

/// Whether one entry of an allowlist matches the document's own origin.
///
/// <https://w3c.github.io/webappsec-permissions-policy/#matches>
fn matches(entry: &BareItem, own_origin: &str) -> bool {
    match entry {
        BareItem::Token(token) => token.as_str() == "*" || token.as_str() == "self",
        BareItem::String(source) => source_matches(source.as_str(), own_origin),
        // Nothing else is an allowlist entry, and what is not one matches nobody.
        _ => false,
    }
}

/// A source is an origin, or one with `*.` before its host that stands for all subdomains.
fn source_matches(source: &str, own_origin: &str) -> bool {
    let (source, wildcard) = match source.split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (source.to_owned(), false),
    };
    let (Ok(source), Ok(own)) = (Url::parse(&source), Url::parse(own_origin)) else {
        return false;
    };
    if !wildcard {
        return source.origin().is_tuple() && source.origin() == own.origin();
    }
    let (Some(source_host), Some(own_host)) = (source.host_str(), own.host_str()) else {
        return false;
    };
    source.scheme() == own.scheme()
        && source.port_or_known_default() == own.port_or_known_default()
        && own_host
            .strip_suffix(source_host)
            .is_some_and(|subdomain| subdomain.ends_with('.') && subdomain.len() > 1)
}
