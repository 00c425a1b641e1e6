// META: title=TCPServerSocket: limits of descriptors and of listeners
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const first = held(reader.read());
  await micro();
  t.add_cleanup(() => os.limitDescriptors(-1));
  await os.limitDescriptors(2);
  // Two are accepted; the third one finds no descriptor, and ends the server. Some may not get to know that they
  // had connected.
  const clients = await Clients.connect(port, "echo", { count: 5 });
  t.add_cleanup(() => clients.end());
  const accepted = [];
  accepted.push((await first).value, (await reader.read()).value);
  const error = await rejectsWith(within(t, reader.read(), 15000, "the third read"), "NetworkError");
  assert_regexp_match(error.message, /too many/i);
  assert_equals(await within(t, server.closed, 15000, "closed"), undefined);
  // The connections that it had accepted work without a descriptor more.
  for (const [index, socket] of accepted.entries()) {
    const { readable: incoming, writable, remotePort } = await socket.opened;
    assert_equals(remotePort, clients.connections[index].localPort);
    const writer = writable.getWriter();
    await writer.write(encode("works"));
    assert_equals(decode(await readExactly(incoming.getReader(), 5)), "works", `connection ${index}`);
    writer.releaseLock();
  }
  await os.limitDescriptors(-1);
  const next = await listen(t, { localPort: port });
  const later = await makeClients(t, port);
  const { info } = await accept(t, next.readable.getReader());
  assert_equals(info.remotePort, later.connections[0].localPort, "the next server works");
}, "SRV-R-08, SRV-HC-01: a server that runs out of descriptors ends, and what it had accepted goes on");

promise_test(async t => {
  await startNet(t);
  const before = await os.descriptors();
  for (let round = 0; round < 20; round++) {
    const { server, port } = await listen(t);
    await os.limitDescriptors(0);
    await makeDoomedClient(t, port);
    await within(t, server.closed, 15000, "closed");
    await os.limitDescriptors(-1);
  }
  assert_less_than_equal((await os.descriptors()).net, before.net, "descriptors of net");
}, "SRV-R-08: servers that ran out of descriptors leave none behind");

promise_test(async t => {
  const { port, readable } = await listen(t);
  // The descriptor that is free goes to the connection that is accepted without being asked for.
  t.add_cleanup(() => os.limitDescriptors(-1));
  await os.limitDescriptors(1);
  const clients = await makeClients(t, port, "hold", { count: 3 });
  assert_true((await listening.wait(port, { queued: 2 })).ok);
  await quiet();
  assert_equals((await listening.find(port)).queued, 2, "the others cost nothing as long as nobody reads");
  const reader = readable.getReader();
  const { value } = await reader.read();
  assert_equals((await value.opened).remotePort, clients.connections[0].localPort);
  await rejectsWith(within(t, reader.read(), 15000, "the second read"), "NetworkError");
  await os.limitDescriptors(-1);
}, "SRV-R-08, SRV-R-01: connections in the queue of the kernel take descriptors only when they are accepted");

// MAX_LISTENERS_PER_CLIENT in components/shared/src/limits.rs.
const MOST_LISTENERS = 1024;

promise_test(async t => {
  const servers = Array.from({ length: MOST_LISTENERS + 10 }, () => new TCPServerSocket("127.0.0.1"));
  const found = await Promise.allSettled(servers.map(server => server.opened));
  const open = servers.filter((_, index) => found[index].status === "fulfilled");
  // Tests before this one have left a server or two that are locked.
  assert_between_inclusive(open.length, MOST_LISTENERS - 10, MOST_LISTENERS, "servers that are open");
  for (const { status, reason } of found.slice(open.length)) {
    assert_equals(status, "rejected", "those are refused that come last");
    assert_dom_exception(reason, "NetworkError");
    assert_regexp_match(reason.message, /limit/i, "the message names the limit");
  }
  await open[0].close();
  const next = await listen(t);
  assert_equals(await connectionFailure(next.port), "", "when one was closed another one opens");
  await Promise.all(open.map(server => server.close()));
}, "SRV-OPEN-02: a page that has as many servers as it may have cannot open one more, and is told why");
