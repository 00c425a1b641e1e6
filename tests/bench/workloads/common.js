/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Every program begins with this. `./mach bench` makes one file of `const BENCH = {...}`, this, what a runtime needs
// (adapters/), a workload, and a call of main(), so that the same file runs wherever there are modules.
//
// An adapter has
//   connectHarness(port)  a function that sends a text to the harness and waits for its answer of three bytes
//   leave()               ends the process, where the end of the module does not

const clock = () => performance.now();
const ignore = () => {};
const say = (message) => console.log(JSON.stringify(message));

// What a runtime has no means for.
class Unsupported extends Error {}

// Tells the harness how far this is. It looks at our processes, then answers.
let harness;
async function checkpoint(label) {
    harness ??= await connectHarness(BENCH.control);
    await harness(`${label}\n`);
}

// The warm-up, and then what counts: `round(milliseconds)` tells how much it did.
async function timed(round) {
    const warm = await round(BENCH.warmup * 1000);
    await checkpoint("begin");
    const start = clock();
    const count = await round(BENCH.seconds * 1000);
    const seconds = (clock() - start) / 1000;
    await checkpoint("end");
    return { count, total: warm + count, seconds };
}

// A round for runtimes that call back: `event(amount)` counts while a round runs, which ends with the first event
// after its time.
function counter() {
    let counting = null;
    return {
        event: (amount) => counting?.(amount),
        round: (span) => new Promise((resolve) => {
            const start = clock();
            let count = 0;
            counting = (amount) => {
                count += amount;
                if (clock() - start >= span) {
                    counting = null;
                    resolve(count);
                }
            };
        }),
    };
}

// How long single operations took. So many are kept.
class Latencies {
    kept = new Float64Array(1 << 20);
    count = 0;

    add(milliseconds) {
        if (this.count < this.kept.length) {
            this.kept[this.count++] = milliseconds;
        }
    }

    // The latency that this part of them does not exceed, in microseconds.
    quantile(part) {
        const sorted = this.kept.subarray(0, this.count).sort();
        return this.count ? Math.round(sorted[Math.round((this.count - 1) * part)] * 1e5) / 100 : 0;
    }
}

// Opens and closes in so many lanes. A few failures are put up with, and told.
async function churn(connectAndClose) {
    let turn = 0;
    let failures = 0;
    const ports = BENCH.ports["tcp-accept-close"];
    const result = await timed(async (span) => {
        const start = clock();
        let count = 0;
        const lane = async () => {
            while (clock() - start < span) {
                try {
                    await connectAndClose(ports[turn++ % ports.length]);
                    count++;
                } catch (error) {
                    if (++failures > 1000) {
                        throw error;
                    }
                }
            }
        };
        await Promise.all(Array.from({ length: BENCH.lanes }, lane));
        return count;
    });
    return { ...result, failures };
}

// Opens many connections, 64 at a time, and shows the harness what they take; `use` then sends one message over each.
async function crowd(open, use) {
    await checkpoint("base");
    const connections = [];
    let start = clock();
    while (connections.length < BENCH.connections) {
        const length = Math.min(64, BENCH.connections - connections.length);
        connections.push(...await Promise.all(Array.from({ length }, open)));
    }
    const open_s = (clock() - start) / 1000;
    await checkpoint("open");
    start = clock();
    if (use) {
        await Promise.all(connections.map(use));
    }
    const echo_s = (clock() - start) / 1000;
    await checkpoint("echoed");
    return { count: connections.length, total: connections.length, seconds: open_s + echo_s, open_s, echo_s };
}

// `pingPong(milliseconds, latencies)` sends a message and waits for it, again and again, and tells how often.
async function measurePingPong(pingPong) {
    let latencies;
    const result = await timed((span) => pingPong(span, latencies = new Latencies()));
    return { ...result, p50_us: latencies.quantile(0.5), p99_us: latencies.quantile(0.99) };
}

// The same alone, and then while `startBulk()` receives; that gives a function that stops it and tells the bytes.
async function measureBesideBulk(pingPong, startBulk) {
    const quiet = new Latencies();
    let before = await pingPong(BENCH.warmup * 1000, new Latencies());
    before += await pingPong(BENCH.seconds * 1000, quiet);
    const stop = await startBulk();
    const result = await measurePingPong(pingPong);
    const bulk = await stop();
    return { ...result, total: result.total + before, quiet_p99_us: quiet.quantile(0.99), bulk };
}

async function main() {
    try {
        say({ result: await workload() });
    } catch (error) {
        const message = String(error?.message || error);
        say(error instanceof Unsupported ? { unsupported: message } : { error: message });
    }
    leave();
}
