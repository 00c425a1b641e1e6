/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

"use strict";

const transcript = document.getElementById("transcript");

function show(line) {
    const item = document.createElement("li");
    item.textContent = line;
    transcript.append(item);
}

function tell(line) {
    console.log(line);
    show(line);
}

/** Reads the echo and compares it with what was sent, without keeping it. */
async function compare(readable, expected) {
    const reader = readable.getReader({ mode: "byob" });
    let buffer = new ArrayBuffer(64 * 1024);
    let position = 0;
    for (;;) {
        const { value, done } = await reader.read(new Uint8Array(buffer));
        if (done) {
            reader.releaseLock();
            return position;
        }
        for (let index = 0; index < value.length; index += 1) {
            if (value[index] !== expected(position + index)) {
                throw new Error(`byte ${position + index} of the echo is wrong`);
            }
        }
        position += value.length;
        buffer = value.buffer;
    }
}

async function talk() {
    const parameters = new URLSearchParams(location.search);
    const port = Number(parameters.get("port"));
    const bytes = Number(parameters.get("bytes"));

    const socket = new TCPSocket("127.0.0.1", port);
    const { readable, writable, localAddress, localPort, remoteAddress, remotePort } = await socket.opened;
    tell(`connected:  ${localAddress}:${localPort} to ${remoteAddress}:${remotePort}`);

    const text = new TextEncoder().encode("Hello from a page in Servo!");
    // Not a repetition of any power of two, so that a lost or doubled piece shows.
    const pattern = (position) => (position * 31 + (position >> 8) * 7) & 0xff;
    const expected = (position) => (position < text.length ? text[position] : pattern(position - text.length));
    const echo = compare(readable, expected);

    const started = performance.now();
    const writer = writable.getWriter();
    await writer.write(text);
    tell(`sent:       ${text.length} bytes of text, "${new TextDecoder().decode(text)}"`);
    for (let sent = 0; sent < bytes;) {
        const length = Math.min(64 * 1024, bytes - sent);
        const chunk = Uint8Array.from({ length }, (_, index) => pattern(sent + index));
        await writer.ready;
        writer.write(chunk);
        sent += chunk.length;
    }
    // Half-close: the peer sees the end, and can still send.
    await writer.close();
    tell(`sent:       ${bytes} bytes of a pattern, then the end (half-close)`);

    const received = await echo;
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    if (received !== text.length + bytes) {
        throw new Error(`${received} bytes came back, not ${text.length + bytes}`);
    }
    tell(`received:   ${received} bytes, then the end; every byte is right (${seconds} s)`);
    await socket.closed;
    tell("closed:     both directions, without an error");
    return { bytes: received };
}

/** More lines, from the shell. */
globalThis.demoLines = (...lines) => {
    lines.forEach(show);
};

/** The last line, from the shell. */
globalThis.demoEnd = (line, isGood) => {
    const end = document.getElementById("end");
    end.textContent = line;
    end.className = isGood ? "good" : "bad";
};

globalThis.demo = talk().catch((error) => ({ error: String(error) }));
