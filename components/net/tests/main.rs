/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Tests of the net process, against real peers on loopback. One file for each source file.

mod address_policy;
mod budget;
mod burst;
mod client;
mod connect;
mod descriptors;
mod dns;
mod error;
mod events;
mod figures;
mod flood;
mod hostile;
mod hostile_transfers;
mod load;
mod orders;
mod origins;
mod process;
mod queues;
mod read_side;
mod receive_side;
mod resolver;
mod scale;
mod send_side;
mod statistics;
mod stopped;
mod support;
mod tcp_listener;
mod tcp_options;
mod tcp_socket;
mod trace;
mod traffic;
mod udp_open;
mod udp_socket;
mod write_side;
