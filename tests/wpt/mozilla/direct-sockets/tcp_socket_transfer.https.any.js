// META: title=TCPSocket: very large transfers
// META: global=window,dedicatedworker
// META: timeout=long
// META: variant=?full
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js
// META: script=/direct-sockets/resources/random.js
// META: script=/direct-sockets/resources/transfer.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// With --full only, and with the longer limits that the variant gets.
testTransfers(1024 * MIB, "1 GiB");
testBothDirections(2048 * MIB, "2 GiB");
testManySockets(3000, 128 * 1024, "3000 sockets at the same time");
