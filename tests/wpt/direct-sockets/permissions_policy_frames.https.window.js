// META: title=Direct Sockets in frames: the allow attribute and the headers of the page around
// META: global=window
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/origins.sub.js
// META: script=/direct-sockets/resources/policy.js

"use strict";

// Where the frame is, its `allow` attribute (undefined: none), and whether it may use sockets.
const FRAMES = [
  ["PP-03", "own", undefined, true],
  ["PP-03", "otherPort", undefined, false],
  ["PP-03", "other", undefined, false],
  ["PP-04", "other", "direct-sockets", true],
  ["PP-04", "otherPort", "direct-sockets", true],
  ["PP-04", "own", "direct-sockets", true],
  ["PP-04", "own", "direct-sockets 'none'", false],
  ["PP-04", "other", "direct-sockets 'none'", false],
  ["PP-04", "own", "direct-sockets 'self'", true],
  ["PP-04", "other", "direct-sockets 'self'", false],
  ["PP-04", "other", "direct-sockets 'src'", true],
  ["PP-04", "other", "direct-sockets *", true],
  ["PP-04", "other", "direct-sockets {other}", true],
  ["PP-04", "other", "direct-sockets {third}", false],
  ["PP-04", "other", "direct-sockets {third} {other}", true],
  ["PP-04", "own", "direct-sockets {other}", false],
  ["PP-04", "other", "geolocation; direct-sockets; camera 'none'", true],
  ["PP-04", "other", "direct-sockets; direct-sockets 'none'", false],
  ["PP-04", "other", " ;;\n\tdirect-sockets\t 'SRC' ;", true],
  ["PP-04", "other", "", false],
  ["PP-01", "other", "direct-socket", false],
  ["PP-01", "other", "Direct-Sockets", false],
  ["PP-01", "other", "direct-sockets-private", false],
  ["PP-01", "own", "direct-socket 'none'", true],
];
for (const [id, where, allow, allowed] of FRAMES) {
  promise_test(async t => {
    const origins = serverOrigins();
    const attributes = { src: frameUrl(origins[where]) };
    if (allow !== undefined) {
      attributes.allow = allow.replace(/\{(\w+)\}/g, (_, name) => origins[name]);
    }
    const frame = await PolicyFrame.create(t, attributes);
    await frame.assert(t, allowed, `${where} ${allow}`);
  }, `${id}, PP-06: a frame (${where}) with ${allow === undefined ? "no allow" : JSON.stringify(allow)} ` +
     `${allowed ? "may" : "may not"}`);
}

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.other, withPolicy("direct-sockets=()")),
                                              allow: "direct-sockets" });
  await frame.assertDenied("its own header says no");
  const other = await PolicyFrame.create(t, { src: frameUrl(origins.other, withPolicy("direct-sockets=*")) });
  await other.assertDenied("its own header cannot make more of nothing");
}, "PP-05: the header of a frame can only take away");

// The header of a page of our own origin, the `allow` of a frame in it that is of another origin, and the answer.
const HEADERS = [
  ["direct-sockets=()", "direct-sockets", false],
  ["direct-sockets=()", "direct-sockets *", false],
  ["direct-sockets=(self)", "direct-sockets", false],
  ["direct-sockets=(self \"{other}\")", "direct-sockets", true],
  ["direct-sockets=(self \"{other}\")", undefined, false],
  ["direct-sockets=(self \"{third}\")", "direct-sockets", false],
  ["direct-sockets=(\"{other}\")", "direct-sockets", false],
  ["direct-sockets=*", "direct-sockets", true],
  ["direct-sockets=*", undefined, false],
  ["geolocation=()", "direct-sockets", true],
];
for (const [header, allow, allowed] of HEADERS) {
  promise_test(async t => {
    const origins = serverOrigins();
    const value = header.replace(/\{(\w+)\}/g, (_, name) => origins[name]);
    const outer = await PolicyFrame.create(t, { src: frameUrl(origins.own, withPolicy(value)) });
    const attributes = { src: frameUrl(origins.other), ...allow && { allow } };
    const answer = await outer.ask("nest", { attributes, inner: { command: "construct" } });
    assert_equals(answer, allowed ? "constructed" : "NotAllowedError");
  }, `PP-05: under "${header}" a cross-origin frame with ${allow ? `allow="${allow}"` : "no allow"} ` +
     `${allowed ? "may" : "may not"}`);
}

promise_test(async t => {
  const origins = serverOrigins();
  const nested = async (outer, inner) => (await PolicyFrame.create(t, outer)).ask("nest", {
    attributes: inner,
    inner: { command: "construct" },
  });
  const [own, other] = [frameUrl(origins.own), frameUrl(origins.other)];
  const allow = "direct-sockets";
  assert_equals(await nested({ src: own }, { src: own }), "constructed", "own in own");
  assert_equals(await nested({ src: other }, { src: own }), "NotAllowedError", "own in other");
  assert_equals(await nested({ src: other }, { src: own, allow }), "NotAllowedError", "a frame gives what it has not");
  assert_equals(await nested({ src: other, allow }, { src: own }), "NotAllowedError", "other does not give it to own");
  assert_equals(await nested({ src: other, allow }, { src: own, allow }), "constructed", "other gives it to own");
  assert_equals(await nested({ src: other, allow }, { src: other }), "constructed", "other in other");
  const denied = { src: own, allow: "direct-sockets 'none'" };
  assert_equals(await nested(denied, { src: own, allow: "direct-sockets *" }), "NotAllowedError", "not through own");
}, "PP-03, PP-04, PP-05: a frame in a frame has at most what the one around it has");

promise_test(async t => {
  const origins = serverOrigins();
  const frame = await PolicyFrame.create(t, { src: frameUrl(origins.own), allow: "direct-sockets 'none'" });
  const inner = frame.frame.contentWindow;
  for (const [name, ...args] of [
    ["TCPSocket", "127.0.0.1", 1],
    ["UDPSocket", { localAddress: "127.0.0.1" }],
    ["TCPServerSocket", "127.0.0.1"],
  ]) {
    const error = thrown(() => new inner[name](...args));
    assert_true(error instanceof inner.DOMException || error instanceof DOMException, name);
    assert_equals(error.name, "NotAllowedError", name);
  }
}, "PP-06, PP-07: each constructor throws a DOMException in a forbidden frame");

test(() => {
  const frame = document.createElement("iframe");
  assert_equals(frame.allow, "", "nothing at first");
  frame.allow = "direct-sockets";
  assert_equals(frame.getAttribute("allow"), "direct-sockets", "the attribute");
  frame.setAttribute("allow", "x");
  assert_equals(frame.allow, "x", "the property");
}, "PP-01: the property allow of a frame reflects the attribute");
