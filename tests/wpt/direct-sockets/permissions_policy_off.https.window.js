// META: title=Direct Sockets under a page that turns them off for itself
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/origins.sub.js
// META: script=/direct-sockets/resources/policy.js

"use strict";

// This page has the header `Permissions-Policy: direct-sockets=()`.

promise_test(async t => {
  const origins = serverOrigins();
  for (const src of [frameUrl(origins.own), frameUrl(origins.other), "about:blank"]) {
    for (const allow of [undefined, "direct-sockets", "direct-sockets *"]) {
      if (src === "about:blank") {
        const inner = (await makeFrame(t, { src, ...allow && { allow } })).contentWindow;
        assert_equals(thrown(() => new inner.TCPSocket("127.0.0.1", 1)).name, "NotAllowedError", `${src} ${allow}`);
      } else {
        const frame = await PolicyFrame.create(t, { src, ...allow && { allow } });
        await frame.assertDenied(`${src} ${allow}`);
      }
    }
  }
}, "PP-05: no frame gets back what the page has given up");

promise_test(async t => {
  const origins = serverOrigins();
  const src = frameUrl(origins.own, withPolicy("direct-sockets=*"));
  await (await PolicyFrame.create(t, { src, allow: "direct-sockets" })).assertDenied("with a header of its own");
  const srcdoc = await framePage();
  await (await PolicyFrame.create(t, { srcdoc, allow: "direct-sockets" })).assertDenied("srcdoc");
  const blob = URL.createObjectURL(new Blob([srcdoc], { type: "text/html" }));
  await (await PolicyFrame.create(t, { src: blob, allow: "direct-sockets" })).assertDenied("blob:");
}, "PP-05: nor with a header of its own, nor in srcdoc or blob: documents");

promise_test(async t => {
  const frame = await PolicyFrame.create(t, { src: frameUrl(location.origin), allow: "direct-sockets" });
  assert_equals(await frame.ask("worker"), "NotAllowedError", "a worker");
  assert_equals(await frame.ask("worker", { depth: 2 }), "NotAllowedError", "a worker of a worker");
}, "PP-05, PP-10: nor in the workers of frames");
