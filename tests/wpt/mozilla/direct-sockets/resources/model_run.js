/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Random sequences of what a page and a peer do with a TCPSocket, held against the model of model.js. Many sockets take
// their steps together, so that a thousand sequences cost some hundred requests to the server.
"use strict";

// More than the shared send buffer has room for, and the kernel takes for a peer that does not read, whose buffers are
// of BUFFER bytes.
const BUFFER = 16384;
const BIG = new Uint8Array(768 * 1024);
const SMALL = new Uint8Array(32);
// Each sequence has its own numbers: one can be run alone.
const STEPS = 8;
const MOST_WRITES = 8;
const PATIENCE = 15000;

function choose(random, weighted) {
  const entries = weighted.filter(([weight]) => weight > 0);
  let at = random(entries.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, action] of entries) {
    at -= weight;
    if (at < 0) {
      return action;
    }
  }
  assert_unreached("the weights add up");
}

// One sequence: a model, and whose turn it is.
class Sequence {
  constructor(model, connection, random, allowBig) {
    Object.assign(this, { model, connection, random, allowBig });
    this.writes = 0;
    this.reasons = 0;
  }

  // Something that the page can do now.
  actOfPage() {
    const { model, random } = this;
    const { reader, writer } = model;
    const mayWrite = writer && this.writes < MOST_WRITES;
    const write = (kind, chunk) => {
      this.writes++;
      model.write(kind, chunk);
    };
    choose(random, [
      [reader ? 0 : 6, () => model.getReader(random(2) === 1)],
      [reader && model.reads.length < 5 ? 10 : 0, () => model.read(1 + random(2000))],
      [reader ? 3 : 0, () => model.releaseReader()],
      [1, () => model.cancel()],
      [writer ? 0 : 6, () => model.getWriter()],
      [mayWrite ? 6 : 0, () => write("small", SMALL)],
      [mayWrite && this.allowBig ? 3 : 0, () => write("big", BIG)],
      [mayWrite ? 1 : 0, () => write("refused", "no bytes")],
      [writer ? 1 : 0, () => model.closeWriter()],
      [writer ? 3 : 0, () => model.releaseWriter()],
      [writer ? 1 : 0.5, () => model.abort(this.reason())],
      [1, () => model.closeSocket()],
    ].map(([weight, action]) => [weight * 2, action]))();
  }

  // What the page gives as the reason of an abort: often an object of its own, sometimes nothing.
  reason() {
    this.reasons++;
    return this.random(4) ? { toString: () => `reason ${this.reasons}` } : undefined;
  }

  // Something that the peer does, as a command to the server.
  actOfPeer(mayReset) {
    const { model, random, connection } = this;
    return choose(random, [
      [8, () => ({ do: "send", connection, text: model.peerSends(1 + random(1500)) })],
      [3, () => (model.peerStartsToRead(), { do: "read", connection })],
      [2, () => (model.peerFinishes(), { do: "fin", connection })],
      // With bytes in the shared send buffer it is not known whether the OS refuses some of them.
      [mayReset && !model.mayWait ? 2 : 0, () => (model.peerResets(), { do: "rst", connection })],
    ])();
  }

  // One turn; the commands for the peer.
  step() {
    const { random } = this;
    const kind = random(10);
    const commands = [];
    // A page and a peer that act at the same time, in either order; a reset comes alone.
    if (kind < 4) {
      commands.push(this.actOfPeer(kind < 3));
    }
    if (kind >= 3) {
      const count = 1 + random(3);
      for (let i = 0; i < count; i++) {
        this.actOfPage();
      }
    }
    this.model.endTurn();
    return commands;
  }

  release() {
    if (this.model.reader) {
      this.model.releaseReader();
    }
    if (this.model.writer) {
      this.model.releaseWriter();
    }
    this.model.endTurn();
  }

  close() {
    this.model.closeSocket();
    this.model.endTurn();
  }
}

// Everything that has happened in net when this is called has reached script when it is done.
class Barrier {
  static async create(t) {
    const barrier = new Barrier();
    const { socket, readable, writable } = await connect(t, await makePeer(t, "echo"));
    Object.assign(barrier, { socket, reader: readable.getReader(), writer: writable.getWriter() });
    return barrier;
  }

  async pass() {
    for (let i = 0; i < 2; i++) {
      await this.writer.write(bytes(i));
      await readExactly(this.reader, 1);
    }
    await task();
  }

  async end() {
    this.reader.releaseLock();
    this.writer.releaseLock();
    await this.socket.close();
  }
}

// Ways to come by open sockets, and by the connections of their peer.

async function connectedSockets(t, count, random) {
  const peer = await makePeer(t, "hold", { receiveBuffer: BUFFER });
  const sockets = Array.from({ length: count }, () => {
    const socket = new TCPSocket(peer.address, peer.port, { sendBufferSize: BUFFER });
    if (random(8) === 0) {
      const early = held(socket.close());
      t.add_cleanup(() => rejectsWith(early, "InvalidStateError", "close() of a socket that is opening"));
    }
    return socket;
  });
  const infos = await Promise.all(sockets.map(socket => socket.opened));
  await peer.waitForCount(count);
  const places = new Map((await peer.log()).map(({ remotePort }, connection) => [remotePort, connection]));
  const connections = infos.map(info => places.get(info.localPort));
  const end = async () => assert_true((await os.waitForSockets(peer.port, 0)).ok, "net holds no socket any more");
  return { sockets, infos, peer, connections, allowBig: true, end };
}

// The kernel gives these as much of a buffer as they want: no write is too big for it.
async function acceptedSockets(t, count) {
  const { server, port, readable } = await listen(t);
  const peer = await makeClients(t, port, "hold", { count, receiveBuffer: BUFFER });
  const places = new Map(peer.connections.map(({ localPort }, connection) => [localPort, connection]));
  const reader = readable.getReader();
  const sockets = [];
  const infos = [];
  for (let i = 0; i < count; i++) {
    const { value } = await reader.read();
    sockets.push(value);
    infos.push(await value.opened);
  }
  reader.releaseLock();
  await server.close();
  const connections = infos.map(info => places.get(info.remotePort));
  const end = async () => assert_true((await listening.waitForCount(port, 0)).ok, "net holds no socket any more");
  return { sockets, infos, peer, connections, allowBig: false, end };
}

// Wait until every model is content. Bounded; the first one that is not is reported.
async function settle(sequences, barrier) {
  await micro(30);
  for (const { model } of sequences) {
    const overdue = model.overdue();
    if (overdue) {
      model.fail(`${overdue.what} takes a task`);
    }
  }
  if (barrier) {
    await barrier.pass();
  }
  const deadline = performance.now() + PATIENCE;
  let rest = sequences;
  for (;;) {
    rest = rest.filter(({ model }) => !model.settled());
    const failed = sequences.find(({ model }) => model.failure);
    if (failed) {
      assert_unreached(failed.model.report());
    }
    if (rest.length === 0) {
      return;
    }
    if (performance.now() > deadline) {
      assert_unreached(rest[0].model.report());
    }
    await new Promise(resolve => setTimeout(resolve, 1));
  }
}

// Run sequences `first` to `first + count` of a seed. `only` picks one of them. With `loss` net is killed at the end.
async function runSequences(t, make, { seed, first, count, loss = false }) {
  const barrier = await Barrier.create(t);
  const before = await os.descriptors();
  const setup = await make(t, count, generator(seed + first));
  const sequences = setup.sockets.map((socket, index) => {
    const number = first + index;
    const name = `sequence ${number} of ?seed=${seed}`;
    const random = generator(Math.imul(seed, 2654435761) + number);
    return new Sequence(new Model(socket, setup.infos[index], name), setup.connections[index], random, setup.allowBig);
  });
  for (let step = 0; step < STEPS; step++) {
    const commands = sequences.flatMap(sequence => sequence.step());
    await ask("peer/batch", { id: setup.peer.id, commands });
    await settle(sequences, barrier);
  }
  if (loss) {
    sequences.forEach(({ model }) => {
      model.lose();
      model.endTurn();
    });
    await os.signalNet("KILL");
    await settle(sequences, null);
    return;
  }
  // Whatever state they are in, all of them can be closed.
  sequences.forEach(sequence => sequence.release());
  await settle(sequences, barrier);
  sequences.forEach(sequence => sequence.close());
  await settle(sequences, barrier);
  for (const { model } of sequences) {
    assert_not_equals(model.closed.status, "pending", model.report());
  }
  await setup.end();
  let after;
  for (let i = 0; i < 50; i++) {
    after = await os.descriptors();
    if (after.net <= before.net) {
      break;
    }
    await quiet(20);
  }
  assert_less_than_equal(after.net, before.net, "descriptors of net");
  await barrier.end();
}
