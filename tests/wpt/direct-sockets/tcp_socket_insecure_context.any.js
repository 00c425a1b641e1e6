// META: title=The three interfaces outside of secure contexts
// META: global=window,dedicatedworker

"use strict";

// Not `.https`: this page is loaded from plain http on a host that is not loopback by name.

test(() => {
  assert_false(self.isSecureContext, "the page is no secure context");
}, "the page of this test is not a secure context");

for (const [name, construct] of Object.entries({
  TCPSocket: () => new TCPSocket("127.0.0.1", 1),
  UDPSocket: () => new UDPSocket({ localAddress: "127.0.0.1" }),
  TCPServerSocket: () => new TCPServerSocket("127.0.0.1"),
})) {
  test(() => {
    assert_false(name in self);
    assert_throws_js(ReferenceError, construct);
  }, `IDL-03: outside of a secure context ${name} does not exist`);
}
