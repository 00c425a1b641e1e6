// META: title=TCPSocket: forms of the header
// META: global=window
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

// Each frame gets a header of its own; being of the same origin, frames have what their own header says.
const ANSWERS = {
  "direct-sockets=()": "NotAllowedError",
  "direct-sockets=(self)": "constructed",
  "direct-sockets=self": "constructed",
  "direct-sockets=*": "constructed",
  "direct-sockets=(self \"https://example.com\")": "constructed",
  "direct-sockets=(\"https://example.com\")": "NotAllowedError",
  "direct-socket=()": "constructed",
  "direct-sockets-private=()": "constructed",
  "Direct-Sockets=()": "constructed",
  "geolocation=()": "constructed",
  "geolocation=(), direct-sockets=()": "NotAllowedError",
  "direct-sockets=*, direct-sockets=()": "NotAllowedError",
  "direct-sockets=(), direct-sockets=*": "constructed",
  // What is no structured dictionary is ignored as a whole.
  "direct-sockets 'none'": "constructed",
  "direct-sockets=(": "constructed",
};
for (const [header, answer] of Object.entries(ANSWERS)) {
  promise_test(async t => {
    const query = new URLSearchParams({ header: `Permissions-Policy: ${header}` });
    const inner = (await makeFrame(t, { src: `/direct-sockets/resources/policy_frame.py?${query}` })).contentWindow;
    let found = "constructed";
    try {
      new inner.TCPSocket("127.0.0.1", 0).opened.catch(() => {});
    } catch (error) {
      assert_true(error instanceof inner.DOMException || error instanceof inner.TypeError, String(error));
      found = error.name;
    }
    assert_equals(found, answer);
  }, `PP-01: a page with "Permissions-Policy: ${header}": ${answer}`);
}

promise_test(async t => {
  const query = new URLSearchParams({ header: "Permissions-Policy: direct-sockets=()" });
  const frame = await makeFrame(t, { src: `/direct-sockets/resources/policy_frame.py?${query}` });
  const inner = frame.contentWindow;
  const worker = new inner.Worker("/direct-sockets/resources/socket_worker.js");
  const ask = command => new Promise((resolve, reject) => {
    worker.onmessage = event => resolve(event.data);
    worker.onerror = event => reject(new Error(event.message));
    worker.postMessage({ command });
  });
  assert_equals(await ask("construct"), "NotAllowedError", "the worker");
  assert_equals(await ask("nested"), "NotAllowedError", "a worker of the worker");
  worker.terminate();
}, "PP-10: a worker of a forbidden page may not, and neither may the workers that it makes");

promise_test(async t => {
  const worker = socketWorker(t);
  assert_equals(await worker.ask("construct"), "constructed", "the worker");
  assert_equals(await worker.ask("nested"), "constructed", "a worker of the worker");
}, "PP-10: a worker of an allowed page may, and so may the workers that it makes");

promise_test(async t => {
  const frame = await makeFrame(t);
  const Constructor = frame.contentWindow.TCPSocket;
  const InnerException = frame.contentWindow.DOMException;
  frame.remove();
  const error = thrown(() => new Constructor("127.0.0.1", 1));
  assert_equals(error.name, "NotAllowedError");
  assert_true(error instanceof InnerException || error instanceof DOMException, "a DOMException");
}, "PP-08: a document that is not fully active may not construct");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const query = new URLSearchParams({ header: "Content-Security-Policy: connect-src 'none'" });
  const inner = (await makeFrame(t, { src: `/direct-sockets/resources/policy_frame.py?${query}` })).contentWindow;
  const blocked = await inner.fetch("/direct-sockets/resources/blank.html").then(() => false, () => true);
  assert_true(blocked, "fetch is blocked in that frame");
  const socket = new inner.TCPSocket(peer.address, peer.port);
  await socket.opened;
  await socket.close();
}, "PP-12: a Content-Security-Policy with connect-src 'none' does not govern sockets");
