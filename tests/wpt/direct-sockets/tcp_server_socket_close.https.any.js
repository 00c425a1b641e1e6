// META: title=TCPServerSocket: close()
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

promise_test(async () => {
  const server = new TCPServerSocket("127.0.0.1");
  const closing = callClose(server);
  assert_not_equals(closing, server.closed, "a promise of its own");
  await rejectsWith(closing, "InvalidStateError");
  const { localPort } = await server.opened;
  assert_equals(await connectionFailure(localPort), "", "opening goes on unharmed");
  assert_equals(await callClose(server), undefined, "and then it works");
}, "SRV-CLOSE-01: before opened has resolved close() rejects with InvalidStateError");

promise_test(async () => {
  const server = new TCPServerSocket("127.0.0.1");
  assert_equals(await server.opened.then(() => callClose(server)), undefined);
}, "SRV-CLOSE-01: in the first reaction to opened close() works");

promise_test(async () => {
  const server = new TCPServerSocket("192.0.2.1");
  const error = await rejectsWith(server.opened, "NetworkError");
  const closing = callClose(server);
  assert_not_equals(closing, server.closed);
  await rejectsWith(closing, "InvalidStateError", "close()");
  await rejectsExactly(server.closed, error, "closed");
}, "SRV-CLOSE-01: after a failed open close() rejects with InvalidStateError");

promise_test(async t => {
  const { server, readable } = await listen(t);
  const reader = readable.getReader();
  await reader.cancel();
  await server.closed;
  assert_equals(callClose(server), server.closed, "settled, with the lock held");
  const other = await listen(t);
  await callClose(other.server);
  assert_equals(callClose(other.server), other.server.closed, "after close()");
}, "SRV-CLOSE-02: once closed is settled close() returns that very promise");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const read = reader.read();
  await rejectsWith(callClose(server), "InvalidStateError");
  assert_equals(await state(server.closed), "pending");
  const clients = await makeClients(t, port);
  const { value } = await read;
  assert_equals((await value.opened).remotePort, clients.connections[0].localPort, "it goes on accepting");
  await makeClients(t, port);
  assert_false((await reader.read()).done, "also after that");
  reader.releaseLock();
  assert_equals(await callClose(server), undefined);
}, "SRV-CLOSE-03: with a locked readable close() rejects with InvalidStateError, and the server goes on");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const controller = new AbortController();
  const piping = readable.pipeTo(new WritableStream(), { signal: controller.signal, preventCancel: true });
  await rejectsWith(callClose(server), "InvalidStateError", "while a pipe runs");
  controller.abort();
  await rejectsWith(piping, "AbortError");
  assert_equals(await connectionFailure(port), "");
  assert_equals(await callClose(server), undefined);
}, "SRV-CLOSE-03: while a pipe runs close() rejects with InvalidStateError");

promise_test(async t => {
  const { server, port, readable } = await listen(t);
  const closing = callClose(server);
  assert_equals(closing, server.closed, "the closed promise itself");
  const reader = readable.getReader();
  await micro();
  assert_equals(await state(reader.closed), "fulfilled", "the readable is closed in the same turn");
  assert_equals(await closing, undefined);
  assert_true((await reader.read()).done);
  await assertRefuses(port);
}, "SRV-CLOSE-04: close() cancels the readable and returns closed, which fulfils with undefined");

promise_test(async t => {
  const { server } = await listen(t);
  const closing = callClose(server);
  assert_equals(callClose(server), closing, "at once");
  await micro();
  assert_equals(callClose(server), closing, "a little later");
  assert_equals(await closing, undefined);
  assert_equals(callClose(server), closing, "when it has settled");
}, "SRV-CLOSE-04: calling close() again is harmless and gives the same promise");

promise_test(async t => {
  const server = new TCPServerSocket("127.0.0.1");
  const { opened, closed } = server;
  assert_equals(server.opened, opened, "opened");
  assert_equals(server.closed, closed, "closed");
  assert_not_equals(opened, closed);
  const { readable } = await opened;
  assert_equals(server.opened, opened, "opened, when it has settled");
  const reader = readable.getReader();
  await rejection(callClose(server));
  assert_equals(server.closed, closed, "closed, after a close() that was refused");
  reader.releaseLock();
  callClose(server);
  assert_equals(server.closed, closed, "closed, after close()");
  await closed;
  assert_equals(server.closed, closed, "closed, when it has settled");
  assert_equals(server.opened, opened);
  const other = await listen(t);
  assert_not_equals(other.server.opened, opened, "another server has promises of its own");
  assert_not_equals(other.server.closed, closed);
}, "SRV-CLOSE-05: opened and closed keep their identity throughout");

promise_test(async t => {
  const { server, socket, readable, writable, peer } = await acceptClient(t, "echo");
  assert_equals(await callClose(server), undefined);
  const writer = writable.getWriter();
  const reader = readable.getReader();
  await writer.write(encode("alive"));
  assert_equals(decode(await readExactly(reader, 5)), "alive");
  await writer.close();
  await peer.wait("eof");
  assert_true((await reader.read()).done);
  assert_equals(await socket.closed, undefined);
}, "SRV-R-06, SRV-CLOSE-04: the connections of a server that is closed live on");
