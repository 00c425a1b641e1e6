// META: title=Direct Sockets in frames that go elsewhere
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/origins.sub.js
// META: script=/direct-sockets/resources/policy.js

"use strict";

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.own) });
  await frame.assertAllowed(t, "at first");
  await frame.goes("navigate", { url: frameUrl(origins.other) });
  await frame.assertDenied("at the other origin");
  await frame.goes("navigate", { url: frameUrl(origins.own) });
  await frame.assertAllowed(t, "home again");
}, "PP-03: a frame that navigates itself to another origin may not, and may again when it is back");

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.other), allow: "direct-sockets" });
  await frame.assertAllowed(t, "where its src says");
  await frame.goes("navigate", { url: frameUrl(origins.third) });
  await frame.assertDenied("somewhere else");
  await frame.goes("navigate", { url: frameUrl(origins.other, { tag: "again" }) });
  await frame.assertAllowed(t, "back where its src says");
}, "PP-04: a frame with allow=\"direct-sockets\" may only at the origin of its src, wherever it navigates itself");

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.other), allow: "direct-sockets *" });
  await frame.assertAllowed(t, "at first");
  await frame.goes("navigate", { url: frameUrl(origins.third) });
  await frame.assertAllowed(t, "elsewhere");
}, "PP-04: a frame with allow=\"direct-sockets *\" may wherever it navigates itself");

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.own) });
  const ready = frame.ready();
  frame.frame.contentWindow.location.href = frameUrl(origins.other);
  await ready;
  await frame.assertDenied("navigated by the page");
  const back = frame.ready();
  frame.frame.src = frameUrl(origins.own, { tag: "back" });
  await back;
  await frame.assertAllowed(t, "by its src");
}, "PP-03: the same when the page navigates the frame");

// Where a redirect leads from and to, the `allow` attribute, and the answer.
const REDIRECTS = [
  ["own", "other", undefined, false],
  ["other", "own", undefined, true],
  ["own", "other", "direct-sockets", false],
  ["other", "own", "direct-sockets", false],
  ["other", "third", "direct-sockets", false],
  ["other", "third", "direct-sockets {third}", true],
  ["own", "other", "direct-sockets {other}", true],
  ["own", "otherPort", "direct-sockets {otherPort}", true],
  ["own", "otherPort", undefined, false],
];
for (const [from, to, allow, allowed] of REDIRECTS) {
  promise_test(async t => {
    const origins = serverOrigins();
    const attributes = { src: redirectTo(origins[from], frameUrl(origins[to])) };
    if (allow) {
      attributes.allow = allow.replace(/\{(\w+)\}/g, (_, name) => origins[name]);
    }
    const frame = await PolicyFrame.create(t, attributes);
    assert_equals(await frame.ask("url"), frameUrl(origins[to]), "redirected");
    await frame.assert(t, allowed, `${from} to ${to}`);
  }, `PP-03, PP-04: a frame (${allow ? `allow="${allow}"` : "no allow"}) that is redirected from ${from} to ${to} ` +
     `${allowed ? "may" : "may not"}`);
}

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.other) });
  await frame.assertDenied("at first");
  frame.frame.allow = "direct-sockets";
  await frame.assertDenied("what is loaded keeps what it has");
  await frame.goes("reload");
  await frame.assertAllowed(t, "after a reload");
  frame.frame.removeAttribute("allow");
  await frame.assertAllowed(t, "still");
  await frame.goes("navigate", { url: frameUrl(origins.other, { tag: "second" }) });
  await frame.assertDenied("after the next navigation");
}, "PP-04, PP-11: a change of allow counts from the next navigation on");

promise_test(async t => {
  const origins = serverOrigins();
  const peer = await makePeer(t, "echo");
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.other), allow: "direct-sockets" });
  assert_equals(await frame.ask("open", { port: peer.port }), "open");
  frame.frame.allow = "direct-sockets 'none'";
  assert_equals(await frame.ask("echo"), 7, "the socket goes on");
  await frame.assertAllowed(t, "and so do new ones");
}, "PP-11: sockets that were made before a frame's allow changed go on working");

promise_test(async t => {
  const origins = serverOrigins();
  const first = frameUrl(origins.other, { tag: "first" });
  const frame = await PolicyFrame.create(t, { src: first, allow: "direct-sockets" });
  await frame.assertAllowed(t, "at first");
  await frame.goes("navigate", { url: frameUrl(origins.third) });
  await frame.assertDenied("elsewhere");
  await frame.goes("back");
  assert_equals(await frame.ask("url"), first);
  await frame.assertAllowed(t, "back");
}, "PP-04: history.back brings a document back with what it had");

promise_test(async t => {
  const origins = serverOrigins();
  const first = frameUrl(origins.other, { tag: "first" });
  const frame = await PolicyFrame.create(t, { src: first });
  await frame.goes("navigate", { url: frameUrl(origins.own) });
  await frame.assertAllowed(t, "at home");
  await frame.goes("back");
  assert_equals(await frame.ask("url"), first);
  await frame.assertDenied("back");
}, "PP-03: history.back to another origin does not take along what the frame had meanwhile");

promise_test(async t => {
  const origins = serverOrigins();
  const peer = await makePeer(t, "hold");
  const first = frameUrl(origins.other, { tag: "first" });
  for (const [before, after] of [["direct-sockets", ""], ["", "direct-sockets *"]]) {
    const frame = await PolicyFrame.create(t, { src: first, allow: before });
    await frame.assert(t, before !== "", "at first");
    await frame.ask("cling", { port: peer.port });
    await frame.goes("navigate", { url: frameUrl(origins.own) });
    frame.frame.allow = after;
    await frame.goes("back");
    assert_equals(await frame.ask("url"), first);
    assert_true(await frame.ask("isUntouched"), "it is made anew");
    await frame.assert(t, after !== "", "back");
  }
}, "PP-04: history.back to a document that was discarded makes it anew, as allow says now");

promise_test(async t => {
  const frame = await PolicyFrame.create(t, { src: frameUrl(location.origin) });
  const inner = frame.frame.contentWindow;
  const Constructor = inner.TCPSocket;
  frame.frame.remove();
  assert_equals(thrown(() => new Constructor("127.0.0.1", 1)).name, "NotAllowedError");
}, "PP-08: a document whose frame has gone may not");
