// META: title=UDPSocket: names and addresses
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The names come from the hosts file of the run, see HOSTS in python/wpt/executor.py.

// Peers on both families that share a port number.
async function bothPeers(t) {
  for (let i = 0; i < 10; i++) {
    const four = await makeUdpPeer(t);
    try {
      return { four, six: await makeUdpPeer(t, "sink", { address: "::1", port: four.port }) };
    } catch {
      // Somebody has that port.
    }
  }
  assert_unreached("no port is free on both families");
}

promise_test(async t => {
  await needIPv6();
  const { four, six } = await bothPeers(t);
  for (const [dnsQueryType, peer] of [["ipv4", four], ["ipv6", six]]) {
    const { info, writable } = await connectUdp(t, { address: "both.test", port: four.port }, { dnsQueryType });
    assert_equals(info.remoteAddress, peer.address, dnsQueryType);
    await writable.getWriter().write({ data: encode(dnsQueryType) });
    assert_equals((await peer.received(1)).datagrams[0].text, dnsQueryType);
  }
}, "UDP-OPT-04: dnsQueryType chooses between the addresses of a name that has both kinds");

promise_test(async t => {
  await needIPv6();
  await startUdpNet();
  const lines = await traced(["trace=socket,connect"], async () => {
    for (const [remoteAddress, dnsQueryType] of [["v4.test", "ipv6"], ["v6.test", "ipv4"], ["127.0.0.1", "ipv6"],
                                                 ["::1", "ipv4"]]) {
      const socket = new UDPSocket({ remoteAddress, remotePort: 9, dnsQueryType });
      await rejectsWith(socket.opened, "NetworkError", `${remoteAddress} ${dnsQueryType}`);
    }
  });
  const connects = lines.filter(line => line.includes("connect(") && line.includes("htons(9)"));
  assert_array_equals(connects, [], "nobody is connected to");
  for (const [remoteAddress, dnsQueryType] of [["v4.test", "ipv4"], ["v6.test", "ipv6"], ["127.0.0.1", "ipv4"],
                                               ["::1", "ipv6"]]) {
    const { socket } = await connectUdp(t, { address: remoteAddress, port: 9 }, { dnsQueryType });
    await socket.close();
  }
}, "UDP-OPT-04: a host without an address of the kind that dnsQueryType asks for fails with NetworkError");

promise_test(async t => {
  await needIPv6();
  const peer = await makeUdpPeer(t);
  for (const name of ["localhost", "LOCALHOST", "a.localhost", "localhost."]) {
    const { socket, info, writable } = await connectUdp(t, { address: name, port: peer.port });
    assert_equals(info.remoteAddress, "127.0.0.1", name);
    const writer = writable.getWriter();
    await writer.write({ data: encode(name) });
    writer.releaseLock();
    await socket.close();
  }
  assert_array_equals((await peer.received(4)).datagrams.map(({ text }) => text),
                      ["localhost", "LOCALHOST", "a.localhost", "localhost."]);
  const six = await connectUdp(t, { address: "localhost", port: peer.port }, { dnsQueryType: "ipv6" });
  assert_equals(six.info.remoteAddress, "::1");
}, "UDP-OPT-07: remoteAddress may be a host name, and the info has a numeric address");

promise_test(async t => {
  const first = await connectUdp(t, { address: "dead-and-live.test", port: 9 });
  assert_equals(first.info.remoteAddress, "127.0.0.2", "the order of the resolver is kept");
  const ascii = await connectUdp(t, { address: "b\u00FCcher.test", port: 9 });
  assert_equals(ascii.info.remoteAddress, "127.0.0.1", "a name that is not ASCII is resolved in its ASCII form");
}, "UDP-OPT-07: the first address for which a socket can be connected is taken");

promise_test(async t => {
  const { writable } = await bindUdp(t);
  const writer = writable.getWriter();
  const peer = await makeUdpPeer(t);
  for (const name of ["localhost", "v4.test", "both.test", "b\u00FCcher.test", "127.0.0.1"]) {
    await writer.write(to({ address: name, port: peer.port }, name));
  }
  const { datagrams } = await peer.received(5);
  assert_array_equals(datagrams.map(({ text }) => text),
                      ["localhost", "v4.test", "both.test", "b\u00FCcher.test", "127.0.0.1"]);
}, "UDP-W-08: the address of a message may be a host name");

promise_test(async t => {
  await needIPv6();
  const { four, six } = await bothPeers(t);
  const { writable } = await bindUdp(t, { localAddress: "::", ipv6Only: false });
  const writer = writable.getWriter();
  for (const dnsQueryType of ["ipv6", "ipv4"]) {
    for (const name of ["both.test", "localhost"]) {
      await writer.write(to({ address: name, port: four.port }, `${name} ${dnsQueryType}`, { dnsQueryType }));
    }
  }
  assert_array_equals((await four.received(2)).datagrams.map(({ text }) => text),
                      ["both.test ipv4", "localhost ipv4"], "the peer of IPv4");
  assert_array_equals((await six.received(2)).datagrams.map(({ text }) => text),
                      ["both.test ipv6", "localhost ipv6"], "the peer of IPv6");
}, "UDP-W-09: a message's dnsQueryType selects the record type for its name");

promise_test(async t => {
  await needIPv6();
  const { four, six } = await bothPeers(t);
  // What a socket can send to decides where nobody asks for a family.
  for (const [options, peer] of [[{ localAddress: "127.0.0.1" }, four], [{ localAddress: "::1" }, six],
                                 [{ localAddress: "::", ipv6Only: true }, six],
                                 [{ localAddress: "::", ipv6Only: false }, four],
                                 [{ localAddress: "::ffff:127.0.0.1" }, four]]) {
    const { writable } = await bindUdp(t, options);
    const what = JSON.stringify(options);
    const before = (await peer.log()).received;
    await writable.getWriter().write(to({ address: "both.test", port: four.port }, what));
    assert_equals((await peer.received(before + 1)).datagrams[before].text, what);
  }
}, "UDP-W-08: of the addresses of a name the first one is taken that the socket can send to");

promise_test(async t => {
  await needIPv6();
  const { four, six } = await bothPeers(t);
  const { writable } = await bindUdp(t, { localAddress: "::", ipv6Only: false });
  const writer = writable.getWriter();
  await writer.write(to(four, "plain"));
  await writer.write(to({ address: "::ffff:127.0.0.1", port: four.port }, "mapped"));
  await writer.write(to(six, "IPv6"));
  assert_array_equals((await four.received(2)).datagrams.map(({ text }) => text), ["plain", "mapped"]);
  assert_equals((await six.received(1)).datagrams[0].text, "IPv6");
}, "UDP-W-08: a dual-stack socket sends to IPv4 addresses, plain and mapped, and to IPv6 addresses");

for (const [what, options, message] of [
  ["a name that does not resolve", {}, { remoteAddress: "no-such-name.invalid" }],
  ["an empty name", {}, { remoteAddress: "" }],
  ["a name with a NUL", {}, { remoteAddress: "a\0b" }],
  ["a name without an address of the socket's family", {}, { remoteAddress: "v6.test" }],
  ["a name of IPv4 from a socket for IPv6 only", { localAddress: "::", ipv6Only: true }, { remoteAddress: "v4.test" }],
  ["a literal of another family", {}, { remoteAddress: "::1" }],
  ["an IPv4 literal from a socket for IPv6 only", { localAddress: "::", ipv6Only: true },
   { remoteAddress: "127.0.0.1" }],
  ["a dnsQueryType that does not fit the literal", {}, { remoteAddress: "127.0.0.1", dnsQueryType: "ipv6" }],
  ["a dnsQueryType that does not fit the literal, on a socket for both", { localAddress: "::", ipv6Only: false },
   { remoteAddress: "::1", dnsQueryType: "ipv4" }],
  ["a dnsQueryType for which a name has no record", { localAddress: "::", ipv6Only: false },
   { remoteAddress: "v4.test", dnsQueryType: "ipv6" }],
]) {
  promise_test(async t => {
    const { writable } = await bindUdp(t, options);
    const writer = writable.getWriter();
    held(writer.closed);
    const write = writer.write({ data: encode("x"), remotePort: 9, ...message });
    await micro();
    assert_equals(await state(write), "pending", "not without a task");
    const error = await rejectsWith(write, "NetworkError", "the write");
    await rejectsExactly(writer.write(to({ address: "127.0.0.1", port: 9 }, "x")), error, "the next write");
    await rejectsExactly(writer.closed, error, "writer.closed");
  }, `UDP-W-10: ${what} rejects the write with a NetworkError and errors the stream`);
}

promise_test(async t => {
  await startUdpNet();
  t.add_cleanup(() => os.blockHosts(false));
  await os.blockHosts(true);
  const peer = await makeUdpPeer(t);
  const { info, readable, writable } = await bindUdp(t);
  const writer = writable.getWriter();
  const write = held(writer.write(to({ address: "v4.test", port: peer.port }, "late")));
  const reader = readable.getReader();
  for (const text of ["one", "two"]) {
    await peer.send(text, at(info));
    assert_equals(await readText(reader), text, "the socket goes on receiving");
  }
  assert_equals(await state(write), "pending", "the name is not resolved yet");
  assert_equals(writer.desiredSize, 0, "resolution is part of the write");
  await os.blockHosts(false);
  await write;
  assert_equals((await peer.received(1)).datagrams[0].text, "late");
}, "UDP-W-08: while the name of a message is being resolved the write is pending and the socket receives");
