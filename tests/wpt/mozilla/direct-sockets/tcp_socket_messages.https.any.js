// META: title=TCPSocket: what the messages of errors say
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/messages.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

function refused(options) {
  return thrown(() => new TCPSocket("127.0.0.1", 1, options), JSON.stringify(options));
}

const MEMBERS = {
  keepAliveDelay: ["TCP-CTOR-02", [0, 1, 999, 999.9]],
  sendBufferSize: ["TCP-CTOR-03", [0]],
  receiveBufferSize: ["TCP-CTOR-04", [0]],
};

for (const [member, [id, values]] of Object.entries(MEMBERS)) {
  test(() => {
    for (const value of [...values, null, "", -0.5, 0.9, false]) {
      assert_names(refused({ [member]: value }), member);
    }
  }, `${id}, IDL-18: the message about a ${member} that is too small names the member, whatever it is converted from`);
}

test(() => {
  assert_names(refused({ keepAliveDelay: 1, sendBufferSize: 0, receiveBufferSize: 0 }), "keepAliveDelay",
               ["sendBufferSize", "receiveBufferSize"]);
  assert_names(refused({ sendBufferSize: 0, receiveBufferSize: 0 }), "sendBufferSize", ["receiveBufferSize"]);
  assert_names(refused({ keepAliveDelay: 1000, sendBufferSize: 1, receiveBufferSize: 0 }), "receiveBufferSize");
}, "TCP-CTOR-05: keepAliveDelay is checked before sendBufferSize, and that before receiveBufferSize");

const FAILURES = {
  "a closed port": async () => [["127.0.0.1", await closedPort()], /refused/i],
  "a closed port of IPv6": async () => {
    await needIPv6();
    return [["::1", await closedPort("::1")], /refused/i];
  },
  "a name that does not resolve": () => [["no-such-name.invalid", 80], /name|resolve/i],
  "an address that is not routed": () => [["255.255.255.255", 80], /unreachable|denied|network/i],
  "port 0": () => [["127.0.0.1", 0], /./],
  "a host with a NUL": () => [["a\0b", 80], /host/i],
  "a literal of the wrong family": () => [["127.0.0.1", 80, { dnsQueryType: "ipv6" }], /family/i],
};

for (const [what, make] of Object.entries(FAILURES)) {
  promise_test(async () => {
    const [arguments_, message] = await make();
    await failsSaying(new TCPSocket(...arguments_).opened, message, "opened");
  }, `TCP-OPEN-02: the error for ${what} says why`);
}

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { readable } = await connect(t, peer);
  const read = held(readable.getReader().read());
  await peer.rst();
  await failsSaying(read, /reset/i, "the pending read");
}, "TCP-R-17: the error for a reset says so");
