/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The Permissions Policy of a document, as far as it is about Direct Sockets.

use direct_sockets_policy::{
    ContainerPolicy, DefaultAllowlist, FrameAttributes, IsolationHeaders, PermissionsPolicy,
    is_isolated,
};
use http::HeaderMap;
use servo_config::pref;
use servo_url::{ImmutableOrigin, ServoUrl};

use crate::dom::document::Document;

/// Made when the origin of a document is known, and never changed.
pub(crate) struct DocumentPolicy {
    policy: PermissionsPolicy,
    is_isolated: bool,
}

impl Default for DocumentPolicy {
    /// The policy of a document that was not made by a navigation.
    fn default() -> Self {
        Self {
            policy: PermissionsPolicy::DENIED,
            is_isolated: false,
        }
    }
}

impl DocumentPolicy {
    /// <https://www.w3.org/TR/permissions-policy/#algo-create-from-response>
    pub(crate) fn new(
        is_in_frame: bool,
        container: Option<ContainerPolicy>,
        headers: Option<&HeaderMap>,
        origin: &ImmutableOrigin,
        url: &ServoUrl,
    ) -> Self {
        // Whoever is around a frame says something about it. What is not there allows nothing.
        let container = container.filter(|_| is_in_frame);
        if is_in_frame && container.is_none() {
            return Self::default();
        }
        let origin = origin.ascii_serialization();
        let header = |name| headers.and_then(|headers| Some(headers.get(name)?.as_bytes()));
        let isolation_headers = IsolationHeaders {
            opener_policy: header("Cross-Origin-Opener-Policy"),
            embedder_policy: header("Cross-Origin-Embedder-Policy"),
        };
        let is_local = matches!(url.scheme(), "about" | "blob");
        Self {
            is_isolated: is_isolated(container.as_ref(), isolation_headers, &origin, is_local),
            policy: PermissionsPolicy::new(
                container.as_ref(),
                headers
                    .into_iter()
                    .flat_map(|headers| headers.get_all("Permissions-Policy"))
                    .map(|value| value.as_bytes()),
                &origin,
                default_allowlist(),
            ),
        }
    }

    /// <https://www.w3.org/TR/permissions-policy/#algo-is-feature-enabled>, and what the embedder wants on top.
    pub(crate) fn allows(&self, origin: &ImmutableOrigin) -> bool {
        (self.is_isolated || !pref!(dom_direct_sockets_requires_isolation))
            && self
                .policy
                .is_enabled(&origin.ascii_serialization(), default_allowlist())
    }

    /// What this document says about a frame in it. `src` is the URL of the frame's own attributes.
    pub(crate) fn for_frame(
        &self,
        document: &Document,
        allow: Option<&str>,
        src: Option<ServoUrl>,
        is_sandboxed: bool,
    ) -> ContainerPolicy {
        let own_origin = serialised(document.origin().immutable());
        // <https://www.w3.org/TR/permissions-policy/#algo-declared-origin>; a frame that has nothing to load, or
        // about:blank, takes the origin of the document over.
        let src = match src {
            Some(url) if !url.matches_about_blank() => serialised(&url.origin()),
            _ => own_origin.clone(),
        };
        let attributes = FrameAttributes {
            allow,
            src: &src,
            is_sandboxed,
        };
        self.policy
            .for_frame(&own_origin, self.is_isolated, &attributes)
    }
}

fn serialised(origin: &ImmutableOrigin) -> String {
    origin.ascii_serialization().into_owned()
}

/// For whom the feature is enabled where nobody speaks of it, as the embedder says.
pub(crate) fn default_allowlist() -> DefaultAllowlist {
    DefaultAllowlist::parse(&pref!(dom_direct_sockets_default_allowlist))
}
