// META: title=TCPSocket: a net process that is stopped, and goes on
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/direct-sockets/resources/sha256.js
// META: script=/direct-sockets/resources/random.js
// META: script=/_mozilla/direct-sockets/resources/gc.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// What a socket may hold on the way in the page's process and in the shared buffer, and room for what a busy page does
// besides. Far below what these tests push.
const ALLOWANCE = 32 * MIB;
const TOTAL = 128 * MIB;

// Stop net while `body` runs. It goes on when that ends, however it does.
async function whileStopped(body) {
  await os.signalNet("STOP");
  try {
    return await body();
  } finally {
    await os.signalNet("CONT");
  }
}

// The page does what it did before: timers, and frames where there are any.
async function pageGoesOn() {
  for (let i = 0; i < 10; i++) {
    await new Promise(resolve => step_timeout(resolve, 1));
  }
  for (let i = 0; isWindow && i < 3; i++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const stream = new RandomStream(1, TOTAL);
  await collectGarbageForSure();
  const before = await os.memory();
  let reported = 0;
  const writes = [];
  await whileStopped(async () => {
    // Views of the same bytes again and again: the page's own queue costs little.
    for (let chunk; (chunk = stream.next());) {
      writes.push(held(writer.write(chunk).then(() => { reported += chunk.length; })));
    }
    const { ready } = writer;
    await pageGoesOn();
    await quiet(300);
    assert_equals(await state(ready), "pending", "ready holds");
    assert_less_than_equal(reported, 512 * 1024, "what the shared buffer holds");
    const stalled = reported;
    await pageGoesOn();
    assert_equals(reported, stalled, "no write settles any more");
    const after = await os.memory();
    assert_less_than(after.total - before.total, ALLOWANCE, JSON.stringify({ before, after }));
  });
  await Promise.all(writes);
  await writer.close();
  const { received, receivedSha256 } = await peer.wait("eof", { timeout: 60 });
  assert_equals(received, TOTAL);
  assert_equals(receivedSha256, stream.digest.hex(), "byte-exact");
  writer.releaseLock();
  await socket.close();
}, "LIFE-09, TCP-W-08: writes wait while net is stopped, memory stays bounded, and all of it arrives later");

for (const kind of ["default", "byob"]) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold", { flood: TOTAL, then: "fin" });
    const { socket, readable } = await connect(t, peer);
    await collectGarbageForSure();
    const before = await os.memory();
    let read = 0;
    const reading = receiveStream(readable, kind, 1, bytes => { read = bytes; });
    while (read < MIB) {
      await task();
    }
    await whileStopped(async () => {
      await pageGoesOn();
      await quiet(300);
      const stalled = read;
      await pageGoesOn();
      assert_equals(read, stalled, "nothing comes any more");
      assert_less_than(stalled, TOTAL);
      const { sent } = await peer.log(0);
      await quiet(100);
      assert_equals((await peer.log(0)).sent, sent, "the peer has stalled");
      const after = await os.memory();
      assert_less_than(after.total - before.total, ALLOWANCE * 2, JSON.stringify({ before, after }));
    });
    const digest = await reading;
    assert_equals(digest.length, TOTAL);
    assert_equals(digest.hex(), (await peer.log(0)).sentSha256, "byte-exact");
    await socket.close();
  }, `LIFE-09, TCP-R-09: a ${kind} reader waits while net is stopped, and all of it comes later`);
}

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  const other = await connect(t, peer);
  const [opening, closing, otherClosing] = await whileStopped(async () => {
    const late = Array.from({ length: 50 }, () => new TCPSocket(peer.address, peer.port));
    late.forEach(({ opened }) => held(opened));
    await writer.write(encode("before the end"));
    const ends = [held(writer.close()), held(other.socket.close())];
    await pageGoesOn();
    await quiet(300);
    for (const { opened } of late) {
      assert_equals(await state(opened), "pending", "opened");
    }
    assert_equals(await state(ends[0]), "pending", "writer.close()");
    assert_equals(await state(ends[1]), "pending", "close()");
    const log = await peer.log();
    assert_equals(log.length, 2, "nobody else has connected");
    assert_false(log.some(({ fin }) => fin), "no FIN is out");
    assert_equals(log[0].received, 0);
    return [late, ...ends];
  });
  await within(t, Promise.all(opening.map(({ opened }) => opened)), 10000, "all of them open");
  assert_equals(await within(t, closing, 10000, "writer.close()"), undefined);
  assert_equals(await within(t, otherClosing, 10000, "close()"), undefined);
  const log = await peer.wait("eof");
  assert_equals(log.received, 14);
  await Promise.all(opening.map(late => late.close()));
  writer.releaseLock();
  await socket.close();
}, "LIFE-09, TCP-W-15: opening and closing wait while net is stopped, and nothing is reported before it has happened");

promise_test(async t => {
  const count = 4000;
  const peer = await makeUdpPeer(t, "sink", { receiveBuffer: 1 * MIB });
  const { socket, writable } = await bindUdp(t);
  const writer = writable.getWriter();
  // Far shorter than what is counted for each.
  const text = number => `${number}`.padEnd(200, ".");
  await writer.write(to(peer, text(0)));
  await peer.received(1);
  const settled = [];
  const writes = [];
  await whileStopped(async () => {
    for (let i = 1; i < count; i++) {
      writes.push(writer.write(to(peer, text(i))).then(() => settled.push(i)));
    }
    await pageGoesOn();
    await quiet(300);
    assert_less_than(settled.length * 200, 512 * 1024, "what the shared buffer holds");
    assert_equals(await state(writes.at(-1)), "pending", "the last one waits");
  });
  await Promise.all(writes);
  assert_array_equals(settled, Array.from({ length: count - 1 }, (_, index) => index + 1), "in order");
  await writer.close();
  // The system may drop some, as the peer takes its time. Nobody doubles or changes any.
  let last = -1;
  for (const { text: found } of (await peer.log()).datagrams) {
    const number = parseInt(found);
    assert_greater_than(number, last, "in order");
    assert_equals(found, text(number), "unchanged");
    last = number;
  }
  assert_greater_than(last, 0);
  writer.releaseLock();
  await socket.close();
}, "LIFE-09, UDP-W-17: datagrams wait while net is stopped, and are sent in order later");
