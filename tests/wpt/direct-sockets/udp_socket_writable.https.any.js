// META: title=UDPSocket: writable
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/direct-sockets/resources/sha256.js

"use strict";

const ADDRESS = { remoteAddress: "127.0.0.1", remotePort: 9 };

const REFUSED = {
  "a number": () => 1,
  "a string": () => "x",
  "true": () => true,
  "a symbol": () => Symbol(),
  "a BigInt": () => 1n,
  "null": () => null,
  "undefined": () => undefined,
  "an ArrayBuffer": () => new ArrayBuffer(4),
  "a view": () => new Uint8Array(4),
  "data that is a string": address => ({ data: "str", ...address }),
  "data that is an array": address => ({ data: [1], ...address }),
  "data that is null": address => ({ data: null, ...address }),
  "data that is a Blob": address => ({ data: new Blob(["x"]), ...address }),
  "an unknown dnsQueryType": address => ({ data: bytes(1), ...address, dnsQueryType: "bad" }),
  "a port that is a symbol": address => ({ data: bytes(1), ...address, remotePort: Symbol() }),
  "an address that is a symbol": address => ({ data: bytes(1), ...address, remoteAddress: Symbol() }),
};

for (const mode of ["bound", "connected"]) {
  for (const [what, make] of Object.entries(REFUSED)) {
    promise_test(async t => {
      const { writable, peer, message } = await openFor(t, mode);
      const writer = writable.getWriter();
      held(writer.closed);
      held(writer.ready);
      const write = writer.write(make(mode === "bound" ? ADDRESS : {}));
      await micro();
      assert_equals(await state(write), "rejected", "without a task");
      const error = await rejectsWith(write, "TypeError", "the write");
      await rejectsExactly(writer.closed, error, "writer.closed");
      await rejectsExactly(writer.write(message("x")), error, "a later write");
      await quiet(20);
      assert_equals((await peer.log()).received, 0, "nothing is sent");
    }, `UDP-W-01: in ${mode} mode a chunk that is ${what} rejects with a TypeError and errors the stream`);
  }

  promise_test(async t => {
    const sentinel = { sentinel: true };
    for (const member of ["data", "dnsQueryType", "remoteAddress", "remotePort"]) {
      const { writable } = await openFor(t, mode);
      const writer = writable.getWriter();
      held(writer.closed);
      await rejectsExactly(writer.write({ get [member]() { throw sentinel; } }), sentinel, member);
      await rejectsExactly(writer.closed, sentinel, "writer.closed");
    }
  }, `UDP-W-01: in ${mode} mode what a getter of a message throws is what the write rejects with`);
}

for (const [member, value] of [["remoteAddress", "127.0.0.1"], ["remotePort", 9], ["dnsQueryType", "ipv4"],
                               ["remotePort", 0], ["remoteAddress", ""]]) {
  promise_test(async t => {
    const { writable, peer } = await openFor(t, "connected");
    const writer = writable.getWriter();
    held(writer.closed);
    const write = held(writer.write({ data: encode("x"), [member]: value }));
    await micro();
    assert_equals(await state(write), "rejected", "without a task");
    await rejectsWith(write, "TypeError", "the write");
    await quiet(20);
    assert_equals((await peer.log()).received, 0, "nothing is sent");
  }, `UDP-W-02: in connected mode a message with ${member} ${JSON.stringify(value)} rejects with a TypeError`);
}

promise_test(async t => {
  const { writable, peer } = await openFor(t, "connected");
  const writer = writable.getWriter();
  held(writer.closed);
  await rejectsWith(writer.write(to(peer, "x")), "TypeError", "the address of the peer itself");
  const other = await openFor(t, "connected");
  await other.writable.getWriter().write({ data: encode("x"), remoteAddress: undefined, remotePort: undefined,
                                           dnsQueryType: undefined });
  assert_equals((await other.peer.received(1)).datagrams[0].text, "x", "undefined counts as absent");
}, "UDP-W-02: presence counts, even of the peer's own address, and undefined is absent");

for (const [what, more] of [["remoteAddress", { remotePort: 9 }], ["remotePort", { remoteAddress: "127.0.0.1" }],
                            ["either", {}],
                            ["a remotePort that is not undefined", { ...ADDRESS, remotePort: undefined }]]) {
  promise_test(async t => {
    const { writable } = await openFor(t, "bound");
    const writer = writable.getWriter();
    held(writer.closed);
    const write = held(writer.write({ data: encode("x"), ...more }));
    await micro();
    assert_equals(await state(write), "rejected", "without a task");
    await rejectsWith(write, "TypeError");
  }, `UDP-W-03: in bound mode a message without ${what} rejects with a TypeError`);
}

for (const [what, mode, message] of [
  ["no member", "connected", {}],
  ["data that is undefined", "connected", { data: undefined }],
  ["only an address", "connected", ADDRESS],
  ["no member", "bound", {}],
  ["only a port", "bound", { remotePort: 9 }],
  ["only an address", "bound", ADDRESS],
]) {
  promise_test(async t => {
    const { writable } = await openFor(t, mode);
    const writer = writable.getWriter();
    held(writer.closed);
    const write = held(writer.write(message));
    await micro();
    assert_equals(await state(write), "rejected", "without a task");
    await rejectsWith(write, "TypeError");
  }, `UDP-W-04: in ${mode} mode a message with ${what} rejects with a TypeError`);
}

promise_test(async t => {
  const { writable, peer, message } = await openFor(t, "connected");
  const writer = writable.getWriter();
  const buffer = Uint8Array.from({ length: 16 }, (_, i) => 65 + i).buffer;
  for (const [data, expected] of [[buffer, "ABCDEFGHIJKLMNOP"], [new DataView(buffer, 3, 5), "DEFGH"],
                                  [new Uint8Array(buffer, 1, 2), "BC"], [new Uint16Array(buffer, 2, 2), "CDEF"],
                                  [new Float64Array(buffer, 8), "IJKLMNOP"]]) {
    const before = (await peer.log()).received;
    await writer.write(message(data));
    assert_equals((await peer.received(before + 1)).datagrams[before].text, expected);
  }
  const gone = new Uint8Array(8).fill(9);
  new MessageChannel().port1.postMessage(null, [gone.buffer]);
  await writer.write(message(gone));
  assert_equals((await peer.received(6)).datagrams[5].size, 0, "a detached buffer is empty");
  assert_equals(buffer.byteLength, 16, "writing detaches nothing");
}, "UDP-W-05: only the viewed range is sent, and a detached buffer counts as empty");

for (const [what, exists, make] of [
  ["a resizable buffer", "resizable" in ArrayBuffer.prototype, () => new ArrayBuffer(8, { maxByteLength: 16 })],
  ["a view on a resizable buffer", "resizable" in ArrayBuffer.prototype,
   () => new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 }))],
  ["a shared buffer", "SharedArrayBuffer" in self, () => new SharedArrayBuffer(8)],
  ["a view on a shared buffer", "SharedArrayBuffer" in self, () => new Uint8Array(new SharedArrayBuffer(8))],
]) {
  if (exists) {
    promise_test(async t => {
      const { writable, message } = await openFor(t, "connected");
      const writer = writable.getWriter();
      held(writer.closed);
      await rejectsWith(writer.write(message(make())), "TypeError");
    }, `UDP-W-05: data that is ${what} is refused with a TypeError`);
  }
}

for (const mode of ["bound", "connected"]) {
  promise_test(async t => {
    const { writable, peer, message } = await openFor(t, mode);
    const writer = writable.getWriter();
    for (const data of [new Uint8Array(0), new ArrayBuffer(0)]) {
      assert_equals(await writer.write(message(data)), undefined);
    }
    const { datagrams } = await peer.received(2);
    assert_array_equals(datagrams.map(({ size }) => size), [0, 0]);
  }, `UDP-W-06: in ${mode} mode empty data sends an empty datagram`);

  promise_test(async t => {
    const { info, writable, peer, message } = await openFor(t, mode);
    const writer = writable.getWriter();
    for (const [i, size] of [1, 100, 1473, 9000, 65507].entries()) {
      const data = Uint8Array.from({ length: size }, (_, at) => (at * 13 + i) & 255);
      const write = writer.write(message(data));
      await micro();
      assert_equals(await state(write), "pending", "not without a task");
      assert_equals(await write, undefined, "fulfils with undefined");
      const { datagrams, received } = await peer.received(i + 1);
      assert_equals(received, i + 1, "one datagram");
      assert_equals(datagrams[i].size, size);
      assert_equals(datagrams[i].sha256, new Sha256().update(data).hex(), "with these bytes");
      assert_equals(datagrams[i].port, info.localPort, "from the socket");
    }
  }, `${mode === "bound" ? "UDP-W-08" : "UDP-W-07"}, TASK-02: in ${mode} mode each message is one datagram, and its \
write fulfils in a task`);
}

promise_test(async t => {
  await needAddresses("127.0.0.5");
  const peers = [await makeUdpPeer(t), await makeUdpPeer(t, "sink", { address: "127.0.0.5" })];
  const { writable } = await bindUdp(t, { localAddress: "0.0.0.0" });
  const writer = writable.getWriter();
  for (let i = 0; i < 10; i++) {
    await writer.write(to(peers[i % 2], `${i}`));
  }
  assert_array_equals((await peers[0].received(5)).datagrams.map(({ text }) => text), ["0", "2", "4", "6", "8"]);
  assert_array_equals((await peers[1].received(5)).datagrams.map(({ text }) => text), ["1", "3", "5", "7", "9"]);
}, "UDP-W-08: in bound mode each message goes to its own address and port");

promise_test(async t => {
  const { writable, message } = await openFor(t, "bound", "hold");
  const writer = writable.getWriter();
  assert_equals(writer.desiredSize, 1, "at first");
  assert_equals(await state(writer.ready), "fulfilled", "ready at first");
  const write = writer.write(message(new Uint8Array(60000)));
  assert_equals(writer.desiredSize, 0, "a message counts as one, whatever its size");
  const next = writer.write(message(new Uint8Array(0)));
  assert_equals(writer.desiredSize, -1, "an empty one, too");
  const { ready } = writer;
  assert_equals(await state(ready), "pending", "ready with two messages");
  await Promise.all([write, next]);
  await ready;
  assert_equals(writer.desiredSize, 1, "afterwards");
}, "UDP-W-15: the high water mark is one message");

promise_test(async t => {
  const count = 1000;
  const peer = await makeUdpPeer(t, "sink", { receiveBuffer: 2 * MIB });
  const { writable } = await connectUdp(t, peer);
  const writer = writable.getWriter();
  let settled = 0;
  const writes = Array.from({ length: count }, (_, i) => writer.write({ data: encode(`${i}`) }).then(() => {
    assert_equals(settled++, i, "fulfilled in order");
  }));
  await Promise.all(writes);
  const { datagrams } = await peer.received(count);
  datagrams.forEach(({ text }, i) => assert_equals(text, `${i}`));
}, "UDP-W-17: a thousand messages arrive in the order of their writes");
