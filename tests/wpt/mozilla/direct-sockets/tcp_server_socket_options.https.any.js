// META: title=TCPServerSocket: options as the operating system sees them
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const REUSEADDR = "SOL_SOCKET.SO_REUSEADDR";
const REUSEPORT = "SOL_SOCKET.SO_REUSEPORT";
const V6ONLY = "IPPROTO_IPV6.IPV6_V6ONLY";

// The system calls by which net makes a listening socket, in their order.
async function callsOf(t, address, options) {
  await startNet(t);
  return traced(["trace=socket,setsockopt,bind,listen"], async () => {
    const { server } = await listen(t, options, address);
    await server.close();
  });
}

promise_test(async t => {
  const found = new Set();
  for (let round = 0; round < 5; round++) {
    const { port } = await listen(t);
    assert_greater_than(port, 0);
    assert_equals((await listening.find(port)).listeners.length, 1, "it is listening");
    found.add(port);
  }
  assert_equals(found.size, 5, "each server gets a port of its own");
}, "SRV-OPT-01: without localPort the OS picks a port");

promise_test(async t => {
  const most = await listening.systemBacklog();
  for (const [backlog, expected] of [[1, 1], [7, 7], [7.9, 7], [4294967295, most], [2147483648, most]]) {
    const { server, port } = await listen(t, { backlog });
    assert_equals((await listening.find(port)).backlog, expected, String(backlog));
    await server.close();
  }
}, "SRV-OPT-02: backlog is the length of the queue, at most what the system allows");

promise_test(async t => {
  const most = await listening.systemBacklog();
  for (const options of [undefined, {}, { backlog: undefined }]) {
    const { server, port } = await listen(t, options);
    assert_equals((await listening.find(port)).backlog, most, JSON.stringify(options));
    await server.close();
  }
}, "SRV-OPT-03: without backlog the queue has the length that the system allows");

promise_test(async t => {
  await needIPv6();
  const { server, info, port } = await listen(t, { ipv6Only: true }, "::");
  assert_equals((await listening.options(port, [V6ONLY]))[V6ONLY], 1);
  assert_true((await listening.find(port)).v6only);
  await assertRefuses(port, "IPv4");
  assert_equals(await connectionFailure(port, "::1"), "", "IPv6");
  assert_equals(info.localAddress, "::");
  await server.close();
}, "SRV-OPT-04: with ipv6Only true on :: only IPv6 is served");

promise_test(async t => {
  await needIPv6();
  const { server, port } = await listen(t, { ipv6Only: false }, "::");
  assert_equals((await listening.options(port, [V6ONLY]))[V6ONLY], 0);
  assert_equals(await connectionFailure(port, "127.0.0.1"), "", "IPv4");
  assert_equals(await connectionFailure(port, "::1"), "", "IPv6");
  await server.close();
}, "SRV-OPT-04: with ipv6Only false on :: both families are served");

for (const ipv6Only of [true, false]) {
  promise_test(async t => {
    const lines = await callsOf(t, "::", { ipv6Only });
    const setting = lines.findIndex(line => line.includes("IPV6_V6ONLY"));
    const binding = lines.findIndex(line => line.includes("bind("));
    assert_greater_than_equal(setting, 0, `it is set: ${lines.join("\n")}`);
    assert_greater_than(binding, setting, "before bind()");
    assert_regexp_match(lines[setting], new RegExp(`IPV6_V6ONLY, \\[${Number(ipv6Only)}\\]`));
    assert_equals(lines.filter(line => line.includes("IPV6_V6ONLY")).length, 1, "once");
  }, `SRV-OPT-04: ipv6Only ${ipv6Only} is set before bind()`);
}

promise_test(async t => {
  for (const options of [undefined, {}, { ipv6Only: undefined }]) {
    const lines = await callsOf(t, "::", options);
    assert_true(lines.some(line => line.includes("listen(")), lines.join("\n"));
    assert_false(lines.some(line => line.includes("IPV6_V6ONLY")), "the option is not touched");
  }
  const { value } = await askOs("sysctl", { name: "net.ipv6.bindv6only" });
  const { server, port } = await listen(t, {}, "::");
  assert_equals((await listening.options(port, [V6ONLY]))[V6ONLY], value, "the default of the system");
  assert_equals(await connectionFailure(port, "127.0.0.1"), value ? "ECONNREFUSED" : "", "IPv4");
  await server.close();
}, "SRV-OPT-05: without ipv6Only the default of the platform holds");

promise_test(async t => {
  const { port } = await listen(t);
  const found = await listening.options(port, [REUSEADDR, REUSEPORT]);
  assert_equals(found[REUSEADDR], 1);
  assert_equals(found[REUSEPORT], 0, "a port is not shared");
  const second = new TCPServerSocket("127.0.0.1", { localPort: port });
  await rejectsWith(second.opened, "NetworkError", "a second server on the same port");
  assert_equals(await connectionFailure(port), "", "the first one goes on");
}, "SRV-OPT-06: a server sets SO_REUSEADDR, and two live servers cannot share a port");

promise_test(async t => {
  const { server, socket, info, peer, port } = await acceptClient(t, "sink");
  // The side that closes first keeps the port in TIME_WAIT.
  const closing = socket.close();
  await peer.wait("fin");
  await peer.fin();
  await closing;
  await server.close();
  assert_true((await os.waitForSocket(info, { state: "TIME_WAIT" })).ok, "the port is in TIME_WAIT");
  const again = await listen(t, { localPort: port });
  assert_equals(again.port, port);
  assert_equals(await connectionFailure(port), "");
}, "SRV-OPT-06: a port with connections in TIME_WAIT can be listened on again at once");
