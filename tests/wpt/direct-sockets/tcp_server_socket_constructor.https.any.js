// META: title=TCPServerSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/server.js

"use strict";

function assertRefused(address, options) {
  assert_throws_js(TypeError, () => new TCPServerSocket(address, options), `${address} ${JSON.stringify(options)}`);
}

// A server that can be constructed with these arguments also opens.
async function opens(t, address, options) {
  const { server, info } = await listen(t, options, address);
  await server.close();
  return info;
}

const NO_ADDRESSES = ["localhost", "", "127.1", "127.0.0.256", "0x7f.0.0.1", "127.0.0.01", "[::1]", "::1%lo",
                      " 127.0.0.1", "127.0.0.1 ", "1::2::3", "127.0.0.1:80", "*", "::ffff:127.0.0", "127.0.0.1\0",
                      "\uD800", "2130706433"];

for (const address of NO_ADDRESSES) {
  test(() => {
    assertRefused(address);
  }, `SRV-CTOR-02: ${JSON.stringify(address)} is no local address`);
}

for (const address of ["127.0.0.1", "::1", "::", "0.0.0.0", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"]) {
  promise_test(async t => {
    await needIPv6(address);
    await opens(t, address);
  }, `SRV-CTOR-02: ${address} is a local address`);
}

promise_test(async t => {
  assertRefused("127.0.0.1", { localPort: 0 });
  // This becomes 0.
  assertRefused("127.0.0.1", { localPort: null });
  for (const options of [undefined, {}, { localPort: undefined }]) {
    await opens(t, "127.0.0.1", options);
  }
  const localPort = await freePort(t);
  assert_equals((await opens(t, "127.0.0.1", { localPort })).localPort, localPort);
}, "SRV-CTOR-03: a localPort of 0 throws a TypeError, and it may be absent");

promise_test(async t => {
  assertRefused("127.0.0.1", { backlog: 0 });
  for (const backlog of [1, 1.9, undefined]) {
    await opens(t, "127.0.0.1", { backlog });
  }
}, "SRV-CTOR-04: a backlog of 0 throws a TypeError");

promise_test(async t => {
  for (const address of ["0.0.0.0", "127.0.0.1", "::1", "::ffff:0.0.0.0"]) {
    assertRefused(address, { ipv6Only: true });
    // A string is true.
    assertRefused(address, { ipv6Only: "false" });
  }
  for (const address of ["::", "0::0", "0:0:0:0:0:0:0:0"]) {
    await opens(t, address, { ipv6Only: true });
  }
}, "SRV-CTOR-05: ipv6Only can be true only with the unspecified address of IPv6");

promise_test(async t => {
  await needIPv6();
  for (const address of ["127.0.0.1", "0.0.0.0", "::1", "::"]) {
    for (const ipv6Only of [false, undefined, 0]) {
      await opens(t, address, { ipv6Only });
    }
  }
}, "SRV-CTOR-06: an ipv6Only that is false is accepted with any address");
