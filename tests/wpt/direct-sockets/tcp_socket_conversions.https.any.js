// META: title=TCPSocket: conversion of arguments
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

const UNSIGNED_LONG = ["sendBufferSize", "receiveBufferSize", "keepAliveDelay"];

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  for (const dnsQueryType of ["IPv4", "any", "", null, 4, "ipv4 "]) {
    assert_throws_js(TypeError, () => new TCPSocket(peer.address, peer.port, { dnsQueryType }), String(dnsQueryType));
  }
  for (const dnsQueryType of ["ipv4", undefined]) {
    const { socket } = await connect(t, peer, { dnsQueryType });
    await socket.close();
  }
  const other = new TCPSocket(peer.address, peer.port, { dnsQueryType: "ipv6" });
  await rejectsWith(other.opened, "NetworkError", "the valid string that does not fit the address");
}, "IDL-15: dnsQueryType accepts exactly ipv4 and ipv6");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  for (const options of [5, "x", true, Symbol(), 1n]) {
    assert_throws_js(TypeError, () => new TCPSocket(peer.address, peer.port, options), typeof options);
  }
  for (const options of [undefined, null, {}, () => {}, []]) {
    const { info, socket } = await connect(t, peer, options);
    assert_equals(info.remotePort, peer.port);
    await socket.close();
  }
}, "IDL-16: undefined and null mean the defaults, objects of any kind are dictionaries, all else is a TypeError");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const read = [];
  const options = new Proxy({}, {
    get(target, key) {
      read.push(key);
      return undefined;
    },
  });
  const { socket } = await connect(t, peer, options);
  assert_array_equals(read, ["dnsQueryType", "keepAliveDelay", "noDelay", "receiveBufferSize", "sendBufferSize"]);
  await socket.close();
}, "IDL-17: the members of the options are got, without a look whether they exist");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const read = [];
  const options = {};
  for (const member of ["sendBufferSize", "other", "noDelay", "keepAliveDelay", "receiveBufferSize", "dnsQueryType"]) {
    Object.defineProperty(options, member, {
      get() {
        read.push(member);
        return undefined;
      },
    });
  }
  const { socket } = await connect(t, peer, options);
  assert_array_equals(read, ["dnsQueryType", "keepAliveDelay", "noDelay", "receiveBufferSize", "sendBufferSize"]);
  await socket.close();
}, "IDL-17: the members of the options are read once each, in alphabetical order, and only the declared ones");

for (const member of UNSIGNED_LONG) {
  test(() => {
    for (const value of [-1, 4294967296, NaN, Infinity, -Infinity, "abc", 1n, Symbol(), {}]) {
      assert_throws_js(TypeError, () => new TCPSocket("127.0.0.1", 1, { [member]: value }), String(value));
    }
    // These convert to 0 and fail the check of the constructor.
    for (const value of [null, "", -0.5, 0.9, false]) {
      assert_throws_js(TypeError, () => new TCPSocket("127.0.0.1", 1, { [member]: value }), String(value));
    }
  }, `IDL-18: ${member} enforces the range of an unsigned long`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  for (const port of [peer.port + 65536, peer.port - 65536, String(peer.port), peer.port + 0.7, peer.port + 2 ** 32,
                      { valueOf: () => peer.port }]) {
    const socket = new TCPSocket(peer.address, port);
    const info = await socket.opened;
    assert_equals(info.remotePort, peer.port, String(port));
    await socket.close();
  }
}, "IDL-20: remotePort wraps modulo 65536");

promise_test(async () => {
  for (const port of [NaN, Infinity, undefined, 65536, "abc", null, {}]) {
    const socket = new TCPSocket("127.0.0.1", port);
    await rejectsWith(socket.opened, "NetworkError", String(port));
  }
}, "IDL-20: what is no number means port 0, which fails later");

test(() => {
  assert_throws_js(TypeError, () => new TCPSocket("127.0.0.1", Symbol()));
  assert_throws_js(TypeError, () => new TCPSocket("127.0.0.1", 1n));
}, "IDL-20: a symbol or a BigInt as the port throws a TypeError");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const address = { toString: () => "127.0.0.1" };
  const socket = new TCPSocket(address, peer.port);
  assert_equals((await socket.opened).remoteAddress, "127.0.0.1");
  await socket.close();
  assert_throws_js(TypeError, () => new TCPSocket(Symbol(), peer.port), "a symbol");
  const sentinel = new RangeError("of the page");
  const error = thrown(() => new TCPSocket({ toString() { throw sentinel; } }, peer.port));
  assert_equals(error, sentinel, "what toString throws is what comes out");
}, "IDL-23: remoteAddress is converted to a string as JavaScript does it");

test(() => {
  const order = [];
  const sentinel = new RangeError("of the page");
  const error = thrown(() => new TCPSocket(
    { toString() { order.push("address"); return "127.0.0.1"; } },
    { valueOf() { order.push("port"); return 1; } },
    { get keepAliveDelay() { order.push("keepAliveDelay"); return 1; },
      get sendBufferSize() { order.push("sendBufferSize"); throw sentinel; } }));
  assert_array_equals(order, ["address", "port", "keepAliveDelay", "sendBufferSize"]);
  assert_equals(error, sentinel, "the delay, which is too short, has not been looked at");
}, "IDL-24: all arguments are converted, in order, before the first step of the constructor");
