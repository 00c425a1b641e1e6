// META: title=TCPServerSocket: loss of the net process
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The steps at which net is killed, see net_loss.js. The `closed` of a server that was open fulfils (decision AMB-30).
const STEPS = {
  "before it reads the request to listen": async (t, _, kill) => {
    await os.signalNet("STOP");
    const server = new TCPServerSocket("127.0.0.1");
    held(server.opened);
    await micro();
    await kill();
    return { rejects: { opened: server.opened, closed: server.closed } };
  },
  "while a server listens and nobody reads": async (t, _, kill) => {
    const { server, readable } = await listen(t);
    await kill();
    const reader = readable.getReader();
    return { rejects: { read: reader.read(), "reader.closed": reader.closed }, fulfils: { closed: server.closed } };
  },
  "while a server waits for a connection": async (t, _, kill) => {
    const { server, readable } = await listen(t);
    const reader = readable.getReader();
    const reads = [held(reader.read()), held(reader.read())];
    await kill();
    return {
      rejects: { read: reads[0], "second read": reads[1], "reader.closed": reader.closed },
      fulfils: { closed: server.closed },
    };
  },
  "while a connection waits in the stream of a server": async (t, _, kill) => {
    const { server, port, readable } = await listen(t);
    await makeClients(t, port, "hold", { count: 3 });
    assert_true((await listening.wait(port, { queued: 2 })).ok);
    await quiet();
    await kill();
    await within(t, server.closed, 5000, "closed");
    const reader = readable.getReader();
    return { rejects: { read: reader.read(), "reader.closed": reader.closed }, fulfils: { closed: server.closed } };
  },
  "while a connection of a server is open": async (t, _, kill) => {
    const { server, socket, readable, writable } = await acceptClient(t, "hold");
    const read = held(readable.getReader().read());
    await kill();
    return {
      rejects: { closed: socket.closed, read, "writer.closed": writable.getWriter().closed },
      fulfils: { "closed of the server": server.closed },
    };
  },
  "while a server has been closed and its connection is open": async (t, _, kill) => {
    const { server, socket } = await acceptClient(t, "hold");
    await server.close();
    await kill();
    return { rejects: { closed: socket.closed }, fulfils: { "closed of the server": server.closed } };
  },
  "right after the cancel of a server": async (t, _, kill) => {
    const { server, readable } = await listen(t);
    await os.signalNet("STOP");
    const cancelled = readable.cancel();
    await micro();
    await kill();
    return { rejects: {}, fulfils: { cancel: cancelled, closed: server.closed } };
  },
  "right after the close() of a server": async (t, _, kill) => {
    const { server } = await listen(t);
    await os.signalNet("STOP");
    const closing = server.close();
    await micro();
    await kill();
    return { rejects: {}, fulfils: { "close()": closing } };
  },
};

testNetLoss(STEPS);

promise_test(async t => {
  await startOldNet(t);
  const servers = await Promise.all(Array.from({ length: 50 }, () => listen(t)));
  const reads = servers.map(({ readable }) => held(readable.getReader().read()));
  await os.signalNet("KILL");
  for (const [index, { server, port }] of servers.entries()) {
    const error = await within(t, rejection(reads[index]), 10000, "a read");
    assert_dom_exception(error, "NetworkError", `server ${index}`);
    assert_equals(await within(t, server.closed, 10000, "closed"), undefined);
    assert_array_equals((await listening.find(port)).listeners, []);
  }
  const { port } = await listen(t, { localPort: servers[0].port });
  assert_equals(await connectionFailure(port), "", "the port can be listened on again");
}, "LIFE-04, SRV-HC-01: all servers of a page settle when net is lost, and their ports are free");

promise_test(async t => {
  await startOldNet(t);
  const unhandled = await unhandledRejections(async () => {
    const { server } = await listen(t);
    await os.signalNet("KILL");
    await within(t, server.closed, 10000, "closed");
    await quiet(300);
  });
  assert_equals(unhandled.length, 0);
}, "LIFE-04: the loss of net under a server causes no unhandled rejection by itself");
