// META: title=TCPSocket: conversion of arguments
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { info, socket } = await connect(t, peer, { sendBufferSize: 65536.9 });
  const options = await os.options(info, ["SOL_SOCKET.SO_SNDBUF"]);
  assert_equals(options["SOL_SOCKET.SO_SNDBUF"], 131072, "65536, which the kernel doubles");
  await socket.close();
}, "IDL-18: fractions of a size are cut off");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  for (const [noDelay, expected] of [["false", 1], [1, 1], [{}, 1], [true, 1], [undefined, 0], [null, 0], ["", 0],
                                     [0, 0], [NaN, 0], [false, 0]]) {
    const { info, socket } = await connect(t, peer, { noDelay });
    const options = await os.options(info, ["IPPROTO_TCP.TCP_NODELAY"]);
    assert_equals(Math.sign(options["IPPROTO_TCP.TCP_NODELAY"]), expected, JSON.stringify(noDelay));
    await socket.close();
  }
}, "IDL-22: noDelay takes any value by its truthiness");

promise_test(async t => {
  await startNet(t);
  const sentinel = { sentinel: true };
  const lines = await traced(["trace=socket,connect"], async () => {
    for (const member of ["dnsQueryType", "keepAliveDelay", "noDelay", "receiveBufferSize", "sendBufferSize"]) {
      const error = thrown(() => new TCPSocket("127.0.0.1", 9, {
        get [member]() { throw sentinel; },
      }), member);
      assert_equals(error, sentinel, member);
    }
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET")), [], "net made no socket");
}, "IDL-25: what a getter of the options throws leaves the constructor unchanged, and no socket comes to exist");
