/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Deno's own sockets, read into a buffer. These programs are whole: they need no streams.
const connect = async (port) => {
    const connection = await Deno.connect({ hostname: BENCH.host, port });
    connection.setNoDelay(true);
    return connection;
};

const writeAll = async (connection, bytes) => {
    for (let sent = 0; sent < bytes.length;) {
        sent += await connection.write(sent ? bytes.subarray(sent) : bytes);
    }
};

const readExactly = async (connection, buffer, length) => {
    for (let left = length; left > 0;) {
        const read = await connection.read(buffer);
        if (read === null) {
            throw new Error("the connection ended early");
        }
        left -= read;
    }
};

const connectHarness = async (port) => {
    const connection = await connect(port);
    return async (text) => {
        await writeAll(connection, new TextEncoder().encode(text));
        await readExactly(connection, new Uint8Array(3), 3);
    };
};

const openPingPong = async (port) => {
    const connection = await connect(port);
    const message = new Uint8Array(BENCH.size).fill(1);
    const buffer = new Uint8Array(BENCH.size);
    return async (span, latencies) => {
        const start = clock();
        let [before, count] = [start, 0];
        while (before - start < span) {
            await writeAll(connection, message);
            await readExactly(connection, buffer, BENCH.size);
            const now = clock();
            latencies.add(now - before);
            before = now;
            count++;
        }
        return count;
    };
};

const openUdp = () => Deno.listenDatagram({ hostname: BENCH.host, port: 0, transport: "udp" });
const to = (port) => ({ hostname: BENCH.host, port, transport: "udp" });
const openMany = () => connect(BENCH.ports["tcp-echo-many"][0]);

// Does `once` for as long as a round takes; it tells how much it did.
const again = (once) => timed(async (span) => {
    const start = clock();
    let count = 0;
    do {
        count += await once();
    } while (clock() - start < span);
    return count;
});

const workloads = {
    W0: async () => ({}),
    W1: async () => {
        const connection = await connect(BENCH.ports["tcp-flood"][0]);
        const buffer = new Uint8Array(64 * 1024);
        return again(() => connection.read(buffer));
    },
    W2: async () => {
        const chunk = new Uint8Array(BENCH.chunk).fill(0x5a);
        return timed(async (span) => {
            const connection = await connect(BENCH.ports["tcp-discard"][0]);
            const start = clock();
            let bytes = 0;
            do {
                await writeAll(connection, chunk);
                bytes += chunk.length;
            } while (clock() - start < span);
            await connection.closeWrite();
            await connection.read(new Uint8Array(1));
            return bytes;
        });
    },
    W3: async () => measurePingPong(await openPingPong(BENCH.ports["tcp-echo"][0])),
    W4: () => churn(async (port) => (await connect(port)).close()),
    W5: () => crowd(openMany, async (connection) => {
        await writeAll(connection, new Uint8Array(64).fill(7));
        await readExactly(connection, new Uint8Array(64), 64);
    }),
    W6: async () => {
        const socket = openUdp();
        const data = new Uint8Array(BENCH.size).fill(0x5a);
        const sink = to(BENCH.ports["udp-sink"][0]);
        return again(async () => {
            await socket.send(data, sink);
            return 1;
        });
    },
    W7: async () => {
        const socket = openUdp();
        const data = new Uint8Array(BENCH.size).fill(0x5a);
        const buffer = new Uint8Array(2048);
        const echo = to(BENCH.ports["udp-echo"][0]);
        for (let sent = 0; sent < BENCH.window; sent++) {
            await socket.send(data, echo);
        }
        return again(async () => {
            await socket.receive(buffer);
            await socket.send(data, echo);
            return 1;
        });
    },
    W8: async () => {
        const serve = async (connection) => {
            const buffer = new Uint8Array(16 * 1024);
            for (let read; (read = await connection.read(buffer)) !== null;) {
                await writeAll(connection, buffer.subarray(0, read));
            }
            connection.close();
        };
        const accept = async (listener) => {
            for await (const connection of listener) {
                serve(connection).catch(ignore);
            }
        };
        const length = BENCH.listeners;
        const listeners = Array.from({ length }, () => Deno.listen({ hostname: BENCH.host, port: 0 }));
        listeners.forEach((listener) => accept(listener).catch(ignore));
        say({ listening: listeners.map((listener) => listener.addr.port) });
        await checkpoint("serving");
        return {};
    },
    W9: async () => {
        const socket = openUdp();
        const buffer = new Uint8Array(2048);
        const flood = to(BENCH.ports["udp-flood"][0]);
        await socket.send(new Uint8Array(1), flood);
        const result = await again(async () => {
            await socket.receive(buffer);
            return 1;
        });
        await socket.send(new Uint8Array(0), flood);
        return result;
    },
    W10: async () => measureBesideBulk(await openPingPong(BENCH.ports["tcp-echo"][0]), async () => {
        const connection = await connect(BENCH.ports["tcp-flood"][0]);
        let isOver = false;
        const receiving = (async () => {
            const buffer = new Uint8Array(64 * 1024);
            let bytes = 0;
            while (!isOver) {
                bytes += await connection.read(buffer);
            }
            return bytes;
        })();
        return () => {
            isOver = true;
            return receiving;
        };
    }),
    W11: () => crowd(openMany),
};

const workload = workloads[BENCH.workload];
const leave = () => Deno.exit(0);
