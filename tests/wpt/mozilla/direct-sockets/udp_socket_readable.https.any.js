// META: title=UDPSocket: readable
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// Numbered datagrams on a socket that nobody reads from: what has come out of the kernel's queue, once it stays.
promise_test(async t => {
  const net = await startUdpNet();
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t, { receiveBufferSize: 2 * MIB });
  const lines = await traced([RECEIVING], async () => {
    assert_equals(await peer.flood(at(info), { count: 1000 }), 1000);
    await udp.waitForSocket(info, { minReceiveQueue: 1 });
    await quiet();
  });
  const calls = receives(lines);
  assert_greater_than(calls.length, 0, `net receives: ${lines.slice(0, 3).join("\n")}`);
  let taken = 0;
  for (const { asked, got } of calls) {
    assert_less_than_equal(asked, Math.max(32 - taken, 1), `asked for with ${taken} in the queue of the stream`);
    taken += got;
  }
  assert_less_than_equal(taken, 32, "datagrams that have left the kernel's queue");
  assert_equals(taken, 32, "and they have been read ahead");
  const { receiveQueue, drops } = await udp.socket(info);
  assert_greater_than(receiveQueue, 0, "the others wait in the kernel");
  // All that the kernel has kept comes in order when somebody reads.
  const reader = readable.getReader();
  const messages = await readMessages(reader, 1000 - drops);
  messages.forEach((message, i) => assert_equals(numberOf(message), i));
  assert_equals((await os.processes()).net[0], net);
}, "UDP-R-01, UDP-R-02: without a reader at most 32 datagrams leave the kernel's queue");

promise_test(async t => {
  const { socket, info, readable, writable } = await connectUdp(t, await closedUdpPort(t));
  const reader = readable.getReader();
  const read = held(reader.read());
  const second = held(reader.read());
  held(reader.closed);
  const writer = writable.getWriter();
  await writer.write({ data: encode("x") });
  await writer.close();
  const error = await rejectsWith(read, "NetworkError", "the read");
  assert_regexp_match(error.message, /refused/i, "the message says why");
  await rejectsExactly(second, error, "the next read");
  await rejectsExactly(reader.closed, error, "reader.closed");
  await rejectsExactly(reader.read(), error, "a later read");
  await rejectsExactly(socket.closed, error, "closed");
  assert_true((await udp.gone(info)).ok, "the OS socket is closed");
}, "UDP-R-06: an ICMP error errors the readable of a connected socket, and runs handle-closing");

promise_test(async t => {
  const { socket, info, readable, writable } = await connectUdp(t, await closedUdpPort(t));
  await udp.provokeError(info);
  const reader = readable.getReader();
  await rejectsWith(reader.read(), "NetworkError", "the read");
  assert_equals(await state(socket.closed), "pending", "the write side is open");
  assert_equals(await state(writable.getWriter().closed), "pending", "and its stream is not errored");
}, "UDP-R-06: an error that the OS reports without a write errors the readable only");

promise_test(async t => {
  const closed = await closedUdpPort(t);
  const { info, readable } = await connectUdp(t, closed);
  const reader = readable.getReader();
  held(reader.closed);
  await closed.send("before", at(info));
  assert_equals(await readText(reader), "before");
  const reads = [reader.read(), reader.read()].map(held);
  // Net finds both when it runs again. The OS would tell the error first, which came last.
  await os.signalNet("STOP");
  t.add_cleanup(() => os.signalNet("CONT"));
  await closed.send("before the error", at(info));
  await udp.provokeError(info);
  await os.signalNet("CONT");
  assert_equals(decode((await reads[0]).value.data), "before the error");
  const error = await rejectsWith(reads[1], "NetworkError", "the next read");
  await closed.send("behind the error", at(info));
  await quiet();
  await rejectsExactly(reader.read(), error, "a later read");
}, "UDP-R-06: datagrams that came before an error are delivered, and what comes behind it is dropped");

promise_test(async t => {
  await startUdpNet();
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t, { receiveBufferSize: MIB });
  const reader = readable.getReader();
  let settled = 0;
  let reads;
  const lines = await traced([RECEIVING], async () => {
    reads = Array.from({ length: 100 }, (_, i) => reader.read().then(({ value }) => {
      assert_equals(settled++, i, "in order");
      return value;
    }));
    await quiet();
    assert_equals(await state(reads[0]), "pending");
    assert_equals(await peer.flood(at(info), { count: 100 }), 100);
    await Promise.all(reads);
  });
  (await Promise.all(reads)).forEach((message, i) => assert_equals(numberOf(message), i, `read ${i}`));
  const calls = receives(lines);
  assert_greater_than(calls.length, 0, "net receives");
  for (const { asked } of calls) {
    assert_less_than_equal(asked, 32, "asked for at once");
  }
}, "UDP-R-07: a hundred reads at once ask for no more datagrams than fit, and are satisfied in order");
