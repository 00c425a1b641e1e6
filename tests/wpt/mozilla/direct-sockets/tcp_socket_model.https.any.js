// META: title=TCPSocket: random sequences against a model of the requirements
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js
// META: script=/direct-sockets/resources/random.js
// META: script=/_mozilla/direct-sockets/resources/model.js
// META: script=/_mozilla/direct-sockets/resources/model_run.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// A failure names the seed and the sequence: `./mach test-wpt --query seed=S tcp_socket_model` runs the same
// sequences again. Timing is not part of a seed.
const BATCH = 100;
const LOSS_BATCH = 25;

let next = 0;
function batch(count) {
  const first = next;
  next += count;
  return { seed: SEED, first, count };
}

for (let number = 1; number <= 6; number++) {
  const sequences = batch(BATCH);
  promise_test(async t => {
    await runSequences(t, connectedSockets, sequences);
  }, `TCP-HC-01, TCP-HC-02, TCP-HC-03, TCP-HC-04, TCP-HC-09: what a page and a peer do at random, part ${number}`);
}

for (let number = 1; number <= 2; number++) {
  const sequences = batch(BATCH);
  promise_test(async t => {
    await runSequences(t, acceptedSockets, sequences);
  }, `SRV-R-06: what a page and a client do at random to the connections of a server, part ${number}`);
}

for (let number = 1; number <= 2; number++) {
  const sequences = batch(LOSS_BATCH);
  promise_test(async t => {
    await startOldNet(t);
    await runSequences(t, connectedSockets, { ...sequences, loss: true });
    const { socket } = await connect(t, await makePeer(t, "hold"));
    assert_equals(await socket.close(), undefined, "the next socket works");
  }, `LIFE-04: what a page and a peer do at random until net is lost, part ${number}`);
}
