/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// TCP connections, opened and closed.
async function workload() {
    return churn(async (port) => {
        // The streams are made, also where a runtime would make them later.
        const { readable, writable, close } = await openTcp(port);
        await close(readable, writable);
    });
}
