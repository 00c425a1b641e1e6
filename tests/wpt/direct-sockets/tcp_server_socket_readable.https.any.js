// META: title=TCPServerSocket: the readable, and accepting
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

promise_test(async t => {
  const { port, readable } = await listen(t);
  const clients = await makeClients(t, port, "hold", { count: 10 });
  const reader = readable.getReader();
  const accepted = await Promise.all(Array.from({ length: 10 }, () => accept(t, reader)));
  const remotePorts = accepted.map(({ info }) => info.remotePort);
  assert_array_equals(remotePorts, clients.connections.map(client => client.localPort), "each once");
  const next = held(reader.read());
  await quiet();
  assert_equals(await state(next), "pending", "and no more");
}, "SRV-R-02: ten reads get ten connections, each once");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const reader = readable.getReader();
  const reads = Array.from({ length: 5 }, () => held(reader.read()));
  const clients = await makeClients(t, port, "hold", { count: 1 });
  const { value } = await reads[0];
  assert_equals((await value.opened).remotePort, clients.connections[0].localPort);
  await quiet();
  assert_equals(await state(reads[1]), "pending", "one connection answers one read");
  const more = await makeClients(t, port, "hold", { count: 4 });
  for (const [index, client] of more.connections.entries()) {
    assert_equals((await (await reads[index + 1]).value.opened).remotePort, client.localPort, `read ${index + 1}`);
  }
}, "SRV-R-02: reads that wait are answered in their order as connections come");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const reader = readable.getReader();
  const ports = [];
  for (let i = 0; i < 5; i++) {
    ports.push((await makeClients(t, port)).connections[0].localPort);
  }
  for (const remotePort of ports) {
    const { done, value } = await reader.read();
    assert_false(done);
    assert_true(value instanceof TCPSocket);
    assert_equals(Object.getPrototypeOf(value), TCPSocket.prototype);
    assert_array_equals(Reflect.ownKeys(value), []);
    assert_equals((await value.opened).remotePort, remotePort, "in the order of connecting");
  }
}, "SRV-R-03: each connection is enqueued as a TCPSocket, in the order in which it was accepted");

promise_test(async t => {
  const { port, readable } = await listen(t);
  await makeClients(t, port, "sink");
  const { value: socket } = await readable.getReader().read();
  t.add_cleanup(() => dispose(socket));
  assert_equals(await state(socket.opened), "fulfilled", "opened, without a task");
  assert_equals(await state(socket.closed), "pending", "closed");
  assert_equals(socket.opened, socket.opened);
  assert_equals(socket.closed, socket.closed);
  const info = await socket.opened;
  assert_equals(await socket.opened, info, "the same object");
  const writer = info.writable.getWriter();
  assert_equals(writer.desiredSize, 1, "the streams can be used");
  writer.releaseLock();
}, "SRV-R-04: a connection is open already when it is read");

promise_test(async t => {
  const { port, readable } = await listen(t);
  await makeClients(t, port);
  const { value: socket } = await readable.getReader().read();
  // At once, in the reaction to the read.
  const closing = socket.close();
  assert_equals(closing, socket.closed);
  assert_equals(await closing, undefined);
}, "SRV-R-04: a connection can be closed as soon as it is read");

const PLACES = [
  ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
  ["::1", "::1", "::1"],
  ["0.0.0.0", "127.0.0.1", "127.0.0.1"],
  ["0.0.0.0", "127.0.0.7", "127.0.0.7"],
  ["::", "::1", "::1"],
  ["::", "127.0.0.1", "::ffff:127.0.0.1"],
];

for (const [address, target, reported] of PLACES) {
  promise_test(async t => {
    await needIPv6(address, target);
    await needAddresses(...(target.includes(":") ? [] : [target]));
    const { port, readable } = await listen(t, { ipv6Only: false }, address);
    const clients = await makeClients(t, port, "hold", { address: target });
    const { info } = await accept(t, readable.getReader());
    const [client] = clients.connections;
    assert_equals(info.localAddress, reported, "localAddress is concrete");
    assert_equals(info.localPort, port, "localPort");
    const prefix = reported.startsWith("::ffff:") ? "::ffff:" : "";
    assert_equals(info.remoteAddress, prefix + client.localAddress, "remoteAddress");
    assert_equals(info.remotePort, client.localPort, "remotePort");
    assert_array_equals(Reflect.ownKeys(info), ["localAddress", "localPort", "readable", "remoteAddress", "remotePort",
                                                "writable"]);
  }, `SRV-R-05: the info of a connection to ${target} of a server on ${address} is complete`);
}

promise_test(async t => {
  const { accepted, client } = await acceptOwn(t);
  assert_equals(accepted.info.remoteAddress, client.info.localAddress);
  assert_equals(accepted.info.remotePort, client.info.localPort);
  assert_equals(accepted.info.localAddress, client.info.remoteAddress);
  assert_equals(accepted.info.localPort, client.info.remotePort);
}, "SRV-R-05: the infos of both ends of a connection mirror each other");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const clients = await makeClients(t, port);
  await clients.rst();
  // It has gone, but the kernel hands it out; what it says about the peer is what accept() gave.
  const { value: socket } = await readable.getReader().read();
  t.add_cleanup(() => dispose(socket));
  const info = await socket.opened;
  assert_equals(info.remoteAddress, "127.0.0.1");
  assert_equals(info.remotePort, clients.connections[0].localPort);
  await rejectsWith(info.readable.getReader().read(), "NetworkError");
}, "SRV-R-05: the info of a connection that its client has reset meanwhile is complete, too");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const reads = Array.from({ length: 5 }, () => held(reader.read()));
  await quiet();
  reader.releaseLock();
  for (const read of reads) {
    await rejectsWith(read, "TypeError", "a read whose reader was released");
  }
  assert_equals(await server.close(), undefined);
  await assertRefuses(port, "a later client");
}, "SRV-R-11: reads that wait do not pile up accepts: after releaseLock() and close() later clients are refused");

promise_test(async t => {
  const { port, readable } = await listen(t);
  const first = readable.getReader();
  const read = first.read();
  first.releaseLock();
  await rejectsWith(read, "TypeError");
  const clients = await makeClients(t, port);
  const { info } = await accept(t, readable.getReader());
  assert_equals(info.remotePort, clients.connections[0].localPort);
}, "SRV-R-11: a connection that comes after the lock was released goes to the next reader");
