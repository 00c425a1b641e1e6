// META: title=UDPSocket: abort and close of the writable
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

// A message whose name does not resolve until the hosts file is unblocked.
async function blocked(t, peer, text = "blocked") {
  t.add_cleanup(() => os.blockHosts(false));
  await os.blockHosts(true);
  return to({ address: "v4.test", port: peer.port }, text);
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info, readable, writable } = await bindUdp(t);
  const writer = writable.getWriter();
  held(writer.closed);
  const write = held(writer.write(await blocked(t, peer)));
  await quiet();
  assert_equals(await state(write), "pending");
  const reason = { reason: "of the page" };
  const aborted = writer.abort(reason);
  await rejectsExactly(within(t, write, 5000, "the write"), reason, "the write");
  assert_equals(await aborted, undefined, "abort fulfils");
  await rejectsExactly(writer.closed, reason, "writer.closed");
  await os.blockHosts(false);
  await peer.send("still receiving", at(info));
  assert_equals(await readText(readable.getReader()), "still receiving");
  await quiet();
  assert_equals((await peer.log()).received, 0, "it is not sent once the name is known");
}, "UDP-W-12: aborting makes a send in progress return promptly with the reason");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, readable, writable } = await bindUdp(t);
  const writer = writable.getWriter();
  held(writer.closed);
  const write = held(writer.write(await blocked(t, peer)));
  await quiet(20);
  const aborted = writer.abort();
  await rejectsWith(within(t, write, 5000, "the write"), "AbortError", "the write takes the reason of the signal");
  await aborted;
  assert_equals(await rejection(writer.closed), undefined, "writer.closed takes the stored error");
  await readable.cancel();
  assert_equals(await rejection(socket.closed), undefined, "closed takes the stored error");
}, "UDP-W-12: with a bare abort the write takes the signal's reason and closed the stored error");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  let sent = 0;
  for (let i = 0; i < 30; i++) {
    const { writable } = await connectUdp(t, peer);
    const writer = writable.getWriter();
    held(writer.closed);
    const reason = new Error("of the page");
    const write = held(writer.write({ data: encode(`${i}`) }));
    for (let turns = 0; turns < i; turns++) {
      await null;
    }
    if (i % 3 === 2) {
      await task();
    }
    await writer.abort(reason);
    await write.then(() => sent++, error => assert_equals(error, reason, "only the reason, never a NetworkError"));
  }
  await peer.received(sent);
}, "UDP-W-12: a write that was complete before the abort fulfils, any other rejects with the reason");

promise_test(async t => {
  await startUdpNet();
  const peer = await makeUdpPeer(t);
  const { socket, info, readable, writable } = await connectUdp(t, peer);
  const reason = new Error("of the page");
  const lines = await traced(["trace=shutdown,close"], async () => {
    const aborted = writable.abort(reason);
    await micro();
    assert_equals(await state(aborted), "fulfilled", "without a task");
    assert_equals(await aborted, undefined);
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("shutdown(")), [], "nothing to tell the OS");
  assert_equals(await state(socket.closed), "pending", "the read side is open");
  await peer.send("still", at(info));
  const reader = readable.getReader();
  assert_equals(await readText(reader), "still", "reading still works");
  await reader.cancel();
  await rejectsExactly(socket.closed, reason, "closed");
}, "UDP-W-13, TASK-06: abort fulfils without a task and without a word to the OS");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info, readable, writable } = await bindUdp(t);
  await readable.cancel();
  const reason = new Error("of the page");
  const aborted = writable.abort(reason);
  await micro();
  assert_equals(await state(aborted), "fulfilled");
  assert_equals(await state(socket.closed), "pending", "closed takes a task");
  await rejectsExactly(socket.closed, reason, "closed");
  assert_true((await udp.gone(info)).ok, "the OS socket is closed");
  assert_equals((await peer.log()).received, 0);
}, "UDP-W-13: abort runs handle-closing");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info, readable, writable } = await connectUdp(t, peer);
  const writer = writable.getWriter();
  const order = [];
  const writes = ["one", "two", "three"].map(text => writer.write({ data: encode(text) }).then(() => {
    order.push(text);
  }));
  const closing = writer.close().then(value => {
    assert_equals(value, undefined);
    order.push("closed");
  });
  await Promise.all([...writes, closing]);
  assert_array_equals(order, ["one", "two", "three", "closed"]);
  const { datagrams } = await peer.received(3);
  assert_array_equals(datagrams.map(({ text }) => text), ["one", "two", "three"]);
  assert_equals(await state(socket.closed), "pending", "the read side is open");
  await peer.send("still", at(info));
  const reader = readable.getReader();
  assert_equals(await readText(reader), "still", "reading still works");
  await reader.cancel();
  assert_equals(await socket.closed, undefined);
}, "UDP-W-14: close fulfils once what was queued has been sent");

promise_test(async t => {
  await startUdpNet();
  const { socket, readable, writable } = await bindUdp(t);
  const lines = await traced(["trace=shutdown"], async () => {
    const closing = writable.close();
    await micro();
    assert_equals(await state(closing), "fulfilled", "without a task");
    assert_equals(await closing, undefined);
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("shutdown(")), [], "nothing to tell the OS");
  assert_equals(await state(socket.closed), "pending");
  await readable.cancel();
  assert_equals(await socket.closed, undefined, "closed");
}, "UDP-W-14, TASK-06: with nothing queued close fulfils without a task and without a word to the OS");

promise_test(async t => {
  const peers = [await makeUdpPeer(t), await makeUdpPeer(t), await makeUdpPeer(t)];
  const { writable } = await bindUdp(t);
  const writer = writable.getWriter();
  held(writer.closed);
  const writes = [writer.write(await blocked(t, peers[0])), writer.write(to(peers[1], "two")),
                  writer.write(to(peers[2], "three"))];
  writes.forEach(held);
  await quiet(20);
  const reason = new Error("of the page");
  await within(t, writer.abort(reason), 5000, "abort");
  for (const [index, write] of writes.entries()) {
    await rejectsExactly(write, reason, `write ${index + 1}`);
  }
  await os.blockHosts(false);
  await quiet();
  for (const [index, peer] of peers.entries()) {
    assert_equals((await peer.log()).received, 0, `peer ${index + 1}`);
  }
}, "UDP-W-18: after an abort no further message is taken from the queue");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { writable } = await bindUdp(t);
  const writer = writable.getWriter();
  held(writer.closed);
  const write = held(writer.write(await blocked(t, peer)));
  const closing = held(writer.close());
  await quiet(20);
  assert_equals(await state(closing), "pending", "close waits for the write");
  const reason = new Error("of the page");
  await within(t, writer.abort(reason), 5000, "abort");
  await rejectsExactly(write, reason, "the write");
  await rejectsExactly(closing, reason, "the close");
}, "UDP-W-12, UDP-W-14: an abort also takes the place of a close that waits");
