// META: title=TCPServerSocket: a page whose own policy forbids it
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

// With the header `Permissions-Policy: direct-sockets=()`. The worker of such a page has its answer.

promise_test(async () => {
  const unhandled = await unhandledRejections(async () => {
    for (const [address, options] of [
      ["127.0.0.1"],
      ["127.0.0.1", {}],
      ["::1", null],
      ["no address"],
      ["127.0.0.1", { localPort: 0 }],
      ["127.0.0.1", { backlog: 0, ipv6Only: true }],
    ]) {
      const error = thrown(() => new TCPServerSocket(address, options));
      assert_dom_exception(error, "NotAllowedError", `${address} ${JSON.stringify(options)}`);
    }
  });
  assert_equals(unhandled.length, 0, "no promise is involved");
}, "SRV-CTOR-01, SRV-CTOR-07: the constructor throws NotAllowedError synchronously, before it looks at its arguments");

test(() => {
  assert_equals(thrown(() => new TCPServerSocket()).name, "TypeError", "no argument");
  assert_equals(thrown(() => new TCPServerSocket("127.0.0.1", { backlog: -1 })).name, "TypeError", "backlog");
  assert_equals(thrown(() => new TCPServerSocket("127.0.0.1", { localPort: 65536 })).name, "TypeError", "localPort");
}, "SRV-CTOR-01: arguments are converted before the policy is asked");
