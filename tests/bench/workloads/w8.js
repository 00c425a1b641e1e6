/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// The accepting side: everything comes back, and the connection ends with the other side's end. The harness has
// connections made and counts them; its answer is the end.
async function workload() {
    const ports = [];
    for (let index = 0; index < BENCH.listeners; index++) {
        ports.push(await listenTcp(({ readable, writable }) => readable.pipeTo(writable).catch(ignore)));
    }
    say({ listening: ports });
    await checkpoint("serving");
    return {};
}
