// META: title=TCPSocket: tasks and their order
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

promise_test(async t => {
  const peer = await makePeer(t, "echo");
  const { socket, readable, writable } = await connect(t, peer);
  const reader = readable.getReader();
  const writer = writable.getWriter();
  // Each outcome that the OS reports is still pending after all microtasks of the turn that asked for it.
  const later = async (what, promise) => {
    await micro();
    assert_equals(await state(promise), "pending", what);
    return promise;
  };
  const read = later("a read", reader.read());
  await later("a write", writer.write(encode("abc")));
  await read;
  await later("a close of the writer", writer.close());
  assert_true((await reader.read()).done);
  await socket.closed;
  const other = await connect(t, peer);
  await later("an abort", other.writable.abort());
  const third = await connect(t, peer);
  await later("close()", third.socket.close());
}, "TASK-02: every outcome that the OS reports reaches script through a task");

promise_test(async t => {
  const socket = new TCPSocket("127.0.0.1", await closedPort());
  const seen = socket.opened.catch(() => state(socket.closed));
  assert_equals(await seen, "rejected", "closed is rejected by the time opened's handler runs");
}, "TASK-03: the steps of one task run without a microtask between them");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket, readable } = await connect(t, peer);
  const reader = readable.getReader();
  const order = [];
  const first = reader.read();
  const second = reader.read();
  const chain = first.then(async () => {
    await micro(100);
    order.push("chain");
  });
  second.then(() => order.push("second"));
  await peer.send("a");
  await first;
  await peer.send("b");
  await Promise.all([chain, second]);
  assert_array_equals(order, ["chain", "second"]);
  reader.releaseLock();
  await socket.close();
}, "TASK-04: between two tasks of one socket all microtasks run");

promise_test(async t => {
  const peer = await makePeer(t, "hold", { greeting: "data", then: "fin" });
  for (let i = 0; i < 200; i++) {
    const socket = new TCPSocket(peer.address, peer.port);
    const order = [];
    socket.closed.then(() => order.push("closed"));
    const { readable, writable } = await socket.opened;
    order.push("opened");
    const reader = readable.getReader();
    const writer = writable.getWriter();
    const writes = [1, 2, 3].map(n => writer.write(bytes(n)).then(() => order.push(`write ${n}`)));
    const reading = (async () => {
      for (;;) {
        const { done } = await reader.read();
        order.push(done ? "end" : "data");
        if (done) {
          return;
        }
      }
    })();
    await reading;
    await Promise.all(writes);
    await writer.close();
    order.push("shut down");
    await socket.closed;
    await micro(3);
    const [writing, rest] = [true, false].map(which => order.filter(step => step.startsWith("write") === which));
    assert_array_equals(rest, ["opened", "data", "end", "shut down", "closed"]);
    assert_array_equals(writing, ["write 1", "write 2", "write 3"]);
  }
}, "TASK-05: tasks of one socket run in the order in which things happened");

promise_test(async t => {
  const peer = await makePeer(t, "sink");
  const one = await connect(t, peer);
  const refused = one.writable.getWriter().write("str");
  await micro();
  assert_equals(await state(refused), "rejected", "a refused chunk");
  const two = await connect(t, peer);
  const cancelled = two.readable.cancel();
  await micro();
  assert_equals(await state(cancelled), "fulfilled", "a cancel");
  await rejection(refused);
  await two.writable.close();
}, "TASK-06: only what is decided locally settles without a task");

promise_test(async t => {
  const flooding = await makePeer(t, "hold", { flood: 256 * MIB });
  const echo = await makePeer(t, "echo");
  const flood = await connect(t, flooding);
  const other = await connect(t, echo);
  let stop = false;
  let received = 0;
  const reading = (async () => {
    const reader = flood.readable.getReader();
    while (!stop) {
      const { value } = await reader.read();
      received += value.length;
    }
    reader.releaseLock();
  })();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const reader = other.readable.getReader();
  const writer = other.writable.getWriter();
  let echoes = 0;
  const start = performance.now();
  // Bounded by bytes, so that the flood goes on all the time.
  while (received < 32 * MIB && performance.now() - start < 5000) {
    await writer.write(bytes(echoes));
    assert_equals((await readExactly(reader, 1))[0], echoes & 255);
    echoes++;
  }
  const took = performance.now() - start;
  stop = true;
  clearInterval(timer);
  await reading;
  assert_greater_than(received, 0, "the flood was read");
  assert_greater_than(echoes, 2, `echoes of the other socket in ${took} ms`);
  // Half of the rate on an idle machine; a quarter leaves room for a busy one.
  assert_greater_than_equal(ticks, Math.floor(took / 10 / 4), `ticks in ${took} ms`);
  await flood.socket.close();
}, "TASK-11: a flooded socket starves neither timers nor other sockets");
