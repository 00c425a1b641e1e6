// META: title=TCPSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  for (const keepAliveDelay of [0, 1, 999, 999.9]) {
    const error = thrown(() => new TCPSocket(peer.address, peer.port, { keepAliveDelay }), String(keepAliveDelay));
    assert_true(error instanceof TypeError, `${keepAliveDelay}: ${error}`);
    assert_true(error.message.includes("keepAliveDelay"), error.message);
  }
  for (const options of [{ keepAliveDelay: 1000 }, { keepAliveDelay: undefined }, {}]) {
    const { socket } = await connect(t, peer, options);
    await socket.close();
  }
}, "TCP-CTOR-02: a keepAliveDelay below 1000 throws a TypeError that names the member");

for (const [id, member] of [["TCP-CTOR-03", "sendBufferSize"], ["TCP-CTOR-04", "receiveBufferSize"]]) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold");
    const error = thrown(() => new TCPSocket(peer.address, peer.port, { [member]: 0 }));
    assert_true(error instanceof TypeError, String(error));
    assert_true(error.message.includes(member), error.message);
    for (const options of [{ [member]: 1 }, { [member]: undefined }, {}]) {
      const { socket } = await connect(t, peer, options);
      await socket.close();
    }
  }, `${id}: a ${member} of 0 throws a TypeError that names the member`);
}

test(() => {
  const construct = options => thrown(() => new TCPSocket("127.0.0.1", 1, options));
  const all = construct({ keepAliveDelay: 1, sendBufferSize: 0, receiveBufferSize: 0 });
  assert_true(all.message.includes("keepAliveDelay"), all.message);
  const two = construct({ sendBufferSize: 0, receiveBufferSize: 0 });
  assert_true(two.message.includes("sendBufferSize"), two.message);
  const one = construct({ keepAliveDelay: 1000, sendBufferSize: 1, receiveBufferSize: 0 });
  assert_true(one.message.includes("receiveBufferSize"), one.message);
}, "TCP-CTOR-05: keepAliveDelay is checked before sendBufferSize, and that before receiveBufferSize");

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
