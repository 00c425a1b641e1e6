/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Direct Sockets, whoever has them. The module's end is the program's.
async function openTcp(port) {
    const socket = new TCPSocket(BENCH.host, port, { noDelay: true });
    const { readable, writable } = await socket.opened;
    return { readable, writable, close: () => socket.close() };
}

async function openUdp(port) {
    return new UDPSocket({ remoteAddress: BENCH.host, remotePort: port }).opened;
}

async function listenTcp(accepted) {
    const { readable, localPort } = await new TCPServerSocket(BENCH.host).opened;
    const accept = async () => {
        for (const reader = readable.getReader(); ;) {
            const { value: socket, done } = await reader.read();
            if (done) {
                return;
            }
            socket.opened.then(accepted, ignore);
        }
    };
    accept().catch(ignore);
    return localPort;
}

const leave = ignore;
