// META: title=UDPSocket: random sequences
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// Random sequences of what a page can do with a UDP socket, held against what UDP-HC and UDP-CLOSE say about `closed`.
// Seeded: the seed stands in the messages, and `?seed=N` takes it.
const SEED = Number(new URLSearchParams(location.search).get("seed") ?? 4711);
const SEQUENCES = 60;

function generator(seed) {
  let state = seed >>> 0;
  return n => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * n);
  };
}

// What is known about a socket, one step after the other.
class Model {
  constructor() {
    this.read = { open: true };
    this.write = { open: true };
    this.settled = false;
  }

  // One side ends, with or without an error.
  end(side, outcome = {}) {
    const [own, other] = side === "read" ? [this.read, this.write] : [this.write, this.read];
    if (!own.open) {
      return;
    }
    Object.assign(own, outcome, { open: false });
    if (!other.open) {
      // The side that ended last prefers the other's error (UDP-HC-03, UDP-HC-04).
      this.settled = true;
      this.outcome = "error" in other ? other : own;
    }
  }
}

// Each carries out one action on a socket with streams that are not locked, and tells the model. `error` is what a
// stream that is errored rejects with.
const ACTIONS = {
  async send({ writable, peer, model, message }) {
    const writer = writable.getWriter();
    held(writer.closed);
    const outcome = await writer.write(message(peer)).then(() => "sent", () => "failed");
    assert_equals(outcome, model.write.open ? "sent" : "failed", "a write");
    writer.releaseLock();
  },
  async receive({ readable, peer, model, info }) {
    const reader = readable.getReader();
    held(reader.closed);
    if (model.read.open) {
      await peer.send("datagram", at(info));
      assert_equals(await readText(reader), "datagram");
    } else if ("error" in model.read) {
      await rejectsExactly(reader.read(), model.read.error, "a read");
    } else {
      assert_true((await reader.read()).done, "a read at the end");
    }
    reader.releaseLock();
  },
  async refuse({ writable, model }) {
    const writer = writable.getWriter();
    held(writer.closed);
    const error = await rejection(writer.write("str"), "a refused message");
    assert_true(!model.write.open || error instanceof TypeError, `refused: ${String(error)}`);
    model.end("write", { error });
    writer.releaseLock();
  },
  async fail({ writable, model, message }) {
    const writer = writable.getWriter();
    held(writer.closed);
    const error = await rejection(writer.write(message({ address: "127.0.0.1", port: 0 }, MIB)), "a failing write");
    if (model.write.open) {
      assert_dom_exception(error, "NetworkError");
    }
    model.end("write", { error });
    writer.releaseLock();
  },
  async finish({ writable, model }) {
    const closing = writable.close();
    const outcome = await closing.then(() => "fulfilled", () => "rejected");
    assert_equals(outcome, model.write.open ? "fulfilled" : "rejected", "a close of the writable");
    model.end("write");
  },
  async abort({ writable, model }) {
    const error = new Error("of the page");
    assert_equals(await writable.abort(error), undefined, "an abort");
    model.end("write", { error });
  },
  async cancel({ readable, model }) {
    const cancelled = readable.cancel(new Error("not reported"));
    if (!model.read.open && "error" in model.read) {
      await rejectsExactly(cancelled, model.read.error, "a cancel of an errored readable");
    } else {
      assert_equals(await cancelled, undefined, "a cancel");
    }
    model.end("read");
  },
  async provoke({ readable, model, info, mode }) {
    if (mode !== "connected to nobody" || !model.read.open) {
      return;
    }
    await udp.provokeError(info);
    const reader = readable.getReader();
    const error = await rejectsWith(reader.read(), "NetworkError", "a read");
    model.end("read", { error });
    reader.releaseLock();
  },
  async lockedClose({ socket, readable, writable, model, random }) {
    const lock = random(2) ? readable.getReader() : writable.getWriter();
    held(lock.closed);
    const closing = socket.close();
    if (model.settled) {
      // Settled in a task that may not have run.
      await closing.catch(() => {});
    } else {
      await rejectsWith(closing, "InvalidStateError", "close() with a lock");
    }
    lock.releaseLock();
  },
  async close({ socket, model }) {
    const closing = socket.close();
    assert_equals(closing, socket.closed, "close() returns closed");
    held(closing);
    model.end("read");
    model.end("write");
  },
};

// A bound socket with a peer, a connected one with a peer, or one that is connected to nobody.
const MODES = {
  async bound(t, peer) {
    const made = await bindUdp(t);
    return { ...made, message: (target, size = 4) => to(target, new Uint8Array(size)) };
  },
  async connected(t, peer) {
    const made = await connectUdp(t, peer);
    return { ...made, message: (target, size = 4) => ({ data: new Uint8Array(size) }) };
  },
  async "connected to nobody"(t, peer, closed) {
    const made = await connectUdp(t, closed);
    return { ...made, message: (target, size = 4) => ({ data: new Uint8Array(size) }) };
  },
};

for (const [mode, open] of Object.entries(MODES)) {
  promise_test(async t => {
    const random = generator(SEED);
    const peer = await makeUdpPeer(t);
    const closed = await closedUdpPort(t);
    // What a datagram to nobody does depends on when its ICMP error comes: those are not sent in the middle.
    const names = Object.keys(ACTIONS).filter(name => mode !== "connected to nobody"
      || !["send", "receive"].includes(name));
    const before = await udp.count();
    for (let i = 0; i < SEQUENCES; i++) {
      const made = await open(t, peer, closed);
      const model = new Model();
      const done = [];
      const what = () => `seed ${SEED}, sequence ${i}: ${done.join(", ")}`;
      let status = "pending";
      let value;
      made.socket.closed.then(() => { status = "fulfilled"; }, error => {
        status = "rejected";
        value = error;
      });
      const length = 2 + random(6);
      while (done.length < length || !model.settled) {
        const name = done.length < length + 6 ? names[random(names.length)] : done.length % 2 ? "cancel" : "abort";
        done.push(name);
        try {
          await ACTIONS[name]({ ...made, peer, model, mode, random });
        } catch (error) {
          throw new Error(`${what()}: ${error.message ?? error}`);
        }
        if (!model.settled) {
          assert_equals(status, "pending", `${what()}: closed`);
        }
      }
      await within(t, made.socket.closed.catch(() => {}), 5000, `${what()}: closed`);
      const expected = "error" in model.outcome ? "rejected" : "fulfilled";
      assert_equals(status, expected, `${what()}: closed`);
      assert_true(value === model.outcome.error, `${what()}: closed rejects with ${String(value)}`);
      assert_false((await udp.socket(made.info)).exists, `${what()}: the OS socket`);
    }
    assert_true((await udp.waitForCount(before, 5)).ok, "no socket is left");
  }, `UDP-HC-02, UDP-HC-03, UDP-HC-04, UDP-CLOSE-04: ${mode}: closed settles when and as the steps say, in random \
sequences`);
}

promise_test(async t => {
  const random = generator(SEED + 1);
  const peer = await makeUdpPeer(t);
  const before = await udp.count();
  for (let i = 0; i < SEQUENCES; i++) {
    const { socket, info, readable, writable } = await (random(2) ? bindUdp(t) : connectUdp(t, peer));
    const reader = readable.getReader();
    const writer = writable.getWriter();
    const connected = "remotePort" in info;
    const message = target => connected ? { data: bytes(1) } : to(target, bytes(1));
    const promises = [held(reader.closed), held(writer.closed)];
    const actions = {
      read: () => reader.read(),
      write: () => writer.write(message(peer)),
      fail: () => writer.write(connected ? { data: new Uint8Array(70000) } : message({ ...peer, port: 0 })),
      name: () => writer.write(connected ? { data: bytes(1) } : message({ address: "localhost", port: peer.port })),
      refuse: () => writer.write("str"),
      abort: () => writer.abort(new Error("of the page")),
      finish: () => writer.close(),
      cancel: () => reader.cancel(),
    };
    const done = [];
    const act = name => {
      done.push(name);
      promises.push(held(actions[name]()));
    };
    // All in one turn, and then both sides end.
    for (let n = random(8); n > 0; n--) {
      act(Object.keys(actions)[random(8)]);
    }
    for (const name of random(2) ? ["cancel", "abort"] : ["abort", "cancel"]) {
      act(name);
    }
    const all = Promise.allSettled([...promises, socket.closed]);
    await within(t, all, 5000, `seed ${SEED + 1}, sequence ${i}: ${done.join(", ")}: everything`);
    assert_false((await udp.socket(info)).exists, `sequence ${i}: ${done.join(", ")}: the OS socket`);
  }
  assert_true((await udp.waitForCount(before, 5)).ok, "no socket is left");
}, "UDP-HC-02, UDP-W-12, UDP-W-18: whatever is done in one turn, everything settles and the OS socket is closed");
