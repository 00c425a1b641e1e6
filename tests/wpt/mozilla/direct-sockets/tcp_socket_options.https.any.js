// META: title=TCPSocket: options as the operating system sees them
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const SNDBUF = "SOL_SOCKET.SO_SNDBUF";
const RCVBUF = "SOL_SOCKET.SO_RCVBUF";
const KEEPALIVE = "SOL_SOCKET.SO_KEEPALIVE";
const NODELAY = "IPPROTO_TCP.TCP_NODELAY";
const KEEPIDLE = "IPPROTO_TCP.TCP_KEEPIDLE";
const KEEPINTVL = "IPPROTO_TCP.TCP_KEEPINTVL";
const KEEPCNT = "IPPROTO_TCP.TCP_KEEPCNT";

// The options of a socket that was opened with `options`.
async function optionsWith(t, options, names) {
  const peer = await makePeer(t, "hold");
  const { socket, info } = await connect(t, peer, options);
  const found = await os.options(info, names);
  await socket.close();
  return found;
}

// The system calls that set options before and after connect() while one socket opens.
async function callsWith(t, options) {
  await startNet(t);
  const peer = await makePeer(t, "hold");
  const lines = await traced(["trace=setsockopt,connect"], async () => {
    const { socket } = await connect(t, peer, options);
    await socket.close();
  });
  const connecting = lines.findIndex(line => line.includes("connect(") && line.includes(`htons(${peer.port})`));
  assert_greater_than_equal(connecting, 0, `connect() is in the trace: ${lines.join("\n")}`);
  const [before, after] = [lines.slice(0, connecting), lines.slice(connecting)].map(part => part.join("\n"));
  return { before, after, all: `${before}\n${after}` };
}

promise_test(async t => {
  const found = await optionsWith(t, { sendBufferSize: 65536 }, [SNDBUF]);
  assert_equals(found[SNDBUF], 131072, "the kernel doubles it");
  const { before, after } = await callsWith(t, { sendBufferSize: 65536 });
  assert_regexp_match(before, /SO_SNDBUF, \[65536\]/, "before connect");
  assert_false(after.includes("SO_SNDBUF"), "and not later");
}, "TCP-OPT-01: sendBufferSize is set as SO_SNDBUF before connecting");

promise_test(async t => {
  const found = await optionsWith(t, { receiveBufferSize: 65536 }, [RCVBUF]);
  assert_equals(found[RCVBUF], 131072, "the kernel doubles it");
  const { before, after } = await callsWith(t, { receiveBufferSize: 65536 });
  assert_regexp_match(before, /SO_RCVBUF, \[65536\]/, "before connect");
  assert_false(after.includes("SO_RCVBUF"), "and not later");
}, "TCP-OPT-02: receiveBufferSize is set as SO_RCVBUF before connecting");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { info, socket } = await connect(t, peer);
  const found = await os.options(info, [SNDBUF, RCVBUF]);
  const plain = await os.plainOptions(peer, [SNDBUF, RCVBUF]);
  assert_object_equals(found, plain, "the values of an ordinary socket");
  await socket.close();
  const { all } = await callsWith(t, { noDelay: true });
  assert_false(/SO_SNDBUF|SO_RCVBUF/.test(all), all);
}, "TCP-OPT-03: without these members the buffer options are not touched");

for (const [member, option] of [["sendBufferSize", "SO_SNDBUF"], ["receiveBufferSize", "SO_RCVBUF"]]) {
  promise_test(async t => {
    const { before } = await callsWith(t, { [member]: 4294967295 });
    const match = new RegExp(`${option}, \\[(-?\\d+)\\]`).exec(before);
    assert_not_equals(match, null, before);
    assert_equals(Number(match[1]), 2147483647);
  }, `TCP-OPT-04: a ${member} beyond the signed range is clamped, not wrapped, and the socket opens`);
}

promise_test(async t => {
  assert_equals((await optionsWith(t, { noDelay: true }, [NODELAY]))[NODELAY], 1);
}, "TCP-OPT-05: noDelay sets TCP_NODELAY");

promise_test(async t => {
  for (const options of [{}, { noDelay: false }, undefined]) {
    assert_equals((await optionsWith(t, options, [NODELAY]))[NODELAY], 0, JSON.stringify(options));
  }
}, "TCP-OPT-06: by default, and with false, TCP_NODELAY is 0");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { info, socket } = await connect(t, peer, { keepAliveDelay: 60000 });
  assert_equals((await os.options(info, [KEEPALIVE]))[KEEPALIVE], 1);
  const line = await os.ss(info);
  assert_regexp_match(line, /timer:\(keepalive,/, line);
  await socket.close();
}, "TCP-OPT-07: a keepAliveDelay switches keep-alive on");

promise_test(async t => {
  const plain = await os.plainOptions(await makePeer(t, "hold"), [KEEPCNT]);
  for (const [delay, seconds] of [[1000, 1], [1999, 1], [2000, 2], [720000, 720]]) {
    const found = await optionsWith(t, { keepAliveDelay: delay }, [KEEPIDLE, KEEPINTVL, KEEPCNT]);
    assert_equals(found[KEEPIDLE], seconds, `${delay} ms: TCP_KEEPIDLE`);
    assert_equals(found[KEEPINTVL], seconds, `${delay} ms: TCP_KEEPINTVL`);
    assert_equals(found[KEEPCNT], plain[KEEPCNT], `${delay} ms: TCP_KEEPCNT keeps its default`);
  }
}, "TCP-OPT-08: the delay is the idle time and the interval, in whole seconds, rounded down");

promise_test(async t => {
  for (const keepAliveDelay of [32767000, 32768000, 4294967295]) {
    const found = await optionsWith(t, { keepAliveDelay }, [KEEPIDLE, KEEPINTVL, KEEPALIVE]);
    assert_equals(found[KEEPIDLE], 32767, `${keepAliveDelay}: TCP_KEEPIDLE`);
    assert_equals(found[KEEPINTVL], 32767, `${keepAliveDelay}: TCP_KEEPINTVL`);
    assert_equals(found[KEEPALIVE], 1, `${keepAliveDelay}: SO_KEEPALIVE`);
  }
}, "TCP-OPT-09: a delay beyond what the kernel takes is clamped, and the socket opens");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { info, socket } = await connect(t, peer);
  assert_equals((await os.options(info, [KEEPALIVE]))[KEEPALIVE], 0);
  const line = await os.ss(info);
  assert_false(line.includes("keepalive"), line);
  await socket.close();
}, "TCP-OPT-12: without keepAliveDelay keep-alive is off");
