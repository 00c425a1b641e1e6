/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fmt;

use url::Url;

use crate::error::{Error, Result};

/// Which origins may use sockets.
///
/// A page with sockets reaches whatever its user's machine reaches: other machines behind the same
/// firewall, services on loopback. A view that browses must not hand that to every https page, so by default
/// only origins that the application itself serves ([`crate::WebViewBuilder::serve`] and its kin) may.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Origins {
    all: bool,
    more: Vec<String>,
}

impl Origins {
    /// Only what the application serves itself. This is the default.
    pub fn served() -> Self {
        Self::default()
    }

    /// Every secure page, wherever it comes from. For tests and for views that show nothing unknown.
    pub fn all() -> Self {
        Self {
            all: true,
            more: Vec::new(),
        }
    }

    /// One more origin, such as `https://example.com`. Checked when the webview is built.
    pub fn allow(mut self, origin: impl Into<String>) -> Self {
        self.more.push(origin.into());
        self
    }

    /// The text of the preference: `*`, or the origins with spaces between them.
    pub(crate) fn to_preference<'a>(
        &self,
        served: impl Iterator<Item = &'a str>,
    ) -> Result<String> {
        if self.all {
            return Ok("*".to_owned());
        }
        let mut origins: Vec<String> = served.map(str::to_owned).collect();
        for origin in &self.more {
            origins.push(web_origin("origins", origin)?);
        }
        origins.sort();
        origins.dedup();
        Ok(origins.join(" "))
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.all, self.more.is_empty()) {
            (true, _) => formatter.write_str("all origins"),
            (false, true) => formatter.write_str("the served origins"),
            (false, false) => write!(formatter, "the served origins and {}", self.more.join(", ")),
        }
    }
}

/// Check that `text` is an http or https origin and nothing more, and serialise it.
pub(crate) fn web_origin(option: &'static str, text: &str) -> Result<String> {
    let invalid = |reason: &str| Error::InvalidOption {
        option,
        value: text.to_owned(),
        reason: reason.to_owned(),
    };
    let url = Url::parse(text).map_err(|error| invalid(&format!("is not an origin: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("is not an http or https origin"));
    }
    if url.path() != "/"
        || url.query().is_some()
        || url.fragment().is_some()
        || !url.username().is_empty()
    {
        return Err(invalid("has more than scheme, host and port"));
    }
    Ok(url.origin().ascii_serialization())
}
