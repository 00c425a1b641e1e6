/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// UDP receive: as many datagrams of a flood as can be had. The first datagram starts it, another one ends it,
// which is not empty: Chromium refuses those.
async function workload() {
    const { readable, writable } = await openUdp(BENCH.ports["udp-flood"][0]);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    await writer.write({ data: new Uint8Array(1) });
    const result = await timed(async (span) => {
        const start = clock();
        let count = 0;
        do {
            const { done } = await reader.read();
            if (done) {
                throw new Error("the socket ended early");
            }
            count++;
        } while (clock() - start < span);
        return count;
    });
    await writer.write({ data: new Uint8Array(1) });
    return result;
}
