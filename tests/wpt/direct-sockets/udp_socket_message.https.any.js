// META: title=UDPSocket: messages
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

// A message that came, in either mode.
async function oneMessage(t, mode, data = "hello") {
  const peer = await makeUdpPeer(t);
  const { info, readable } = mode === "bound" ? await bindUdp(t) : await connectUdp(t, peer);
  await peer.send(data, at(info));
  const reader = readable.getReader();
  const message = await readMessage(reader);
  reader.releaseLock();
  return { message, peer };
}

for (const mode of ["bound", "connected"]) {
  promise_test(async t => {
    for (const data of ["hello", "", 2000]) {
      const { message } = await oneMessage(t, mode, data);
      const size = typeof data === "number" ? data : data.length;
      assert_equals(Object.getPrototypeOf(message), Object.prototype, "a plain object");
      assert_equals(message.data.constructor, Uint8Array);
      assert_equals(message.data.byteOffset, 0);
      assert_equals(message.data.byteLength, size);
      assert_equals(message.data.buffer.byteLength, size, "exactly filling its buffer");
      assert_equals(message.data.buffer.constructor, ArrayBuffer);
      for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(message))) {
        assert_true(descriptor.writable && descriptor.enumerable && descriptor.configurable, "data properties");
      }
    }
    const { message } = await oneMessage(t, mode);
    assert_equals(decode(message.data), "hello");
  }, `UDP-MSG-01: in ${mode} mode a message is a plain object whose data is a Uint8Array that fills its buffer`);

  promise_test(async t => {
    const { message } = await oneMessage(t, mode);
    assert_false("dnsQueryType" in message);
  }, `UDP-MSG-04: in ${mode} mode dnsQueryType is never on a received message`);
}

promise_test(async t => {
  const { message, peer } = await oneMessage(t, "bound");
  assert_array_equals(Object.keys(message), ["data", "remoteAddress", "remotePort"]);
  assert_array_equals(Reflect.ownKeys(message), Object.keys(message), "nothing hidden");
  assert_equals(message.remoteAddress, peer.address);
  assert_equals(message.remotePort, peer.port);
}, "UDP-MSG-02: in bound mode a message has the address and port of its sender");

promise_test(async t => {
  await needIPv6();
  await needAddresses("127.0.0.3");
  const { info, readable } = await bindUdp(t, { localAddress: "::", ipv6Only: false });
  const reader = readable.getReader();
  for (const [address, target, reported] of [["127.0.0.1", "127.0.0.1", "::ffff:127.0.0.1"], ["::1", "::1", "::1"],
                                             ["127.0.0.3", "127.0.0.1", "::ffff:127.0.0.3"]]) {
    const peer = await makeUdpPeer(t, "sink", { address });
    await peer.send("x", at(info, target));
    const message = await readMessage(reader);
    assert_equals(message.remoteAddress, reported);
    assert_equals(message.remotePort, peer.port);
  }
}, "UDP-MSG-02: the sender's address is as the OS says it, mapped addresses with their dotted tail");

promise_test(async t => {
  const { message } = await oneMessage(t, "connected");
  assert_array_equals(Reflect.ownKeys(message), ["data"]);
  assert_false("remoteAddress" in message, "absent, not undefined");
}, "UDP-MSG-03: in connected mode a message has data and nothing else");

for (const [what, localAddress, target, peerAddress] of [
  ["IPv4", "127.0.0.1", "127.0.0.1", "127.0.0.1"],
  ["IPv6", "::1", "::1", "::1"],
  ["mapped", "::", "127.0.0.1", "127.0.0.1"],
]) {
  promise_test(async t => {
    await needIPv6(localAddress);
    const { info, readable, writable } = await bindUdp(t, { localAddress });
    const reader = readable.getReader();
    const writer = writable.getWriter();
    const peers = [await makeUdpPeer(t, "sink", { address: peerAddress }),
                   await makeUdpPeer(t, "sink", { address: peerAddress })];
    for (const [index, peer] of peers.entries()) {
      await peer.send(`to be echoed ${index}`, at(info, target));
      await writer.write(await readMessage(reader));
    }
    for (const [index, peer] of peers.entries()) {
      const { datagrams: [seen] } = await peer.received(1);
      assert_equals(seen.text, `to be echoed ${index}`, "each its own");
      assert_equals(seen.port, info.localPort, "from the socket");
    }
  }, `UDP-MSG-05: a received message can be written back as it is, with ${what} addresses`);
}

promise_test(async t => {
  // As the basic test of the public suite: an echo in bound mode, and a socket that is connected to it.
  const server = await bindUdp(t);
  const client = await connectUdp(t, { address: "127.0.0.1", port: server.info.localPort });
  const count = 150;
  const stop = new AbortController();
  const echoing = held(server.readable.pipeTo(server.writable, { signal: stop.signal, preventAbort: true,
                                                                  preventCancel: true }));
  const reader = client.readable.getReader();
  const writer = client.writable.getWriter();
  let size = 0;
  for (let i = 1; i <= count; i++) {
    size = i * 10;
    const data = Uint8Array.from({ length: size }, (_, at) => (at * 7 + i) & 255);
    await writer.write({ data });
    const message = await readMessage(reader);
    assert_array_equals(message.data, data, `datagram ${i}`);
  }
  stop.abort();
  await rejection(echoing);
  reader.releaseLock();
  writer.releaseLock();
  assert_equals(await client.socket.close(), undefined);
  assert_equals(await server.socket.close(), undefined);
}, "UDP-MSG-05: a hundred and fifty datagrams of growing size come back from an echo made with pipeTo");

promise_test(async t => {
  const server = await bindUdp(t);
  const client = await connectUdp(t, { address: "127.0.0.1", port: server.info.localPort });
  const count = 150;
  const echoing = (async () => {
    const reader = server.readable.getReader();
    const writer = server.writable.getWriter();
    for (const message of await readMessages(reader, count)) {
      await writer.write(message);
    }
    reader.releaseLock();
    writer.releaseLock();
  })();
  const writer = client.writable.getWriter();
  const writing = (async () => {
    for (let i = 0; i < count; i++) {
      await writer.write({ data: new Uint8Array(i + 4).fill(i) });
    }
  })();
  const reader = client.readable.getReader();
  const messages = await readMessages(reader, count);
  await Promise.all([echoing, writing]);
  messages.forEach(({ data }, i) => {
    assert_equals(data.length, i + 4, `size of datagram ${i}`);
    assert_true(data.every(byte => byte === i), `content of datagram ${i}`);
  });
}, "UDP-MSG-05, UDP-R-03: a hundred and fifty datagrams that are on the way at once come back in order");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t);
  const texts = readable.pipeThrough(new TransformStream({
    transform({ data, remotePort }, controller) {
      controller.enqueue(`${decode(data)} from ${remotePort}`);
    },
  }));
  const [one, two] = texts.tee().map(branch => branch.getReader());
  for (const text of ["a", "b", "c"]) {
    await peer.send(text, at(info));
    for (const reader of [one, two]) {
      assert_equals((await reader.read()).value, `${text} from ${peer.port}`);
    }
  }
  await Promise.all([one.cancel(), two.cancel()]);
}, "UDP-MSG-02: the readable works with the rest of the platform: pipeThrough and tee");
