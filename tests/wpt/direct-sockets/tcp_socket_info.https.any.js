// META: title=TCPSocket: what opened resolves with
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

const KEYS = ["localAddress", "localPort", "readable", "remoteAddress", "remotePort", "writable"];

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, info } = await connect(t, peer);
  assert_array_equals(Reflect.ownKeys(info), KEYS, "the properties in order");
  for (const key of KEYS) {
    const descriptor = Object.getOwnPropertyDescriptor(info, key);
    assert_true(descriptor.enumerable && descriptor.writable && descriptor.configurable, key);
  }
  assert_equals(Object.getPrototypeOf(info), Object.prototype);
  assert_equals(await socket.opened, info, "the same object for every await");
  await socket.close();
}, "TCP-INFO-01: it is a plain object with exactly six own properties");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  assert_true(readable instanceof ReadableStream, "readable");
  assert_equals((await socket.opened).readable, readable);
  await socket.close();
}, "TCP-INFO-02: readable is the ReadableStream of the socket");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, writable } = await connect(t, peer);
  assert_true(writable instanceof WritableStream, "writable");
  assert_equals((await socket.opened).writable, writable);
  await socket.close();
}, "TCP-INFO-03: writable is the WritableStream of the socket");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, info } = await connect(t, peer);
  const log = await peer.wait("accepted");
  assert_equals(info.remoteAddress, "127.0.0.1");
  assert_equals(info.remotePort, peer.port, "a number equal to the argument");
  assert_equals(typeof info.remotePort, "number");
  assert_equals(info.remoteAddress, log.localAddress, "what the peer has bound");
  assert_equals(info.remotePort, log.localPort);
  await socket.close();
}, "TCP-INFO-04: remoteAddress and remotePort are what was connected to");

promise_test(async t => {
  await needIPv6();
  const peer = await makePeer(t, "hold", { address: "::1" });
  for (const text of ["0:0:0:0:0:0:0:1", "::1", "0::0001", "::0.0.0.1"]) {
    const socket = new TCPSocket(text, peer.port);
    const info = await socket.opened;
    assert_equals(info.remoteAddress, "::1", text);
    assert_equals(info.localAddress, "::1", text);
    await socket.close();
  }
}, "TCP-INFO-06: IPv6 addresses are in shortest lowercase form without brackets");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { address: "::" });
  const socket = new TCPSocket("::FFFF:127.0.0.1", peer.port);
  const info = await socket.opened;
  assert_equals(info.remoteAddress, "::ffff:127.0.0.1");
  await socket.close();
}, "TCP-INFO-06: an IPv4-mapped address keeps its dotted tail");
