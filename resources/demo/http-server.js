/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

"use strict";

/** More than this before the empty line that ends a head is not HTTP, in bytes. */
const MAX_HEAD = 16 * 1024;

let requests = 0;
let connections = 0;

function show(id, text) {
    document.getElementById(id).textContent = text;
}

/** What to answer: a page that tells about the request, or "closing" at /quit. */
function respond(method, target) {
    if (method !== "GET" && method !== "HEAD") {
        return { status: "405 Method Not Allowed", body: "Only GET and HEAD.\n" };
    }
    if (target === "/quit") {
        return { status: "200 OK", body: "closing\n", quit: true };
    }
    return { status: "200 OK", body: `Hello from a page in Servo: request ${requests} was for ${target}\n` };
}

/** Serves one connection until its client closes it or asks for that. Requests have no bodies. */
async function serveConnection(socket, server) {
    const { readable, writable } = await socket.opened;
    const reader = readable.pipeThrough(new TextDecoderStream("latin1")).getReader();
    const writer = writable.getWriter();
    let buffer = "";
    for (;;) {
        const end = buffer.indexOf("\r\n\r\n");
        if (end < 0) {
            const { value, done } = await reader.read();
            if (done || buffer.length > MAX_HEAD) {
                break;
            }
            buffer += value;
            continue;
        }
        const [line, ...headers] = buffer.slice(0, end).split("\r\n");
        buffer = buffer.slice(end + 4);
        requests += 1;
        show("requests", requests);
        const [method, target, version] = line.split(" ");
        const { status, body, quit } = respond(method, target);
        const keep = version === "HTTP/1.1" && !quit && !headers.some((header) => /^connection:\s*close/i.test(header));
        const head =
            `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
            `Connection: ${keep ? "keep-alive" : "close"}\r\n\r\n`;
        await writer.write(new TextEncoder().encode(method === "HEAD" ? head : head + body));
        if (quit) {
            server.quit();
        }
        if (!keep) {
            break;
        }
    }
    await writer.close();
    await reader.cancel();
    await socket.closed;
}

async function serve() {
    const port = Number(new URLSearchParams(location.search).get("port")) || undefined;
    const socket = new TCPServerSocket("127.0.0.1", port ? { localPort: port } : {});
    const { readable, localAddress, localPort } = await socket.opened;
    const url = `http://${localAddress}:${localPort}/`;
    show("address", `listening on ${url}`);
    console.log(`listening on ${url} (GET /quit ends it)`);
    const reader = readable.getReader();
    const server = { quit: () => reader.cancel() };
    for (;;) {
        const { value: connection, done } = await reader.read();
        if (done) {
            break;
        }
        connections += 1;
        show("connections", connections);
        serveConnection(connection, server)
            .catch((error) => console.warn(`a connection failed: ${error}`))
            .finally(() => {
                connections -= 1;
                show("connections", connections);
            });
    }
    await socket.closed;
    console.log(`closed after ${requests} requests`);
}

globalThis.demo = serve().then(
    () => ({}),
    (error) => ({ error: String(error) }),
);
