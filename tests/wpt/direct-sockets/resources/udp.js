// UDP peers, and what tests of UDPSocket share. Needs peer.js and helpers.js.

"use strict";

// A UDP socket of the server. behaviour: "sink" (reads and keeps), "echo" (sends back, too), "hold" (does not read).
class UdpPeer {
  constructor({ id, port, address }) {
    this.id = id;
    this.port = port;
    this.address = address;
  }

  static async create(behaviour = "sink", options = {}) {
    return new UdpPeer(await ask("udp/create", { behaviour, ...options }));
  }

  _ask(what, args = {}) {
    return ask(`udp/${what}`, { id: this.id, ...args });
  }

  // Send one datagram to {address, port}. `data` is text, bytes or a number of bytes.
  send(data, to) {
    return this._ask("send", { to, ...(typeof data === "number" ? { size: data } : payload(data)) });
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
  const closed = new UdpPeer(await ask("udp/closed-port", { address }));
  t.add_cleanup(() => closed.end());
  return closed;
}

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

// A socket in either mode ("bound" or "connected") with its peer, and a message that has the right members for it.
async function openFor(t, mode, behaviour = "sink", options = {}) {
  const peer = await makeUdpPeer(t, behaviour);
  const made = mode === "bound" ? await bindUdp(t, options) : await connectUdp(t, peer, options);
  const message = (data, more) => mode === "bound" ? to(peer, data, more)
    : { data: typeof data === "string" ? encode(data) : data, ...more };
  return { ...made, peer, message };
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
