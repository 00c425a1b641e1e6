// META: title=Direct Sockets in shared workers
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/shared_worker.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const frame = await makeFrame(t);
  const worker = sharedWorker(undefined, frame.contentWindow);
  assert_equals(await worker.ask("open", { port: peer.port, count: 5 }), "open");
  assert_equals((await os.countSockets(peer.port)).net, 5);
  frame.remove();
  const { ok, net } = await os.waitForSockets(peer.port, 0, 10);
  assert_true(ok, `${net} sockets are left in net`);
}, "LIFE-02: a shared worker ends with the last document that owns it, and its sockets with it");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const echo = await makePeer(t, "echo");
  const frame = await makeFrame(t);
  const first = sharedWorker(undefined, frame.contentWindow);
  const name = await first.ask("name");
  assert_equals(await first.ask("open", { port: peer.port }), "open");
  const second = sharedWorker(first.name);
  assert_equals(await second.ask("name"), name);
  frame.remove();
  assert_equals(await second.ask("echo", { port: echo.port }), 7, "the worker goes on");
  assert_equals((await os.countSockets(peer.port)).net, 1, "and so does what it had");
}, "LIFE-02: a shared worker goes on without the document that made it while another one owns it");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const worker = sharedWorker();
  assert_equals(await worker.ask("open", { port: peer.port, count: 3 }), "open");
  assert_equals(await worker.ask("close"), "closing");
  const { ok, net } = await os.waitForSockets(peer.port, 0, 10);
  assert_true(ok, `${net} sockets are left in net`);
}, "LIFE-02: a shared worker that closes itself closes its sockets");
