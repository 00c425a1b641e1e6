// META: title=UDPSocket: open info
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

promise_test(async t => {
  const { info } = await bindUdp(t);
  assert_array_equals(Object.keys(info), ["localAddress", "localPort", "readable", "writable"]);
  assert_array_equals(Reflect.ownKeys(info), Object.keys(info), "nothing hidden");
  assert_false("remoteAddress" in info, "remoteAddress is absent, not undefined");
  assert_false("remotePort" in info, "remotePort is absent, not undefined");
}, "UDP-INFO-01: in bound mode the info object has exactly localAddress, localPort, readable and writable");

promise_test(async t => {
  await needIPv6();
  for (const [remoteAddress, expected, options] of [
    ["0:0:0:0:0:0:0:1", "::1"],
    ["::1", "::1"],
    // A system may have either address for this name, or both.
    ["localhost", "127.0.0.1", { dnsQueryType: "ipv4" }],
    ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
  ]) {
    const peer = await makeUdpPeer(t);
    const { info } = await connectUdp(t, { address: remoteAddress, port: peer.port }, options);
    assert_equals(info.remoteAddress, expected, remoteAddress);
  }
}, "UDP-INFO-02: remoteAddress is resolved and in its canonical form");

promise_test(async t => {
  const { socket, info } = await bindUdp(t);
  assert_equals(Object.getPrototypeOf(info), Object.prototype, "an ordinary object");
  for (const [key, { writable, enumerable, configurable, value }] of
       Object.entries(Object.getOwnPropertyDescriptors(info))) {
    assert_true(writable && enumerable && configurable, `${key} is an ordinary data property`);
    assert_not_equals(value, undefined, key);
  }
  const again = await socket.opened;
  assert_equals(again.readable, info.readable, "readable");
  assert_equals(again.writable, info.writable, "writable");
  assert_true(info.readable instanceof ReadableStream);
  assert_true(info.writable instanceof WritableStream);
  assert_false(info.readable.locked, "the readable is not locked");
  assert_false(info.writable.locked, "the writable is not locked");
}, "UDP-INFO-03: the info is an ordinary object, and the streams are those of the socket");

promise_test(async t => {
  await needIPv6();
  for (const address of ["127.0.0.1", "::1"]) {
    const peer = await makeUdpPeer(t, "sink", { address });
    const { socket, info, writable } = await connectUdp(t, peer);
    assert_equals(info.localAddress, address, "concrete");
    await writable.getWriter().write({ data: encode("x") });
    const { datagrams: [seen] } = await peer.received(1);
    assert_equals(`${seen.address} ${seen.port}`, `${info.localAddress} ${info.localPort}`, "as the peer sees it");
  }
}, "UDP-INFO-03: in connected mode the local address is the concrete one that the peer sees");
