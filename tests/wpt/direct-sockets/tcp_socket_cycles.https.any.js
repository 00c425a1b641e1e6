// META: title=TCPSocket: opening and closing many times
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

async function cycles(peer, count) {
  for (let i = 0; i < count; i++) {
    const socket = new TCPSocket(peer.address, peer.port);
    const { readable, writable } = await socket.opened;
    if (i % 10 === 0) {
      const writer = writable.getWriter();
      const reader = readable.getReader();
      await writer.write(bytes(i));
      assert_equals((await readExactly(reader, 1))[0], i & 255);
      writer.releaseLock();
      reader.releaseLock();
    }
    await socket.close();
  }
  await collectGarbage();
}

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  // Warm: what is made on first use has been made.
  await cycles(peer, 50);
  const before = await os.descriptors();
  await cycles(peer, 1000);
  const first = await os.memory();
  await cycles(peer, 1000);
  const second = await os.memory();
  const after = await os.descriptors();
  assert_true((await os.waitForSockets(peer.port, 0)).ok, "no socket is left");
  assert_object_equals(after, before, "descriptors of every process");
  const grown = second.total - first.total;
  assert_less_than(grown, 2 * MIB, `bytes of all processes together: ${JSON.stringify({ first, second })}`);
}, "TCP-HC-13, LIFE-09: two thousand sockets opened and closed leave no descriptor and no memory behind");
