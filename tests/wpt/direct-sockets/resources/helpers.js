// What the tests of this folder share.

"use strict";

const MIB = 1024 * 1024;

// Drains microtasks only, and never reaches another task.
async function micro(turns = 1000) {
  for (let i = 0; i < turns; i++) {
    await null;
  }
}

// Resolves in a later task.
function task() {
  return new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

// Time for things to happen that should not happen: a few tasks, trips to the server and a moment.
// Only for showing that something stays as it is. The moment is stretched as the limits of testharness.js are.
async function quiet(milliseconds = 50) {
  for (let i = 0; i < 3; i++) {
    await task();
    await ask("time");
  }
  await new Promise(resolve => step_timeout(resolve, milliseconds));
}

// What a promise is now, seen without waiting for a task.
async function state(promise) {
  const pending = {};
  const racing = Promise.race([promise, pending]);
  try {
    return (await racing) === pending ? "pending" : "fulfilled";
  } catch {
    return "rejected";
  }
}

// Resolves with the error of a promise that has to reject.
async function rejection(promise, what = "the promise") {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  assert_unreached(`${what} fulfilled with ${String(value)} instead of rejecting`);
}

function assert_dom_exception(error, name, what = "the error") {
  assert_true(error instanceof DOMException, `${what} is a DOMException: ${String(error)}`);
  assert_equals(error.name, name, `${what}: name`);
  const codes = { NetworkError: 19, InvalidStateError: 11, NotAllowedError: 0, AbortError: 20 };
  assert_equals(error.code, codes[name], `${what}: code`);
}

async function rejectsWith(promise, name, what) {
  const error = await rejection(promise, what);
  if (name === "TypeError") {
    assert_true(error instanceof TypeError, `${what || "the error"} is a TypeError: ${String(error)}`);
  } else {
    assert_dom_exception(error, name, what);
  }
  return error;
}

async function rejectsExactly(promise, expected, what = "the promise") {
  const error = await rejection(promise, what);
  assert_true(error === expected, `${what} rejects with the very error: ${String(error)}`);
}

// Marks a promise whose rejection is looked at later, so that it is not an unhandled one meanwhile.
function held(promise) {
  promise.catch(() => {});
  return promise;
}

// A call that has to throw at once; the error.
function thrown(body, what = "the call") {
  try {
    body();
  } catch (error) {
    return error;
  }
  assert_unreached(`${what} did not throw`);
}

// A bound for waits that a test makes itself, far above what they take.
function within(t, promise, milliseconds, what) {
  return Promise.race([
    promise,
    new Promise((_, reject) => {
      t.step_timeout(() => reject(new Error(`${what} took longer than ${milliseconds} ms`)), milliseconds);
    }),
  ]);
}

// An open socket to a peer, with its parts. Whatever the test leaves of it is closed when the test ends.
async function connect(t, peer, options) {
  const socket = new TCPSocket(peer.address, peer.port, options);
  t.add_cleanup(() => dispose(socket));
  const info = await socket.opened;
  return { socket, info, readable: info.readable, writable: info.writable };
}

// Close what can be closed; streams that are locked end with the page.
async function dispose(socket) {
  if ((await state(socket.opened)) === "fulfilled") {
    socket.close().catch(() => {});
  }
}

// close() never throws: every call of a test about it goes through here.
function callClose(socket) {
  let promise;
  try {
    promise = socket.close();
  } catch (error) {
    assert_unreached(`close() threw ${String(error)}`);
  }
  assert_true(promise instanceof Promise, "close() returns a promise");
  return promise;
}

function bytes(...values) {
  return new Uint8Array(values);
}

function encode(text) {
  return new TextEncoder().encode(text);
}

function decode(view) {
  return new TextDecoder().decode(view);
}

// Read so many bytes from a default reader.
async function readExactly(reader, count) {
  const result = new Uint8Array(count);
  let at = 0;
  while (at < count) {
    const { done, value } = await reader.read();
    assert_false(done, `the stream ended after ${at} of ${count} bytes`);
    assert_greater_than(value.length, 0, "no chunk is empty");
    assert_less_than_equal(at + value.length, count, "no more bytes than expected");
    result.set(value, at);
    at += value.length;
  }
  return result;
}

// Read until the end of the stream.
async function readAll(reader) {
  const chunks = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    assert_greater_than(value.length, 0, "no chunk is empty");
    chunks.push(value);
    length += value.length;
  }
  const result = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    result.set(chunk, at);
    at += chunk.length;
  }
  return result;
}

// Write until a write fails; its error.
async function writeUntilError(writer) {
  for (let i = 0; i < 10000; i++) {
    try {
      await writer.write(bytes(i));
    } catch (error) {
      return error;
    }
    await task();
  }
  assert_unreached("no write failed");
}

// Collect `unhandledrejection` events while `body` runs, and a little longer.
async function unhandledRejections(body) {
  const found = [];
  const listener = event => {
    event.preventDefault();
    event.stopImmediatePropagation();
    found.push(event);
  };
  self.addEventListener("unhandledrejection", listener, { capture: true });
  try {
    await body();
    await quiet();
  } finally {
    self.removeEventListener("unhandledrejection", listener, { capture: true });
  }
  return found;
}

// Let garbage be collected, `rounds` times. Needs /common/gc.js. Where a collection cannot be asked for, enough garbage
// is made that one is due.
async function encourageCollection(rounds = 1) {
  const canBeAskedFor = Boolean(self.TestUtils?.gc || self.gc || self.GCController);
  for (let round = 0; round < rounds; round++) {
    if (canBeAskedFor) {
      await garbageCollect();
    } else {
      let garbage = Array.from({ length: 40 }, () => new ArrayBuffer(MIB));
      for (let i = 0; i < 100000; i++) {
        garbage[i % 40] = { round, i, text: `${round} ${i}` };
      }
      garbage = null;
    }
    for (let i = 0; i < 3; i++) {
      await new Promise(resolve => step_timeout(resolve, 0));
    }
  }
}

// Collect garbage until `condition` holds. Bounded.
async function collectGarbageUntil(condition, rounds = 200) {
  for (let round = 0; round < rounds; round++) {
    await encourageCollection();
    if (await condition()) {
      return true;
    }
  }
  return false;
}

// Collect what was unreachable at the time of the call, as far as a page can see to that; whether it was seen. The
// canary is an idle socket that nothing refers to. An engine may close it when it is collected, and then this ends at
// once; where it does not, or where a collection cannot be asked for and is not due, it ends after so many rounds.
async function collectGarbage(rounds = 20) {
  const peer = await Peer.create("sink");
  let collected = true;
  // Two times: what the first one made unreachable goes in the second.
  for (let time = 0; time < 2; time++) {
    await detached(async () => {
      await new TCPSocket(peer.address, peer.port).opened;
    });
    await peer.wait("accepted", { connection: time });
    collected = await collectGarbageUntil(async () => {
      const { fin, reset } = await peer.log(time);
      return fin || reset !== null;
    }, rounds) && collected;
  }
  await peer.end();
  return collected;
}

// Makes things in a frame of their own, so that no variable of the test refers to them any more.
async function detached(make) {
  const result = await (async () => make())();
  await task();
  return result;
}

const isWindow = "document" in self;

// Start a worker that takes commands (see socket_worker.js), and give it one after the other.
function socketWorker(t) {
  const worker = new Worker("/direct-sockets/resources/socket_worker.js");
  t.add_cleanup(() => worker.terminate());
  return {
    worker,
    // The next message of the worker.
    message: () => new Promise((resolve, reject) => {
      worker.onmessage = event => resolve(event.data);
      worker.onerror = event => reject(new Error(event.message));
    }),
    ask(command, args = {}) {
      const answer = this.message();
      worker.postMessage({ command, ...args });
      return answer;
    },
  };
}

// A frame that is loaded. `attributes` may set `src`.
async function makeFrame(t, attributes = {}) {
  const frame = document.createElement("iframe");
  const loaded = new Promise(resolve => { frame.onload = resolve; });
  for (const [name, value] of Object.entries({ src: "/direct-sockets/resources/blank.html", ...attributes })) {
    frame.setAttribute(name, value);
  }
  document.body.append(frame);
  await loaded;
  t.add_cleanup(() => frame.remove());
  return frame;
}
