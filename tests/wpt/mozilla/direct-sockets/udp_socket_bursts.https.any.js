// META: title=UDPSocket: many bursts of datagrams
// META: global=window,dedicatedworker
// META: timeout=long
// META: variant=?full
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/direct-sockets/resources/sha256.js
// META: script=/direct-sockets/resources/random.js
// META: script=/direct-sockets/resources/udp_bursts.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// With --full only, and with the longer limits that the variant gets.
testBursts(20000, 200, "20000 bursts");
