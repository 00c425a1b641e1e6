/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// For runtimes whose sockets are web streams. Their adapters have
//   openTcp(port)       { readable, writable, close() } of an open connection without delay of small writes
//   openUdp(port)       { readable, writable } of a connected socket, whose chunks have `data`
//   listenTcp(accepted) the port of a new listener; `accepted` gets { readable, writable } of each connection

async function readExactly(reader, length) {
    let left = length;
    while (left > 0) {
        const { value, done } = await reader.read();
        if (done) {
            throw new Error("the stream ended early");
        }
        left -= value.byteLength;
    }
}

async function connectHarness(port) {
    const { readable, writable } = await openTcp(port);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    return async (text) => {
        await writer.write(new TextEncoder().encode(text));
        await readExactly(reader, 3);
    };
}

async function openPingPong(port) {
    const { readable, writable } = await openTcp(port);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const message = new Uint8Array(BENCH.size).fill(1);
    return async (span, latencies) => {
        const start = clock();
        let [before, count] = [start, 0];
        while (before - start < span) {
            writer.write(message).catch(ignore);
            await readExactly(reader, BENCH.size);
            const now = clock();
            latencies.add(now - before);
            before = now;
            count++;
        }
        return count;
    };
}

async function openMany() {
    const { readable, writable } = await openTcp(BENCH.ports["tcp-echo-many"][0]);
    return { readable, writable };
}
