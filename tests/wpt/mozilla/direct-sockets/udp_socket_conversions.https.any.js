// META: title=UDPSocket: conversion of options and messages
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const LOCAL = { localAddress: "127.0.0.1" };

const SNDBUF = "SOL_SOCKET.SO_SNDBUF";

promise_test(async t => {
  const { info } = await bindUdp(t, { sendBufferSize: 65536.9 });
  assert_equals((await udp.options(info, [SNDBUF]))[SNDBUF], 131072, "65536, which the kernel doubles");
}, "IDL-18: fractions of a size of UDPSocket are cut off");

promise_test(async t => {
  const V6ONLY = "IPPROTO_IPV6.IPV6_V6ONLY";
  for (const [ipv6Only, expected] of [["false", 1], [1, 1], [{}, 1], [true, 1], [null, 0], ["", 0], [0, 0], [NaN, 0],
                                      [false, 0]]) {
    const { info, socket } = await bindUdp(t, { localAddress: "::", ipv6Only });
    assert_equals((await udp.options(info, [V6ONLY]))[V6ONLY], expected, JSON.stringify(ipv6Only));
    await socket.close();
  }
  const peer = await makeUdpPeer(t);
  const { socket } = await connectUdp(t, peer, { ipv6Only: undefined });
  await socket.close();
}, "IDL-22: ipv6Only of UDPSocket takes any value by its truthiness, and undefined counts as absent");

promise_test(async () => {
  await startUdpNet();
  const sentinel = { sentinel: true };
  const lines = await traced(["trace=socket,bind,connect"], async () => {
    for (const member of ["dnsQueryType", "ipv6Only", "localAddress", "localPort", "receiveBufferSize",
                          "remoteAddress", "remotePort", "sendBufferSize"]) {
      const error = thrown(() => new UDPSocket({ ...LOCAL, get [member]() { throw sentinel; } }), member);
      assert_equals(error, sentinel, member);
    }
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET")), [], "net made no socket");
}, "IDL-25: what a getter of the options throws leaves its constructor unchanged, and no socket comes to exist");
