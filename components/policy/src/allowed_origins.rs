/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fmt;

use url::Url;

/// Which origins the embedder lets use direct sockets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AllowedOrigins {
    /// Every origin, opaque ones included.
    All,
    /// Only these, as serialised origins (`https://example.com`). Opaque origins are never among them.
    List(Vec<String>),
}

impl AllowedOrigins {
    /// Read the form that the preference `dom_direct_sockets_allowed_origins` has: `*`, or serialised
    /// origins separated by white space. An entry that is no origin allows nothing.
    pub fn parse(text: &str) -> Self {
        if text.trim() == "*" {
            return Self::All;
        }
        Self::list(text.split_whitespace())
    }

    /// Only these origins. URLs stand for their origins; what has none is left out.
    pub fn list<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut origins: Vec<String> = entries.into_iter().filter_map(normalised).collect();
        origins.sort();
        origins.dedup();
        Self::List(origins)
    }

    /// Whether a global of this serialised origin may use sockets.
    pub fn allows(&self, origin: &str) -> bool {
        match self {
            Self::All => true,
            // "null" is what every opaque origin serialises to; it names nobody.
            Self::List(origins) => origin != "null" && origins.iter().any(|own| own == origin),
        }
    }
}

/// The origin of what an embedder wrote down: lower case, without the default port, without path.
fn normalised(entry: &str) -> Option<String> {
    let origin = Url::parse(entry).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

impl fmt::Display for AllowedOrigins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("*"),
            Self::List(origins) => formatter.write_str(&origins.join(" ")),
        }
    }
}
