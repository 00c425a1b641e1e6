// META: title=UDPSocket: writes that fail
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

// Ways in which the OS refuses a datagram.
const FAILURES = {
  "65508 bytes over IPv4": { to: { address: "127.0.0.1", port: 9 }, size: 65508 },
  "more bytes than a datagram can have": { to: { address: "127.0.0.1", port: 9 }, size: 65536 },
  "a megabyte": { to: { address: "127.0.0.1", port: 9 }, size: MIB },
  "a broadcast address": { to: { address: "127.255.255.255", port: 9 }, size: 1 },
  "port 0": { to: { address: "127.0.0.1", port: 0 }, size: 1 },
  "port 65536, which wraps to 0": { to: { address: "127.0.0.1", port: 65536 }, size: 1 },
};

for (const [what, failure] of Object.entries(FAILURES)) {
  promise_test(async t => {
    const { socket, info, readable, writable } = await bindUdp(t);
    const writer = writable.getWriter();
    held(writer.closed);
    held(writer.ready);
    const write = held(writer.write(to(failure.to, new Uint8Array(failure.size))));
    const queued = held(writer.write(to(failure.to, "queued")));
    await micro();
    assert_equals(await state(write), "pending", "not without a task");
    const error = await rejectsWith(write, "NetworkError", "the write");
    await rejectsExactly(queued, error, "the next one in the queue");
    await rejectsExactly(writer.write(to(failure.to, "x")), error, "a later write");
    await rejectsExactly(writer.closed, error, "writer.closed");
    assert_equals(await state(socket.closed), "pending", "the read side is open");
    const peer = await makeUdpPeer(t);
    await peer.send("x", at(info));
    assert_equals(await readText(readable.getReader()), "x", "and works");
  }, `UDP-W-10: ${what} rejects the write with a NetworkError and errors the stream`);
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { writable } = await connectUdp(t, peer);
  const writer = writable.getWriter();
  held(writer.closed);
  await writer.write({ data: new Uint8Array(65507) });
  assert_equals((await peer.received(1)).datagrams[0].size, 65507, "the largest one that fits");
  const error = await rejectsWith(writer.write({ data: new Uint8Array(65508) }), "NetworkError");
  await rejectsExactly(writer.write({ data: bytes(1) }), error, "the next write");
  await quiet(20);
  assert_equals((await peer.log()).received, 1, "nothing is sent of what is too large");
}, "UDP-W-10: in connected mode, too, 65507 bytes are sent and 65508 are not");

promise_test(async t => {
  await needIPv6();
  const six = await makeUdpPeer(t, "sink", { address: "::1" });
  const { writable } = await bindUdp(t, { localAddress: "::1" });
  const writer = writable.getWriter();
  held(writer.closed);
  await writer.write(to(six, new Uint8Array(65507)));
  assert_equals((await six.received(1)).datagrams[0].size, 65507);
  await rejectsWith(writer.write(to(six, new Uint8Array(65536))), "NetworkError");
}, "UDP-W-10: over IPv6 a datagram that is too large fails, too");

promise_test(async t => {
  const { socket, readable, writable } = await bindUdp(t);
  const writer = writable.getWriter();
  held(writer.closed);
  const error = await rejectsWith(writer.write("str"), "TypeError");
  await quiet(20);
  assert_equals(await state(socket.closed), "pending", "the read side is open");
  await readable.cancel();
  await rejectsExactly(socket.closed, error, "closed");
}, "UDP-W-16: a refused message while the read side is open closes nothing");

promise_test(async t => {
  // An ICMP error can come to a write that happens to be the next call; it never comes as anything but a NetworkError.
  const { readable, writable } = await connectUdp(t, await closedUdpPort(t));
  const reader = readable.getReader();
  held(reader.closed);
  const writer = writable.getWriter();
  held(writer.closed);
  const read = held(reader.read());
  let failed = 0;
  for (let i = 0; i < 20 && failed === 0; i++) {
    await writer.write({ data: encode("x") }).catch(error => {
      assert_dom_exception(error, "NetworkError", "a write");
      failed++;
    });
    failed += (await state(read)) === "rejected" ? 1 : 0;
    await task();
  }
  assert_greater_than(failed, 0, "somebody hears of it");
}, "UDP-W-10, UDP-R-06: an ICMP error on a connected socket is reported to whichever call comes next");
