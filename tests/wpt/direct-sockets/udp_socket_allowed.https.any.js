// META: title=UDPSocket and the others: what does not stand in the way
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

promise_test(async t => {
  assert_true(self.isSecureContext, "a secure context");
  const peer = await makePeer(t, "hold");
  const { socket } = await connect(t, peer);
  await socket.close();
  const { socket: bound } = await bindUdp(t);
  await bound.close();
  const server = new TCPServerSocket("127.0.0.1");
  await server.opened;
  await server.close();
}, "PP-02: without any header a secure page may use all three constructors");

promise_test(async t => {
  await needIPv6();
  await needAddresses("127.0.0.2");
  assert_false(Boolean(self.crossOriginIsolated), "the page is not cross-origin isolated");
  for (const localAddress of ["127.0.0.1", "::1", "127.0.0.2", "0.0.0.0", "::"]) {
    const { socket } = await bindUdp(t, { localAddress });
    await socket.close();
  }
  for (const address of ["127.0.0.1", "::1", "127.0.0.2"]) {
    const peer = await makeUdpPeer(t, "sink", { address });
    const { writable } = await connectUdp(t, peer);
    await writable.getWriter().write({ data: encode("x") });
    await peer.received(1);
  }
}, "PP-12: a page that is not isolated binds and sends to loopback addresses and any port");
