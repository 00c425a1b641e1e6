// META: title=TCPSocket: large transfers
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js
// META: script=/direct-sockets/resources/random.js
// META: script=/direct-sockets/resources/transfer.js

"use strict";

testTransfers(64 * MIB, "64 MiB");
testBothDirections(64 * MIB, "64 MiB");
testManySockets(200, 64 * 1024, "200 sockets at the same time");
