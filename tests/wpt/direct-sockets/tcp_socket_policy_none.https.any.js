// META: title=TCPSocket: a page whose own policy forbids it
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

// With the header `Permissions-Policy: direct-sockets=()`. The worker of such a page has its answer.

promise_test(async () => {
  const unhandled = await unhandledRejections(async () => {
    for (const options of [undefined, {}, { keepAliveDelay: 1 }, { noDelay: true }]) {
      const error = thrown(() => new TCPSocket("127.0.0.1", 1, options));
      assert_dom_exception(error, "NotAllowedError");
    }
  });
  assert_equals(unhandled.length, 0, "no promise is involved");
}, "TCP-CTOR-01, PP-01, PP-06, PP-07, PP-10: the constructor throws NotAllowedError synchronously");

test(() => {
  const name = options => thrown(() => new TCPSocket("127.0.0.1", 1, options)).name;
  assert_equals(name({ sendBufferSize: -1 }), "TypeError", "conversion comes first");
  assert_equals(name({ sendBufferSize: 0 }), "NotAllowedError", "validation comes after the policy");
  assert_equals(name({ keepAliveDelay: 1, sendBufferSize: 0, receiveBufferSize: 0 }), "NotAllowedError", "all of it");
}, "IDL-24, TCP-CTOR-05: conversion comes before the policy, and the policy before validation");

test(() => {
  assert_equals(thrown(() => new TCPSocket()).name, "TypeError");
  assert_equals(thrown(() => new TCPSocket("h")).name, "TypeError");
}, "IDL-07: missing arguments throw a TypeError even where the policy forbids the feature");

test(() => {
  assert_true("TCPSocket" in self);
}, "IDL-01: the policy does not hide the interface");
