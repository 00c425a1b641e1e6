/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Node's own sockets, which call back. These programs are whole: they need no streams.
import dgram from "node:dgram";
import net from "node:net";

const connect = (port, more = {}) => new Promise((resolve, reject) => {
    const socket = net.connect({ host: BENCH.host, port, noDelay: true, ...more });
    socket.once("error", reject);
    socket.once("connect", () => {
        socket.on("error", ignore);
        resolve(socket);
    });
});

const openUdp = (port) => new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    socket.once("error", reject);
    socket.connect(port, BENCH.host, () => resolve(socket));
});

// Resolves when so many bytes have come.
const arrival = (socket, length) => new Promise((resolve) => {
    let left = length;
    const take = (data) => {
        left -= data.length;
        if (left <= 0) {
            socket.off("data", take);
            resolve();
        }
    };
    socket.on("data", take);
});

const connectHarness = async (port) => {
    const socket = await connect(port);
    return (text) => {
        const answered = arrival(socket, 3);
        socket.write(text);
        return answered;
    };
};

const openPingPong = async (port) => {
    const socket = await connect(port);
    const message = new Uint8Array(BENCH.size).fill(1);
    let [got, take] = [0, ignore];
    socket.on("data", (data) => {
        got += data.length;
        if (got >= BENCH.size) {
            got = 0;
            take();
        }
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
                socket.write(message);
            }
        };
        socket.write(message);
    });
};

const openMany = () => connect(BENCH.ports["tcp-echo-many"][0]);
// So many sends wait for their callbacks at a time.
const SENDING = 64;

const workloads = {
    W0: async () => ({}),
    W1: async () => {
        const { event, round } = counter();
        const port = BENCH.ports["tcp-flood"][0];
        let reads = 0;
        const take = (length) => {
            reads++;
            event(length);
            return true;
        };
        if (BENCH.byob) {
            await connect(port, { onread: { buffer: new Uint8Array(BENCH.byob), callback: take } });
        } else {
            (await connect(port)).on("data", (data) => take(data.length));
        }
        const result = await timed((span) => {
            reads = 0;
            return round(span);
        });
        return { ...result, reads };
    },
    W2: () => {
        const chunk = new Uint8Array(BENCH.chunk).fill(0x5a);
        return timed(async (span) => {
            const socket = await connect(BENCH.ports["tcp-discard"][0]);
            const start = clock();
            let bytes = 0;
            do {
                bytes += chunk.length;
                if (!socket.write(chunk)) {
                    await new Promise((resolve) => socket.once("drain", resolve));
                }
            } while (clock() - start < span);
            await new Promise((resolve) => {
                socket.resume();
                socket.once("end", resolve);
                socket.end();
            });
            return bytes;
        });
    },
    W3: async () => measurePingPong(await openPingPong(BENCH.ports["tcp-echo"][0])),
    W4: () => churn(async (port) => {
        const socket = await connect(port);
        await new Promise((resolve) => {
            socket.once("close", resolve);
            socket.destroy();
        });
    }),
    W5: () => crowd(openMany, (socket) => {
        const answered = arrival(socket, 64);
        socket.write(new Uint8Array(64).fill(7));
        return answered;
    }),
    W6: async () => {
        const socket = await openUdp(BENCH.ports["udp-sink"][0]);
        const data = new Uint8Array(BENCH.size).fill(0x5a);
        return timed((span) => new Promise((resolve, reject) => {
            const start = clock();
            let [sent, under] = [0, 0];
            const send = () => {
                under++;
                socket.send(data, done);
            };
            const done = (error) => {
                under--;
                sent++;
                if (error) {
                    reject(error);
                } else if (clock() - start < span) {
                    send();
                } else if (under === 0) {
                    resolve(sent);
                }
            };
            for (let index = 0; index < SENDING; index++) {
                send();
            }
        }));
    },
    W7: async () => {
        const socket = await openUdp(BENCH.ports["udp-echo"][0]);
        const data = new Uint8Array(BENCH.size).fill(0x5a);
        const { event, round } = counter();
        socket.on("message", () => {
            event(1);
            socket.send(data);
        });
        for (let sent = 0; sent < BENCH.window; sent++) {
            socket.send(data);
        }
        return timed(round);
    },
    W8: async () => {
        const listen = () => new Promise((resolve) => {
            const server = net.createServer({ noDelay: true }, (socket) => {
                socket.on("error", ignore);
                socket.on("data", (data) => socket.write(data));
            });
            server.listen({ host: BENCH.host, port: 0, backlog: 4096 }, () => resolve(server.address().port));
        });
        say({ listening: await Promise.all(Array.from({ length: BENCH.listeners }, listen)) });
        await checkpoint("serving");
        return {};
    },
    W9: async () => {
        const socket = await openUdp(BENCH.ports["udp-flood"][0]);
        const { event, round } = counter();
        socket.on("message", () => event(1));
        socket.send(new Uint8Array(1));
        const result = await timed(round);
        await new Promise((resolve) => socket.send(new Uint8Array(0), resolve));
        return result;
    },
    W10: async () => measureBesideBulk(await openPingPong(BENCH.ports["tcp-echo"][0]), async () => {
        const socket = await connect(BENCH.ports["tcp-flood"][0]);
        let bytes = 0;
        socket.on("data", (data) => {
            bytes += data.length;
        });
        return async () => {
            socket.destroy();
            return bytes;
        };
    }),
    W11: () => crowd(openMany),
};

const workload = workloads[BENCH.workload];
const leave = () => process.exit(0);
