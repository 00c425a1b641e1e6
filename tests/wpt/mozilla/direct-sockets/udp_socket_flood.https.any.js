// META: title=UDPSocket: floods
// META: global=window,dedicatedworker
// META: timeout=long
// META: variant=
// META: variant=?full
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// Two seconds, and ten with --full.
const SECONDS = location.search.includes("full") ? 10 : 2;

// Take garbage away before memory is looked at. Workers cannot ask for it; they only look at net.
async function memory() {
  await encourageCollection(3);
  const found = await os.memory();
  return isWindow ? found : { net: found.net };
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info, readable } = await bindUdp(t);
  // What is allocated on first use, is.
  for (let i = 0; i < 40; i++) {
    await peer.send(60000, at(info));
  }
  await udp.waitForSocket(info, { minReceiveQueue: 1 });
  const before = await memory();
  const sent = await peer.flood(at(info), { seconds: SECONDS, size: 1400 });
  const { drops } = await udp.socket(info);
  const after = await memory();
  assert_greater_than(sent, 1000, "a flood");
  assert_greater_than(drops, 0, "the kernel drops what does not fit");
  for (const kind of Object.keys(before)) {
    assert_less_than(after[kind] - before[kind], 8 * MIB, `memory of ${kind} after ${sent} datagrams`);
  }
  const reader = readable.getReader();
  assert_equals((await readMessage(reader)).data.length, 60000, "what came first is there");
  reader.releaseLock();
  await socket.close();
}, "UDP-R-01, LIFE-09: a flood at a page that does not read leaves memory flat");

promise_test(async t => {
  const count = 200;
  const size = 1400;
  const peer = await makeUdpPeer(t);
  const sockets = await Promise.all(Array.from({ length: count }, () => bindUdp(t)));
  const flood = async () => {
    for (const { info } of sockets) {
      await peer.flood(at(info), { count: 500, size });
    }
    await quiet();
    return memory();
  };
  const before = await memory();
  const first = await flood();
  const second = await flood();
  // 32 datagrams of each, twice over for what holds them, and room for what a busy process does besides: a fraction of
  // what was sent.
  const bound = count * 32 * size * 2 + 32 * MIB;
  assert_less_than(bound, count * 500 * size / 2, "the bound is one");
  for (const kind of Object.keys(before)) {
    assert_less_than(first[kind] - before[kind], bound, `memory of ${kind} after the first flood`);
    assert_less_than(second[kind] - first[kind], 16 * MIB, `memory of ${kind} that the second flood adds`);
  }
  for (const { socket } of sockets) {
    await socket.close();
  }
}, "LIFE-09: what many sockets hold that nobody reads from is bounded by their number");
