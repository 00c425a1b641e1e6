// META: title=TCPSocket: what does not stand in the way
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  assert_true(self.isSecureContext, "a secure context");
  const peer = await makePeer(t, "hold");
  const { socket } = await connect(t, peer);
  await socket.close();
}, "PP-02: without any header a secure page may use sockets");

promise_test(async t => {
  await needIPv6();
  await needAddresses("127.0.0.2");
  assert_false(Boolean(self.crossOriginIsolated), "the page is not cross-origin isolated");
  for (const address of ["127.0.0.1", "::1", "127.0.0.2"]) {
    const peer = await makePeer(t, "hold", { address });
    const { socket } = await connect(t, peer);
    await socket.close();
  }
}, "PP-12: a page that is not isolated opens sockets to loopback addresses and any port");
