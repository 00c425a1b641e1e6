// META: title=TCPSocket: who owns the OS sockets
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const opened = [];
  for (let i = 0; i < 3; i++) {
    opened.push(await connect(t, peer));
  }
  const { shell, net } = await os.processes();
  assert_equals(net.length, 1, "one net process");
  assert_not_equals(net[0], shell, "which is not the embedder");
  for (const { info } of opened) {
    const { holders } = await os.socket(info);
    assert_equals(holders.length, 1, "one holder");
    assert_equals(holders[0].pid, net[0], "the net process");
    const line = await os.ss(info);
    assert_true(line.includes(`pid=${net[0]},`), line);
    assert_equals(line.match(/pid=/g).length, 1, line);
  }
  const counts = await os.countSockets(peer.port);
  assert_object_equals(counts, { net: 3, shell: 0, content: 0, other: 0 });
  for (const { socket } of opened) {
    await socket.close();
  }
}, "LIFE-01: the OS sockets exist in the net process only");

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  const lines = await traced(["trace=socket,connect"], async () => {
    for (let i = 0; i < 5; i++) {
      const { socket } = await connect(t, peer);
      await socket.close();
    }
  }, "script");
  const own = lines.filter(line => line.includes(`htons(${peer.port})`));
  assert_array_equals(own, [], "the process that runs script connects to nobody");
}, "LIFE-01: the process that runs script makes no connection for the page");
