"use strict";

// A worker that opens UDP sockets for its page, in the states that udp_states.js knows, and keeps them.

importScripts("/direct-sockets/resources/udp_states.js");

const kept = [];

onmessage = async ({ data: { command, port, count } }) => {
  if (command === "close") {
    postMessage("closing");
    self.close();
    return;
  }
  const made = await openInEveryState(self, port, count);
  kept.push(made.sockets);
  postMessage(made.ports);
};
