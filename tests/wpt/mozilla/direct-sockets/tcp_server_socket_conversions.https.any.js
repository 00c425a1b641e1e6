// META: title=TCPServerSocket: conversion of arguments
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const ADDRESS = "127.0.0.1";

promise_test(async t => {
  await startNet(t);
  const sentinel = { sentinel: true };
  const lines = await traced(["trace=socket,bind,listen"], async () => {
    for (const member of ["backlog", "ipv6Only", "localPort"]) {
      const error = thrown(() => new TCPServerSocket(ADDRESS, { get [member]() { throw sentinel; } }), member);
      assert_equals(error, sentinel, member);
    }
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET")), [], "net made no socket");
}, "IDL-25: what a getter of the options throws leaves TCPServerSocket's constructor, and no socket comes to exist");
