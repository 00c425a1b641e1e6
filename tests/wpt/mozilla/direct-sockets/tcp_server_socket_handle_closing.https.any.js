// META: title=TCPServerSocket: handle closing
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

// Let net have no descriptor left while a client connects.
async function exhaust(t, port) {
  t.add_cleanup(() => os.limitDescriptors(-1));
  await os.limitDescriptors(0);
  return makeDoomedClient(t, port);
}

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const reads = [held(reader.read()), held(reader.read())];
  held(reader.closed);
  await micro();
  await exhaust(t, port);
  const error = await rejectsWith(within(t, reads[0], 15000, "the read"), "NetworkError", "the read");
  await os.limitDescriptors(-1);
  assert_regexp_match(error.message, /too many/i);
  await rejectsExactly(reads[1], error, "the read behind it");
  await rejectsExactly(reader.read(), error, "a later read");
  await rejectsExactly(reader.closed, error, "reader.closed");
}, "SRV-R-08: without a descriptor left a client errors the readable with a NetworkError");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const read = held(reader.read());
  held(reader.closed);
  const order = [];
  read.catch(async () => {
    order.push("read");
    await micro();
    order.push(await state(server.closed));
  });
  const closed = server.closed.then(() => order.push("closed"));
  const client = await exhaust(t, port);
  await rejectsWith(read, "NetworkError");
  assert_equals(await within(t, server.closed, 15000, "closed"), undefined, "it fulfils with undefined");
  await closed;
  await os.limitDescriptors(-1);
  assert_array_equals(order, ["read", "pending", "closed"], "closed settles in a later task");
  assert_array_equals((await listening.find(port)).listeners, [], "the port is released");
  await client.sawEnd();
  assert_equals(server.close(), server.closed, "close() returns it");
}, "SRV-HC-01, SRV-R-08, TASK-07: after an accept error the listening socket is closed and closed fulfils");

for (const error of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]) {
  promise_test(async t => {
    const { server, port, readable } = await listen(t);
    const reader = readable.getReader();
    const read = held(reader.read());
    held(reader.closed);
    await traced(["trace=accept4,accept", `inject=accept4:error=${error}`], async () => {
      const client = await makeDoomedClient(t, port);
      await rejectsWith(within(t, read, 15000, "the read"), "NetworkError", "the read");
      assert_equals(await within(t, server.closed, 15000, "closed"), undefined);
      await client.sawEnd();
    });
    await assertRefuses(port);
    const next = await listen(t);
    assert_equals(await connectionFailure(next.port), "", "the next server");
  }, `SRV-R-08, SRV-HC-01: ${error} errors the readable with a NetworkError, and closed fulfils`);
}

promise_test(async t => {
  const unhandled = await unhandledRejections(async () => {
    const { server, port } = await listen(t);
    await exhaust(t, port);
    assert_equals(await within(t, server.closed, 15000, "closed"), undefined);
    await os.limitDescriptors(-1);
  });
  assert_equals(unhandled.length, 0);
}, "SRV-HC-01: an accept error that nobody waits for causes no unhandled rejection");

promise_test(async t => {
  const { socket, server, port, readable, writable, peer } = await acceptClient(t, "echo");
  await exhaust(t, port);
  assert_equals(await within(t, server.closed, 15000, "closed"), undefined);
  await os.limitDescriptors(-1);
  const writer = writable.getWriter();
  const reader = readable.getReader();
  await writer.write(encode("on"));
  assert_equals(decode(await readExactly(reader, 2)), "on");
  assert_equals(await state(socket.closed), "pending");
  await peer.wait("accepted");
}, "SRV-HC-01, SRV-R-06: the connections of a server that failed live on");

const ENDS = {
  "close()": ({ server }) => server.close(),
  "cancel()": ({ readable }) => readable.cancel(),
  "the cancel() of a reader with a read": ({ readable }) => {
    const reader = readable.getReader();
    reader.read();
    return reader.cancel();
  },
};
for (const [what, end] of Object.entries(ENDS)) {
  promise_test(async t => {
    const { server, port, readable } = await listen(t);
    assert_equals((await listening.find(port)).listeners.length, 1);
    end({ server, readable });
    assert_equals(await state(server.closed), "pending", "not without a task");
    assert_equals(await server.closed, undefined);
    assert_array_equals((await listening.find(port)).listeners, [], "the OS socket is gone by then");
  }, `SRV-HC-01, TASK-07: ${what} closes the listening socket, and then a task settles closed`);

  promise_test(async t => {
    const { server, port: localPort, readable } = await listen(t);
    end({ server, readable });
    await server.closed;
    for (let round = 0; round < 20; round++) {
      const next = new TCPServerSocket("127.0.0.1", { localPort });
      const info = await next.opened;
      assert_equals(info.localPort, localPort, `round ${round}`);
      end({ server: next, readable: info.readable });
      await next.closed;
    }
  }, `SRV-HC-02: after ${what} the port can be listened on again as soon as closed settles`);
}

promise_test(async t => {
  await startNet(t);
  const before = await os.descriptors();
  for (let round = 0; round < 200; round++) {
    const server = new TCPServerSocket("127.0.0.1");
    const { readable } = await server.opened;
    if (round % 3) {
      server.close();
    } else {
      readable.cancel();
      server.close();
    }
    await server.closed;
  }
  assert_less_than_equal((await os.descriptors()).net, before.net, "descriptors of net");
}, "SRV-HC-02: two hundred servers opened and closed leave no descriptor behind");
