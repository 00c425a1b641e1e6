/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// TCP send: chunks as fast as the writer is ready. A round has a connection of its own and ends when the other side
// has read everything, so what a stream has only queued does not count.
async function workload() {
    const chunk = new Uint8Array(BENCH.chunk).fill(0x5a);
    let closing_s = 0;
    const result = await timed(async (span) => {
        const { readable, writable } = await openTcp(BENCH.ports["tcp-discard"][0]);
        const [reader, writer] = [readable.getReader(), writable.getWriter()];
        const start = clock();
        let bytes = 0;
        do {
            await writer.ready;
            writer.write(chunk).catch(ignore);
            bytes += chunk.byteLength;
        } while (clock() - start < span);
        const end = clock();
        await writer.close();
        closing_s = (clock() - end) / 1000;
        // Deno closes the whole connection with its writable: then there is nothing to read.
        await reader.read().catch(ignore);
        return bytes;
    });
    return { ...result, closing_s };
}
