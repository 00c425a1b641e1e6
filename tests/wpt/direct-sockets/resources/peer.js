// The other side of peer.py: peers outside of the browser that do as they are told.

"use strict";

// Post JSON, and take JSON for an answer.
async function post(url, args) {
  // A string body is text/plain, which needs no preflight where the page is of another origin.
  const response = await fetch(url, { method: "POST", body: JSON.stringify(args) });
  const answer = await response.json();
  if (!response.ok) {
    throw new Error(`${url} ${JSON.stringify(args)}: ${answer.error}`);
  }
  return answer;
}

// Ask the peers. Waits are answered when what they wait for has come.
function ask(what, args = {}) {
  return post(`/direct-sockets/resources/peer.py?${what}`, args);
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
  // then a "fin" may follow. See peers/script.py.
  static async create(behaviour = "hold", options = {}) {
    return new Peer(await ask("peer/create", { behaviour, ...options }));
  }

  _ask(what, args = {}) {
    return ask(`peer/${what}`, { id: this.id, ...args });
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

  // Which byte values have come: for megabytes, which a page would be slow to look at.
  async values(connection = 0) {
    return (await this._ask("values", { connection })).values;
  }

  async text(connection = 0) {
    return new TextDecoder().decode(await this.bytes(connection));
  }

  // The digest of the first `count` bytes of any flood.
  static async floodDigest(count) {
    return (await ask("peer/flood-digest", { count })).sha256;
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
  return (await ask("peer/closed-port", { address })).port;
}

// A port on which connecting hangs until `drain` is called.
async function hangingPort(t) {
  const { id, port } = await ask("peer/hang");
  t.add_cleanup(() => ask("peer/end", { id }));
  return { port, drain: timeout => ask("peer/drain-hang", { id, timeout }) };
}

// Skips the test where the machine has no IPv6; where addresses are given, only if one of them is of IPv6 alone.
async function needIPv6(...addresses) {
  const { missing } = await ask("ipv6");
  const isOfIPv6 = address => address.includes(":") && address !== "::" && !address.startsWith("::ffff:");
  assert_implements_optional(!missing || (addresses.length > 0 && !addresses.some(isOfIPv6)), missing);
}

// Skips the test where one of these addresses cannot be bound: not every system has all of 127.0.0.0/8.
async function needAddresses(...addresses) {
  for (const address of addresses) {
    const { missing } = await ask("address", { address });
    assert_implements_optional(!missing, missing);
  }
}
