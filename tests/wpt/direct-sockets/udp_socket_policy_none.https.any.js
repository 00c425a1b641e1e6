// META: title=UDPSocket and the others: a page whose own policy forbids them
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

// With the header `Permissions-Policy: direct-sockets=()`. The worker of such a page has its answer.

const CONSTRUCTORS = {
  TCPSocket: options => new TCPSocket("127.0.0.1", 1, options),
  UDPSocket: options => new UDPSocket(options),
  TCPServerSocket: options => new TCPServerSocket("::1", options),
};

for (const [name, construct] of Object.entries(CONSTRUCTORS)) {
  promise_test(async () => {
    const unhandled = await unhandledRejections(async () => {
      for (const options of [undefined, {}, { localAddress: "127.0.0.1" }]) {
        assert_dom_exception(thrown(() => construct(options)), "NotAllowedError");
      }
    });
    assert_equals(unhandled.length, 0, "no promise is involved");
  }, `PP-01, PP-06, PP-07, PP-10: ${name} throws NotAllowedError synchronously`);

  test(() => {
    assert_true(name in self);
  }, `IDL-01: the policy does not hide ${name}`);
}

test(() => {
  for (const options of [{ localAddress: "127.0.0.1" }, { remoteAddress: "127.0.0.1", remotePort: 9 }, {},
                         { localAddress: "x" }, { localPort: 0 }, undefined]) {
    assert_dom_exception(thrown(() => new UDPSocket(options)), "NotAllowedError", JSON.stringify(options));
  }
}, "UDP-CTOR-01: the policy comes first, with options that are valid and with others");

test(() => {
  const name = options => thrown(() => new UDPSocket(options)).name;
  assert_equals(name({ localPort: -1 }), "TypeError", "conversion comes first");
  assert_equals(name({ localPort: 0 }), "NotAllowedError", "validation comes after the policy");
  assert_equals(name({ sendBufferSize: -1 }), "TypeError", "conversion of a size");
  assert_equals(name({ remotePort: 1, localPort: 0, sendBufferSize: 0 }), "NotAllowedError", "all of it");
}, "IDL-24, UDP-CTOR-01, UDP-CTOR-15: for UDPSocket conversion comes before the policy, and the policy before \
validation");

test(() => {
  const name = (...args) => thrown(() => new TCPServerSocket(...args)).name;
  assert_equals(name("::1", { backlog: -1 }), "TypeError", "conversion comes first");
  assert_equals(name("::1", { backlog: 0 }), "NotAllowedError", "validation comes after the policy");
  assert_equals(name("::1", { localPort: 70000 }), "TypeError", "conversion of a port");
  assert_equals(name("x", { localPort: 0, backlog: 0 }), "NotAllowedError", "all of it");
}, "IDL-24: for TCPServerSocket conversion comes before the policy, and the policy before validation");

test(() => {
  assert_equals(thrown(() => new TCPServerSocket()).name, "TypeError", "a missing argument");
  assert_equals(thrown(() => new UDPSocket()).name, "NotAllowedError", "no argument is required");
}, "IDL-07: missing arguments throw a TypeError even where the policy forbids the feature");
