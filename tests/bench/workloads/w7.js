/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// UDP echo with some datagrams on their way at any time.
async function workload() {
    const { readable, writable } = await openUdp(BENCH.ports["udp-echo"][0]);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const data = new Uint8Array(BENCH.size).fill(0x5a);
    for (let sent = 0; sent < BENCH.window; sent++) {
        writer.write({ data }).catch(ignore);
    }
    return timed(async (span) => {
        const start = clock();
        let count = 0;
        do {
            const { done } = await reader.read();
            if (done) {
                throw new Error("the socket ended early");
            }
            count++;
            writer.write({ data }).catch(ignore);
        } while (clock() - start < span);
        return count;
    });
}
