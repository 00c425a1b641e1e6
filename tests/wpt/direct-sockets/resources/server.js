// What the tests of TCPServerSocket share: servers of the page, and clients from outside of the browser.
// Needs peer.js and helpers.js.

"use strict";

// Connections from outside to a server of the page, made one after the other. They take the commands of a peer's
// connections; `connections` says who they are, `failures` what became of the attempts that failed.
class Clients extends Peer {
  constructor(answer) {
    super(answer);
    this.connections = answer.connections;
    this.failures = answer.failures;
  }

  // behaviour as for peers. options: any of {address, count, source, greeting, flood, then, receiveBuffer, timeout}.
  static async connect(port, behaviour = "hold", options = {}) {
    return new Clients(await ask("client/connect", { port, behaviour, ...options }));
  }
}

// Clients that have connected, and that go away with the test.
async function makeClients(t, port, behaviour, options) {
  const clients = await Clients.connect(port, behaviour, options);
  t.add_cleanup(() => clients.end());
  assert_array_equals(clients.failures, [], "every client has connected");
  return clients;
}

// A client of a server that ends because of it: it may learn of the end before it knows that it has connected.
async function makeDoomedClient(t, port) {
  const client = await Clients.connect(port, "sink");
  t.add_cleanup(() => client.end());
  assert_true(client.failures.every(failure => failure === "ECONNRESET"), `the client: ${client.failures}`);
  return { sawEnd: async () => client.failures.length > 0 || client.wait("end") };
}

// What becomes of somebody who connects: "" if it works.
async function connectionFailure(port, address = "127.0.0.1") {
  const clients = await Clients.connect(port, "hold", { address });
  await clients.end();
  return clients.failures[0] ?? "";
}

async function assertRefuses(port, what = "connecting", address) {
  assert_equals(await connectionFailure(port, address), "ECONNREFUSED", what);
}

// A server that listens. It is closed when the test ends, unless its readable is locked then.
async function listen(t, options, address = "127.0.0.1") {
  const server = new TCPServerSocket(address, options);
  t.add_cleanup(() => dispose(server));
  const info = await server.opened;
  return { server, info, readable: info.readable, port: info.localPort };
}

// The next connection of a server, with its parts.
async function accept(t, reader) {
  const { done, value } = await reader.read();
  assert_false(done, "the server's stream goes on");
  assert_true(value instanceof TCPSocket, "a chunk is a TCPSocket");
  t.add_cleanup(() => dispose(value));
  const info = await value.opened;
  return { socket: value, info, readable: info.readable, writable: info.writable };
}

// A connection that a server of this page has accepted from a client outside. `peer` is that client.
async function acceptClient(t, behaviour, options) {
  const { server, port, readable } = await listen(t);
  const peer = await makeClients(t, port, behaviour, options);
  const reader = readable.getReader();
  const accepted = await accept(t, reader);
  reader.releaseLock();
  return { ...accepted, server, peer, port };
}

// The same with a TCPSocket of this page as the client.
async function acceptOwn(t, options) {
  const { server, port, readable } = await listen(t);
  const reader = readable.getReader();
  const connecting = connect(t, { address: "127.0.0.1", port }, options);
  const [client, accepted] = await Promise.all([connecting, accept(t, reader)]);
  reader.releaseLock();
  return { server, port, client, accepted };
}

// A port that nobody listens on now, and that a server may take.
async function freePort(t) {
  const { server, port } = await listen(t);
  await server.close();
  return port;
}
