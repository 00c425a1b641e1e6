// META: title=UDPSocket: writable
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  t.add_cleanup(() => os.blockHosts(false));
  const { writable, peer } = await openFor(t, "bound");
  await os.blockHosts(true);
  const writer = writable.getWriter();
  const [first, second] = [encode("first"), encode("second")];
  const writes = [writer.write(to({ address: "v4.test", port: peer.port }, first)), writer.write(to(peer, second))];
  first.fill(0x21);
  await quiet(20);
  // Its turn has not come yet.
  second.set(encode("SECOND"));
  await os.blockHosts(false);
  await Promise.all(writes);
  const { datagrams } = await peer.received(2);
  assert_array_equals(datagrams.map(({ text }) => text), ["first", "SECOND"]);
  assert_equals(first.length, 5, "nothing is detached");
}, "UDP-W-05: data is copied when the turn of its message comes, synchronously");

promise_test(async t => {
  t.add_cleanup(() => os.blockHosts(false));
  const { writable, peer } = await openFor(t, "bound");
  await os.blockHosts(true);
  const writer = writable.getWriter();
  const writes = [writer.write(to({ address: "v4.test", port: peer.port }, "first")),
                  writer.write(to(peer, "second"))];
  await quiet();
  assert_equals((await peer.log()).received, 0, "the second one waits for the first");
  await os.blockHosts(false);
  await Promise.all(writes);
  const { datagrams } = await peer.received(2);
  assert_array_equals(datagrams.map(({ text }) => text), ["first", "second"]);
}, "UDP-W-17: one message is sent at a time, also when a name takes long");
