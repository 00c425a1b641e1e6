// META: title=UDPSocket: loss of the net process in the middle of bursts
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// More than the shared buffer of a socket holds.
const COUNT = 4000;
const SIZE = 1400;

function numbered(number) {
  const data = new Uint8Array(SIZE).fill(number & 255);
  new DataView(data.buffer).setUint32(0, number);
  return data;
}

for (const mode of ["bound", "connected"]) {
  for (const how of ["KILL", "STOP"]) {
    promise_test(async t => {
      const net = await startOldNet(t);
      const { socket, peer, message, readable, writable } = await openFor(t, mode);
      const writer = writable.getWriter();
      held(writer.closed);
      const read = held(readable.getReader().read());
      // To an address that was sent to before, writes are not held up by net.
      await writer.write(message(numbered(0)));
      const outcomes = [];
      const settled = [];
      if (how === "STOP") {
        await os.signalNet("STOP");
      }
      for (let i = 1; i <= COUNT; i++) {
        const index = i - 1;
        settled.push(writer.write(message(numbered(i)))
          .then(() => { outcomes[index] = "fulfilled"; }, error => { outcomes[index] = error; }));
      }
      const closing = held(writer.close());
      if (how === "STOP") {
        await quiet(100);
        assert_equals(await state(settled.at(-1)), "pending", "there is no room for all of them");
      } else {
        await peer.received(10);
      }
      await os.signalNet("KILL");
      assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
      await within(t, Promise.all(settled), 5000, "every write");
      const failed = outcomes.findIndex(outcome => outcome !== "fulfilled");
      if (how === "STOP") {
        assert_greater_than_equal(failed, 0, "not all can have been written");
        await rejectsWith(within(t, closing, 5000, "close"), "NetworkError", "writer.close()");
      }
      for (const [index, outcome] of outcomes.entries()) {
        if (failed >= 0 && index >= failed) {
          assert_dom_exception(outcome, "NetworkError", `write ${index}`);
        } else {
          assert_equals(outcome, "fulfilled", `write ${index}`);
        }
      }
      await rejectsWith(within(t, read, 5000, "read"), "NetworkError", "read");
      await within(t, closing.catch(() => {}), 5000, "close");
      await rejectsWith(within(t, socket.closed, 5000, "closed"), "NetworkError", "closed");
      const { datagrams } = await peer.log();
      assert_less_than_equal(datagrams.length, COUNT + 1);
      assert_true(datagrams.every(({ size }) => size === SIZE), "every datagram is whole");
      const next = await connectUdp(t, await makeUdpPeer(t, "echo"));
      await next.writable.getWriter().write({ data: encode("next") });
      assert_equals(await readText(next.readable.getReader()), "next", "the next socket works");
    }, how === "KILL"
      ? `LIFE-04: net killed while a ${mode} UDP socket sends a burst: every promise settles in order`
      : `LIFE-04: net stopped and killed while a ${mode} UDP socket sends a burst: every promise settles in order`);
  }
}

for (const mode of ["bound", "connected"]) {
  promise_test(async t => {
    const net = await startOldNet(t);
    const { socket, message, readable, writable } = await openFor(t, mode);
    const writer = writable.getWriter();
    await writer.write(message(numbered(0)));
    await os.signalNet("STOP");
    await writer.write(message(numbered(1)));
    await writer.close();
    await readable.cancel();
    await os.signalNet("KILL");
    assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
    await rejectsWith(within(t, socket.closed, 5000, "closed"), "NetworkError", "closed");
  }, `LIFE-04: net killed before it has sent what a ${mode} UDP socket has written: closed says so`);
}

promise_test(async t => {
  const net = await startOldNet(t);
  const { socket, info, readable } = await bindUdp(t);
  const sender = await makeUdpPeer(t);
  const reader = readable.getReader();
  held(reader.closed);
  let last = -1;
  const reading = rejection((async () => {
    for (;;) {
      const number = numberOf(await readMessage(reader));
      assert_greater_than(number, last, "none comes twice, or before an earlier one");
      last = number;
    }
  })());
  const flood = held(sender.flood(at(info), { seconds: 2, size: SIZE }));
  let isOver = false;
  flood.then(() => isOver = true);
  while (last < 500) {
    assert_false(isOver, `only ${last} datagrams have come of a flood`);
    await task();
  }
  await os.signalNet("KILL");
  assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
  assert_dom_exception(await within(t, reading, 5000, "the last read"), "NetworkError", "the last read");
  await rejectsWith(within(t, socket.closed, 5000, "closed"), "NetworkError", "closed");
  await flood;
}, "LIFE-04: net killed while a UDP socket is flooded: what has come is in order, and the reader hears of it");
