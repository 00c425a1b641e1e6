/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Node's web streams. Its datagrams have none: these are what a user would write.
import dgram from "node:dgram";
import net from "node:net";
import { Readable, Writable } from "node:stream";

const streamsOf = (socket) => ({
    readable: Readable.toWeb(socket, { type: "bytes" }),
    writable: Writable.toWeb(socket),
    close: () => new Promise((resolve) => {
        socket.once("close", resolve);
        socket.destroy();
    }),
});

const openTcp = (port) => new Promise((resolve, reject) => {
    const socket = net.connect({ host: BENCH.host, port, noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
        socket.on("error", ignore);
        resolve(streamsOf(socket));
    });
});

const openUdp = (port) => new Promise((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    socket.once("error", reject);
    socket.connect(port, BENCH.host, () => resolve({
        readable: new ReadableStream({
            start: (controller) => void socket.on("message", (data) => controller.enqueue({ data })),
        }),
        writable: new WritableStream({
            write: ({ data }) => new Promise((done, failed) => {
                socket.send(data, (error) => error ? failed(error) : done());
            }),
        }),
    }));
});

// Not half-open: the readable of `toWeb` ends only when the socket has ended in both directions.
const listenTcp = (accepted) => new Promise((resolve, reject) => {
    const server = net.createServer({ noDelay: true }, (socket) => accepted(streamsOf(socket)));
    server.once("error", reject);
    server.listen({ host: BENCH.host, port: 0, backlog: 4096 }, () => resolve(server.address().port));
});

const leave = () => process.exit(0);
