// META: title=TCPSocket: opening and closing many times
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
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
}

// The memory of all processes once garbage has been collected. Allocators give memory back when they like, so this is
// the least of several readings.
async function settledMemory(rounds = 6) {
  let least;
  for (let i = 0; i < rounds; i++) {
    await encourageCollection(5);
    const found = await os.memory();
    if (!least || found.total < least.total) {
      least = found;
    }
  }
  return least;
}

// The descriptors once garbage has been collected: a fetch of this page holds some until then.
async function settledDescriptors(expected, rounds = 20) {
  let found;
  for (let i = 0; i < rounds; i++) {
    await encourageCollection(5);
    found = await os.descriptors();
    if (expected && Object.keys(expected).every(kind => found[kind] <= expected[kind])) {
      break;
    }
  }
  return found;
}

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  // Warm: what is made on first use has been made.
  await cycles(peer, 300);
  const before = await settledDescriptors(undefined, 5);
  await cycles(peer, 2000);
  assert_true((await os.waitForSockets(peer.port, 0)).ok, "no socket is left");
  const after = await settledDescriptors(before);
  for (const kind of Object.keys(before)) {
    assert_less_than_equal(after[kind], before[kind], `descriptors of ${kind}`);
  }
}, "TCP-HC-13: two thousand sockets opened and closed leave no descriptor behind in any process");

// In a worker garbage can only be provoked by making it, which moves the figures by more than they may grow.
if (isWindow) {
  promise_test(async t => {
    const peer = await makePeer(t, "echo");
    await cycles(peer, 300);
    await settledMemory();
    const thousand = async () => {
      await cycles(peer, 1000);
      return settledMemory();
    };
    let first = await thousand();
    let second = await thousand();
    // What leaks grows with every thousand; a heap that has found a new size does not.
    for (let more = 0; more < 2 && second.total - first.total >= 2 * MIB; more++) {
      first = second;
      second = await thousand();
    }
    const grown = second.total - first.total;
    assert_less_than(grown, 2 * MIB, `bytes of all processes together: ${JSON.stringify({ first, second })}`);
  }, "LIFE-09: a second thousand of sockets leaves the memory of all processes together where the first one left it");
}
