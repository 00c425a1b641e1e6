// META: title=TCPServerSocket: what opened resolves with
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const KEYS = ["localAddress", "localPort", "readable"];

promise_test(async t => {
  const { server, info } = await listen(t);
  assert_array_equals(Reflect.ownKeys(info), KEYS, "the properties in order");
  for (const key of KEYS) {
    const descriptor = Object.getOwnPropertyDescriptor(info, key);
    assert_true(descriptor.enumerable && descriptor.writable && descriptor.configurable, key);
  }
  assert_equals(Object.getPrototypeOf(info), Object.prototype);
  assert_equals(await server.opened, info, "the same object for every await");
  assert_true(info.readable instanceof ReadableStream, "readable");
  assert_equals((await server.opened).readable, info.readable, "the same stream");
  assert_equals(typeof info.localPort, "number");
}, "SRV-INFO-01: it is a plain object with exactly localAddress, localPort and readable");

for (const [address, text] of [["127.0.0.1"], ["127.0.0.2"], ["0.0.0.0"], ["::1"], ["::"], ["0:0:0:0:0:0:0:1", "::1"],
                               ["::ffff:127.0.0.1"]]) {
  promise_test(async t => {
    await os.needIPv6(address);
    const { info, port } = await listen(t, {}, address);
    assert_equals(info.localAddress, text ?? address);
    const found = await listening.find(port);
    assert_equals(found.address, text ?? address, "as ss shows it");
    assert_equals(found.port, info.localPort);
  }, `SRV-INFO-01: localAddress and localPort are what the kernel bound for ${address}`);
}
