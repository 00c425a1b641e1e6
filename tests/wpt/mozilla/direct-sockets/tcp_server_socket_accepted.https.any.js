// META: title=TCPServerSocket: the connections of a server, as sockets
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const { peer, info, readable } = await acceptClient(t);
  await peer.send("x".repeat(1000));
  assert_true((await os.waitForSocket(info, { receiveQueue: 0 })).ok, "without a reader");
  assert_equals((await readExactly(readable.getReader(), 1000)).length, 1000);
}, "SRV-R-06, TCP-R-02: reading ahead starts without a reader");

promise_test(async t => {
  const { peer, info } = await acceptClient(t, "hold", { flood: 64 * MIB });
  assert_true((await os.waitForSocket(info, { minReceiveQueue: 1 })).ok, "the queue of the kernel fills");
  let sent = -1;
  for (let i = 0; i < 100 && (await peer.log(0)).sent !== sent; i++) {
    sent = (await peer.log(0)).sent;
    await quiet(100);
  }
  assert_less_than((await peer.log(0)).sent, 64 * MIB, "the client has to wait");
}, "SRV-R-06, TCP-R-03: a client is held up by a page that does not read");

promise_test(async t => {
  const { peer, info, writable } = await acceptClient(t, "hold", { receiveBuffer: 4096 });
  const writer = writable.getWriter();
  const write = held(writer.write(new Uint8Array(16 * MIB)));
  const queued = held(writer.write(bytes(1)));
  held(writer.closed);
  assert_true((await os.waitForSocket(info, { minSendQueue: 1 })).ok);
  await quiet();
  assert_equals(await state(write), "pending", "the client does not read");
  const reason = new Error("of the page");
  const aborted = writer.abort(reason);
  await rejectsExactly(within(t, write, 5000, "the write"), reason, "the write in flight");
  await rejectsExactly(queued, reason, "the write behind it");
  assert_equals(await aborted, undefined);
  await peer.read();
  assert_less_than((await peer.wait("eof")).received, 16 * MIB, "not everything");
}, "SRV-R-06, TCP-W-08, TCP-W-12, TCP-W-14, TCP-W-15: a client that does not read holds a write up, until abort()");

promise_test(async t => {
  const { peer, socket, info, readable, writable } = await acceptClient(t, "sink", { then: "fin" });
  assert_true((await readable.getReader().read()).done);
  await quiet();
  assert_equals(await state(socket.closed), "pending");
  assert_equals((await os.socket(info)).state, "CLOSE_WAIT");
  const writer = writable.getWriter();
  await writer.write(encode("still"));
  await peer.received(5);
  await writer.close();
  assert_equals(await socket.closed, undefined);
  assert_array_equals((await os.socket(info)).holders, [], "net has let go");
}, "SRV-R-06, TCP-HC-01, TCP-HC-03, TCP-HC-04: a FIN of the client alone closes nothing");

promise_test(async t => {
  const { peer, socket, info, readable, writable } = await acceptClient(t, "sink");
  await writable.close();
  assert_true((await os.waitForSocket(info, { state: "FIN_WAIT2" })).ok);
  assert_equals(await state(socket.closed), "pending");
  await peer.send("still", { then: "fin" });
  assert_equals(decode(await readAll(readable.getReader())), "still");
  assert_equals(await socket.closed, undefined);
}, "SRV-R-06, TCP-HC-02, TCP-HC-03: closing the writer alone closes nothing");

promise_test(async t => {
  const { peer, socket, info, readable, writable } = await acceptClient(t, "echo");
  const reader = readable.getReader();
  await rejectsWith(socket.close(), "InvalidStateError", "with a reader");
  reader.releaseLock();
  const writer = writable.getWriter();
  await rejectsWith(socket.close(), "InvalidStateError", "with a writer");
  writer.releaseLock();
  const closing = socket.close();
  assert_equals(closing, socket.closed);
  assert_equals(socket.close(), closing);
  assert_equals(await closing, undefined);
  assert_array_equals((await os.socket(info)).holders, [], "the descriptor is gone");
  await rejectsWith(writable.getWriter().write(bytes(1)), "AbortError", "writing");
  assert_true((await readable.getReader().read()).done, "reading");
  await peer.wait("end");
}, "SRV-R-06, TCP-CLOSE-04, TCP-CLOSE-05, TCP-CLOSE-07, TCP-CLOSE-08, TCP-CLOSE-09: close() as for other sockets");
