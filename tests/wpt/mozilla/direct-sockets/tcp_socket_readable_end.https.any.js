// META: title=TCPSocket: end of stream and read errors
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, info, readable, writable } = await connect(t, peer);
  await peer.send("hello", { then: "rst" });
  await os.waitForSocket(info, { held: true, receiveQueue: 0 });
  await quiet(300);
  const reader = readable.getReader();
  const { value } = await reader.read();
  assert_equals(decode(value), "hello", "the bytes come first");
  const error = await rejectsWith(reader.read(), "NetworkError", "then the error");
  await writable.close();
  await rejectsExactly(socket.closed, error, "closed");
}, "TCP-R-25: bytes that came before a reset are delivered before the error");
