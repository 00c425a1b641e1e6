// META: title=TCPServerSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  await startNet(t);
  const server = new TCPServerSocket("127.0.0.1");
  const closing = server.close();
  assert_equals(await state(server.opened), "pending", "opened");
  assert_equals(await state(server.closed), "pending", "closed");
  await rejectsWith(closing, "InvalidStateError", "close()");
  await server.opened;
  await server.close();
}, "SRV-CTOR-08: a new object has both promises pending and no stream");

promise_test(async t => {
  await startNet(t);
  const lines = await traced(["trace=socket,bind,listen"], async () => {
    for (const [address, options] of [
      ["localhost"],
      ["127.0.0.1", { localPort: 0 }],
      ["127.0.0.1", { backlog: 0 }],
      ["127.0.0.1", { ipv6Only: true }],
      ["127.0.0.1", 5],
    ]) {
      assert_throws_js(TypeError, () => new TCPServerSocket(address, options));
    }
    await quiet();
  });
  assert_array_equals(lines.filter(line => line.includes("AF_INET") || line.includes("listen(")), [], "in net");
}, "SRV-CTOR-08: nothing listens for a constructor that throws");

promise_test(async t => {
  const net = await startNet(t);
  await os.signalNet("STOP");
  t.add_cleanup(() => os.signalNet("CONT"));
  const servers = Array.from({ length: 50 }, () => new TCPServerSocket("127.0.0.1"));
  await quiet();
  assert_equals(await state(servers[49].opened), "pending", "nobody answers");
  await os.signalNet("CONT");
  const found = new Set();
  for (const server of servers) {
    found.add((await server.opened).localPort);
    await server.close();
  }
  assert_equals(found.size, 50, "each has a port of its own");
  assert_equals((await os.processes()).net[0], net, "the same net process");
}, "SRV-CTOR-08: the constructor returns without waiting for the work that it has started");

promise_test(async () => {
  // Seeded, so that a failure can be seen again.
  let seed = 4711;
  const random = n => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const addresses = ["127.0.0.1", "::1", "0.0.0.0", "::", "localhost", "", "\0", "\uD800", "[::1]", {}, [], null, 5,
                     Symbol("s"), "192.0.2.1", "a".repeat(70000)];
  const values = [undefined, null, 0, -1, 1.5, NaN, Infinity, 2 ** 31, 2 ** 32, 2 ** 53, "", "1", "x", true, false, {},
                  [], () => {}, Symbol("s"), 10n, new Date(0), "\0"];
  const members = ["backlog", "ipv6Only", "other"];
  let made = 0;
  for (let i = 0; i < 500; i++) {
    const options = {};
    for (const member of members) {
      if (random(2)) {
        options[member] = values[random(values.length)];
      }
    }
    let server;
    try {
      const address = addresses[random(addresses.length)];
      server = new TCPServerSocket(address, random(8) ? options : values[random(values.length)]);
    } catch (error) {
      assert_true(error instanceof TypeError, `round ${i}: ${String(error)}`);
      continue;
    }
    made++;
    try {
      await server.opened;
    } catch (error) {
      assert_dom_exception(error, "NetworkError", `round ${i}`);
      continue;
    }
    assert_equals(await server.close(), undefined, `round ${i}`);
  }
  assert_greater_than(made, 20, "some of them construct");
  assert_equals((await os.processes()).net.length, 1, "net runs");
}, "LIFE-11: no mixture of arguments of a server brings a process down");
