/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Bun's own sockets, which call back. These programs are whole: they need no streams.
const connect = (port, handlers = {}) => new Promise((resolve, reject) => {
    const socket = {
        open: (opened) => {
            opened.setNoDelay(true);
            resolve(opened);
        },
        data: ignore,
        drain: ignore,
        end: ignore,
        close: ignore,
        error: (_, error) => reject(error),
        connectError: (_, error) => reject(error),
        ...handlers,
    };
    Bun.connect({ hostname: BENCH.host, port, socket }).catch(reject);
});

const openUdp = (port, handlers = {}) => Bun.udpSocket({
    hostname: BENCH.host,
    connect: { hostname: BENCH.host, port },
    socket: { data: ignore, drain: ignore, error: ignore, ...handlers },
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

const connectHarness = async (port) => {
    let [left, answered] = [0, ignore];
    const socket = await connect(port, {
        data: (_, data) => {
            left -= data.length;
            if (left <= 0) {
                answered();
            }
        },
    });
    return (text) => new Promise((resolve) => {
        [left, answered] = [3, resolve];
        socket.write(text);
    });
};

const openPingPong = async (port) => {
    const message = new Uint8Array(BENCH.size).fill(1);
    let [got, take] = [0, ignore];
    const socket = await connect(port, {
        data: (_, data) => {
            got += data.length;
            if (got >= BENCH.size) {
                got = 0;
                take();
            }
        },
    });
    return (span, latencies) => new Promise((resolve) => {
        const start = clock();
        let [before, count] = [start, 0];
        take = () => {
            const now = clock();
            latencies.add(now - before);
            before = now;
            count++;
            if (now - start >= span) {
                resolve(count);
            } else {
                // Nothing else is on its way, so there is room for it.
                socket.write(message);
            }
        };
        socket.write(message);
    });
};

const openMany = async () => {
    const socket = await connect(BENCH.ports["tcp-echo-many"][0], {
        data: ({ data: state }, data) => {
            state.left -= data.length;
            if (state.left <= 0) {
                state.resolve();
            }
        },
    });
    socket.data = { left: 64, resolve: ignore };
    return socket;
};

const workloads = {
    W0: async () => ({}),
    W1: async () => {
        const { event, round } = counter();
        let reads = 0;
        await connect(BENCH.ports["tcp-flood"][0], {
            data: (_, data) => {
                reads++;
                event(data.length);
            },
        });
        const result = await timed((span) => {
            reads = 0;
            return round(span);
        });
        return { ...result, reads };
    },
    W2: () => {
        const chunk = new Uint8Array(BENCH.chunk).fill(0x5a);
        return timed(async (span) => {
            let drained = ignore;
            let ended;
            const end = new Promise((resolve) => {
                ended = resolve;
            });
            const handlers = { drain: () => drained(), end: () => ended(), close: () => ended() };
            const socket = await connect(BENCH.ports["tcp-discard"][0], handlers);
            const start = clock();
            let bytes = 0;
            do {
                for (let sent = 0; sent < chunk.length;) {
                    const taken = socket.write(sent ? chunk.subarray(sent) : chunk);
                    if (taken < 0) {
                        throw new Error("the connection ended early");
                    }
                    sent += taken;
                    if (sent < chunk.length) {
                        await new Promise((resolve) => {
                            drained = resolve;
                        });
                    }
                }
                bytes += chunk.length;
            } while (clock() - start < span);
            socket.end();
            await end;
            return bytes;
        });
    },
    W3: async () => measurePingPong(await openPingPong(BENCH.ports["tcp-echo"][0])),
    W4: () => churn(async (port) => {
        let closed;
        const end = new Promise((resolve) => {
            closed = resolve;
        });
        const socket = await connect(port, { close: () => closed() });
        socket.end();
        await end;
    }),
    W5: () => crowd(openMany, (socket) => new Promise((resolve) => {
        socket.data.resolve = resolve;
        socket.write(new Uint8Array(64).fill(7));
    })),
    W6: async () => {
        let drained = ignore;
        const socket = await openUdp(BENCH.ports["udp-sink"][0], { drain: () => drained() });
        const data = new Uint8Array(BENCH.size).fill(0x5a);
        return timed(async (span) => {
            const start = clock();
            let count = 0;
            do {
                // Everything else has its turn now and then.
                for (let sent = 0; sent < 256 && clock() - start < span;) {
                    if (socket.send(data)) {
                        sent++;
                        count++;
                    } else {
                        await new Promise((resolve) => {
                            drained = resolve;
                        });
                    }
                }
                await turn();
            } while (clock() - start < span);
            return count;
        });
    },
    W7: async () => {
        const data = new Uint8Array(BENCH.size).fill(0x5a);
        const { event, round } = counter();
        const socket = await openUdp(BENCH.ports["udp-echo"][0], {
            data: (own) => {
                event(1);
                own.send(data);
            },
        });
        for (let sent = 0; sent < BENCH.window; sent++) {
            socket.send(data);
        }
        return timed(round);
    },
    W8: async () => {
        const socket = { data: (own, data) => void own.write(data), end: (own) => void own.end(), error: ignore };
        const listen = () => Bun.listen({ hostname: BENCH.host, port: 0, socket }).port;
        say({ listening: Array.from({ length: BENCH.listeners }, listen) });
        await checkpoint("serving");
        return {};
    },
    W9: async () => {
        const { event, round } = counter();
        const socket = await openUdp(BENCH.ports["udp-flood"][0], { data: () => event(1) });
        socket.send(new Uint8Array(1));
        const result = await timed(round);
        socket.send(new Uint8Array(0));
        await turn();
        return result;
    },
    W10: async () => measureBesideBulk(await openPingPong(BENCH.ports["tcp-echo"][0]), async () => {
        let bytes = 0;
        const socket = await connect(BENCH.ports["tcp-flood"][0], {
            data: (_, data) => {
                bytes += data.length;
            },
        });
        return async () => {
            socket.terminate();
            return bytes;
        };
    }),
    W11: () => crowd(openMany),
};

const workload = workloads[BENCH.workload];
const leave = () => process.exit(0);
