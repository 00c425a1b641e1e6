"use strict";

// A shared or service worker that does with sockets what pages tell it, each over a port.

const kept = [];
const name = `${Math.random()}`;

const COMMANDS = {
  // Different for each worker.
  name: () => name,

  construct() {
    const answers = [
      ["TCPSocket", C => new C("127.0.0.1", 0)],
      ["UDPSocket", C => new C({ localAddress: "127.0.0.1" })],
      ["TCPServerSocket", C => new C("127.0.0.1")],
    ].filter(([constructor]) => constructor in self).map(([constructor, construct]) => {
      try {
        const socket = construct(self[constructor]);
        kept.push(socket);
        socket.closed.catch(() => {});
        socket.opened.then(() => socket.close()).catch(() => {});
        return "constructed";
      } catch (error) {
        return error.name;
      }
    });
    return [...new Set(answers)].join() || "absent";
  },

  async open({ port, count = 1 }) {
    for (let i = 0; i < count; i++) {
      const socket = new TCPSocket("127.0.0.1", port);
      kept.push(socket, await socket.opened);
    }
    return "open";
  },

  async echo({ port }) {
    const socket = new TCPSocket("127.0.0.1", port);
    const { readable, writable } = await socket.opened;
    await writable.getWriter().write(new Uint8Array([7]));
    const { value } = await readable.getReader().read();
    await socket.close().catch(() => {});
    return value[0];
  },

  close() {
    // After the answer. By setTimeout: testharness.js is not loaded here.
    setTimeout(() => self.close(), 0);
    return "closing";
  },
};

async function answer(port, { command, ...args }) {
  try {
    port.postMessage(await COMMANDS[command](args));
  } catch (error) {
    port.postMessage(error.name);
  }
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => answer(port, data);
};

// As a service worker: each message brings the port for its answer.
self.onmessage = ({ data, ports }) => answer(ports[0], data);
