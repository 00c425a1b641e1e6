/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What a document's own policy says about `direct-sockets`: what it inherits from the frame that contains it, and
//! what the `Permissions-Policy` header of its response declares.
//!
//! <https://wicg.github.io/direct-sockets/#permissions-policy>

use crate::allowlist::{Allowlist, OPAQUE};
use crate::container_policy::ContainerPolicy;
use crate::isolation;

/// The name of the feature, in headers and in `allow` attributes.
pub const FEATURE: &str = "direct-sockets";

/// For whom the feature is enabled where nobody speaks of it.
///
/// <https://www.w3.org/TR/permissions-policy/#default-allowlists>
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum DefaultAllowlist {
    /// `'self'`, as the specification of the feature says (decision AMB-71).
    #[default]
    Own,
    /// Nobody, `'none'`: an embedder may ask for that.
    Nobody,
}

impl DefaultAllowlist {
    /// Read the form that the preference `dom_direct_sockets_default_allowlist` has. What is neither is no
    /// reason to allow more than was meant.
    pub fn parse(text: &str) -> Self {
        match text.trim() {
            "" | "self" | "'self'" => Self::Own,
            _ => Self::Nobody,
        }
    }

    /// Whether a document, or a frame in it, of this origin is on the list of a document with the other one.
    pub(crate) fn matches(self, own: &str, origin: &str) -> bool {
        self == Self::Own && origin != OPAQUE && own == origin
    }
}

/// The policy of one document for the feature, fixed when the document is made.
///
/// <https://www.w3.org/TR/permissions-policy/#permissions-policy>
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PermissionsPolicy {
    /// What the container allows; true where there is none.
    inherited: bool,
    /// What the document's own header says.
    declared: Option<Allowlist>,
}

impl PermissionsPolicy {
    /// The policy of a document of no frame and no response, which may do nothing.
    pub const DENIED: Self = Self {
        inherited: false,
        declared: None,
    };

    /// The policy of a document that was made from a response, in a frame with this container or at the top.
    /// Every `Permissions-Policy` field of the response is to be passed, in their order.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#algo-create-from-response>
    pub fn new<'a>(
        container: Option<&ContainerPolicy>,
        header_values: impl IntoIterator<Item = &'a [u8]>,
        own_origin: &str,
        default: DefaultAllowlist,
    ) -> Self {
        Self {
            inherited: container.is_none_or(|container| container.inherited(own_origin, default)),
            declared: Allowlist::declared(header_values),
        }
    }

    /// Whether the document may use the feature itself. One with an opaque origin may not, whatever is said.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#algo-is-feature-enabled>
    pub fn is_enabled(&self, own_origin: &str, default: DefaultAllowlist) -> bool {
        if !self.inherited || own_origin == OPAQUE {
            return false;
        }
        match &self.declared {
            Some(declared) => declared.matches(own_origin, own_origin),
            None => default.matches(own_origin, own_origin),
        }
    }

    /// What the document has to say about a frame in it.
    pub fn for_frame(
        &self,
        own_origin: &str,
        is_isolated: bool,
        frame: &FrameAttributes<'_>,
    ) -> ContainerPolicy {
        let list = |feature| {
            let allow = frame.allow?;
            Allowlist::of_attribute(feature, allow, frame.src)
        };
        ContainerPolicy {
            parent_origin: own_origin.to_owned(),
            parent_inherited: self.inherited,
            parent_declared: self.declared.clone(),
            allow: list(FEATURE),
            is_sandboxed: frame.is_sandboxed,
            is_isolated,
            allow_isolation: list(isolation::FEATURE),
        }
    }
}

/// What the attributes of a frame say.
#[derive(Clone, Copy, Debug)]
pub struct FrameAttributes<'a> {
    /// The `allow` attribute.
    pub allow: Option<&'a str>,
    /// The origin that the others promise.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#algo-declared-origin>
    pub src: &'a str,
    /// Whether the `sandbox` attribute takes the origin away.
    pub is_sandboxed: bool,
}
