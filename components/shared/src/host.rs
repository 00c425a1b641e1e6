/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::SocketError;
use crate::limits::MAX_HOST_BYTES;

/// The host that a page wants to reach, after the processing that needs no resolver.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Host {
    /// An IP literal: no query is made (decision AMB-44).
    Ip(IpAddr),
    /// Anything else, for the resolver.
    Name(String),
}

impl Host {
    /// Process what a page passed as `remoteAddress` (decision AMB-46): IDNA for names that are not
    /// ASCII, other names unchanged.
    ///
    /// Names that no resolver can know (empty, bracketed, with a NUL, over [`MAX_HOST_BYTES`],
    /// not encodable) are refused with [`SocketError::InvalidHost`].
    pub fn parse(text: &str) -> Result<Self, SocketError> {
        if text.is_empty() || text.len() > MAX_HOST_BYTES {
            return Err(SocketError::InvalidHost);
        }
        if text.contains('\0') || text.starts_with('[') || text.ends_with(']') {
            return Err(SocketError::InvalidHost);
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Ip(ip));
        }
        if text.is_ascii() {
            return Ok(Self::Name(text.to_owned()));
        }
        // The "domain to ASCII" of URL, with its default strictness.
        match idna::domain_to_ascii(text) {
            Ok(name) if !name.is_empty() && name.len() <= MAX_HOST_BYTES => Ok(Self::Name(name)),
            _ => Err(SocketError::InvalidHost),
        }
    }

    /// Whether this is a name that means loopback without asking anybody (decision AMB-86).
    pub fn is_localhost(&self) -> bool {
        let Self::Name(name) = self else {
            return false;
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        let bytes = name.as_bytes();
        let suffix = b".localhost";
        name.eq_ignore_ascii_case("localhost")
            || (bytes.len() > suffix.len()
                && bytes[bytes.len() - suffix.len()..].eq_ignore_ascii_case(suffix))
    }
}
