/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Killing the net process.

"use strict";

// A net process that ends sooner than this after its start has "died quickly" (NET_QUICK_DEATH_MS), and after a few of
// those the broker waits before it starts another one. These tests are about single deaths.
const SECONDS_BEFORE_DEATH = 2.1;

async function startOldNet(t) {
  const net = await startNet(t);
  assert_true((await os.waitForAge("net", SECONDS_BEFORE_DEATH)).ok);
  return net;
}

// A test for each step. A step gets (test, peer, kill) and returns promises by name: `rejects` for what has to reject
// with NetworkError, `fulfils` for what has to fulfil with undefined, `settles` for what only has to settle.
function testNetLoss(steps) {
  for (const [what, step] of Object.entries(steps)) {
    promise_test(async t => {
      const net = await startOldNet(t);
      const peer = await makePeer(t, "hold", { receiveBuffer: 4096 });
      const kill = async () => {
        await os.signalNet("KILL");
        assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
      };
      const { rejects, fulfils = {}, settles = {} } = await step(t, peer, kill);
      // They all settle at once, and are looked at one after the other.
      Object.values({ ...rejects, ...fulfils, ...settles }).forEach(promise => promise.catch(() => {}));
      for (const [name, promise] of Object.entries(rejects)) {
        await rejectsWith(within(t, promise, 5000, name), "NetworkError", name);
      }
      for (const [name, promise] of Object.entries(fulfils)) {
        assert_equals(await within(t, promise, 5000, name), undefined, name);
      }
      for (const [name, promise] of Object.entries(settles)) {
        await within(t, promise.catch(() => {}), 5000, name);
      }
      const next = await connect(t, await makePeer(t, "echo"));
      const writer = next.writable.getWriter();
      await writer.write(encode("next"));
      const reader = next.readable.getReader();
      assert_equals(decode(await readExactly(reader, 4)), "next", "the next socket works");
      const found = await os.processes();
      assert_equals(found.net.length, 1, "one net process");
      assert_not_equals(found.net[0], net, "a new one");
      assert_equals(found.zombies, 0, "no zombie");
    }, `LIFE-04: net killed ${what}: every promise settles, and the next socket works`);
  }
}
