// META: title=TCPServerSocket: what opened resolves with
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

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
