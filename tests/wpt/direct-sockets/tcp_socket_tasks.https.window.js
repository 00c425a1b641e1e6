// META: title=TCPSocket: tasks of frames and workers
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  const worker = socketWorker(t);
  assert_equals(await worker.ask("echo", { port: peer.port, milliseconds: 1500 }), "started");
  const result = worker.message();
  const start = Date.now();
  while (Date.now() - start < 1000) {
    // The main thread does nothing else for a second.
  }
  const { count, longest } = await result;
  assert_greater_than(count, 2, "echoes");
  assert_less_than(longest, 900, "no echo has waited for the main thread");
}, "TASK-10: sockets of a worker make progress while the main thread is blocked");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const frame = await makeFrame(t);
  const socket = new frame.contentWindow.TCPSocket(peer.address, peer.port);
  const { readable } = await socket.opened;
  const reactions = [];
  readable.getReader().read().then(() => reactions.push("read"), () => reactions.push("read failed"));
  socket.closed.then(() => reactions.push("closed"), () => reactions.push("closed failed"));
  frame.remove();
  await peer.wait("end");
  await quiet(300);
  assert_array_equals(reactions, [], "neither the read nor closed settles");
}, "TASK-08: an open socket whose global has gone settles nothing, and its peer sees the end");
