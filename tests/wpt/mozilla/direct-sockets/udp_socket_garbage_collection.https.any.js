// META: title=UDPSocket: garbage collection
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/common/gc.js
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/gc.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// Wait, bounded, for something that a reaction sets.
async function until(condition, what) {
  const start = performance.now();
  while (!condition()) {
    assert_less_than(performance.now() - start, 15000, `milliseconds until ${what}`);
    await task();
  }
}

promise_test(async t => {
  t.add_cleanup(() => os.blockHosts(false));
  await startUdpNet();
  const peer = await makeUdpPeer(t);
  await os.blockHosts(true);
  let info;
  await detached(() => {
    new UDPSocket({ remoteAddress: "v4.test", remotePort: peer.port }).opened.then(found => {
      info = { remotePort: found.remotePort };
    });
  });
  await collectGarbageForSure();
  assert_equals(info, undefined, "still opening");
  await os.blockHosts(false);
  await until(() => info, "the reaction to opened");
  assert_equals(info.remotePort, peer.port);
}, "LIFE-06: a UDP socket that is opening is not collected, and opened settles");

promise_test(async () => {
  let failure;
  await detached(() => {
    new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 0 }).opened.catch(error => { failure = error; });
  });
  await collectGarbageForSure();
  assert_dom_exception(failure, "NetworkError");
}, "LIFE-06: a failure to open reaches a page that kept nothing but the reaction");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  let text;
  const local = await detached(async () => {
    const { readable, localAddress, localPort } = await new UDPSocket({ localAddress: "127.0.0.1" }).opened;
    readable.getReader().read().then(({ value }) => { text = decode(value.data); });
    return { localAddress, localPort };
  });
  await collectGarbageForSure();
  assert_true((await udp.socket(local)).exists, "the OS socket is open");
  await peer.send("late", at(local));
  await until(() => text !== undefined, "the reaction to the read");
  assert_equals(text, "late");
}, "LIFE-06: a UDP socket with an outstanding read is not collected");

promise_test(async t => {
  t.add_cleanup(() => os.blockHosts(false));
  await startUdpNet();
  const peer = await makeUdpPeer(t);
  await os.blockHosts(true);
  const done = [];
  await detached(async () => {
    const { writable } = await new UDPSocket({ localAddress: "127.0.0.1" }).opened;
    const writer = writable.getWriter();
    for (const text of ["one", "two"]) {
      writer.write(to({ address: "v4.test", port: peer.port }, text)).then(() => done.push(text));
    }
    writer.close().then(() => done.push("closed"));
  });
  await collectGarbageForSure();
  assert_array_equals(done, [], "the name is not resolved yet");
  await os.blockHosts(false);
  await until(() => done.length === 3, "the reactions to the writes");
  assert_array_equals(done, ["one", "two", "closed"]);
  assert_array_equals((await peer.received(2)).datagrams.map(({ text }) => text), ["one", "two"]);
}, "LIFE-06: a UDP socket with an outstanding write is not collected");

promise_test(async t => {
  let closed = false;
  const local = await detached(async () => {
    const socket = new UDPSocket({ localAddress: "127.0.0.1" });
    const info = await socket.opened;
    socket.closed.then(() => { closed = true; });
    await info.writable.close();
    info.readable.cancel();
    return { localAddress: info.localAddress, localPort: info.localPort };
  });
  await encourageCollection(3);
  await until(() => closed, "the reaction to closed");
  assert_false((await udp.socket(local)).exists);
}, "LIFE-06: a UDP socket whose teardown is in progress is not collected");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  // Only the streams are kept, not the socket.
  const info = await detached(async () => {
    const { readable, writable, localAddress, localPort } = await new UDPSocket({ localAddress: "127.0.0.1" }).opened;
    return { readable, writable, localAddress, localPort };
  });
  await collectGarbageForSure();
  await info.writable.getWriter().write(to(peer, "to"));
  assert_equals((await peer.received(1)).datagrams[0].text, "to");
  await peer.send("fro", at(info));
  const reader = info.readable.getReader();
  assert_equals(await readText(reader), "fro");
  await reader.cancel();
}, "LIFE-06: streams that the page holds keep their UDP socket alive");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  // Only the socket is kept; its streams come from opened again.
  const socket = await detached(async () => {
    const made = new UDPSocket({ localAddress: "127.0.0.1" });
    await made.opened;
    return made;
  });
  t.add_cleanup(() => dispose(socket));
  const local = await socket.opened.then(({ localAddress, localPort }) => ({ localAddress, localPort }));
  await peer.send("kept", at(local));
  await udp.waitForSocket(local, { receiveQueue: 0 });
  await collectGarbageForSure();
  const { readable } = await socket.opened;
  assert_equals(await readText(readable.getReader()), "kept", "a datagram that was read ahead");
}, "LIFE-06: a UDP socket that the page holds keeps its streams and what they have read ahead");

promise_test(async t => {
  const count = 3000;
  // No more than the queues of the operating system hold: what they have no room for is lost, as UDP does.
  const window = 64;
  let seen = 0;
  const peer = await makeUdpPeer(t, "echo");
  const reader = await detached(async () => {
    const { readable, writable } = await new UDPSocket({ remoteAddress: peer.address, remotePort: peer.port }).opened;
    const writer = writable.getWriter();
    (async () => {
      for (let i = 0; i < count; i++) {
        while (i - seen >= window) {
          await task();
        }
        await writer.write({ data: encode(`${i}`) });
      }
    })();
    return readable.getReader();
  });
  let kept = [];
  for (let i = 0; i < count; i++) {
    assert_equals(await readText(reader), `${i}`);
    seen = i + 1;
    kept.push(new ArrayBuffer(MIB / 4));
    if (kept.length === 64) {
      kept = [];
    }
  }
  await reader.cancel();
}, "LIFE-06: garbage collection in the middle of an exchange loses nothing");

promise_test(async t => {
  const count = 200;
  const before = await udp.count();
  await detached(async () => {
    for (let i = 0; i < count; i++) {
      await new UDPSocket({ localAddress: "127.0.0.1" }).opened;
    }
  });
  assert_greater_than(await udp.count(), before, "they are open at first");
  const gone = await collectGarbageUntil(async () => (await udp.count()) <= before);
  assert_true(gone, `left in net: ${(await udp.count()) - before}`);
}, "LIFE-07: unreachable idle UDP sockets are closed after collection");

promise_test(async t => {
  const count = 50;
  const peer = await makeUdpPeer(t, "echo");
  const before = await udp.count();
  await detached(async () => {
    for (let i = 0; i < count; i++) {
      const { readable, writable } = await new UDPSocket({ localAddress: "127.0.0.1" }).opened;
      await writable.getWriter().write(to(peer, "used"));
      await readable.getReader().read();
    }
  });
  const gone = await collectGarbageUntil(async () => (await udp.count()) <= before);
  assert_true(gone, `left in net: ${(await udp.count()) - before}`);
}, "LIFE-07: UDP sockets that were used and are idle again are closed after collection, locked streams or not");

promise_test(async t => {
  const before = await udp.count();
  const cycle = async count => {
    for (let i = 0; i < count; i++) {
      const { socket, info, readable, writable } = await bindUdp({ add_cleanup() {} });
      if (i % 10 === 0) {
        const writer = writable.getWriter();
        const reader = readable.getReader();
        await writer.write(to(at(info), "self"));
        assert_equals(await readText(reader), "self");
        reader.releaseLock();
        writer.releaseLock();
      }
      await socket.close();
    }
  };
  await cycle(100);
  const descriptors = (await os.descriptors()).net;
  await cycle(1000);
  assert_true((await udp.waitForCount(before, 5)).ok, "no socket is left");
  for (let i = 0; i < 20 && (await os.descriptors()).net > descriptors; i++) {
    await encourageCollection(3);
  }
  assert_less_than_equal((await os.descriptors()).net, descriptors, "descriptors of net");
}, "UDP-HC-02: a thousand sockets opened and closed leave no descriptor behind");
