"use strict";

// What a frame does for the page around it, by messages: the two may be of different origins, and in different
// processes. Self-contained, so that it can stand in data: URLs and srcdoc as well.

const kept = [];

// How each constructor is called. It is no matter whether the socket opens.
const CONSTRUCT = {
  TCPSocket: C => new C("127.0.0.1", 0),
  UDPSocket: C => new C({ localAddress: "127.0.0.1" }),
  TCPServerSocket: C => new C("127.0.0.1"),
};

// What happens when sockets are constructed with everything there is: "constructed", the name of the error, "absent"
// when there is nothing, or all of it where that differs.
function constructAll(global) {
  const answers = {};
  for (const [name, construct] of Object.entries(CONSTRUCT)) {
    if (name in global) {
      try {
        const socket = construct(global[name]);
        kept.push(socket);
        socket.closed.catch(() => {});
        socket.opened.then(() => socket.close()).catch(() => {});
        answers[name] = "constructed";
      } catch (error) {
        answers[name] = error.name;
      }
    }
  }
  const different = [...new Set(Object.values(answers))];
  return different.length > 1 ? JSON.stringify(answers) : different[0] ?? "absent";
}

// The same in a worker, as many workers deep as said.
const WORKER = `
  const kept = [];
  const CONSTRUCT = {
    TCPSocket: ${CONSTRUCT.TCPSocket},
    UDPSocket: ${CONSTRUCT.UDPSocket},
    TCPServerSocket: ${CONSTRUCT.TCPServerSocket},
  };
  ${constructAll}
  ${askWorker}
  onmessage = async ({ data: { source, depth } }) => {
    postMessage(depth === 1 ? constructAll(self) : await askWorker(source, depth - 1));
  };
`;

function askWorker(source, depth) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    kept.push(worker);
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = event => reject(new Error(event.message));
    worker.postMessage({ source, depth });
  });
}

// The next message that fits, from whatever frame.
function nextMessage(fits) {
  return new Promise(resolve => {
    const listener = ({ data }) => {
      if (fits(data)) {
        removeEventListener("message", listener);
        resolve(data);
      }
    };
    addEventListener("message", listener);
  });
}

const COMMANDS = {
  construct: () => constructAll(self),

  worker: ({ depth = 1 }) => askWorker(WORKER, depth),

  // Open a socket and leave it open.
  async open({ port }) {
    const socket = new TCPSocket("127.0.0.1", port);
    kept.push(socket);
    socket.closed.catch(() => {});
    const { readable, writable } = await socket.opened;
    kept.push({ reader: readable.getReader(), writer: writable.getWriter() });
    return "open";
  },

  // A byte there and back on the socket that was opened last.
  async echo() {
    const { reader, writer } = kept.findLast(thing => thing.reader);
    await writer.write(new Uint8Array([7]));
    return (await reader.read()).value[0];
  },

  // Write this document anew.
  rewrite() {
    document.open();
    document.write("<!doctype html><p>Written");
    document.close();
    return constructAll(self);
  },

  // Make a frame in this document and ask what is in it.
  async nest({ attributes, inner }) {
    const frame = document.createElement("iframe");
    for (const [name, value] of Object.entries(attributes)) {
      frame.setAttribute(name, value);
    }
    const ready = nextMessage(data => data.ready);
    document.body.append(frame);
    await ready;
    const answered = nextMessage(data => data.id === -1);
    frame.contentWindow.postMessage({ ...inner, id: -1 }, "*");
    return (await answered).answer;
  },

  // These three go in a task of their own, after the answer. By setTimeout: a frame has no testharness.js.
  navigate({ url }) {
    setTimeout(() => { location.href = url; }, 0);
    return "navigating";
  },

  back() {
    setTimeout(() => history.back(), 0);
    return "navigating";
  },

  reload() {
    setTimeout(() => location.reload(), 0);
    return "navigating";
  },

  // Have this document discarded when it is left, as one is that has a WebSocket.
  cling({ port }) {
    kept.push(new WebSocket(`ws://127.0.0.1:${port}`));
  },

  // Whether it is still the same document that did something.
  isUntouched: () => kept.length === 0,

  url: () => location.href,
};

addEventListener("message", async ({ data: { id, command, ...rest } }) => {
  if (!(command in COMMANDS)) {
    return;
  }
  let answer;
  try {
    answer = await COMMANDS[command](rest);
  } catch (error) {
    answer = error.name;
  }
  parent.postMessage({ id, answer }, "*");
});

// Each time that the document is shown: also when it comes back from the session history.
addEventListener("pageshow", () => parent.postMessage({ ready: true }, "*"));
