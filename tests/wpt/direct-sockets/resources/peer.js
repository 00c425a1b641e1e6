/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// The other side of `/peer` and `/os`: peers that do as they are told, and the operating system's view.

"use strict";

// Ask the server. Waits are answered when what they wait for has come.
async function ask(path, args = {}) {
  // A string body is text/plain, which needs no preflight where the page is of another origin.
  const response = await fetch(path, { method: "POST", body: JSON.stringify(args) });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${path} ${JSON.stringify(args)}: ${answer.error}`);
  }
  return answer;
}

function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) {
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}

function payload(data) {
  return typeof data === "string" ? { text: data } : { base64: toBase64(data) };
}

// A listener on loopback. Methods that speak of a connection take its number in order of acceptance,
// and wait until it has been accepted.
class Peer {
  constructor({ id, port, address }) {
    this.id = id;
    this.port = port;
    this.address = address;
  }

  // behaviour: "hold" (does not read), "sink" (reads), "echo". greeting and flood are sent first,
  // then a "fin" may follow. See python/wpt/peers.py.
  static async create(behaviour = "hold", options = {}) {
    return new Peer(await ask("/peer/create", { behaviour, ...options }));
  }

  _ask(what, args = {}) {
    return ask(`/peer/${what}`, { id: this.id, ...args });
  }

  // Wait for "accepted", "fin", "eof", "reset", "end" (fin or reset), "sent", and return the log of the connection.
  wait(what, { connection = 0, timeout } = {}) {
    return this._ask("wait", { for: what, connection, timeout });
  }

  received(count, { connection = 0, timeout } = {}) {
    return this._ask("wait", { for: "received", count, connection, timeout });
  }

  waitForCount(count, what = "accepted", timeout) {
    return this._ask("wait-count", { count, for: what, timeout });
  }

  // Hand bytes to the kernel. `then` is "fin" or "rst".
  send(data, { connection = 0, then = "", flood = 0 } = {}) {
    return this._ask("send", { connection, then, flood, ...payload(data) });
  }

  // Read so many bytes, or from now on everything.
  read(count, { connection = 0 } = {}) {
    return this._ask("read", count === undefined ? { connection } : { connection, count });
  }

  fin(connection = 0) {
    return this._ask("fin", { connection });
  }

  rst(connection = 0) {
    return this._ask("rst", { connection });
  }

  closeConnection(connection = 0) {
    return this._ask("close", { connection });
  }

  async log(connection) {
    const { connections } = await this._ask("log");
    return connection === undefined ? connections : connections[connection];
  }

  async bytes(connection = 0) {
    const { base64 } = await this._ask("data", { connection });
    return Uint8Array.from(atob(base64), c => c.charCodeAt(0));
  }

  async text(connection = 0) {
    return new TextDecoder().decode(await this.bytes(connection));
  }

  refuse() {
    return this._ask("refuse");
  }

  end() {
    return this._ask("end");
  }
}

// A peer that goes away with the test.
async function makePeer(t, behaviour, options) {
  const peer = await Peer.create(behaviour, options);
  t.add_cleanup(() => peer.end());
  return peer;
}

// A port on which nobody listens.
async function closedPort(address = "127.0.0.1") {
  return (await ask("/peer/closed-port", { address })).port;
}

// A port on which connecting hangs until `drain` is called.
async function hangingPort(t) {
  const { id, port } = await ask("/peer/hang");
  t.add_cleanup(() => ask("/peer/end", { id }));
  return { port, drain: timeout => ask("/peer/drain-hang", { id, timeout }) };
}

const os = {
  processes: () => ask("/os/processes"),
  memory: () => ask("/os/memory"),
  descriptors: () => ask("/os/descriptors"),
  countSockets: remotePort => ask("/os/count-sockets", { remotePort }),
  waitForSockets: (remotePort, count, timeout) => ask("/os/wait-sockets", { remotePort, count, timeout }),
  socket: info => ask("/os/socket", ports(info)),
  // want: any of {state, receiveQueue, minReceiveQueue, minSendQueue, held}.
  waitForSocket: (info, want, timeout) => ask("/os/wait-socket", { ...ports(info), want, timeout }),
  ss: async info => (await ask("/os/ss", ports(info))).text,
  options: (info, names) => ask("/os/option", { ...ports(info), names }),
  plainOptions: (peer, names) => ask("/os/plain-option", { address: peer.address, port: peer.port, names }),
  signalNet: signal => ask("/os/signal", { kind: "net", signal }),
  killProcess: (kind, pid) => ask("/os/signal", { kind, pid, signal: "KILL" }),
  waitForOtherNet: (notPid, timeout) => ask("/os/wait-process", { kind: "net", notPid, timeout }),
  waitForEnd: (kind, gone, timeout) => ask("/os/wait-process", { kind, gone, timeout }),
  waitForAge: (kind, seconds) => ask("/os/wait-age", { kind, seconds }),
  limitDescriptors: spare => ask("/os/limit-descriptors", { spare }),
  blockHosts: block => ask("/os/block-hosts", { block }),
  // Skips the test where the machine has no IPv6; where addresses are given, only if one of them is of IPv6 alone.
  needIPv6: async (...addresses) => {
    const { missing } = await ask("/os/ipv6");
    const isOfIPv6 = address => address.includes(":") && address !== "::" && !address.startsWith("::ffff:");
    assert_implements_optional(!missing || (addresses.length > 0 && !addresses.some(isOfIPv6)), missing);
  },
  // Whoever looks at /os/processes sees whether this run has content processes.
  multiprocess: async () => (await ask("/os/processes")).multiprocess,
};

function ports({ localPort, remotePort }) {
  return { localPort, remotePort };
}

// Trace system calls of net while `body` runs; the lines. `expressions` are those of `strace -e`.
async function traced(expressions, body, kind = "net") {
  await ask("/os/trace-start", { kind, expressions });
  try {
    await body();
  } finally {
    self.lastTrace = (await ask("/os/trace-stop")).lines;
  }
  return self.lastTrace;
}

// Make sure that a net process runs, and return its id.
async function startNet(t) {
  const peer = await Peer.create("hold");
  const socket = new TCPSocket(peer.address, peer.port);
  await socket.opened;
  await socket.close();
  await peer.end();
  const { net } = await os.processes();
  assert_equals(net.length, 1, "one net process");
  return net[0];
}
