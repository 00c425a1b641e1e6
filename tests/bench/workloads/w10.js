/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// TCP ping-pong, alone and while another socket receives a flood.
async function workload() {
    const pingPong = await openPingPong(BENCH.ports["tcp-echo"][0]);
    return measureBesideBulk(pingPong, async () => {
        const { readable } = await openTcp(BENCH.ports["tcp-flood"][0]);
        const reader = readable.getReader();
        let isOver = false;
        const receiving = (async () => {
            let bytes = 0;
            while (!isOver) {
                const { value, done } = await reader.read();
                if (done) {
                    throw new Error("the flood ended early");
                }
                bytes += value.byteLength;
            }
            return bytes;
        })();
        receiving.catch(ignore);
        return () => {
            isOver = true;
            return receiving;
        };
    });
}
