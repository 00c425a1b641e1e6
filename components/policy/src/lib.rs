/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The pure decisions of Direct Sockets: who may use them, and where to. No sockets, no processes, no engine.

pub mod address_space;
mod allowed_origins;
pub mod permissions_policy;

pub use allowed_origins::AllowedOrigins;
