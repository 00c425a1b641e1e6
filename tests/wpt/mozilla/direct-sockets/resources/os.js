/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// The operating system's view of the browser under test, and what can be done to its processes: requests to the
// runner (python/wpt/os_api.py). Needs peer.js.

"use strict";

function askOs(what, args = {}) {
  return post(`/_os/${what}`, args);
}

const os = {
  processes: () => askOs("processes"),
  memory: () => askOs("memory"),
  descriptors: () => askOs("descriptors"),
  countSockets: remotePort => askOs("count-sockets", { remotePort }),
  waitForSockets: (remotePort, count, timeout) => askOs("wait-sockets", { remotePort, count, timeout }),
  socket: info => askOs("socket", ports(info)),
  // want: any of {state, receiveQueue, minReceiveQueue, minSendQueue, held}.
  waitForSocket: (info, want, timeout) => askOs("wait-socket", { ...ports(info), want, timeout }),
  ss: async info => (await askOs("ss", ports(info))).text,
  options: (info, names) => askOs("option", { ...ports(info), names }),
  plainOptions: (peer, names) => askOs("plain-option", { address: peer.address, port: peer.port, names }),
  signalNet: signal => askOs("signal", { kind: "net", signal }),
  killProcess: (kind, pid) => askOs("signal", { kind, pid, signal: "KILL" }),
  waitForOtherNet: (notPid, timeout) => askOs("wait-process", { kind: "net", notPid, timeout }),
  waitForEnd: (kind, gone, timeout) => askOs("wait-process", { kind, gone, timeout }),
  waitForAge: (kind, seconds) => askOs("wait-age", { kind, seconds }),
  limitDescriptors: spare => askOs("limit-descriptors", { spare }),
  blockHosts: block => askOs("block-hosts", { block }),
  // Whoever looks at /_os/processes sees whether this run has content processes.
  multiprocess: async () => (await askOs("processes")).multiprocess,
};

function ports({ localPort, remotePort }) {
  return { localPort, remotePort };
}

// Trace system calls of net while `body` runs; the lines. `expressions` are those of `strace -e`.
async function traced(expressions, body, kind = "net") {
  await askOs("trace-start", { kind, expressions });
  try {
    await body();
  } finally {
    self.lastTrace = (await askOs("trace-stop")).lines;
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

// The operating system's view of a port that is listened on.
const listening = {
  // { listeners: [...] }, and the members of the only one: address, backlog, queued, v6only, holders.
  find: port => askOs("listener", { port }),
  // want: any of {listening, queued}.
  wait: (port, want, timeout) => askOs("wait-listener", { port, want, timeout }),
  options: (port, names) => os.options({ localPort: port, remotePort: 0 }, names),
  // The sockets of net with this local port: the listener and the connections that it has accepted.
  count: async localPort => (await askOs("count-sockets", { localPort })).net,
  waitForCount: (localPort, count, timeout) => askOs("wait-sockets", { localPort, count, timeout }),
  systemBacklog: async () => (await askOs("sysctl", { name: "net.core.somaxconn" })).value,
};
