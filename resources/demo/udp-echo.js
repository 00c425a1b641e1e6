/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

"use strict";

/** Sizes of the datagrams: nothing at all, a byte, what fits an Ethernet frame, and the most that IPv4 carries. */
const SIZES = [0, 1, 512, 1472, 9000, 65507];

/** How long to wait for an echo before it is asked for again, in milliseconds: UDP may lose it. */
const PATIENCE = 1000;
const ATTEMPTS = 5;

function tell(line) {
    console.log(line);
    const item = document.createElement("li");
    item.textContent = line;
    document.getElementById("transcript").append(item);
}

/** The port that the other page tells. */
function serverPort() {
    return new Promise((resolve, reject) => {
        addEventListener("message", ({ data, origin }) => {
            if (origin !== location.origin) {
                return;
            }
            if (data.error) {
                reject(new Error(`the other page: ${data.error}`));
            } else {
                resolve(data.port);
            }
        });
    });
}

function later(milliseconds) {
    return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function talk() {
    const socket = new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: await serverPort() });
    const { readable, writable, localAddress, localPort, remoteAddress, remotePort } = await socket.opened;
    tell(`connected:  ${localAddress}:${localPort} to ${remoteAddress}:${remotePort}, the socket of the other page`);
    const reader = readable.getReader();
    const writer = writable.getWriter();
    let next = reader.read();
    for (const size of SIZES) {
        const data = Uint8Array.from({ length: size }, (_, index) => (index * 31 + size) & 0xff);
        let echo;
        for (let attempt = 0; !echo && attempt < ATTEMPTS; attempt += 1) {
            await writer.write({ data });
            // A late echo of an earlier datagram is passed over: the sizes differ.
            const deadline = later(PATIENCE);
            for (;;) {
                const result = await Promise.race([next, deadline]);
                if (!result) {
                    break;
                }
                next = reader.read();
                if (result.value.data.length === size) {
                    echo = result.value.data;
                    break;
                }
            }
        }
        if (!echo) {
            throw new Error(`the datagram of ${size} bytes did not come back`);
        }
        if (echo.some((byte, index) => byte !== data[index])) {
            throw new Error(`the datagram of ${size} bytes came back changed`);
        }
        tell(`echoed:     ${size} bytes in one datagram, every byte is right`);
    }
    reader.cancel();
    await writer.close();
    await socket.closed;
    tell("closed:     without an error");
}

globalThis.demo = talk().then(
    () => ({}),
    (error) => ({ error: String(error) }),
);
