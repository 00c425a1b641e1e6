/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// TCP receive: whatever a flood brings, to the default reader or into a buffer of our own.
async function workload() {
    const { readable } = await openTcp(BENCH.ports["tcp-flood"][0]);
    let reads = 0;
    const receive = BENCH.byob ? byBuffer(readable) : byDefault(readable);
    const result = await timed(async (span) => {
        reads = 0;
        return receive(span, () => reads++);
    });
    return { ...result, reads };
}

function byDefault(readable) {
    const reader = readable.getReader();
    return async (span, wasRead) => {
        const start = clock();
        let bytes = 0;
        do {
            const { value, done } = await reader.read();
            if (done) {
                throw new Error("the flood ended early");
            }
            bytes += value.byteLength;
            wasRead();
        } while (clock() - start < span);
        return bytes;
    };
}

function byBuffer(readable) {
    let reader;
    try {
        reader = readable.getReader({ mode: "byob" });
    } catch {
        throw new Unsupported("the readable is no byte stream");
    }
    let buffer = new ArrayBuffer(BENCH.byob);
    return async (span, wasRead) => {
        const start = clock();
        let bytes = 0;
        do {
            const { value, done } = await reader.read(new Uint8Array(buffer));
            if (done) {
                throw new Error("the flood ended early");
            }
            bytes += value.byteLength;
            buffer = value.buffer;
            wasRead();
        } while (clock() - start < span);
        return bytes;
    };
}
