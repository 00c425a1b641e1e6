/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// What the browser loads: an Isolated Web App of one empty page, and the program as a module of it.
import http from "node:http";
import zlib from "node:zlib";

// What an app must ask for to have every kind of socket, to the addresses of this machine as well. Versions of
// Chromium differ in which of them they know; others are left out with a warning.
const FEATURES = [
    "cross-origin-isolated",
    "direct-sockets",
    "direct-sockets-private",
    "local-network-access",
    "local-network",
    "loopback-network",
];

const ICON_SIZE = 144;

const MANIFEST = {
    id: "/",
    name: "benchmarks",
    short_name: "benchmarks",
    version: "1.0.0",
    start_url: "/",
    display: "standalone",
    icons: [{ src: "/icon.png", sizes: `${ICON_SIZE}x${ICON_SIZE}`, type: "image/png" }],
    permissions_policy: Object.fromEntries(FEATURES.map((name) => [name, ["self"]])),
};

// A square of one colour as PNG: an app without an icon is not installed.
function icon(size) {
    const part = (type, data) => {
        const body = Buffer.concat([Buffer.from(type), data]);
        const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
        length.writeUInt32BE(data.length);
        checksum.writeUInt32BE(crc32(body));
        return Buffer.concat([length, body, checksum]);
    };
    const header = Buffer.alloc(13);
    header.writeUInt32BE(size, 0);
    header.writeUInt32BE(size, 4);
    header[8] = 8; // Bits of a sample; without colours, which is 0 in the next byte.
    const rows = Buffer.alloc((size + 1) * size); // Each with a byte for its filter in front.
    return Buffer.concat([
        Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
        part("IHDR", header),
        part("IDAT", zlib.deflateSync(rows)),
        part("IEND", Buffer.alloc(0)),
    ]);
}

function crc32(bytes) {
    let crc = ~0;
    for (const byte of bytes) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
        }
    }
    return ~crc >>> 0;
}

export const PROGRAM = "/program.mjs";

// Serves the app on 127.0.0.1, and tells where; `program` is the text of the module.
export async function serve(program) {
    const files = new Map([
        ["/", ["text/html", '<!doctype html><meta charset="utf-8"><title>benchmarks</title>']],
        ["/.well-known/manifest.webmanifest", ["application/manifest+json", JSON.stringify(MANIFEST)]],
        ["/icon.png", ["image/png", icon(ICON_SIZE)]],
        [PROGRAM, ["text/javascript", program]],
    ]);
    const server = http.createServer((request, response) => {
        const file = files.get(request.url.split("?")[0]);
        if (file) {
            response.writeHead(200, { "content-type": file[0], "cache-control": "no-store" }).end(file[1]);
        } else {
            response.writeHead(404).end();
        }
    });
    await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
    return `http://localhost:${server.address().port}`;
}
