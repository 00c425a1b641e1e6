// META: title=TCPServerSocket: the readable, and accepting
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

const KEEPALIVE = "SOL_SOCKET.SO_KEEPALIVE";

const NODELAY = "IPPROTO_TCP.TCP_NODELAY";

promise_test(async t => {
  const { port, readable } = await listen(t);
  assert_throws_js(TypeError, () => readable.getReader({ mode: "byob" }));
  await makeClients(t, port, "hold", { count: 3 });
  assert_true((await listening.wait(port, { queued: 2 })).ok, "one is accepted, two stay in the queue of the kernel");
  await quiet(300);
  assert_equals((await listening.find(port)).queued, 2, "and they stay");
  assert_equals(await listening.count(port), 2, "net holds the listener and one connection");
}, "SRV-R-01: the readable is a default stream with a high water mark of one connection");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const clients = await makeClients(t, port, "hold", { count: 6 });
  const reader = readable.getReader();
  const seen = [];
  for (let left = 5; left > 0; left--) {
    assert_true((await listening.wait(port, { queued: left })).ok, `${left} in the queue of the kernel`);
    seen.push((await accept(t, reader)).info.remotePort);
  }
  assert_true((await listening.wait(port, { queued: 0 })).ok, "all are accepted");
  seen.push((await accept(t, reader)).info.remotePort);
  assert_array_equals(seen, clients.connections.map(client => client.localPort));
}, "SRV-R-01: each read makes room for one connection");

promise_test(async t => {
  const { port, readable } = await listen(t);
  await makeClients(t, port, "hold", { count: 3, greeting: "early", then: "fin" });
  // They wait, one of them in the stream, with everything that their clients have to say.
  await listening.wait(port, { queued: 2 });
  await quiet();
  const reader = readable.getReader();
  for (let i = 0; i < 3; i++) {
    const { readable: incoming } = await accept(t, reader);
    assert_equals(decode(await readAll(incoming.getReader())), "early", `connection ${i}`);
  }
}, "SRV-R-04: what a client sent and ended before its connection was read is not lost");

promise_test(async t => {
  const { info } = await acceptClient(t);
  const found = await os.options(info, [NODELAY, KEEPALIVE]);
  assert_equals(found[NODELAY], 0);
  assert_equals(found[KEEPALIVE], 0);
  assert_false((await os.ss(info)).includes("keepalive"), "no timer");
}, "SRV-R-07: connections have TCP_NODELAY and SO_KEEPALIVE off");

// The errors of one connection that accept() may report instead of it.
for (const error of ["ECONNABORTED", "EPROTO", "ENETDOWN", "EHOSTUNREACH", "ENETUNREACH", "EINTR", "ETIMEDOUT"]) {
  promise_test(async t => {
    const { port, readable } = await listen(t);
    const reader = readable.getReader();
    const read = held(reader.read());
    const lines = await traced(["trace=accept4,accept", `inject=accept4:error=${error}:when=1`], async () => {
      const clients = await makeClients(t, port);
      const { done, value } = await within(t, read, 15000, "the connection");
      assert_false(done);
      t.add_cleanup(() => dispose(value));
      assert_equals((await value.opened).remotePort, clients.connections[0].localPort);
    });
    assert_true(lines.some(line => line.includes(error) && line.includes("INJECTED")), lines.join("\n"));
  }, `SRV-R-09: ${error} of one connection is skipped, and the next one is delivered`);
}

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const read = held(reader.read());
  await micro();
  // What a system that shuts down tells its processes.
  await os.signalNet("TERM");
  const { done, value } = await within(t, read, 15000, "the read");
  assert_true(done, "the stream has ended");
  assert_equals(value, undefined);
  assert_equals(await within(t, reader.closed, 15000, "reader.closed"), undefined);
  assert_equals(await within(t, server.closed, 15000, "closed"), undefined);
  await assertRefuses(port);
}, "SRV-R-10: when net ends in an orderly way the readable closes and closed fulfils");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const lines = await traced(["trace=accept4,accept"], async () => {
    const reader = readable.getReader();
    const reads = Array.from({ length: 50 }, () => held(reader.read()));
    const clients = await makeClients(t, port, "hold", { count: 2 });
    assert_equals((await (await reads[0]).value.opened).remotePort, clients.connections[0].localPort);
    assert_equals((await (await reads[1]).value.opened).remotePort, clients.connections[1].localPort);
    await quiet();
    assert_equals(await state(reads[2]), "pending");
  });
  const taken = lines.filter(line => /\) = \d+/.test(line));
  assert_equals(taken.length, 2, `each connection is taken once: ${lines.join("\n")}`);
}, "SRV-R-11: fifty reads that wait take two connections once each");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const read = reader.read();
  const cancelled = reader.cancel("reason");
  await micro();
  assert_equals(await state(cancelled), "fulfilled", "cancel, without a task");
  assert_equals(await cancelled, undefined);
  assert_true((await read).done, "the read that waited");
  assert_equals(await state(server.closed), "pending", "closed settles in a later task");
  assert_equals(await server.closed, undefined);
  assert_array_equals((await listening.find(port)).listeners, [], "the port is not listened on");
  await assertRefuses(port);
}, "SRV-R-12: cancelling fulfils without a task, and the port stops listening");

const ENDS = {
  "close()": ({ server }) => server.close(),
  "cancel()": ({ readable }) => readable.cancel(),
};

for (const [what, end] of Object.entries(ENDS)) {
  promise_test(async t => {
    const { server, port, readable } = await listen(t);
    const clients = await makeClients(t, port, "sink", { count: 3 });
    assert_true((await listening.wait(port, { queued: 2 })).ok);
    await end({ server, readable });
    await server.closed;
    for (let connection = 0; connection < 3; connection++) {
      await clients.wait("end", { connection, timeout: 5 });
    }
    assert_equals(await listening.count(port), 0, "net holds none of them");
  }, `SRV-R-13: connections that nobody has read end with the server's ${what}`);
}

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const clients = await makeClients(t, port, "sink", { count: 2 });
  const { socket, writable } = await accept(t, readable.getReader());
  assert_true((await listening.waitForCount(port, 3)).ok, "the second one is accepted, too");
  await rejectsWith(server.close(), "InvalidStateError", "close() of a locked server");
  await quiet();
  assert_equals(await listening.count(port), 3, "it is still there");
  const writer = writable.getWriter();
  await writer.write(encode("alive"));
  assert_equals((await clients.received(5)).received, 5);
  assert_equals(await state(socket.closed), "pending");
}, "SRV-R-13: a server that cannot be closed keeps the connections that nobody has read");
