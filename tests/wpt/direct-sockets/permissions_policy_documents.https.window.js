// META: title=Direct Sockets in documents without an origin of their own
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/origins.sub.js
// META: script=/direct-sockets/resources/policy.js

"use strict";

// A same-origin frame answers directly, also without a script of its own.
function construct(inner) {
  try {
    const socket = new inner.TCPSocket("127.0.0.1", 0);
    socket.opened.catch(() => {});
    socket.closed.catch(() => {});
    return "constructed";
  } catch (error) {
    return error.name;
  }
}

promise_test(async t => {
  for (const [allow, answer] of [
    [undefined, "constructed"],
    ["direct-sockets", "constructed"],
    ["direct-sockets 'self'", "constructed"],
    ["direct-sockets 'none'", "NotAllowedError"],
  ]) {
    const frame = document.createElement("iframe");
    if (allow) {
      frame.allow = allow;
    }
    document.body.append(frame);
    t.add_cleanup(() => frame.remove());
    assert_equals(construct(frame.contentWindow), answer, `at once, ${allow}`);
    const second = await makeFrame(t, { src: "about:blank", ...allow && { allow } });
    assert_equals(construct(second.contentWindow), answer, `about:blank as src, ${allow}`);
  }
}, "PP-03, PP-04: about:blank has the answer of the page, if the frame allows it");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const frame = document.createElement("iframe");
  document.body.append(frame);
  t.add_cleanup(() => frame.remove());
  const socket = new frame.contentWindow.TCPSocket("127.0.0.1", peer.port);
  await socket.opened;
  await socket.close();
}, "PP-03: a socket opens that was constructed in a frame in the very task that made the frame");

promise_test(async t => {
  const srcdoc = await framePage();
  const frame = await PolicyFrame.create(t, { srcdoc });
  await frame.assertAllowed(t, "srcdoc");
  await (await PolicyFrame.create(t, { srcdoc, allow: "direct-sockets" })).assertAllowed(t, "with allow");
  const other = frameUrl(serverOrigins().other);
  const attributes = { srcdoc, src: other, allow: "direct-sockets" };
  await (await PolicyFrame.create(t, attributes)).assertAllowed(t, "srcdoc goes before src");
  await (await PolicyFrame.create(t, { srcdoc, allow: "direct-sockets 'none'" })).assertDenied("with allow 'none'");
}, "PP-03, PP-04: a srcdoc document has the answer of the page, if the frame allows it");

promise_test(async t => {
  const page = await framePage();
  const url = URL.createObjectURL(new Blob([page], { type: "text/html" }));
  await (await PolicyFrame.create(t, { src: url })).assertAllowed(t, "blob:");
  await (await PolicyFrame.create(t, { src: url, allow: "direct-sockets" })).assertAllowed(t, "with allow");
  await (await PolicyFrame.create(t, { src: url, allow: "direct-sockets 'none'" })).assertDenied("with allow 'none'");
}, "PP-03, PP-04: a blob: document has the answer of the page, if the frame allows it");

promise_test(async t => {
  const src = `data:text/html,${encodeURIComponent(await framePage())}`;
  const words = ["", " *", " 'self'", " 'src'"].map(list => `direct-sockets${list}`);
  for (const allow of [undefined, ...words]) {
    const frame = await PolicyFrame.create(t, { src, ...allow && { allow } });
    assert_in_array(await frame.ask("construct"), ["NotAllowedError", "absent"], `${allow}`);
  }
}, "PP-09: a data: document has an opaque origin and may not, whatever allow says");

promise_test(async t => {
  const origins = serverOrigins();
  const srcdoc = await framePage();
  for (const what of [{ src: frameUrl(origins.own) }, { src: frameUrl(origins.other) }, { srcdoc }]) {
    for (const allow of [undefined, "direct-sockets", "direct-sockets *"]) {
      const frame = await PolicyFrame.create(t, { sandbox: "allow-scripts", ...what, ...allow && { allow } });
      const answer = await frame.ask("construct");
      assert_in_array(answer, ["NotAllowedError", "absent"], `${JSON.stringify(what).slice(0, 40)} ${allow}`);
    }
  }
}, "PP-09: a sandboxed frame without allow-same-origin may not, whatever allow says");

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { sandbox: "allow-scripts", src: frameUrl(origins.own) });
  await frame.goes("navigate", { url: frameUrl(origins.other) });
  assert_in_array(await frame.ask("construct"), ["NotAllowedError", "absent"], "elsewhere");
  await frame.goes("navigate", { url: frameUrl(origins.own, { tag: "home" }) });
  assert_in_array(await frame.ask("construct"), ["NotAllowedError", "absent"], "home again");
}, "PP-09: a sandboxed frame cannot get out by navigating itself");

promise_test(async t => {
  const origins = serverOrigins();
  const sandbox = "allow-scripts allow-same-origin";
  const create = attributes => PolicyFrame.create(t, { sandbox, ...attributes });
  await (await create({ src: frameUrl(origins.own) })).assertAllowed(t, "own");
  await (await create({ src: frameUrl(origins.other) })).assertDenied("other");
  await (await create({ src: frameUrl(origins.other), allow: "direct-sockets" })).assertAllowed(t, "with allow");
  await (await create({ srcdoc: await framePage() })).assertAllowed(t, "srcdoc");
}, "PP-03, PP-04, PP-09: a sandboxed frame with allow-same-origin is a frame like others");

promise_test(async t => {
  const origins = serverOrigins();
  const csp = { headers: ["Content-Security-Policy: sandbox allow-scripts"] };
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.own, csp), allow: "direct-sockets" });
  assert_in_array(await frame.ask("construct"), ["NotAllowedError", "absent"]);
}, "PP-09: a document that its own response sandboxes may not");

promise_test(async t => {
  const origins = serverOrigins();
  const allowed = await PolicyFrame.create(t, { src: frameUrl(origins.other), allow: "direct-sockets" });
  assert_equals(await allowed.ask("rewrite"), "constructed", "an allowed one");
  const denied = await PolicyFrame.create(t, { src: frameUrl(origins.other) });
  assert_equals(await denied.ask("rewrite"), "NotAllowedError", "a forbidden one");
  const header = withPolicy("direct-sockets=()");
  const off = await PolicyFrame.create(t, { src: frameUrl(origins.own, header) });
  assert_equals(await off.ask("rewrite"), "NotAllowedError", "one whose header forbids it");
}, "PP-03, PP-04, PP-05: document.open leaves a document what it has");

promise_test(async t => {
  const frame = await makeFrame(t, { allow: "direct-sockets 'none'" });
  const inner = frame.contentWindow;
  inner.document.open();
  inner.document.write("<p>Written by the page around");
  inner.document.close();
  assert_equals(construct(inner), "NotAllowedError");
}, "PP-04: document.open by the page around gives a frame nothing");

promise_test(async t => {
  const page = await framePage();
  const frame = await PolicyFrame.create(t, { allow: "direct-sockets 'none'" }, element => {
    element.contentWindow.page = page;
    element.src = "javascript:window.page";
  });
  await frame.assertDenied("made by javascript:");
}, "PP-04: a javascript: document has what its frame allows");

promise_test(async t => {
  const made = document.implementation.createHTMLDocument("x");
  assert_equals(made.defaultView, null);
  const parsed = new DOMParser().parseFromString("<p>", "text/html");
  assert_equals(parsed.defaultView, null);
}, "PP-08: documents without a window have no constructors");
