/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use crate::allowlist::OPAQUE;
use crate::container_policy::ContainerPolicy;
use crate::permissions_policy::DefaultAllowlist;

/// The most that a document in a frame may have, as far as it is known outside of the processes that run pages: what
/// the documents around it have said. It can only become less on the way down.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Ceiling {
    /// Not in a frame: nobody around has a say.
    Top,
    /// In a frame, about which the document around says this.
    Frame {
        /// What it says. It was allowed to have the feature itself.
        container: Box<ContainerPolicy>,
        /// Whom the feature is for where nobody speaks of it.
        default: DefaultAllowlist,
    },
    /// No origin may.
    Nobody,
}

impl Ceiling {
    /// The ceiling of what is loaded in a frame of a document with this one. `None` is a container that has not
    /// said anything, or one that was not entitled to.
    pub fn of_frame(&self, container: Option<&ContainerPolicy>, default: DefaultAllowlist) -> Self {
        match container {
            // A document that may not have the feature cannot give it away either.
            Some(container) if self.permits(container.parent_origin()) => Self::Frame {
                container: Box::new(container.clone()),
                default,
            },
            _ => Self::Nobody,
        }
    }

    /// Whether a document of this origin may have the feature.
    pub fn permits(&self, origin: &str) -> bool {
        match self {
            Self::Top => origin != OPAQUE,
            Self::Frame { container, default } => container.inherited(origin, *default),
            Self::Nobody => false,
        }
    }

    /// Whether a worker of this origin may have the feature, of a document with this ceiling. A worker from a `data:`
    /// URL has an opaque origin and the answer of its document (decision AMB-69), whose origin nobody knows here.
    pub fn permits_worker(&self, origin: &str) -> bool {
        self.permits(origin)
            || origin == OPAQUE
                && match self {
                    Self::Top => true,
                    Self::Frame { container, default } => container.inherited_by_any(*default),
                    Self::Nobody => false,
                }
    }
}
