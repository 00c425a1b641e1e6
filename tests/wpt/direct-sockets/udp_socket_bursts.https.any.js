// META: title=UDPSocket: bursts of datagrams
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/direct-sockets/resources/sha256.js
// META: script=/direct-sockets/resources/random.js
// META: script=/direct-sockets/resources/udp_bursts.js

"use strict";

testBursts(100, 20, "100 bursts");
