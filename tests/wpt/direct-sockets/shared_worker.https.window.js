// META: title=Direct Sockets in shared workers
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/policy.js
// META: script=/direct-sockets/resources/shared_worker.js

"use strict";

promise_test(async t => {
  const worker = sharedWorker();
  assert_equals(await worker.ask("construct"), "constructed");
  const peer = await makePeer(t, "echo");
  assert_equals(await worker.ask("echo", { port: peer.port }), 7);
}, "PP-10: sockets work in a shared worker of an allowed page");

promise_test(async t => {
  const off = frameUrl(location.origin, withPolicy("direct-sockets=()"));
  const { frame } = await PolicyFrame.create(t, { src: off });
  assert_equals(await sharedWorker(undefined, frame.contentWindow).ask("construct"), "NotAllowedError");
}, "PP-10: a shared worker of a forbidden page may not");

promise_test(async t => {
  const first = sharedWorker();
  const name = await first.ask("name");
  assert_equals(await sharedWorker(first.name).ask("name"), name, "of the page");
  const same = await makeFrame(t);
  assert_equals(await sharedWorker(first.name, same.contentWindow).ask("name"), name, "of a frame");
  const off = frameUrl(location.origin, withPolicy("direct-sockets=()"));
  const { frame } = await PolicyFrame.create(t, { src: off });
  const other = sharedWorker(first.name, frame.contentWindow);
  assert_not_equals(await other.ask("name"), name, "of a forbidden frame");
  assert_equals(await other.ask("construct"), "NotAllowedError");
  assert_equals(await first.ask("construct"), "constructed");
}, "PP-10: pages share a worker only if they have the same answer");
