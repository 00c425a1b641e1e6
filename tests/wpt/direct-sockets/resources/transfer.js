// Transfers in either direction that are too large to keep. Needs peer.js, helpers.js and sha256.js.

"use strict";

// Tests that move `total` bytes, which is what `what` says.
function testTransfers(total, what) {
  promise_test(async t => {
    const peer = await makePeer(t, "hold", { flood: total, then: "fin" });
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
    assert_equals(digest.length, total);
    assert_equals(digest.hex(), (await peer.log(0)).sentSha256);
    reader.releaseLock();
    await socket.close();
  }, `TCP-R-09: ${what} received with a default reader, byte-exact`);

  promise_test(async t => {
    const peer = await makePeer(t, "hold", { flood: total, then: "fin" });
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
    assert_equals(digest.length, total);
    assert_equals(digest.hex(), (await peer.log(0)).sentSha256);
    reader.releaseLock();
    await socket.close();
  }, `TCP-R-06, TCP-R-09: ${what} received with a BYOB reader, byte-exact`);

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
    for (let sent = 0; sent < total; sent += chunk.length) {
      new DataView(chunk.buffer).setUint32(0, sent / chunk.length);
      digest.update(chunk);
      await writer.write(chunk);
    }
    await writer.close();
    const log = await peer.wait("eof", { timeout: 300 });
    assert_equals(log.received, total);
    assert_equals(log.receivedSha256, digest.hex());
    await readable.cancel();
    await socket.closed;
  }, `TCP-W-07: ${what} sent, byte-exact`);
}
