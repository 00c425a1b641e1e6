/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use serde::{Deserialize, Serialize};
use sfv::{BareItem, Dictionary, ListEntry, Parser};
use url::Url;

use crate::permissions_policy::FEATURE;

/// The serialisation that all opaque origins share.
pub(crate) const OPAQUE: &str = "null";

/// How many sources of one allowlist are looked at. It travels with every navigation of a frame; what comes
/// after them matches nobody.
const MAX_SOURCES: usize = 256;

/// For whom somebody has enabled the feature. Origins are serialised ones throughout.
///
/// <https://www.w3.org/TR/permissions-policy/#allowlists>
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Allowlist {
    /// `*`
    everybody: bool,
    /// `self`: the origin of the document that declares it, or that contains the frame.
    own: bool,
    /// What `'src'` in an `allow` attribute stands for.
    src: Option<String>,
    /// Origins, and `scheme://*.host` for all subdomains of a host.
    sources: Vec<String>,
}

impl Allowlist {
    fn nobody() -> Self {
        Self {
            everybody: false,
            own: false,
            src: None,
            sources: Vec::new(),
        }
    }

    /// What the header fields of a response declare for the feature, if they speak of it.
    ///
    /// Fields of one name are one field, joined by commas; if any part of it is malformed, all of it is
    /// ignored (<https://www.rfc-editor.org/rfc/rfc9651#section-4.2>). The last of several members of one
    /// name counts.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#algo-construct-policy>
    pub(crate) fn declared<'a>(header_values: impl IntoIterator<Item = &'a [u8]>) -> Option<Self> {
        let fields: Vec<&[u8]> = header_values.into_iter().collect();
        let joined = fields.join(b", ".as_slice());
        let mut dictionary: Dictionary = Parser::new(&joined).parse().ok()?;
        let mut list = Self::nobody();
        match dictionary.swap_remove(FEATURE)? {
            ListEntry::Item(item) => list.add_item(&item.bare_item),
            // An empty list matches nobody.
            ListEntry::InnerList(inner) => {
                for item in &inner.items {
                    list.add_item(&item.bare_item);
                }
            },
        }
        Some(list)
    }

    fn add_item(&mut self, entry: &BareItem) {
        match entry {
            BareItem::Token(token) if token.as_str() == "*" => self.everybody = true,
            BareItem::Token(token) if token.as_str() == "self" => self.own = true,
            BareItem::String(source) => self.add_source(source.as_str()),
            // Nothing else is an allowlist entry, and what is not one matches nobody.
            _ => {},
        }
    }

    /// What the `allow` attribute of a frame says about a feature, if it speaks of it. `src` is the origin that
    /// the frame's own attributes promise, which `'src'`, and no list at all, stand for.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#algo-parse-policy-directive>
    pub(crate) fn of_attribute(feature: &str, allow: &str, src: &str) -> Option<Self> {
        let mut found = None;
        // Step 2. Declarations are separated by semicolons; the last one of a name counts.
        for declaration in allow.split(';') {
            // Steps 2.1 to 2.5. The first word names the feature.
            let mut words = declaration.split_ascii_whitespace().peekable();
            if words.next() != Some(feature) {
                continue;
            }
            // Steps 2.6 to 2.9. The others are the list.
            let mut list = Self::nobody();
            if words.peek().is_none() {
                list.src = Some(src.to_owned());
            }
            for word in words {
                if word == "*" {
                    list.everybody = true;
                } else if word.eq_ignore_ascii_case("'self'") {
                    list.own = true;
                } else if word.eq_ignore_ascii_case("'src'") {
                    list.src = Some(src.to_owned());
                } else {
                    // `'none'` is no URL and so adds nobody.
                    list.add_source(word);
                }
            }
            // Step 2.10.
            found = Some(list);
        }
        found
    }

    /// Whether it is clear that nobody is on the list.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::nobody()
    }

    fn add_source(&mut self, source: &str) {
        // What is no URL matches nobody.
        if self.sources.len() < MAX_SOURCES && source.contains(':') {
            self.sources.push(source.to_owned());
        }
    }

    /// Whether an origin is on the list. `own` is whom `self` means. No opaque origin is on any.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#matches>
    pub(crate) fn matches(&self, own: &str, origin: &str) -> bool {
        origin != OPAQUE
            && (self.everybody
                || self.own && own == origin
                || self.src.as_deref() == Some(origin)
                || self
                    .sources
                    .iter()
                    .any(|source| source_matches(source, origin)))
    }
}

/// A source is an origin, or one with `*.` before its host that stands for all subdomains.
fn source_matches(source: &str, origin: &str) -> bool {
    let (source, wildcard) = match source.split_once("://*.") {
        Some((scheme, rest)) => (format!("{scheme}://{rest}"), true),
        None => (source.to_owned(), false),
    };
    let (Ok(source), Ok(own)) = (Url::parse(&source), Url::parse(origin)) else {
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
