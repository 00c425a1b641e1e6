// META: title=TCPSocket: what is written when it is in the shared send buffer
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// Page and net process share a send buffer of 512 KiB for each socket. A chunk is written when all of it is there; the
// kernel may take it later, or refuse it.
"use strict";

const BUFFERS = 16384;
// More than the kernel takes for a peer that does not read, and less than the shared buffer holds.
const CHUNK = 384 * 1024;

async function connectToSleeper(t) {
  const peer = await makePeer(t, "hold", { receiveBuffer: BUFFERS });
  return { peer, ...(await connect(t, peer, { sendBufferSize: BUFFERS })) };
}

promise_test(async t => {
  const { peer, socket, readable, writable } = await connectToSleeper(t);
  const writer = writable.getWriter();
  assert_equals(await writer.write(new Uint8Array(CHUNK)), undefined, "there is room for it");
  const second = held(writer.write(new Uint8Array(CHUNK)));
  const closing = held(writer.close());
  await quiet(100);
  assert_equals(await state(second), "pending", "there is no room for another one");
  assert_equals(await state(closing), "pending", "the kernel has not taken everything");
  await peer.read();
  await closing;
  const { received } = await peer.wait("fin");
  assert_equals(received, 2 * CHUNK);
  await readable.cancel();
  assert_equals(await socket.closed, undefined);
}, "TCP-W-07, TCP-W-17: a chunk is written when the shared buffer has it, the stream is closed when the kernel has it");

promise_test(async t => {
  const { peer, socket, readable, writable } = await connectToSleeper(t);
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(CHUNK));
  writer.releaseLock();
  const closed = held(socket.close());
  const error = await within(t, rejection(closed), 5000, "closed");
  assert_dom_exception(error, "NetworkError", "what was written has not been handed over");
  assert_equals(await rejection(socket.closed), error);
  assert_true((await readable.getReader().read()).done, "the readable was cancelled");
  await peer.read();
  const { received } = await peer.wait("end");
  assert_less_than(received, CHUNK);
}, "TCP-CLOSE-11: closed rejects if what was written cannot be handed over in time");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, writable } = await connect(t, peer);
  const writer = writable.getWriter();
  for (let i = 0; i < 4; i++) {
    await writer.write(new Uint8Array(CHUNK));
  }
  writer.releaseLock();
  assert_equals(await socket.close(), undefined);
  const { received } = await peer.wait("end");
  assert_equals(received, 4 * CHUNK, "everything that was written");
}, "TCP-CLOSE-11: what was written is handed over before close() fulfils");

promise_test(async t => {
  const { peer, socket, readable, writable } = await connectToSleeper(t);
  const writer = writable.getWriter();
  const whenClosed = held(writer.closed);
  await writer.write(new Uint8Array(CHUNK));
  assert_equals(await state(whenClosed), "pending");
  await peer.rst();
  const error = await within(t, rejection(whenClosed), 5000, "the error of the writable");
  assert_dom_exception(error, "NetworkError", "the writable");
  assert_equals(await rejection(writer.write(bytes(1))), error, "a later write");
  await rejection(readable.getReader().read()).catch(() => {});
  assert_dom_exception(await rejection(socket.closed), "NetworkError", "closed");
}, "TCP-W-10: an error that comes after a write was fulfilled errors the stream at once");

promise_test(async t => {
  const { peer, socket, readable, writable } = await connectToSleeper(t);
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(CHUNK));
  const reason = new Error("reason");
  assert_equals(await within(t, writer.abort(reason), 5000, "the abort"), undefined);
  await readable.cancel();
  assert_equals(await rejection(socket.closed), reason);
  await peer.read();
  const { received } = await peer.wait("end");
  assert_less_than(received, CHUNK);
}, "TCP-W-13, TCP-W-15: an abort does not wait for a peer that does not read what was written");

promise_test(async t => {
  const { peer, socket, readable, writable } = await connectToSleeper(t);
  const writer = writable.getWriter();
  await writer.write(new Uint8Array(CHUNK).fill(1));
  const second = held(writer.write(new Uint8Array(CHUNK).fill(2)));
  const aborted = held(writer.abort("reason"));
  await peer.read();
  assert_equals(await aborted, undefined);
  assert_equals(await rejection(second), "reason");
  const { received } = await peer.wait("fin");
  assert_equals(received, CHUNK, "what was written, and nothing of what was not");
  assert_array_equals(await peer.values(), [1]);
  await readable.cancel();
  assert_equals(await rejection(socket.closed), "reason");
}, "TCP-W-13, TCP-W-14: after an abort a peer that reads gets what was written, and nothing else");
