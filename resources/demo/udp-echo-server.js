/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

"use strict";

/** Sends every datagram back to where it came from: a message that was read can be written as it is. */
async function serve() {
    const socket = new UDPSocket({ localAddress: "127.0.0.1" });
    const { readable, writable, localAddress, localPort } = await socket.opened;
    document.getElementById("state").textContent = `echoing on ${localAddress}:${localPort}`;
    parent.postMessage({ port: localPort }, location.origin);
    await readable.pipeTo(writable);
}

serve().catch((error) => parent.postMessage({ error: String(error) }, location.origin));
