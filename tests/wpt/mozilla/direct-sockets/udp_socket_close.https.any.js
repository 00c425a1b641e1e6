// META: title=UDPSocket: close()
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

for (const [what, lock] of Object.entries({
  "readable": ({ readable }) => readable.getReader(),
  "writable": ({ writable }) => writable.getWriter(),
})) {
  promise_test(async t => {
    const peer = await makeUdpPeer(t, "echo");
    const made = await bindUdp(t);
    const { socket, info, readable, writable } = made;
    const lock_ = lock(made);
    await rejectsWith(callClose(socket), "InvalidStateError");
    assert_equals(await state(socket.closed), "pending");
    assert_true((await udp.socket(info)).exists, "the OS socket is open");
    const reader = what === "readable" ? lock_ : readable.getReader();
    const writer = what === "writable" ? lock_ : writable.getWriter();
    await writer.write(to(peer, "works"));
    assert_equals(await readText(reader), "works", "reading and writing still work");
    reader.releaseLock();
    writer.releaseLock();
    assert_equals(await callClose(socket), undefined);
  }, `UDP-CLOSE-03: with a locked ${what} close() rejects with InvalidStateError and changes nothing`);
}

promise_test(async t => {
  const { socket, info, readable } = await connectUdp(t, await closedUdpPort(t));
  await udp.provokeError(info);
  const reader = readable.getReader();
  const error = await rejectsWith(reader.read(), "NetworkError");
  reader.releaseLock();
  const unhandled = await unhandledRejections(async () => {
    const closing = callClose(socket);
    assert_equals(closing, socket.closed);
    await rejectsExactly(closing, error, "closed");
  });
  assert_equals(unhandled.length, 0, "the rejections of the cancel and of the abort are nobody's concern");
}, "UDP-CLOSE-04: an error that happened before close() still rejects closed");

promise_test(async t => {
  t.add_cleanup(() => os.blockHosts(false));
  const peer = await makeUdpPeer(t);
  const { socket, info, writable } = await bindUdp(t);
  await os.blockHosts(true);
  const writer = writable.getWriter();
  held(writer.closed);
  const writes = [writer.write(to({ address: "v4.test", port: peer.port }, "one")), writer.write(to(peer, "two"))];
  writes.forEach(held);
  await quiet(20);
  writer.releaseLock();
  assert_equals(await within(t, callClose(socket), 5000, "close()"), undefined);
  for (const write of writes) {
    await rejectsWith(write, "AbortError", "a write");
  }
  await os.blockHosts(false);
  assert_true((await udp.gone(info)).ok);
  assert_equals((await peer.log()).received, 0, "nothing is sent");
}, "UDP-CLOSE-04: messages that wait are dropped, and a name that is being resolved does not hold close() up");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info } = await bindUdp(t);
  await peer.flood(at(info), { count: 50 });
  assert_equals(await callClose(socket), undefined);
  assert_false((await udp.socket(info)).exists);
}, "UDP-CLOSE-04: datagrams that nobody has read do not hold close() up");
