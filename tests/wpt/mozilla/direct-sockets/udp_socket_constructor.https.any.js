// META: title=UDPSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const LOCAL = "127.0.0.1";

promise_test(async t => {
  await startUdpNet();
  const lines = await traced(["trace=socket,bind,connect"], async () => {
    for (const options of [{}, { localAddress: "x" }, { localAddress: LOCAL, sendBufferSize: 0 }, { remotePort: 1 },
                           { remoteAddress: LOCAL, remotePort: 70000 }, 5]) {
      assert_throws_js(TypeError, () => new UDPSocket(options));
    }
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET")), [], "net made no socket");
}, "UDP-CTOR-16: a constructor that throws touches no socket");

promise_test(async t => {
  const net = await startUdpNet();
  await os.signalNet("STOP");
  t.add_cleanup(() => os.signalNet("CONT"));
  const sockets = [];
  const start = performance.now();
  for (let i = 0; i < 100; i++) {
    sockets.push(new UDPSocket({ localAddress: LOCAL }));
  }
  // Half a second is room for a slow machine; one answer waited for would take for ever.
  assert_less_than(performance.now() - start, 500, "a hundred constructions with nobody to answer");
  for (let i = 0; i < 10; i++) {
    await task();
  }
  assert_equals(await state(sockets[99].opened), "pending", "nothing has been answered");
  await os.signalNet("CONT");
  for (const socket of sockets) {
    await socket.opened;
    await socket.close();
  }
  assert_equals((await os.processes()).net[0], net, "the same net process");
}, "UDP-CTOR-16: construction returns at once and does its work in parallel");

promise_test(async () => {
  await needIPv6();
  // Seeded, so that a failure can be seen again.
  let seed = 54321;
  const random = n => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const pick = list => list[random(list.length)];
  // Nothing is sent anywhere: every remote port is 0.
  const values = {
    remoteAddress: ["127.0.0.1", "::1", "localhost", "", "\0", "\uD800", "[::1]", "a b", {}, [], Symbol("s")],
    remotePort: [0, "0", 0.5, null, 65536, -1, NaN, Symbol("s"), {}],
    localAddress: ["127.0.0.1", "::1", "::", "0.0.0.0", "", "x", "\0", {}, null, 5, Symbol("s")],
    localPort: [undefined, 0, -1, NaN, 65536, "x", 10n],
    sendBufferSize: [undefined, 0, 1, 4096.5, 2 ** 31, 2 ** 32, NaN, "1", "x", null],
    receiveBufferSize: [undefined, 0, 1, "65536", 2 ** 32 - 1, -1, Infinity, {}],
    dnsQueryType: ["ipv4", "ipv6", "IPv4", null, undefined, 4],
    ipv6Only: [true, false, null, undefined, 1, "x", {}],
  };
  let [open, failed] = [0, 0];
  for (let i = 0; i < 600; i++) {
    const options = {};
    const bound = random(2);
    for (const member of Object.keys(values)) {
      const likely = member.startsWith("remote") ? !bound : member === "localAddress" ? bound : random(4) === 0;
      if (likely || random(20) === 0) {
        options[member] = pick(values[member]);
      }
    }
    let socket;
    try {
      socket = new UDPSocket(options);
    } catch (error) {
      assert_true(error instanceof TypeError, `round ${i}: ${String(error)}`);
      continue;
    }
    try {
      await socket.opened;
      await socket.close();
      open++;
    } catch (error) {
      assert_dom_exception(error, "NetworkError", `round ${i}`);
      failed++;
    }
  }
  assert_greater_than(open, 20, "some of them open");
  assert_greater_than(failed, 20, "some of them fail");
  assert_equals((await os.processes()).net.length, 1, "net runs");
}, "LIFE-11: no mixture of options brings a process down");
