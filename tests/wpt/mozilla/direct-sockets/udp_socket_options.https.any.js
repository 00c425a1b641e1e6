// META: title=UDPSocket: options as the operating system sees them
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

const SNDBUF = "SOL_SOCKET.SO_SNDBUF";
const RCVBUF = "SOL_SOCKET.SO_RCVBUF";
const V6ONLY = "IPPROTO_IPV6.IPV6_V6ONLY";
const MEMBERS = { sendBufferSize: SNDBUF, receiveBufferSize: RCVBUF };

// The system calls before and after a socket gets its address while `options` open one. `call` is bind or connect.
async function callsWith(t, options, call) {
  await startUdpNet();
  const lines = await traced(["trace=setsockopt,bind,connect"], async () => {
    const { socket } = await openUdp(t, options);
    await socket.close();
  });
  const found = lines.findIndex(line => line.includes(`${call}(`) && line.includes("AF_INET"));
  assert_greater_than_equal(found, 0, `${call}() is in the trace: ${lines.join("\n")}`);
  const [before, after] = [lines.slice(0, found), lines.slice(found)].map(part => part.join("\n"));
  return { before, after, all: `${before}\n${after}` };
}

// The ways to open a socket: its options, and the call that gives it its address.
async function modes(t) {
  const peer = await makeUdpPeer(t);
  return [
    [{ localAddress: "127.0.0.1" }, "bind"],
    [{ remoteAddress: peer.address, remotePort: peer.port }, "connect"],
  ];
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const other = await makeUdpPeer(t);
  const { info, readable } = await connectUdp(t, peer);
  const found = await udp.socket(info);
  assert_equals(found.remoteAddress, peer.address, "remote address");
  assert_equals(found.remotePort, peer.port, "remote port");
  assert_equals(found.localAddress, info.localAddress, "local address");
  assert_greater_than(info.localPort, 0, "a port that the OS has chosen");
  assert_array_equals(found.holders.map(holder => holder.kind), ["net"]);
  await other.send("from a third port", at(info));
  await peer.send("from the peer", at(info));
  const reader = readable.getReader();
  assert_equals(await readText(reader), "from the peer", "the other datagram is not delivered");
  reader.releaseLock();
}, "UDP-OPT-01: connected mode connects a datagram socket to the remote address and port");

promise_test(async t => {
  await needIPv6();
  const { socket, info } = await bindUdp(t);
  assert_greater_than(info.localPort, 0, "a port that the OS has chosen");
  const found = await udp.socket(info);
  assert_equals(found.localAddress, "127.0.0.1");
  assert_equals(found.remotePort, 0, "not connected");
  assert_array_equals(found.holders.map(holder => holder.kind), ["net"]);
  // The same port number on another address is free.
  const other = await bindUdp(t, { localAddress: "127.0.0.2", localPort: info.localPort });
  assert_equals(other.info.localPort, info.localPort, "the port that was asked for");
  assert_equals((await udp.socket(other.info)).localAddress, "127.0.0.2");
  await socket.close();
  const six = await bindUdp(t, { localAddress: "::1" });
  assert_equals((await udp.socket(six.info)).localAddress, "::1", "IPv6");
}, "UDP-OPT-02: bound mode binds to the given address and port, and without a port the OS picks one");

for (const [member, option] of Object.entries(MEMBERS)) {
  const name = option.split(".")[1];
  promise_test(async t => {
    for (const [options, call] of await modes(t)) {
      const { info, socket } = await openUdp(t, { ...options, [member]: 65536 });
      assert_equals((await udp.options(info, [option]))[option], 131072, "the kernel doubles it");
      await socket.close();
      const { before, after } = await callsWith(t, { ...options, [member]: 65536 }, call);
      assert_true(before.includes(`${name}, [65536]`), `before ${call}: ${before}`);
      assert_false(after.includes(name), `and not later: ${after}`);
    }
  }, `UDP-OPT-03: ${member} is set as ${name} before the socket gets its address`);

  promise_test(async t => {
    for (const [options, call] of await modes(t)) {
      const { before } = await callsWith(t, { ...options, [member]: 4294967295 }, call);
      assert_true(before.includes(`${name}, [2147483647]`), before);
    }
  }, `UDP-OPT-03: a ${member} beyond the signed range is clamped, not wrapped, and the socket opens`);
}

promise_test(async t => {
  const plain = await udp.plainOptions("127.0.0.1", [SNDBUF, RCVBUF]);
  for (const [options, call] of await modes(t)) {
    const { info, socket } = await openUdp(t, options);
    assert_object_equals(await udp.options(info, [SNDBUF, RCVBUF]), plain, "the values of an ordinary socket");
    await socket.close();
    const { all } = await callsWith(t, options, call);
    assert_false(/SO_SNDBUF|SO_RCVBUF/.test(all), all);
  }
}, "UDP-OPT-03: without these members the buffer options are not touched");

promise_test(async t => {
  await needIPv6();
  const { info, readable } = await bindUdp(t, { localAddress: "::", ipv6Only: true });
  assert_equals((await udp.options(info, [V6ONLY]))[V6ONLY], 1);
  await (await makeUdpPeer(t)).send("over IPv4", at(info, "127.0.0.1"));
  await (await makeUdpPeer(t, "sink", { address: "::1" })).send("over IPv6", at(info, "::1"));
  const message = await readMessage(readable.getReader());
  assert_equals(decode(message.data), "over IPv6", "the one over IPv4 does not arrive");
  assert_equals(message.remoteAddress, "::1");
  const { before, after } = await callsWith(t, { localAddress: "::", ipv6Only: true }, "bind");
  assert_true(before.includes("IPV6_V6ONLY, [1]"), before);
  assert_false(after.includes("IPV6_V6ONLY"), after);
}, "UDP-OPT-05: ipv6Only: true sets IPV6_V6ONLY before bind, and IPv4 datagrams do not arrive");

promise_test(async t => {
  const { info, readable } = await bindUdp(t, { localAddress: "::", ipv6Only: false });
  assert_equals((await udp.options(info, [V6ONLY]))[V6ONLY], 0);
  await (await makeUdpPeer(t)).send("over IPv4", at(info, "127.0.0.1"));
  const message = await readMessage(readable.getReader());
  assert_equals(decode(message.data), "over IPv4");
  assert_equals(message.remoteAddress, "::ffff:127.0.0.1");
  const { before, after } = await callsWith(t, { localAddress: "::", ipv6Only: false }, "bind");
  assert_true(before.includes("IPV6_V6ONLY, [0]"), before);
  assert_false(after.includes("IPV6_V6ONLY"), after);
}, "UDP-OPT-05: ipv6Only: false clears IPV6_V6ONLY before bind, and IPv4 datagrams arrive from mapped addresses");

promise_test(async t => {
  await needIPv6();
  const { info, readable } = await bindUdp(t, { localAddress: "::" });
  const plain = await udp.plainOptions("::", [V6ONLY]);
  assert_equals((await udp.options(info, [V6ONLY]))[V6ONLY], plain[V6ONLY], "the default of the platform");
  assert_equals(plain[V6ONLY], (await askOs("sysctl", { name: "net.ipv6.bindv6only" })).value);
  const six = await makeUdpPeer(t, "sink", { address: "::1" });
  await (await makeUdpPeer(t)).send("over IPv4", at(info, "127.0.0.1"));
  await six.send("over IPv6", at(info, "::1"));
  const reader = readable.getReader();
  if (plain[V6ONLY] === 0) {
    assert_equals(await readText(reader), "over IPv4");
  }
  assert_equals(await readText(reader), "over IPv6");
  const { all } = await callsWith(t, { localAddress: "::" }, "bind");
  assert_false(all.includes("IPV6_V6ONLY"), all);
}, "UDP-OPT-06: without ipv6Only the default of the platform holds, and the option is not touched");

promise_test(async t => {
  const { info } = await bindUdp(t);
  const again = new UDPSocket({ localAddress: info.localAddress, localPort: info.localPort });
  const error = await rejectsWith(again.opened, "NetworkError", "the second one");
  assert_regexp_match(error.message, /in use/i, "the message says why");
  const names = ["SOL_SOCKET.SO_REUSEADDR", "SOL_SOCKET.SO_REUSEPORT", "SOL_SOCKET.SO_BROADCAST"];
  assert_array_equals(Object.values(await udp.options(info, names)), [0, 0, 0]);
  for (const [options, call] of await modes(t)) {
    const { all } = await callsWith(t, options, call);
    assert_false(/SO_REUSEADDR|SO_REUSEPORT|SO_BROADCAST/.test(all), all);
  }
}, "UDP-OPT-08: two sockets cannot take the same local address and port");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { net: [net], shell } = (await startUdpNet(), await os.processes());
  assert_not_equals(net, shell, "net is not the embedder");
  const lines = await traced(["trace=socket,bind,sendto,sendmsg,sendmmsg"], async () => {
    for (const [options] of await modes(t)) {
      const { info, writable } = await openUdp(t, options);
      await writable.getWriter().write("remotePort" in info ? { data: bytes(1) } : to(peer, "x"));
      const { holders } = await udp.socket(info);
      assert_array_equals(holders.map(({ pid }) => pid), [net], "one holder, the net process");
    }
    await peer.received(1);
  }, "script");
  assert_array_equals(lines.filter(line => /AF_INET.*SOCK_DGRAM/.test(line)), [], "UDP sockets of the script process");
}, "LIFE-01: UDP sockets exist in the net process only");
