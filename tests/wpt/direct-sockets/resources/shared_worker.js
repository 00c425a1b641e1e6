// Connections of a page to shared workers that take commands: see shared_socket_worker.js.

"use strict";

let sharedWorkersMade = 0;

// A connection to the shared worker of this name, made by the page or by a frame.
function sharedWorker(name = `worker ${++sharedWorkersMade}`, global = self) {
  const worker = new global.SharedWorker("/direct-sockets/resources/shared_socket_worker.js", name);
  return {
    name,
    ask(command, args = {}) {
      return new Promise((resolve, reject) => {
        worker.port.onmessage = ({ data }) => resolve(data);
        worker.onerror = () => reject(new Error("the worker has failed"));
        worker.port.postMessage({ command, ...args });
      });
    },
  };
}
