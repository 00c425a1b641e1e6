// META: title=TCPSocket: garbage collection
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js

"use strict";

promise_test(async t => {
  const { port, drain } = await hangingPort(t);
  let info;
  await detached(() => {
    new TCPSocket("127.0.0.1", port).opened.then(found => {
      info = { localPort: found.localPort };
    });
  });
  await collectGarbage();
  assert_equals(info, undefined, "still opening");
  const { remotePorts } = await drain();
  assert_equals(remotePorts.length, 1, "the connection attempt is alive");
  await within(t, (async () => {
    while (!info) {
      await task();
    }
  })(), 15000, "the reaction to opened");
  assert_equals(info.localPort, remotePorts[0]);
}, "LIFE-06: a socket that is opening is not collected, and opened settles");

promise_test(async t => {
  const closed = await closedPort();
  let failure;
  await detached(() => {
    new TCPSocket("127.0.0.1", closed).opened.catch(error => { failure = error; });
  });
  await collectGarbage();
  assert_dom_exception(failure, "NetworkError");
}, "LIFE-06: a failure to open reaches a page that kept nothing but the reaction");

for (const [what, read] of Object.entries({
  "default": readable => readable.getReader().read(),
  "BYOB": readable => readable.getReader({ mode: "byob" }).read(new Uint8Array(10)),
})) {
  promise_test(async t => {
    const peer = await Peer.create("hold");
    let text;
    await detached(async () => {
      const { readable } = await new TCPSocket(peer.address, peer.port).opened;
      read(readable).then(({ value }) => { text = decode(value); });
    });
    await collectGarbage();
    await peer.send("late");
    await within(t, (async () => {
      while (text === undefined) {
        await task();
      }
    })(), 15000, "the reaction to the read");
    assert_equals(text, "late");
    await peer.end();
  }, `LIFE-06: a socket with an outstanding ${what} read is not collected`);
}

promise_test(async t => {
  const peer = await Peer.create("hold", { receiveBuffer: 4096 });
  let written = false;
  await detached(async () => {
    const { writable } = await new TCPSocket(peer.address, peer.port).opened;
    writable.getWriter().write(new Uint8Array(16 * MIB)).then(() => { written = true; });
  });
  await collectGarbage();
  assert_false(written, "the peer does not read yet");
  await peer.read();
  await peer.received(16 * MIB, { timeout: 30 });
  await within(t, (async () => {
    while (!written) {
      await task();
    }
  })(), 15000, "the reaction to the write");
  await peer.end();
}, "LIFE-06: a socket with an outstanding write is not collected");

promise_test(async t => {
  const peer = await Peer.create("hold", { receiveBuffer: 4096 });
  let closed = false;
  await detached(async () => {
    const { writable } = await new TCPSocket(peer.address, peer.port).opened;
    const writer = writable.getWriter();
    writer.write(new Uint8Array(8 * MIB));
    writer.close().then(() => { closed = true; });
  });
  await collectGarbage();
  await peer.read();
  const log = await peer.wait("eof", { timeout: 30 });
  assert_equals(log.received, 8 * MIB, "everything, and then the FIN");
  await within(t, (async () => {
    while (!closed) {
      await task();
    }
  })(), 15000, "the reaction to close");
  await peer.end();
}, "LIFE-06: a socket with an outstanding close is not collected");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  // Only the streams are kept, not the socket.
  const { readable, writable } = await detached(async () => {
    const info = await new TCPSocket(peer.address, peer.port).opened;
    return { readable: info.readable, writable: info.writable };
  });
  await collectGarbage();
  await peer.read();
  const writer = writable.getWriter();
  await writer.write(encode("to"));
  await peer.received(2);
  await peer.send("fro");
  const reader = readable.getReader();
  assert_equals(decode(await readExactly(reader, 3)), "fro");
  await peer.fin();
  assert_true((await reader.read()).done);
  await writer.close();
  await peer.wait("eof");
}, "LIFE-06: streams that the page holds keep their socket alive");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  // Only the socket is kept; its streams come from opened again.
  const socket = await detached(async () => {
    const made = new TCPSocket(peer.address, peer.port);
    await made.opened;
    return made;
  });
  await peer.send("kept");
  await collectGarbage();
  const { readable } = await socket.opened;
  const reader = readable.getReader();
  assert_equals(decode(await readExactly(reader, 4)), "kept", "bytes that were read ahead");
  reader.releaseLock();
  await socket.close();
}, "LIFE-06: a socket that the page holds keeps its streams and what they have read ahead");

promise_test(async t => {
  const total = 24 * MIB;
  const peer = await makePeer(t, "hold", { flood: total, then: "fin" });
  const reader = await detached(async () => (await new TCPSocket(peer.address, peer.port).opened).readable.getReader());
  const digest = new Sha256();
  let kept = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    digest.update(value);
    kept.push(new ArrayBuffer(MIB));
    if (kept.length === 64) {
      kept = [];
    }
  }
  assert_equals(digest.length, total);
  assert_equals(digest.hex(), (await peer.log(0)).sentSha256);
}, "LIFE-06: garbage collection in the middle of a transfer loses nothing");
