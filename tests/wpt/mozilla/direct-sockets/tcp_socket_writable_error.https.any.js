// META: title=TCPSocket: writes that fail
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const net = await startNet(t);
  const peer = await makePeer(t, "hold");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  await peer.rst();
  const error = await writeUntilError(writer);
  assert_dom_exception(error, "NetworkError");
  await rejectsExactly(writer.write(bytes(1)), error, "a later write");
  await rejectsExactly(writer.write(bytes(1)), error, "and another");
  await rejectsExactly(writer.closed, error, "writer.closed");
  assert_equals((await os.processes()).net[0], net, "SIGPIPE has not killed net");
  const next = await connect(t, await makePeer(t, "hold"));
  await next.socket.close();
}, "TCP-W-10: a failed write rejects with a NetworkError and errors the stream with it");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { then: "fin" });
  const { socket, info, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  assert_true((await reader.read()).done);
  const error = await rejectsWith(writable.getWriter().write("str"), "TypeError");
  await rejectsExactly(socket.closed, error, "closed");
  const { held } = await os.waitForSocket(info, { held: false });
  await peer.wait("end");
}, "TCP-W-21: a chunk that is refused ends the write side as a write error does");
