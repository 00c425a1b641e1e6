// META: title=TCPSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  for (const keepAliveDelay of [0, 1, 999, 999.9]) {
    assert_throws_js(TypeError, () => new TCPSocket(peer.address, peer.port, { keepAliveDelay }),
                     String(keepAliveDelay));
  }
  for (const options of [{ keepAliveDelay: 1000 }, { keepAliveDelay: undefined }, {}]) {
    const { socket } = await connect(t, peer, options);
    await socket.close();
  }
}, "TCP-CTOR-02: a keepAliveDelay below 1000 throws a TypeError");

for (const [id, member] of [["TCP-CTOR-03", "sendBufferSize"], ["TCP-CTOR-04", "receiveBufferSize"]]) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold");
    assert_throws_js(TypeError, () => new TCPSocket(peer.address, peer.port, { [member]: 0 }));
    for (const options of [{ [member]: 1 }, { [member]: undefined }, {}]) {
      const { socket } = await connect(t, peer, options);
      await socket.close();
    }
  }, `${id}: a ${member} of 0 throws a TypeError`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket(peer.address, peer.port);
  const closing = socket.close();
  assert_equals(await state(socket.opened), "pending", "opened");
  assert_equals(await state(socket.closed), "pending", "closed");
  await rejectsWith(closing, "InvalidStateError", "close()");
  await socket.opened;
  await socket.close();
}, "TCP-CTOR-08: a new object has both promises pending and no streams");

promise_test(async () => {
  const socket = new TCPSocket("127.0.0.1", 0);
  await rejectsWith(socket.opened, "NetworkError");
}, "TCP-CTOR-10: remote port 0 is accepted by the constructor and fails in opening");
