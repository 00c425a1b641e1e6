// Transfers that are too large to keep. Needs peer.js, helpers.js, sha256.js and random.js.

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

// Both directions at the same time, `total` bytes each.
function testBothDirections(total, what) {
  for (const [number, kind] of ["default", "byob"].entries()) {
    seededTest(async t => {
      const peer = await makePeer(t, "sink", { flood: total, then: "fin" });
      const { socket, readable, writable } = await connect(t, peer);
      const stream = new RandomStream(number, total);
      const [digest] = await Promise.all([receiveStream(readable, kind, number), sendStream(writable, stream)]);
      await socket.closed;
      const log = await peer.wait("eof", { timeout: 300 });
      assert_equals(digest.length, total, "received");
      assert_equals(digest.hex(), log.sentSha256, "what was received");
      assert_equals(log.received, total, "sent");
      assert_equals(log.receivedSha256, stream.digest.hex(), "what was sent");
    }, `TCP-R-09, TCP-W-07: ${what} in each direction at the same time, with a ${kind} reader, byte-exact`);
  }
}

// `count` sockets that are all open at the same time, and each sends `total` bytes of its own and gets them back.
function testManySockets(count, total, what) {
  seededTest(async t => {
    const peer = await makePeer(t, "echo");
    const opened = [];
    while (opened.length < count) {
      // Fewer than wait in the queue of a listener.
      const batch = Array.from({ length: Math.min(200, count - opened.length) }, () => connect(t, peer));
      opened.push(...await Promise.all(batch));
    }
    const sent = new Map();
    await Promise.all(opened.map(async ({ socket, info, readable, writable }, index) => {
      const stream = new RandomStream(100 + index, total);
      const kind = index % 2 ? "byob" : "default";
      const [digest] = await Promise.all([receiveStream(readable, kind, 100 + index), sendStream(writable, stream)]);
      const hash = stream.digest.hex();
      assert_equals(digest.length, total, `what came back to socket ${index}`);
      assert_equals(digest.hex(), hash, `what came back to socket ${index}`);
      sent.set(info.localPort, hash);
      await socket.closed;
    }));
    assert_equals(new Set(sent.values()).size, count, "no two have sent the same");
    const log = await peer.log();
    assert_equals(log.length, count);
    for (const { remotePort, receivedSha256 } of log) {
      assert_equals(receivedSha256, sent.get(remotePort), `what the peer got from port ${remotePort}`);
    }
  }, `LIFE-10, TCP-R-09, TCP-W-07: ${what}, each with bytes of its own, byte-exact both ways`);
}
