// META: title=Direct Sockets in workers of frames
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/origins.sub.js
// META: script=/direct-sockets/resources/policy.js

"use strict";

for (const depth of [1, 2, 3]) {
  promise_test(async t => {
    const origins = serverOrigins();
    const ask = async attributes => (await PolicyFrame.create(t, attributes)).ask("worker", { depth });
    assert_equals(await ask({ src: frameUrl(origins.own) }), "constructed", "own");
    assert_equals(await ask({ src: frameUrl(origins.other) }), "NotAllowedError", "other");
    assert_equals(await ask({ src: frameUrl(origins.other), allow: "direct-sockets" }), "constructed", "with allow");
    const none = "direct-sockets 'none'";
    assert_equals(await ask({ src: frameUrl(origins.own), allow: none }), "NotAllowedError", "with allow 'none'");
    const off = frameUrl(origins.own, withPolicy("direct-sockets=()"));
    assert_equals(await ask({ src: off }), "NotAllowedError", "with a header that forbids it");
  }, `PP-10: a worker has the answer of the frame that made it (depth ${depth})`);
}
