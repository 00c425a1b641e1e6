// META: title=TCPSocket: large transfers
// META: global=window,dedicatedworker
// META: timeout=long
// META: variant=
// META: variant=?full
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js

"use strict";

// 64 MiB each; with ?full 1 GiB (run with --full).
const FULL = location.search.startsWith("?full");
const TOTAL = FULL ? 1024 * MIB : 64 * MIB;
const WHAT = FULL ? "1 GiB" : "64 MiB";
const PATIENCE = { timeout: 300 };

promise_test(async t => {
  const peer = await makePeer(t, "hold", { flood: TOTAL, then: "fin" });
  const { socket, readable } = await connect(t, peer);
  const digest = new Sha256();
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    digest.update(value);
  }
  assert_equals(digest.length, TOTAL);
  assert_equals(digest.hex(), (await peer.log(0)).sentSha256);
  reader.releaseLock();
  await socket.close();
}, `TCP-R-09: ${WHAT} received with a default reader, byte-exact`);

promise_test(async t => {
  const peer = await makePeer(t, "hold", { flood: TOTAL, then: "fin" });
  const { socket, readable } = await connect(t, peer);
  const digest = new Sha256();
  const reader = readable.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(256 * 1024);
  for (;;) {
    const { done, value } = await reader.read(new Uint8Array(buffer));
    buffer = value.buffer;
    if (done) {
      break;
    }
    digest.update(value);
  }
  assert_equals(digest.length, TOTAL);
  assert_equals(digest.hex(), (await peer.log(0)).sentSha256);
  reader.releaseLock();
  await socket.close();
}, `TCP-R-06, TCP-R-09: ${WHAT} received with a BYOB reader, byte-exact`);

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { socket, readable, writable } = await connect(t, peer);
  const digest = new Sha256();
  const writer = writable.getWriter();
  const chunk = new Uint8Array(1 * MIB);
  let x = 1;
  for (let i = 0; i < chunk.length; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    chunk[i] = x >>> 24;
  }
  for (let sent = 0; sent < TOTAL; sent += chunk.length) {
    new DataView(chunk.buffer).setUint32(0, sent / chunk.length);
    digest.update(chunk);
    await writer.write(chunk);
  }
  await writer.close();
  const log = await peer.wait("eof", PATIENCE);
  assert_equals(log.received, TOTAL);
  assert_equals(log.receivedSha256, digest.hex());
  await readable.cancel();
  await socket.closed;
}, `TCP-W-07: ${WHAT} sent, byte-exact`);
