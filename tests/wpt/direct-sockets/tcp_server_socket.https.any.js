// META: title=TCPServerSocket: an echo between two sockets of a page
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

promise_test(async t => {
  const server = new TCPServerSocket("127.0.0.1");
  const { readable, localPort } = await server.opened;
  const connections = readable.getReader();

  const client = new TCPSocket("127.0.0.1", localPort);
  const [{ readable: clientReadable, writable: clientWritable }, { value: accepted }] = await Promise.all([
    client.opened,
    connections.read(),
  ]);
  const { readable: acceptedReadable, writable: acceptedWritable } = await accepted.opened;
  const echoing = acceptedReadable.pipeTo(acceptedWritable, { preventClose: true, preventAbort: true });

  const writer = clientWritable.getWriter();
  const reader = clientReadable.getReader();
  for (let round = 0; round < 20; round++) {
    const sent = new Uint8Array(1 << (round % 12)).map((_, index) => round + index);
    await writer.write(sent);
    assert_array_equals(await readExactly(reader, sent.length), sent, `round ${round}`);
  }
  writer.releaseLock();
  reader.releaseLock();
  await client.close();
  await echoing;
  connections.releaseLock();
  assert_equals(await accepted.close(), undefined, "the accepted socket");
  assert_equals(await server.close(), undefined, "the server");
}, "SRV-R-03, SRV-R-06: what a client sends is echoed by the connection that its server has accepted");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  // A server as pages write it: every connection that comes is served.
  const served = [];
  const serving = readable.pipeTo(new WritableStream({
    async write(socket) {
      const { readable: incoming, writable: outgoing } = await socket.opened;
      served.push(incoming.pipeTo(outgoing));
    },
  }));
  const clients = await makeClients(t, port, "sink", { count: 8, greeting: "hello", then: "fin" });
  for (let connection = 0; connection < 8; connection++) {
    assert_equals((await clients.wait("eof", { connection })).received, 5);
    assert_equals(await clients.text(connection), "hello");
  }
  await Promise.all(served);
  await rejectsWith(server.close(), "InvalidStateError", "a pipe locks the readable");
  assert_equals(await state(serving), "pending");
}, "SRV-R-03: the connections of a server can be piped into a stream that serves them");
