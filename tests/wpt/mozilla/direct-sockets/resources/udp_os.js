/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// The operating system's view of the UDP sockets of the browser under test. Needs peer.js and os.js; `startUdpNet`
// and `receives` need udp.js as well.

"use strict";

// Which socket is meant, from its open info.
function which({ localAddress, localPort }) {
  return { localAddress, localPort };
}

const udp = {
  // Have a peer send text as soon as somebody has bound the port that it goes to.
  sendWhenBound: (peer, text, to) => askOs("udp/send-when-bound", { peer: peer.id, text, to }),
  socket: info => askOs("udp/socket", which(info)),
  // want: any of {exists, receiveQueue, minReceiveQueue, minDrops}.
  waitForSocket: (info, want, timeout) => askOs("udp/wait", { ...which(info), want, timeout }),
  gone: info => askOs("udp/wait", { ...which(info), want: { exists: false }, timeout: 5 }),
  count: async () => (await askOs("udp/count")).net,
  waitForCount: (count, timeout) => askOs("udp/wait-count", { count, timeout }),
  options: (info, names) => askOs("udp/option", { ...which(info), names }),
  plainOptions: (address, names) => askOs("udp/plain-option", { address, names }),
  // Have the OS report an error to a socket that is connected to a closed port, although the page sends nothing.
  provokeError: info => askOs("udp/provoke", which(info)),
};

// Make sure that a net process runs without a UDP socket, and return its id.
async function startUdpNet() {
  const socket = new UDPSocket({ localAddress: "127.0.0.1" });
  await socket.opened;
  await socket.close();
  const { net } = await os.processes();
  assert_equals(net.length, 1, "one net process");
  return net[0];
}

// Lines of a trace about receiving: how many datagrams were asked for, and how many came.
function receives(lines) {
  const found = [];
  for (const line of lines) {
    const batch = /recvmmsg.*, (\d+), [\w|]+, (?:NULL|0x[0-9a-f]+|\{[^}]*\})\)\s+= (-?\d+)/.exec(line);
    if (batch) {
      found.push({ asked: Number(batch[1]), got: Math.max(0, Number(batch[2])) });
      continue;
    }
    // Channels between processes are read with the same calls; datagrams have an internet address.
    const single = /recv(?:msg|from).*AF_INET.*\)\s+= (\d+)/.exec(line);
    if (single) {
      found.push({ asked: 1, got: 1 });
    }
  }
  return found;
}
const RECEIVING = "trace=recvmmsg,recvmsg,recvfrom";
