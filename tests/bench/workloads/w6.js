/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// UDP send: datagrams as fast as the writer is ready.
async function workload() {
    const { writable } = await openUdp(BENCH.ports["udp-sink"][0]);
    const writer = writable.getWriter();
    const data = new Uint8Array(BENCH.size).fill(0x5a);
    return timed(async (span) => {
        const start = clock();
        let count = 0;
        let last;
        do {
            await writer.ready;
            last = writer.write({ data });
            last.catch(ignore);
            count++;
        } while (clock() - start < span);
        // What is queued belongs to this round.
        await last;
        return count;
    });
}
