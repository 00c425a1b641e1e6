// META: title=TCPServerSocket: conversion of arguments
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

const ADDRESS = "127.0.0.1";

promise_test(async t => {
  for (const options of [5, "x", true, Symbol(), 1n]) {
    assert_throws_js(TypeError, () => new TCPServerSocket(ADDRESS, options), typeof options);
  }
  for (const options of [undefined, null, {}, () => {}, []]) {
    const { server, info } = await listen(t, options);
    assert_equals(info.localAddress, ADDRESS);
    await server.close();
  }
}, "IDL-16: undefined and null mean the defaults, objects of any kind are dictionaries, all else is a TypeError");

promise_test(async t => {
  const read = [];
  const options = new Proxy({}, {
    get(target, key) {
      read.push(key);
      return undefined;
    },
  });
  const { server } = await listen(t, options);
  assert_array_equals(read, ["backlog", "ipv6Only", "localPort"]);
  await server.close();
}, "IDL-17: the options of TCPServerSocket are read once each, in alphabetical order, and only the declared ones");

test(() => {
  for (const backlog of [-1, 4294967296, NaN, Infinity, -Infinity, "abc", 1n, Symbol(), {}]) {
    assert_throws_js(TypeError, () => new TCPServerSocket(ADDRESS, { backlog }), String(backlog));
  }
  // These convert to 0 and fail the check of the constructor.
  for (const backlog of [null, "", -0.5, 0.9, false]) {
    assert_throws_js(TypeError, () => new TCPServerSocket(ADDRESS, { backlog }), String(backlog));
  }
}, "IDL-18: backlog enforces the range of an unsigned long");

promise_test(async t => {
  for (const backlog of [1.9, "5", 4294967295.9, { valueOf: () => 3 }, true]) {
    const { server } = await listen(t, { backlog });
    await server.close();
  }
}, "IDL-18: fractions of a backlog are cut off");

test(() => {
  for (const localPort of [65536, -1, NaN, Infinity, "abc", 1n, Symbol(), {}, 2 ** 32]) {
    assert_throws_js(TypeError, () => new TCPServerSocket(ADDRESS, { localPort }), String(localPort));
  }
}, "IDL-19: localPort of TCPServerSocket enforces the range of an unsigned short");

promise_test(async t => {
  await needAddresses("127.0.0.12");
  // A port that somebody has on another address is most likely free on this one.
  const peer = await makePeer(t, "hold");
  for (const localPort of [String(peer.port), peer.port + 0.7, { valueOf: () => peer.port }]) {
    const { server, info } = await listen(t, { localPort }, "127.0.0.12");
    assert_equals(info.localPort, peer.port, String(localPort));
    await server.close();
  }
}, "IDL-19: what is no integer becomes one as the localPort of TCPServerSocket");

promise_test(async t => {
  for (const ipv6Only of [undefined, null, "", 0, NaN, false]) {
    const { server } = await listen(t, { ipv6Only });
    await server.close();
  }
  for (const ipv6Only of ["false", 1, {}, true]) {
    assert_throws_js(TypeError, () => new TCPServerSocket(ADDRESS, { ipv6Only }), String(ipv6Only));
  }
}, "IDL-22: ipv6Only of TCPServerSocket takes any value by its truthiness, and undefined counts as absent");

promise_test(async t => {
  const { info } = await listen(t, undefined, { toString: () => ADDRESS });
  assert_equals(info.localAddress, ADDRESS);
  assert_throws_js(TypeError, () => new TCPServerSocket(Symbol()), "a symbol");
  const sentinel = new RangeError("of the page");
  assert_equals(thrown(() => new TCPServerSocket({ toString() { throw sentinel; } })), sentinel);
}, "IDL-23: localAddress of TCPServerSocket is converted to a string as JavaScript does it");

test(() => {
  const order = [];
  const sentinel = new RangeError("of the page");
  const error = thrown(() => new TCPServerSocket(
    { toString() { order.push("address"); return "not an address"; } },
    { get backlog() { order.push("backlog"); return 0; },
      get localPort() { order.push("localPort"); throw sentinel; } }));
  assert_array_equals(order, ["address", "backlog", "localPort"]);
  assert_equals(error, sentinel, "the address, which is none, has not been looked at");
}, "IDL-24: all arguments of TCPServerSocket are converted, in order, before the first step of the constructor");
