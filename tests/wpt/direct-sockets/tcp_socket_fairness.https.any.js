// META: title=TCPSocket: bulk transfers leave room for others
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

// How far everything has to come while the transfer goes on. How long that takes is not asserted.
const TRIPS = 50;
const TIMERS = 20;
const FRAMES = 10;
const LEAST = 4 * MIB;

// More than any test waits for.
const ENDLESS = 2 ** 40;

// Small messages there and back on a socket of their own.
async function trips(t, peer) {
  const { readable, writable } = await connect(t, peer, { noDelay: true });
  const reader = readable.getReader();
  const writer = writable.getWriter();
  for (let i = 0; i < TRIPS; i++) {
    await writer.write(bytes(i));
    assert_array_equals(await readExactly(reader, 1), [i], `message ${i}`);
  }
}

async function timers() {
  for (let i = 0; i < TIMERS; i++) {
    await new Promise(resolve => step_timeout(resolve, 1));
  }
}

async function frames() {
  for (let i = 0; i < FRAMES; i++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

// Run each of these to its end, and see that the transfer goes on from the first to the last of them, and beyond.
async function beside(transfer, others) {
  const moved = async least => {
    const start = transfer.bytes;
    while (transfer.bytes < start + least) {
      assert_equals(transfer.error, undefined, "the transfer goes on");
      await task();
    }
  };
  await moved(LEAST);
  const start = transfer.bytes;
  await Promise.all(others());
  assert_greater_than(transfer.bytes, start, "the transfer has gone on meanwhile");
  await moved(LEAST);
}

// Reads without a pause.
function drain(readable, mode) {
  const transfer = { bytes: 0 };
  const run = async () => {
    const reader = mode ? readable.getReader({ mode }) : readable.getReader();
    let buffer = new ArrayBuffer(256 * 1024);
    while (!transfer.stopped) {
      const { value } = mode ? await reader.read(new Uint8Array(buffer)) : await reader.read();
      transfer.bytes += value.length;
      buffer = value.buffer;
    }
    reader.releaseLock();
  };
  transfer.end = run().catch(error => { transfer.error = error; });
  return transfer;
}

// Writes without a pause.
function pour(writable) {
  const transfer = { bytes: 0 };
  const run = async () => {
    const writer = writable.getWriter();
    const chunk = new Uint8Array(256 * 1024);
    while (!transfer.stopped) {
      await writer.write(chunk);
      transfer.bytes += chunk.length;
    }
    writer.releaseLock();
  };
  transfer.end = run().catch(error => { transfer.error = error; });
  return transfer;
}

const FLOODING = { behaviour: "hold", flood: ENDLESS };
const TRANSFERS = {
  "is received with a default reader": [FLOODING, ({ readable }) => [drain(readable)]],
  "is received with a BYOB reader": [FLOODING, ({ readable }) => [drain(readable, "byob")]],
  "is sent": [{ behaviour: "sink" }, ({ writable }) => [pour(writable)]],
  "is sent and received": [
    { behaviour: "sink", flood: ENDLESS },
    ({ readable, writable }) => [drain(readable), pour(writable)],
  ],
};

for (const [what, [{ behaviour, ...options }, start]] of Object.entries(TRANSFERS)) {
  promise_test(async t => {
    const echo = await makePeer(t, "echo");
    const bulk = await makePeer(t, behaviour, options);
    const { socket, ...streams } = await connect(t, bulk);
    const transfers = start(streams);
    const others = () => [trips(t, echo), timers(), ...(isWindow ? [frames()] : [])];
    await Promise.all(transfers.map(transfer => beside(transfer, others)));
    transfers.forEach(transfer => { transfer.stopped = true; });
    await Promise.all(transfers.map(({ end }) => end));
    await socket.close();
  }, `Messages of another socket, timers and frames go on while a lot ${what}`);
}

promise_test(async t => {
  const echo = await makePeer(t, "echo");
  const { readable, writable } = await connect(t, await makePeer(t, "sink", { flood: ENDLESS }));
  const transfers = [drain(readable), pour(writable)];
  const worker = socketWorker(t);
  await Promise.all(transfers.map(transfer => beside(transfer, () => [timers()])));
  assert_equals(await worker.ask("echo", { port: echo.port, milliseconds: 300 }), "started");
  const { count } = await worker.message();
  assert_greater_than(count, 0, "echoes of the worker");
  transfers.forEach(transfer => { transfer.stopped = true; });
}, "Sockets of another worker go on while a lot is sent and received");
