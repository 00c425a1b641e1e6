// Bursts of datagrams that come back. Needs peer.js, helpers.js, udp.js, sha256.js and random.js.

"use strict";

const BURST = 32;
// Together less than the receive buffers of both ends hold.
const LONGEST = 1472;

// A burst that begins with this number: every datagram is its number, and bytes at random.
function makeBurst(random, first) {
  return Array.from({ length: BURST }, (_, index) => {
    const data = new Uint8Array(4 + random(LONGEST - 3));
    data.set(RANDOM_BYTES.subarray(random(MIB / 2), MIB).subarray(0, data.length));
    new DataView(data.buffer).setUint32(0, first + index);
    return data;
  });
}

// Bursts to an echo and back, one after the other; nothing is lost, doubled, mixed up or changed.
async function exchange({ readable, writable, message }, random, bursts) {
  const writer = writable.getWriter();
  const reader = readable.getReader();
  for (let burst = 0; burst < bursts; burst++) {
    const datagrams = makeBurst(random, burst * BURST);
    const writes = Promise.all(datagrams.map(data => writer.write(message(data))));
    for (const [index, sent] of datagrams.entries()) {
      const received = await readMessage(reader);
      assert_equals(numberOf(received), burst * BURST + index, "the order");
      assert_equals(received.data.length, sent.length, `the length of datagram ${index} of burst ${burst}`);
      assert_true(sent.every((byte, at) => byte === received.data[at]), `datagram ${index} of burst ${burst}`);
    }
    await writes;
  }
  reader.releaseLock();
  writer.releaseLock();
}

function testBursts(bursts, count, what) {
  for (const [number, mode] of ["bound", "connected"].entries()) {
    seededTest(async t => {
      const socket = await openFor(t, mode, "echo");
      await exchange(socket, generator(SEED + number), bursts);
      await socket.socket.close();
    }, `UDP-R-03, UDP-W-17: ${what} of a ${mode} socket come back whole and in order`);
  }

  seededTest(async t => {
    // A peer for each, as its receive buffer holds one burst.
    const sockets = [];
    for (let i = 0; i < count; i++) {
      sockets.push(await openFor(t, i % 2 ? "bound" : "connected", "echo"));
    }
    const few = Math.ceil(bursts / count);
    await Promise.all(sockets.map((socket, index) => exchange(socket, generator(SEED + 10 + index), few)));
    await Promise.all(sockets.map(({ socket }) => socket.close()));
  }, `UDP-R-03, UDP-W-17: ${what} of ${count} sockets at the same time come back whole and in order`);
}
