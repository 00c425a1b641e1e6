/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// UDP peers, the operating system's view of UDP sockets, and what tests of UDPSocket share. Needs peer.js and
// helpers.js.

"use strict";

// A UDP socket of the server. behaviour: "sink" (reads and keeps), "echo" (sends back, too), "hold" (does not read).
class UdpPeer {
  constructor({ id, port, address }) {
    this.id = id;
    this.port = port;
    this.address = address;
  }

  static async create(behaviour = "sink", options = {}) {
    return new UdpPeer(await ask("/udp/create", { behaviour, ...options }));
  }

  _ask(what, args = {}) {
    return ask(`/udp/${what}`, { id: this.id, ...args });
  }

  // Send one datagram to {address, port}. `data` is text, bytes or a number of bytes. With `whenBound` it is sent as
  // soon as somebody has bound that port.
  send(data, to, { whenBound = false } = {}) {
    return this._ask("send", { to, whenBound, ...(typeof data === "number" ? { size: data } : payload(data)) });
  }

  // Send `count` datagrams, or as many as go into `seconds`. Each begins with its number in four bytes.
  async flood(to, { count = 0, seconds = 0, size = 64 }) {
    return (await this._ask("flood", { to, count, seconds, size })).sent;
  }

  // Wait until so many datagrams have come, and return the log: {received, bytes, sha256, datagrams: [{size, sha256,
  // address, port, text}]}.
  received(count, timeout) {
    return this._ask("wait", { count, timeout });
  }

  log() {
    return this._ask("log");
  }

  read() {
    return this._ask("read");
  }

  end() {
    return this._ask("end");
  }
}

async function makeUdpPeer(t, behaviour, options) {
  const peer = await UdpPeer.create(behaviour, options);
  t.add_cleanup(() => peer.end());
  return peer;
}

// A port from which datagrams come back as ICMP "port unreachable", although `send` can send from it.
async function closedUdpPort(t, address = "127.0.0.1") {
  const closed = new UdpPeer(await ask("/udp/closed-port", { address }));
  t.add_cleanup(() => closed.end());
  return closed;
}

// Which socket is meant, from its open info.
function which({ localAddress, localPort }) {
  return { localAddress, localPort };
}

const udp = {
  socket: info => ask("/os/udp/socket", which(info)),
  // want: any of {exists, receiveQueue, minReceiveQueue, minDrops}.
  waitForSocket: (info, want, timeout) => ask("/os/udp/wait", { ...which(info), want, timeout }),
  gone: info => ask("/os/udp/wait", { ...which(info), want: { exists: false }, timeout: 5 }),
  count: async () => (await ask("/os/udp/count")).net,
  waitForCount: (count, timeout) => ask("/os/udp/wait-count", { count, timeout }),
  options: (info, names) => ask("/os/udp/option", { ...which(info), names }),
  plainOptions: (address, names) => ask("/os/udp/plain-option", { address, names }),
  // Have the OS report an error to a socket that is connected to a closed port, although the page sends nothing.
  provokeError: info => ask("/os/udp/provoke", which(info)),
};

// An open socket in bound mode, with its parts. Whatever the test leaves of it is closed when the test ends.
async function bindUdp(t, options = {}) {
  return openUdp(t, { localAddress: "127.0.0.1", ...options });
}

// An open socket in connected mode.
async function connectUdp(t, peer, options = {}) {
  return openUdp(t, { remoteAddress: peer.address, remotePort: peer.port, ...options });
}

async function openUdp(t, options) {
  const socket = new UDPSocket(options);
  t.add_cleanup(() => dispose(socket));
  const info = await socket.opened;
  return { socket, info, readable: info.readable, writable: info.writable };
}

// Where datagrams for a socket go.
function at(info, address = info.localAddress) {
  return { address, port: info.localPort };
}

// A message to a peer, for a socket in bound mode.
function to(peer, data, more = {}) {
  const bytes = typeof data === "string" ? encode(data) : data;
  return { data: bytes, remoteAddress: peer.address, remotePort: peer.port, ...more };
}

// The next message of a default reader.
async function readMessage(reader, what = "a message") {
  const { done, value } = await reader.read();
  assert_false(done, `${what}: the stream has not ended`);
  return value;
}

async function readText(reader) {
  return decode((await readMessage(reader)).data);
}

async function readMessages(reader, count) {
  const messages = [];
  while (messages.length < count) {
    messages.push(await readMessage(reader, `message ${messages.length}`));
  }
  return messages;
}

// The number that a datagram of a flood begins with.
function numberOf({ data }) {
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}

// Make sure that a net process runs without a UDP socket, and return its id.
async function startUdpNet() {
  const socket = new UDPSocket({ localAddress: "127.0.0.1" });
  await socket.opened;
  await socket.close();
  const { net } = await os.processes();
  assert_equals(net.length, 1, "one net process");
  return net[0];
}

// Lines of a trace about receiving: how many datagrams were asked for, and how many came.
function receives(lines) {
  const found = [];
  for (const line of lines) {
    const batch = /recvmmsg.*, (\d+), [\w|]+, (?:NULL|0x[0-9a-f]+|\{[^}]*\})\)\s+= (-?\d+)/.exec(line);
    if (batch) {
      found.push({ asked: Number(batch[1]), got: Math.max(0, Number(batch[2])) });
      continue;
    }
    // Channels between processes are read with the same calls; datagrams have an internet address.
    const single = /recv(?:msg|from).*AF_INET.*\)\s+= (\d+)/.exec(line);
    if (single) {
      found.push({ asked: 1, got: 1 });
    }
  }
  return found;
}
const RECEIVING = "trace=recvmmsg,recvmsg,recvfrom";

// Whether a member is what a message of an error is about: it comes before the others.
function assert_names(error, member, others = []) {
  assert_true(error instanceof TypeError, `a TypeError: ${String(error)}`);
  const at = error.message.indexOf(member);
  assert_greater_than_equal(at, 0, `the message names ${member}: ${error.message}`);
  for (const other of others) {
    const later = error.message.indexOf(other);
    assert_true(later < 0 || later > at, `the message is about ${member}, not ${other}: ${error.message}`);
  }
}
