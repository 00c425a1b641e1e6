/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// TCP ping-pong: one message on its way at a time.
async function workload() {
    return measurePingPong(await openPingPong(BENCH.ports["tcp-echo"][0]));
}
