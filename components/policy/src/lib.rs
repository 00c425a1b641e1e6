/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The pure decisions of Direct Sockets: who may use them, and where to. No sockets, no processes, no engine.

pub mod address_space;
mod allowed_origins;
mod allowlist;
mod ceiling;
mod container_policy;
mod isolation;
mod permissions_policy;

pub use allowed_origins::AllowedOrigins;
pub use ceiling::Ceiling;
pub use container_policy::ContainerPolicy;
pub use isolation::{IsolationHeaders, is_isolated};
pub use permissions_policy::{DefaultAllowlist, FrameAttributes, PermissionsPolicy};
