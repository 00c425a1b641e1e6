// META: title=TCPSocket: loss of the net process in the middle of transfers
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/sha256.js
// META: script=/direct-sockets/resources/random.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// Nobody sends all of it.
const ENDLESS = 2 ** 40;
const BEFORE_LOSS = 4 * MIB;

// Writes that are made without waiting for the one before, in as many chunks. Tells of each how it settled.
class Writes {
  constructor(writable, stream) {
    this.writer = writable.getWriter();
    held(this.writer.closed);
    this.chunks = [];
    this.reported = 0;
    this.error = undefined;
    this.done = this._run(stream);
  }

  async _run(stream) {
    for (let chunk; (chunk = stream.next());) {
      this.chunks.push(chunk);
      try {
        await this.writer.write(chunk);
      } catch (error) {
        this.error = error;
        return;
      }
      this.reported += chunk.length;
    }
  }

  // The digest of the first bytes that were written.
  digest(count) {
    const digest = new Sha256();
    for (const chunk of this.chunks) {
      digest.update(chunk.subarray(0, count - digest.length));
    }
    assert_equals(digest.length, count, "no more has come than was written");
    return digest.hex();
  }
}

// What the peer has got is the beginning of what was written.
async function assertBeginning(peer, writes) {
  await peer.wait("end");
  const { received, receivedSha256 } = await peer.log(0);
  assert_greater_than_equal(received, BEFORE_LOSS);
  assert_equals(receivedSha256, writes.digest(received), "what the peer has got");
}

// Reads for ever; `done` is the error.
function readAway(readable, kind) {
  const read = { bytes: 0, digest: new Sha256() };
  const reader = kind === "byob" ? readable.getReader({ mode: "byob" }) : readable.getReader();
  held(reader.closed);
  const run = async () => {
    for (let buffer = new ArrayBuffer(MIB / 4);;) {
      const { done, value } = await (kind === "byob" ? reader.read(new Uint8Array(buffer)) : reader.read());
      assert_false(done, "the end that comes is an error");
      read.digest.update(value);
      buffer = value.buffer;
    }
  };
  read.reader = reader;
  read.done = rejection(run());
  return read;
}

async function assertFloodBeginning({ digest }) {
  const count = digest.length;
  assert_equals(digest.hex(), await Peer.floodDigest(count), "what the page has got");
}

const STEPS = {
  "while a lot is sent": async (t, _, kill) => {
    const peer = await makePeer(t, "sink");
    const { socket, writable } = await connect(t, peer);
    const writes = new Writes(writable, new RandomStream(1, ENDLESS));
    await peer.received(BEFORE_LOSS);
    await kill();
    await within(t, writes.done, 5000, "the last write");
    await assertBeginning(peer, writes);
    const { writer } = writes;
    return {
      rejects: { "the last write": Promise.reject(writes.error), "a later write": writer.write(bytes(1)),
                 "writer.closed": writer.closed, closed: socket.closed },
    };
  },
  "while a lot is sent and writer.close() waits": async (t, _, kill) => {
    const slow = await makePeer(t, "hold", { receiveBuffer: 4096 });
    const { socket, writable } = await connect(t, slow);
    const writer = writable.getWriter();
    const write = held(writer.write(new Uint8Array(256 * 1024)));
    const more = held(writer.write(new Uint8Array(8 * MIB)));
    const closing = held(writer.close());
    await write;
    await kill();
    await slow.read();
    await slow.wait("end");
    assert_less_than((await slow.log(0)).received, 8 * MIB, "not all of it was handed over");
    return { rejects: { "the large write": more, "writer.close()": closing, closed: socket.closed } };
  },
  "while a lot is received with a default reader": async (t, _, kill) => {
    const peer = await makePeer(t, "hold", { flood: ENDLESS });
    const { socket, readable } = await connect(t, peer);
    const read = readAway(readable);
    while (read.digest.length < BEFORE_LOSS) {
      await task();
    }
    await kill();
    const error = await within(t, read.done, 5000, "the last read");
    await assertFloodBeginning(read);
    return { rejects: { "the last read": Promise.reject(error), "reader.closed": read.reader.closed,
                        "a later read": read.reader.read(), closed: socket.closed } };
  },
  "while a lot is received with a BYOB reader": async (t, _, kill) => {
    const peer = await makePeer(t, "hold", { flood: ENDLESS });
    const { socket, readable } = await connect(t, peer);
    const read = readAway(readable, "byob");
    while (read.digest.length < BEFORE_LOSS) {
      await task();
    }
    await kill();
    const error = await within(t, read.done, 5000, "the last read");
    await assertFloodBeginning(read);
    return { rejects: { "the last read": Promise.reject(error), "reader.closed": read.reader.closed,
                        closed: socket.closed } };
  },
  "while a lot goes both ways": async (t, _, kill) => {
    const peer = await makePeer(t, "sink", { flood: ENDLESS });
    const { socket, readable, writable } = await connect(t, peer);
    const read = readAway(readable);
    const writes = new Writes(writable, new RandomStream(2, ENDLESS));
    await peer.received(BEFORE_LOSS);
    while (read.digest.length < BEFORE_LOSS) {
      await task();
    }
    await kill();
    const error = await within(t, read.done, 5000, "the last read");
    await within(t, writes.done, 5000, "the last write");
    await assertFloodBeginning(read);
    await assertBeginning(peer, writes);
    assert_equals(writes.error, error, "one error for both");
    return { rejects: { "the last read": Promise.reject(error), closed: socket.closed } };
  },
  "after it was stopped in the middle of a transfer": async (t, _, kill) => {
    const peer = await makePeer(t, "sink", { flood: ENDLESS });
    const { socket, readable, writable } = await connect(t, peer);
    const read = readAway(readable);
    const writes = new Writes(writable, new RandomStream(3, ENDLESS));
    await peer.received(BEFORE_LOSS);
    await os.signalNet("STOP");
    const late = new TCPSocket(peer.address, peer.port);
    held(late.opened);
    await quiet(100);
    await kill();
    await within(t, Promise.all([read.done, writes.done]), 5000, "reads and writes");
    await assertFloodBeginning(read);
    await assertBeginning(peer, writes);
    return { rejects: { closed: socket.closed, "opened of another one": late.opened } };
  },
};

testNetLoss(STEPS);

promise_test(async t => {
  const net = await startOldNet(t);
  const count = 20;
  const total = 2 * MIB;
  const peer = await makePeer(t, "sink");
  const slow = await connect(t, await makePeer(t, "hold", { receiveBuffer: 4096 }));
  const sockets = [];
  for (let i = 0; i < count; i++) {
    sockets.push(await connect(t, peer));
  }
  let fulfilled = 0;
  const some = new Promise(resolve => {
    sockets.forEach((socket, index) => {
      const stream = new RandomStream(10 + index, total);
      held(socket.socket.closed);
      socket.hash = () => stream.digest.hex();
      socket.sent = sendStream(socket.writable, stream).then(() => {
        fulfilled++;
        if (fulfilled === 3) {
          resolve();
        }
        return true;
      }, error => {
        assert_dom_exception(error, "NetworkError");
        return false;
      });
    });
  });
  const never = held(sendStream(slow.writable, new RandomStream(9, 16 * MIB)));
  await some;
  await os.signalNet("KILL");
  assert_true((await os.waitForEnd("net", net)).ok, "net has ended");
  await rejectsWith(within(t, never, 5000, "the slow one"), "NetworkError", "the slow one");
  const outcomes = await within(t, Promise.all(sockets.map(({ sent }) => sent)), 5000, "all of them");
  await peer.waitForCount(count, "ended");
  const log = await peer.log();
  for (const [index, { info, hash }] of sockets.entries()) {
    const found = log.findIndex(({ remotePort }) => remotePort === info.localPort);
    if (outcomes[index]) {
      const { received, receivedSha256 } = await peer.wait("eof", { connection: found });
      assert_equals(received, total, `socket ${index} was closed`);
      assert_equals(receivedSha256, hash(), `socket ${index} was closed`);
    } else {
      assert_less_than_equal(log[found].received, total);
    }
  }
  assert_greater_than_equal(outcomes.filter(Boolean).length, 3);
}, "LIFE-04, TCP-W-15: where writer.close() fulfilled before net was killed, the peer gets every byte");
