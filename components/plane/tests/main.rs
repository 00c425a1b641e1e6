/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Tests of the data plane. One file for each source file. The model of the ring is in `loom.rs`.

#![cfg(not(loom))]

mod bell;
mod hostile;
mod layout;
mod memory;
mod patience;
mod post;
mod queue;
mod ring;
mod slots;
mod transfer;
