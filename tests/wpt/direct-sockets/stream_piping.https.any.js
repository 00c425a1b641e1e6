// META: title=Piping the streams of sockets
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

// Writes everything and ends the direction.
async function send(writable, ...chunks) {
  const writer = writable.getWriter();
  for (const chunk of chunks) {
    await writer.write(typeof chunk === "string" ? encode(chunk) : chunk);
  }
  await writer.close();
}

// The text of a readable of strings.
async function readStrings(readable) {
  const reader = readable.getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return text;
    }
    text += value;
  }
}

// A readable of these chunks.
function source(...chunks) {
  return new ReadableStream({
    start(controller) {
      chunks.forEach(chunk => controller.enqueue(chunk));
      controller.close();
    },
  });
}

// A writable that keeps what comes, and what became of it.
function sink() {
  const seen = { chunks: [], end: "" };
  seen.writable = new WritableStream({
    write(chunk) { seen.chunks.push(chunk); },
    close() { seen.end = "closed"; },
    abort(reason) { seen.end = reason; },
  });
  return seen;
}

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const [text] = await Promise.all([
    readStrings(client.readable.pipeThrough(new TextDecoderStream())),
    send(accepted.writable, bytes(0xf0, 0x9f), bytes(0x98, 0x80), "!"),
  ]);
  assert_equals(text, "\u{1f600}!");
}, "a readable can be piped through a TextDecoderStream, characters across chunks included");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const encoded = source("one ", "two").pipeThrough(new TextEncoderStream());
  const [received] = await Promise.all([
    readAll(accepted.readable.getReader()),
    encoded.pipeTo(client.writable),
  ]);
  assert_equals(decode(received), "one two");
}, "what a TextEncoderStream makes can be piped into a writable, whose end is then a FIN");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const data = new Uint8Array(300000).map((_, i) => i % 251);
  const packed = source(data).pipeThrough(new CompressionStream("gzip"));
  const [received] = await Promise.all([
    readAll(accepted.readable.pipeThrough(new DecompressionStream("gzip")).getReader()),
    packed.pipeTo(client.writable),
  ]);
  assert_equals(received.length, data.length);
  assert_true(received.every((value, i) => value === i % 251), "the very bytes");
}, "bytes that are compressed into one socket can be decompressed out of the other");

promise_test(async t => {
  // client -> front | proxy | back -> server, and all the way back.
  const left = await acceptOwn(t);
  const right = await acceptOwn(t);
  const piping = Promise.all([
    left.accepted.readable.pipeTo(right.client.writable),
    right.client.readable.pipeTo(left.accepted.writable),
    right.accepted.readable.pipeTo(right.accepted.writable),
  ]);
  const text = "through the proxy ".repeat(5000);
  const [received] = await Promise.all([
    readAll(left.client.readable.getReader()),
    send(left.client.writable, text),
  ]);
  assert_equals(decode(received), text);
  await piping;
  for (const { socket } of [left.client, left.accepted, right.client, right.accepted]) {
    await socket.closed;
  }
}, "two connections can be piped into each other, and the ends of both directions pass through");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  await source(encode("first ")).pipeTo(client.writable, { preventClose: true });
  await source(encode("second")).pipeTo(client.writable);
  assert_equals(decode(await readAll(accepted.readable.getReader())), "first second");
}, "with preventClose one writable takes several pipes");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const seen = sink();
  const controller = new AbortController();
  const piping = held(client.readable.pipeTo(seen.writable, { signal: controller.signal, preventCancel: true }));
  await accepted.writable.getWriter().write(encode("x"));
  while (!seen.chunks.length) {
    await task();
  }
  controller.abort("enough");
  assert_equals(await rejection(piping), "enough");
  assert_equals(seen.end, "enough", "the other stream is aborted");
  assert_false(client.readable.locked, "the readable is free again");
  const reader = client.readable.getReader();
  const read = reader.read();
  assert_equals(await state(read), "pending", "and still open");
  reader.releaseLock();
  await rejectsWith(read, "TypeError", "a read whose reader is released");
}, "a pipe that is aborted with preventCancel leaves the readable open and unlocked");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const seen = sink();
  const controller = new AbortController();
  const piping = held(client.readable.pipeTo(seen.writable, { signal: controller.signal }));
  await task();
  controller.abort("enough");
  assert_equals(await rejection(piping), "enough");
  const { done } = await client.readable.getReader().read();
  assert_true(done, "the readable is cancelled");
  await send(client.writable, "still writing");
  assert_equals(decode(await readAll(accepted.readable.getReader())), "still writing");
}, "a pipe that is aborted cancels the readable and leaves the other direction open");

promise_test(async t => {
  const { client } = await acceptOwn(t);
  const boom = new Error("of the source");
  const failing = new ReadableStream({ pull() { throw boom; } }, { highWaterMark: 0 });
  await rejectsExactly(failing.pipeTo(client.writable), boom, "the pipe");
  await rejectsExactly(client.writable.getWriter().closed, boom, "the writable");
}, "an error of a source aborts the writable that it is piped into");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const boom = new Error("of the sink");
  const failing = new WritableStream({ write() { throw boom; } });
  const piping = held(client.readable.pipeTo(failing));
  await accepted.writable.getWriter().write(encode("x"));
  await rejectsExactly(piping, boom, "the pipe");
  const { done } = await client.readable.getReader().read();
  assert_true(done, "the readable is cancelled");
}, "an error of a sink cancels the readable that is piped into it");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { readable } = await connect(t, peer);
  const seen = sink();
  const piping = held(readable.pipeTo(seen.writable));
  await peer.rst();
  const error = await rejectsWith(piping, "NetworkError", "the pipe");
  assert_equals(seen.end, error, "the other stream is aborted with the same error");
}, "a reset of the connection aborts what the readable is piped into");

promise_test(async t => {
  const { readable, port } = await listen(t);
  const numbers = [];
  const serving = readable.pipeTo(new WritableStream({
    async write(socket) {
      const { readable: requests, writable } = await socket.opened;
      await requests.pipeTo(writable);
      numbers.push(numbers.length + 1);
    },
  }));
  held(serving);
  for (const text of ["one", "two", "three"]) {
    const { readable: answers, writable } = await connect(t, { address: "127.0.0.1", port });
    const [answer] = await Promise.all([readAll(answers.getReader()), send(writable, text)]);
    assert_equals(decode(answer), text);
  }
  assert_array_equals(numbers, [1, 2, 3]);
}, "the readable of a server can be piped into a sink that serves one connection after the other");

promise_test(async t => {
  const { info, readable, writable } = await bindUdp(t);
  const echo = held(readable
    .pipeThrough(new TransformStream({
      transform({ data, remoteAddress, remotePort }, controller) {
        controller.enqueue({ data: encode(decode(data).toUpperCase()), remoteAddress, remotePort });
      },
    }))
    .pipeTo(writable));
  const sender = await connectUdp(t, { address: info.localAddress, port: info.localPort });
  const writer = sender.writable.getWriter();
  const reader = sender.readable.getReader();
  for (const text of ["hello", "again"]) {
    await writer.write({ data: encode(text) });
    assert_equals(decode((await reader.read()).value.data), text.toUpperCase());
  }
  assert_equals(await state(echo), "pending", "the echo goes on");
}, "messages of a UDPSocket can be piped through a TransformStream back into the same socket");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  const [one, two] = client.readable.tee();
  const [first, second] = [sink(), sink()];
  await Promise.all([
    one.pipeTo(first.writable),
    two.pipeTo(second.writable),
    send(accepted.writable, "for both"),
  ]);
  for (const { chunks, end } of [first, second]) {
    assert_equals(chunks.map(decode).join(""), "for both");
    assert_equals(end, "closed");
  }
}, "the branches of a tee can be piped to different places");

promise_test(async t => {
  const { client, accepted } = await acceptOwn(t);
  await send(accepted.writable, "a response");
  const response = new Response(client.readable);
  assert_equals(await response.text(), "a response");
}, "a readable can be the body of a Response");
