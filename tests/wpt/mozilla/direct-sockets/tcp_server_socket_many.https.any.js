// META: title=TCPServerSocket: many connections
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

const COUNT = 1000;

const SIZE = 4096;

// What a connection sends: different for each, and for each byte.
function data(index) {
  return new Uint8Array(SIZE).map((_, at) => (at * 31 + index * 17 + (index >> 8) * 101) & 255);
}

promise_test(async t => {
  await startNet(t);
  const before = await os.descriptors();
  const { server, port, readable } = await listen(t);
  const served = [];
  const stop = new AbortController();
  const serving = readable.pipeTo(new WritableStream({
    async write(socket) {
      const { readable: incoming, writable: outgoing } = await socket.opened;
      served.push(incoming.pipeTo(outgoing).then(() => socket.closed));
    },
  }), { preventCancel: true, signal: stop.signal });

  const clients = Array.from({ length: COUNT }, () => new TCPSocket("127.0.0.1", port));
  const infos = await Promise.all(clients.map(client => client.opened));
  assert_equals(new Set(infos.map(info => info.localPort)).size, COUNT, "all of them are connected");
  await Promise.all(infos.map(async ({ readable: incoming, writable: outgoing }, index) => {
    const sent = data(index);
    const writer = outgoing.getWriter();
    const reader = incoming.getReader();
    // Half of it, there and back, so that all are open at the same time; then the rest and the end.
    await writer.write(sent.subarray(0, SIZE / 2));
    const first = await readExactly(reader, SIZE / 2);
    writer.write(sent.subarray(SIZE / 2));
    writer.close();
    const second = await readAll(reader);
    assert_equals(first.length + second.length, SIZE, `connection ${index}`);
    assert_true([...first, ...second].every((byte, at) => byte === sent[at]), `data of connection ${index}`);
  }));
  await Promise.all(clients.map(client => client.closed));
  stop.abort();
  await rejectsWith(serving, "AbortError");
  await server.close();
  assert_equals((await Promise.all(served)).length, COUNT, "each has been served to its end");
  assert_true((await listening.waitForCount(port, 0)).ok, "nothing is left in net");
  assert_less_than_equal((await os.descriptors()).net, before.net, "descriptors of net");
}, "LIFE-10: a thousand echo connections through one server in one page, all data verified");
