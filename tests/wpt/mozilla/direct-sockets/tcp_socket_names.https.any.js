// META: title=TCPSocket: names and addresses
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The names come from the hosts file of the run, see HOSTS in python/wpt/executor.py.

promise_test(async t => {
  await needIPv6();
  const four = await makePeer(t, "hold");
  const six = await makePeer(t, "hold", { address: "::1", port: four.port });
  for (const [dnsQueryType, address] of [["ipv4", "127.0.0.1"], ["ipv6", "::1"]]) {
    const socket = new TCPSocket("both.test", four.port, { dnsQueryType });
    assert_equals((await socket.opened).remoteAddress, address, dnsQueryType);
    await socket.close();
  }
  assert_equals((await four.log()).length, 1, "one connection over IPv4");
  assert_equals((await six.log()).length, 1, "one connection over IPv6");
}, "TCP-OPT-13: dnsQueryType chooses between the addresses of a name that has both kinds");

promise_test(async t => {
  await needIPv6();
  const four = await makePeer(t, "hold");
  const six = await makePeer(t, "hold", { address: "::1", port: four.port });
  for (const [name, dnsQueryType] of [["v4.test", "ipv6"], ["v6.test", "ipv4"]]) {
    const socket = new TCPSocket(name, four.port, { dnsQueryType });
    await rejectsWith(socket.opened, "NetworkError", name);
  }
  assert_equals((await four.log()).length + (await six.log()).length, 0, "nobody was contacted");
}, "TCP-OPT-13: a name without an address of the kind that dnsQueryType asks for fails with NetworkError");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket("dead-and-live.test", peer.port);
  assert_equals((await socket.opened).remoteAddress, "127.0.0.1", "the second address");
  await socket.close();
}, "TCP-OPT-14: every address of a name is tried in order until one connects");

promise_test(async t => {
  const dead = await makePeer(t, "hold", { address: "127.0.0.2" });
  const live = await makePeer(t, "hold", { port: dead.port });
  const socket = new TCPSocket("dead-and-live.test", dead.port);
  assert_equals((await socket.opened).remoteAddress, "127.0.0.2", "the first address, where somebody listens");
  await socket.close();
  assert_equals((await live.log()).length, 0, "the second address was not contacted");
}, "TCP-OPT-14: the order of the resolver is kept");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket("all-dead.test", peer.port);
  const error = await rejectsWith(socket.opened, "NetworkError");
  assert_regexp_match(error.message, /refused/i, "the message says why");
}, "TCP-OPT-14, TCP-OPEN-02: if no address connects there is one NetworkError");

promise_test(async t => {
  await needIPv6();
  const four = await makePeer(t, "hold");
  const six = await makePeer(t, "hold", { address: "::1" });
  await startNet(t);
  const lines = await traced(["trace=connect,socket"], async () => {
    const one = new TCPSocket("127.0.0.1", four.port, { dnsQueryType: "ipv6" });
    const two = new TCPSocket("::1", six.port, { dnsQueryType: "ipv4" });
    await rejectsWith(one.opened, "NetworkError", "an IPv4 literal with ipv6");
    await rejectsWith(two.opened, "NetworkError", "an IPv6 literal with ipv4");
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET")), [], "no query and no connection");
  for (const [address, port, dnsQueryType] of [["127.0.0.1", four.port, "ipv4"], ["::1", six.port, "ipv6"]]) {
    const socket = new TCPSocket(address, port, { dnsQueryType });
    await socket.opened;
    await socket.close();
  }
}, "TCP-OPT-15: a literal of the other family than dnsQueryType fails the open without a query");

promise_test(async t => {
  await needIPv6();
  for (const name of ["localhost", "LOCALHOST", "a.localhost", "localhost."]) {
    const peer = await makePeer(t, "hold");
    const socket = new TCPSocket(name, peer.port);
    const info = await socket.opened;
    assert_equals(info.remoteAddress, "127.0.0.1", name);
    assert_equals(info.remotePort, peer.port, name);
    await socket.close();
  }
  const six = await makePeer(t, "hold", { address: "::1" });
  const socket = new TCPSocket("localhost", six.port, { dnsQueryType: "ipv6" });
  assert_equals((await socket.opened).remoteAddress, "::1", "the other family");
  await socket.close();
}, "TCP-INFO-04: remoteAddress is the numeric address that localhost was connected to");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket("b\u00FCcher.test", peer.port);
  assert_equals((await socket.opened).remoteAddress, "127.0.0.1", "the name in its ASCII form is known");
  await socket.close();
}, "TCP-CTOR-07: a name that is not ASCII is resolved in its ASCII form");
