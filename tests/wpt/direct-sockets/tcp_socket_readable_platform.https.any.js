// META: title=TCPSocket: its streams and the rest of the platform
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

async function withText(t, text) {
  const peer = await makePeer(t, "hold", { greeting: text, then: "fin" });
  return connect(t, peer);
}

promise_test(async t => {
  const { socket, readable } = await withText(t, "for await");
  let text = "";
  for await (const chunk of readable) {
    text += decode(chunk);
  }
  assert_equals(text, "for await");
  await socket.close();
}, "TCP-R-24: the readable can be iterated with for await");

promise_test(async t => {
  const { socket, readable } = await withText(t, "tee");
  const [one, two] = readable.tee();
  const texts = await Promise.all([one, two].map(async branch => decode(await readAll(branch.getReader()))));
  assert_array_equals(texts, ["tee", "tee"]);
  await rejectsWith(socket.close(), "InvalidStateError", "a teed stream stays locked");
}, "TCP-R-24: the readable can be teed");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, info, readable, writable } = await connect(t, peer);
  const piping = readable.pipeTo(writable);
  await peer.send("echo me");
  await peer.read();
  await peer.received(7);
  assert_equals(await peer.text(), "echo me");
  await peer.fin();
  await piping;
  await peer.wait("eof");
  assert_equals(await socket.closed, undefined);
}, "TCP-R-24: the readable can be piped into the writable of the same socket");

promise_test(async t => {
  const { socket, readable } = await withText(t, "gr\u00FC\u00DFe");
  const reader = readable.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    text += value;
  }
  assert_equals(text, "gr\u00FC\u00DFe");
  // The pipe lets go of the readable a few microtasks after the last chunk has come through.
  await micro();
  await socket.close();
}, "TCP-R-24: the readable can be piped through a TextDecoderStream");

promise_test(async t => {
  const { socket, readable } = await withText(t, "a response");
  assert_equals(await new Response(readable).text(), "a response");
}, "TCP-R-24: the readable can be the body of a Response");

promise_test(async t => {
  const from = await makePeer(t, "hold", { flood: 1 * MIB, then: "fin" });
  const to = await makePeer(t, "sink");
  const one = await connect(t, from);
  const two = await connect(t, to);
  await one.readable.pipeTo(two.writable);
  await to.wait("eof");
  const [sent, received] = [await from.log(0), await to.log(0)];
  assert_equals(received.received, 1 * MIB);
  assert_equals(received.receivedSha256, sent.sentSha256);
}, "TCP-R-24: one socket can be piped into another");

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  const { socket, readable, writable } = await connect(t, peer);
  const encoder = new TextEncoderStream();
  const piping = encoder.readable.pipeTo(writable);
  const writer = encoder.writable.getWriter();
  await writer.write("text ");
  await writer.write("in");
  await writer.close();
  await piping;
  const reader = readable.getReader();
  assert_equals(decode(await readAll(reader)), "text in");
  assert_equals(await socket.closed, undefined);
}, "TCP-R-24: a stream of the page can be piped into the writable");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable, writable } = await connect(t, peer);
  const reason = new Error("of the signal");
  const controller = new AbortController();
  const piping = readable.pipeTo(writable, { signal: controller.signal });
  controller.abort(reason);
  await rejectsExactly(piping, reason, "the pipe");
  await rejectsExactly(socket.closed, reason, "closed");
}, "TCP-R-24, TCP-HC-08: a pipe that is aborted surfaces in closed with its reason");
