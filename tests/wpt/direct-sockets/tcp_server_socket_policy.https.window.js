// META: title=TCPServerSocket: permissions policy and the connections of a server
// META: global=window
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

promise_test(async t => {
  const frame = await makeFrame(t, { allow: "direct-sockets" });
  const server = new frame.contentWindow.TCPServerSocket("127.0.0.1");
  const { readable, localPort } = await server.opened;
  // It counts for what is loaded into the frame from now on; what is there already goes on.
  frame.allow = "direct-sockets 'none'";
  await task();
  const clients = await makeClients(t, localPort, "echo");
  const { value: socket } = await readable.getReader().read();
  assert_true(socket instanceof frame.contentWindow.TCPSocket);
  const info = await socket.opened;
  assert_equals(info.remotePort, clients.connections[0].localPort);
  const writer = info.writable.getWriter();
  await writer.write(encode("alive"));
  assert_equals(decode(await readExactly(info.readable.getReader(), 5)), "alive");
}, "PP-11: a server and its connections do not ask the policy again after construction");

promise_test(async t => {
  const frame = await makeFrame(t);
  const server = new frame.contentWindow.TCPServerSocket("127.0.0.1");
  const { readable, localPort } = await server.opened;
  await makeClients(t, localPort);
  const { value: socket } = await readable.getReader().read();
  // Every object of a connection is of the realm of its server.
  assert_equals(Object.getPrototypeOf(socket), frame.contentWindow.TCPSocket.prototype);
  assert_true(socket.opened instanceof frame.contentWindow.Promise, "opened");
  const info = await socket.opened;
  assert_equals(Object.getPrototypeOf(info), frame.contentWindow.Object.prototype, "its value");
  assert_true(info.readable instanceof frame.contentWindow.ReadableStream, "readable");
  assert_true(info.writable instanceof frame.contentWindow.WritableStream, "writable");
}, "SRV-R-03, SRV-R-06: the connections of a server belong to its realm");
