// META: title=Transferring the streams of sockets to a worker
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

// A worker that takes streams. `ask` is answered by its next message.
function streamWorker(t) {
  const worker = new Worker("/direct-sockets/resources/stream_worker.js");
  t.add_cleanup(() => worker.terminate());
  return {
    ask(message) {
      const answer = new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onmessageerror = () => reject(new Error("the answer cannot be read"));
        worker.onerror = event => reject(new Error(event.message));
      });
      const streams = [message.readable, message.writable].filter(Boolean);
      worker.postMessage(message, streams);
      return answer;
    },
  };
}

// A connection between two sockets of this page.
async function connection(t) {
  const { client, accepted } = await acceptOwn(t);
  return { client, accepted };
}

// Writes everything and ends the direction.
async function send(writable, ...texts) {
  const writer = writable.getWriter();
  for (const text of texts) {
    await writer.write(encode(text));
  }
  await writer.close();
}

promise_test(async t => {
  const { client, accepted } = await connection(t);
  const answer = streamWorker(t).ask({ command: "read", readable: client.readable });
  await send(accepted.writable, "one ", "two ", "three");
  assert_equals(await answer, "one two three");
}, "a readable that is transferred is read to its end in the worker");

promise_test(async t => {
  const { client, accepted } = await connection(t);
  const answer = streamWorker(t).ask({
    command: "write",
    writable: client.writable,
    chunks: [encode("from "), encode("the "), encode("worker")],
  });
  assert_equals(decode(await readAll(accepted.readable.getReader())), "from the worker");
  assert_equals(await answer, "written");
}, "a writable that is transferred takes chunks and an end from the worker");

promise_test(async t => {
  const { client, accepted } = await connection(t);
  const answer = streamWorker(t).ask({
    command: "echo",
    readable: accepted.readable,
    writable: accepted.writable,
  });
  const reader = client.readable.getReader();
  const text = "x".repeat(100000);
  const [received] = await Promise.all([readAll(reader), send(client.writable, text, "end")]);
  assert_equals(decode(received), `${text}end`);
  assert_equals(await answer, "echoed");
}, "a worker that is given both streams can be the whole other side");

promise_test(async t => {
  const { client } = await connection(t);
  const { readable } = client;
  const { port1, port2 } = new MessageChannel();
  t.add_cleanup(() => port1.close());
  port1.postMessage(readable, [readable]);
  port2.close();
  assert_true(readable.locked, "a stream that has been sent away is locked");
  assert_throws_js(TypeError, () => readable.getReader());
}, "a readable that has been transferred is locked where it was");

promise_test(async t => {
  const { client } = await connection(t);
  const { writable } = client;
  const { port1, port2 } = new MessageChannel();
  t.add_cleanup(() => port1.close());
  port1.postMessage(writable, [writable]);
  port2.close();
  assert_true(writable.locked, "a stream that has been sent away is locked");
  assert_throws_js(TypeError, () => writable.getWriter());
}, "a writable that has been transferred is locked where it was");

promise_test(async t => {
  const { client } = await connection(t);
  const reader = client.readable.getReader();
  const { port1 } = new MessageChannel();
  t.add_cleanup(() => port1.close());
  assert_throws_dom("DataCloneError", () => port1.postMessage(client.readable, [client.readable]));
  reader.releaseLock();
}, "a readable that is locked cannot be transferred");

promise_test(async t => {
  const { client } = await connection(t);
  const writer = client.writable.getWriter();
  const { port1 } = new MessageChannel();
  t.add_cleanup(() => port1.close());
  assert_throws_dom("DataCloneError", () => port1.postMessage(client.writable, [client.writable]));
  writer.releaseLock();
}, "a writable that is locked cannot be transferred");

promise_test(async t => {
  const { client } = await connection(t);
  streamWorker(t).ask({ command: "read", readable: client.readable });
  await rejectsWith(client.socket.close(), "InvalidStateError", "close() of a socket whose readable has gone");
}, "a socket whose readable has been transferred refuses close()");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { readable } = await connect(t, peer);
  const answer = streamWorker(t).ask({ command: "outcome", readable });
  await peer.send("before");
  await peer.rst();
  assert_equals(await answer, "failed with NetworkError");
}, "a reset reaches the worker that has the readable as a NetworkError");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const { writable } = await connect(t, peer);
  const answer = streamWorker(t).ask({ command: "abort", writable, reason: "no more" });
  assert_equals(await answer, "aborted");
  await peer.wait("end");
}, "a worker that aborts a transferred writable ends the direction");

promise_test(async t => {
  const { client, accepted } = await connection(t);
  const answer = streamWorker(t).ask({ command: "cancel", readable: client.readable, reason: "enough" });
  assert_equals(await answer, "cancelled");
  const writer = client.writable.getWriter();
  await writer.write(encode("still open"));
  await writer.close();
  assert_equals(decode(await readAll(accepted.readable.getReader())), "still open");
}, "a worker that cancels a transferred readable leaves the other direction alone");

promise_test(async t => {
  const { client, accepted } = await connection(t);
  const { readable, writable } = await streamWorker(t).ask({
    command: "back",
    readable: client.readable,
    writable: client.writable,
  });
  await send(writable, "there and back");
  assert_equals(decode(await readAll(accepted.readable.getReader())), "there and back");
  await send(accepted.writable, "and here");
  assert_equals(decode(await readAll(readable.getReader())), "and here");
}, "streams that come back from a worker still carry the bytes of the socket");

promise_test(async t => {
  const bound = await bindUdp(t);
  const sender = await connectUdp(t, { address: bound.info.localAddress, port: bound.info.localPort });
  const answer = streamWorker(t).ask({ command: "readMessages", readable: bound.readable, count: 2 });
  const writer = sender.writable.getWriter();
  await writer.write({ data: encode("one") });
  await writer.write({ data: encode("two") });
  assert_equals(JSON.stringify(await answer), JSON.stringify([
    ["one", sender.info.localPort],
    ["two", sender.info.localPort],
  ]));
}, "messages of a UDPSocket whose readable is transferred are cloned into the worker");

promise_test(async t => {
  const bound = await bindUdp(t);
  const sender = await connectUdp(t, { address: bound.info.localAddress, port: bound.info.localPort });
  const answer = streamWorker(t).ask({
    command: "writeOnly",
    writable: sender.writable,
    chunks: [{ data: encode("a") }, { data: encode("b") }],
  });
  const reader = bound.readable.getReader();
  assert_equals(await readText(reader), "a");
  assert_equals(await readText(reader), "b");
  assert_equals(await answer, "written");
}, "messages that a worker writes to a transferred writable are sent by the UDPSocket");
