/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Many open connections, then one message over each.
async function workload() {
    const message = new Uint8Array(64).fill(7);
    return crowd(openMany, async ({ readable, writable }) => {
        const reader = readable.getReader();
        writable.getWriter().write(message).catch(ignore);
        await readExactly(reader, message.byteLength);
    });
}
