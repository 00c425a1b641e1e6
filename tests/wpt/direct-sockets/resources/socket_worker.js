"use strict";

// A worker that does with sockets what its page tells it, and says how it went.

importScripts("/direct-sockets/resources/peer.js", "/direct-sockets/resources/helpers.js");

// Everything opened here stays referenced.
const kept = [];

const COMMANDS = {
  // Whether a socket can be constructed.
  construct() {
    try {
      kept.push(new TCPSocket("127.0.0.1", 0));
      kept.at(-1).opened.catch(() => {});
      return "constructed";
    } catch (error) {
      return error.name;
    }
  },

  async open({ port, count = 1 }) {
    for (let i = 0; i < count; i++) {
      const socket = new TCPSocket("127.0.0.1", port);
      kept.push(socket, await socket.opened);
    }
    return "open";
  },

  // Listen, on a port of the system's choice, and accept `count` connections.
  async listen({ count = 0 }) {
    const server = new TCPServerSocket("127.0.0.1");
    kept.push(server);
    const { readable, localPort } = await server.opened;
    postMessage(localPort);
    const reader = readable.getReader();
    kept.push(reader);
    for (let i = 0; i < count; i++) {
      kept.push((await reader.read()).value);
    }
    return "accepted";
  },

  // Echo one byte after the other for a time: how often, and what the longest trip took.
  async echo({ port, milliseconds }) {
    const socket = new TCPSocket("127.0.0.1", port);
    const { readable, writable } = await socket.opened;
    const reader = readable.getReader();
    const writer = writable.getWriter();
    postMessage("started");
    const start = Date.now();
    let [last, count, longest] = [start, 0, 0];
    while (Date.now() - start < milliseconds) {
      await writer.write(new Uint8Array(1));
      await reader.read();
      longest = Math.max(longest, Date.now() - last);
      last = Date.now();
      count++;
    }
    return { count, longest };
  },

  // The same question to a worker of this worker.
  nested() {
    return new Promise((resolve, reject) => {
      const worker = new Worker("/direct-sockets/resources/socket_worker.js");
      worker.onmessage = event => resolve(event.data);
      worker.onerror = event => reject(new Error(event.message));
      worker.postMessage({ command: "construct" });
      kept.push(worker);
    });
  },

  close() {
    postMessage("closing");
    self.close();
  },
};

onmessage = async ({ data }) => {
  postMessage(await COMMANDS[data.command](data));
};
