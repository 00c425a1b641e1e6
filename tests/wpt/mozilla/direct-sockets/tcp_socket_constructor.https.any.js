// META: title=TCPSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  const lines = await traced(["trace=socket,connect"], async () => {
    for (const options of [{ keepAliveDelay: 1 }, { sendBufferSize: 0 }, { receiveBufferSize: 0 }, 5]) {
      assert_throws_js(TypeError, () => new TCPSocket(peer.address, peer.port, options));
    }
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET")), [], "net made no socket");
  assert_equals((await peer.log()).length, 0, "nobody connected");
}, "TCP-CTOR-06: a constructor that throws has contacted nobody");

const HOSTS = {
  "the empty string": "",
  "a space": "a b",
  "a NUL": "a\0b",
  "brackets": "[::1]",
  "numbers that are no address": "999.1.1.1",
  "a lone surrogate": "\uD800",
  "a surrogate in a name": "b\uDC00cher.test",
  "70,000 characters": "a".repeat(70000),
  "many labels": "a.".repeat(1000) + "test",
  "an empty label": "a..test",
  "a percent sign": "%",
  "a slash": "a/b",
  "a URL": "http://127.0.0.1/",
  "a soft hyphen alone": "\u00AD",
};

for (const [what, host] of Object.entries(HOSTS)) {
  promise_test(async () => {
    const socket = new TCPSocket(host, 80);
    await rejectsWith(socket.opened, "NetworkError", "opened");
    await rejectsWith(socket.closed, "NetworkError", "closed");
  }, `TCP-CTOR-07, LIFE-11: a host that is ${what} is accepted by the constructor and fails with NetworkError`);
}

promise_test(async t => {
  const net = await startNet(t);
  const peer = await makePeer(t, "hold");
  await os.signalNet("STOP");
  t.add_cleanup(() => os.signalNet("CONT"));
  const sockets = [];
  const start = performance.now();
  for (let i = 0; i < 100; i++) {
    sockets.push(new TCPSocket(peer.address, peer.port));
  }
  const took = performance.now() - start;
  // Half a second is room for a slow machine; one answer waited for would take for ever.
  assert_less_than(took, 500, "a hundred constructions with nobody to answer");
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await within(t, new Promise(resolve => {
    const check = setInterval(() => {
      if (ticks >= 20) {
        clearInterval(check);
        resolve();
      }
    }, 1);
  }), 5000, "twenty ticks of a timer");
  clearInterval(timer);
  assert_equals(await state(sockets[99].opened), "pending", "nothing has been answered");
  await os.signalNet("CONT");
  for (const socket of sockets) {
    await socket.opened;
    await socket.close();
  }
  assert_equals((await os.processes()).net[0], net, "the same net process");
}, "TCP-CTOR-09: construction returns at once and does its work in parallel");

promise_test(async () => {
  // Seeded, so that a failure can be seen again.
  let seed = 12345;
  const random = n => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  // Nobody listens on port 0 of these, and none of them is a number, which would be an address elsewhere.
  const hosts = ["127.0.0.1", "::1", "localhost", "", "\0", "\uD800", "[::1]", "a b", {}, [], () => {}, null,
                 Symbol("s")];
  const values = [undefined, null, 0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53, "", "1", "x", true, false, {},
                  [], () => {}, Symbol("s"), 10n, new Date(0), "\0", "ipv4", "\uD800", "127.0.0.1"];
  const members = ["keepAliveDelay", "sendBufferSize", "receiveBufferSize", "noDelay", "dnsQueryType", "other"];
  let made = 0;
  for (let i = 0; i < 500; i++) {
    const options = {};
    for (const member of members) {
      if (random(2)) {
        options[member] = values[random(values.length)];
      }
    }
    let socket;
    try {
      const host = hosts[random(hosts.length)];
      socket = new TCPSocket(host, 65536 * random(3), random(8) ? options : values[random(values.length)]);
    } catch (error) {
      assert_true(error instanceof TypeError, `round ${i}: ${String(error)}`);
      continue;
    }
    made++;
    await rejectsWith(socket.opened, "NetworkError", `round ${i}`);
  }
  assert_greater_than(made, 20, "some of them construct");
  assert_equals((await os.processes()).net.length, 1, "net runs");
}, "LIFE-11: no mixture of arguments brings a process down");
