/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use serde::{Deserialize, Serialize};

use crate::allowlist::{Allowlist, OPAQUE};
use crate::permissions_policy::DefaultAllowlist;

/// What the document around a frame says about what is loaded in it: its own policy, and the attributes of the
/// frame. Kept with the frame's navigation, and looked at when the origin of the response is known.
///
/// Made by [`crate::PermissionsPolicy::for_frame`].
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ContainerPolicy {
    /// The serialised origin of the document around the frame.
    pub(crate) parent_origin: String,
    /// What that document inherits itself.
    pub(crate) parent_inherited: bool,
    /// What its header declares.
    pub(crate) parent_declared: Option<Allowlist>,
    /// What the `allow` attribute says.
    pub(crate) allow: Option<Allowlist>,
    /// Whether the `sandbox` attribute takes the origin away.
    pub(crate) is_sandboxed: bool,
    /// Whether the document around is isolated.
    pub(crate) is_isolated: bool,
    /// For which origins the `allow` attribute says that they are, too.
    pub(crate) allow_isolation: Option<Allowlist>,
}

impl ContainerPolicy {
    /// The serialised origin of the document around the frame, as it says itself.
    pub fn parent_origin(&self) -> &str {
        &self.parent_origin
    }

    /// Whether a document of this origin inherits the feature from the frame that it is loaded in.
    ///
    /// <https://www.w3.org/TR/permissions-policy/#algo-define-inherited-policy-in-container>
    pub fn inherited(&self, origin: &str, default: DefaultAllowlist) -> bool {
        // What is sandboxed has an opaque origin, also where somebody says that it has another one.
        if self.is_sandboxed || origin == OPAQUE {
            return false;
        }
        // Step 2. What the document around must not have itself,
        if !self.parent_feature_value(&self.parent_origin) {
            return false;
        }
        // Step 3. or must not pass on to this origin, nobody in it has.
        if !self.parent_feature_value(origin) {
            return false;
        }
        // Steps 4 and 5. The attribute decides, if it speaks of the feature,
        match &self.allow {
            Some(allow) => allow.matches(&self.parent_origin, origin),
            // Steps 6 to 8. else the default does.
            None => default.matches(&self.parent_origin, origin),
        }
    }

    /// Whether there is an origin whose documents could inherit the feature.
    pub(crate) fn inherited_by_any(&self, default: DefaultAllowlist) -> bool {
        !self.is_sandboxed
            && self.parent_feature_value(&self.parent_origin)
            && match &self.allow {
                Some(allow) => !allow.is_empty(),
                None => default == DefaultAllowlist::Own,
            }
    }

    /// Whether a document of this origin is isolated like the one around it, if its response agrees.
    pub(crate) fn passes_isolation_on(&self, origin: &str) -> bool {
        self.is_isolated
            && match &self.allow_isolation {
                Some(allow) => allow.matches(&self.parent_origin, origin),
                None => DefaultAllowlist::Own.matches(&self.parent_origin, origin),
            }
    }

    /// <https://www.w3.org/TR/permissions-policy/#algo-get-feature-value-for-origin>, in the document around.
    fn parent_feature_value(&self, origin: &str) -> bool {
        self.parent_inherited
            && self.parent_origin != OPAQUE
            && self
                .parent_declared
                .as_ref()
                .is_none_or(|declared| declared.matches(&self.parent_origin, origin))
    }
}
