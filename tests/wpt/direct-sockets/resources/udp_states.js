"use strict";

// UDP sockets of a global in many states, for tests of what happens when the global goes.

async function openInEveryState(global, port, count) {
  const sockets = [];
  const ports = [];
  for (let i = 0; i < count; i++) {
    const socket = new global.UDPSocket(i % 2 ? { localAddress: "127.0.0.1" }
      : { remoteAddress: "127.0.0.1", remotePort: port });
    const { readable, writable, localPort } = await socket.opened;
    if (i % 6 === 1) {
      readable.getReader().read();
    } else if (i % 6 === 2) {
      await writable.getWriter().write({ data: new global.Uint8Array(1) });
    } else if (i % 6 === 3) {
      await writable.close();
    } else if (i % 6 === 4) {
      await readable.cancel();
    } else if (i % 6 === 5) {
      await writable.getWriter().write({ data: new global.Uint8Array(1), remoteAddress: "127.0.0.1",
                                         remotePort: port });
    }
    sockets.push(socket);
    ports.push(localPort);
  }
  return { sockets, ports };
}
