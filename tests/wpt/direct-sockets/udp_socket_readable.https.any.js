// META: title=UDPSocket: readable
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

promise_test(async t => {
  const { readable } = await bindUdp(t);
  assert_throws_js(TypeError, () => readable.getReader({ mode: "byob" }));
  assert_false(readable.locked, "and it is not locked by that");
  readable.getReader().releaseLock();
}, "UDP-R-01: the readable is not a byte stream");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t);
  const reader = readable.getReader();
  for (let i = 0; i < 5; i++) {
    const read = reader.read();
    await quiet(20);
    assert_equals(await state(read), "pending");
    await peer.send(`single ${i}`, at(info));
    assert_equals(decode((await read).value.data), `single ${i}`, "at once, not after a batch fills");
  }
}, "UDP-R-02: a pull completes with the first datagram");

for (const mode of ["bound", "connected"]) {
  promise_test(async t => {
    const peer = await makeUdpPeer(t);
    const { info, readable } = mode === "bound" ? await bindUdp(t) : await connectUdp(t, peer);
    const reader = readable.getReader();
    const sizes = [0, 1, 512, 1472, 9000, 65507, 1, 0, 1473];
    const sent = sizes.map((size, i) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) + i) & 255));
    for (const data of sent) {
      await peer.send(data, at(info));
    }
    for (const [i, { data }] of (await readMessages(reader, sizes.length)).entries()) {
      assert_equals(data.length, sizes[i], `size of datagram ${i}`);
      assert_true(data.every((byte, at) => byte === sent[i][at]), `content of datagram ${i}`);
    }
  }, `UDP-R-03, UDP-R-05: in ${mode} mode datagrams of 0 to 65507 bytes arrive one to one, in order and whole`);
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t);
  for (const data of ["", "x", "", ""]) {
    await peer.send(data, at(info));
  }
  const reader = readable.getReader();
  const messages = await readMessages(reader, 4);
  assert_array_equals(messages.map(({ data }) => decode(data)), ["", "x", "", ""]);
  for (const message of messages) {
    assert_equals(message.remotePort, peer.port, "an empty one has a sender, too");
  }
}, "UDP-R-04: an empty datagram is a message with empty data and does not end the stream");

promise_test(async t => {
  const closed = await closedUdpPort(t);
  const peer = await makeUdpPeer(t);
  const { info, readable, writable } = await bindUdp(t);
  const writer = writable.getWriter();
  for (let i = 0; i < 5; i++) {
    await writer.write(to(closed, "nobody"));
  }
  await writer.write(to(peer, "somebody"));
  await peer.received(1);
  await peer.send("still here", at(info));
  assert_equals(await readText(readable.getReader()), "still here");
}, "UDP-R-06: in bound mode ICMP errors about what was sent are no errors of the socket");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info, readable, writable } = await bindUdp(t);
  const reader = readable.getReader();
  const pending = reader.read();
  const cancelled = reader.cancel(new Error("not reported"));
  await micro();
  assert_equals(await state(cancelled), "fulfilled", "without a task");
  assert_equals(await cancelled, undefined);
  assert_object_equals(await pending, { value: undefined, done: true }, "the pending read");
  assert_true((await reader.read()).done, "a later read");
  await peer.send("late", at(info));
  await quiet();
  assert_equals(await state(socket.closed), "pending", "the write side is open");
  await writable.close();
  assert_equals(await socket.closed, undefined, "the reason of the cancel is not reported");
}, "UDP-R-08: cancel fulfils without a task, and handle-closing has run");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { socket, info, readable } = await connectUdp(t, peer);
  const reader = readable.getReader();
  await peer.send("last words", at(info));
  assert_equals(await readText(reader), "last words");
  const read = held(reader.read());
  await peer.end();
  await quiet(500);
  assert_equals(await state(read), "pending");
  assert_equals(await state(socket.closed), "pending");
  reader.releaseLock();
  await rejection(read);
}, "UDP-R-09: the end of the peer does not end the readable");

promise_test(async t => {
  await needAddresses("127.0.0.4");
  const peers = [await makeUdpPeer(t), await makeUdpPeer(t), await makeUdpPeer(t, "sink", { address: "127.0.0.4" })];
  const { info, readable } = await bindUdp(t);
  const connected = await connectUdp(t, peers[1]);
  for (const peer of peers) {
    await peer.send(`from ${peer.port}`, at(info));
    await peer.send(`from ${peer.port}`, at(connected.info));
  }
  const messages = await readMessages(readable.getReader(), 3);
  assert_array_equals(messages.map(({ remotePort }) => remotePort), peers.map(({ port }) => port));
  assert_array_equals(messages.map(({ remoteAddress }) => remoteAddress), peers.map(({ address }) => address));
  await peers[1].send("again", at(connected.info));
  const reader = connected.readable.getReader();
  assert_equals(await readText(reader), `from ${peers[1].port}`, "the connected one sees its peer's");
  assert_equals(await readText(reader), "again", "and nothing else");
}, "UDP-R-10: bound mode receives from any source, connected mode from its peer only");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t);
  const first = readable.getReader();
  const read = first.read();
  first.releaseLock();
  await rejectsWith(read, "TypeError", "the read of the reader that was released");
  await peer.send("not lost", at(info));
  assert_equals(await readText(readable.getReader()), "not lost");
}, "UDP-R-07: releasing the lock with a read outstanding loses no datagram");
