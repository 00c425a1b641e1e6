// META: title=TCPSocket: tasks of frames and workers
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const { port, drain } = await hangingPort(t);
  const frame = await makeFrame(t);
  const inner = frame.contentWindow;
  const socket = new inner.TCPSocket("127.0.0.1", port);
  const reactions = [];
  socket.opened.then(() => reactions.push("opened"), () => reactions.push("opened failed"));
  socket.closed.then(() => reactions.push("closed"), () => reactions.push("closed failed"));
  await quiet();
  frame.remove();
  const { ok } = await os.waitForSockets(port, 0);
  assert_true(ok, "net has given the connection up");
  assert_array_equals((await drain(2)).remotePorts, [], "nobody connects any more");
  await quiet(300);
  assert_array_equals(reactions, [], "nothing settles there any more");
}, "TASK-08: tasks for a global that has gone do not run");
