#!/usr/bin/env node
/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// node driver.mjs [--chromium FILE] [--timeout S] PROGRAM.mjs
//
// Runs a module in Chromium, as a part of an Isolated Web App that is installed for it, and prints what it logs. Ends
// when the module does, with the status 0, or 1 if it failed; and also when a pipe that is its standard input closes.
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

import { Chromium } from "./browser.mjs";
import { PROGRAM, serve } from "./site.mjs";

// The longest time from the start of the browser to that of the program, in milliseconds.
const START_LIMIT = 30_000;

const complain = (text) => process.stderr.write(`${text}\n`);

function within(milliseconds, what) {
    return new Promise((_, reject) => {
        setTimeout(() => reject(new Error(`${what} within ${milliseconds / 1000} s`)), milliseconds).unref();
    });
}

// Rejects when whoever wants the result has gone, or wants it no longer.
function unwanted() {
    return new Promise((_, reject) => {
        for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) {
            process.once(signal, () => reject(new Error(signal)));
        }
        const input = fs.fstatSync(0);
        if (input.isFIFO() || input.isSocket()) {
            process.stdin.once("close", () => reject(new Error("standard input was closed"))).resume();
        }
    });
}

async function run(program, { chromium: browser, timeout }) {
    const stopped = unwanted();
    const crash = {};
    const crashed = new Promise((_, reject) => {
        crash.tell = () => reject(new Error("the page's process crashed"));
    });
    // Each is raced with, and may come to nothing or too late.
    const limit = within(1000 * Number(timeout), "the program did not end");
    for (const ending of [stopped, crashed, limit]) {
        ending.catch(() => {});
    }
    const app = await serve(fs.readFileSync(program, "utf8"));
    const chromium = new Chromium(browser, path.dirname(path.resolve(program)), app);
    try {
        const started = chromium.openApp({
            onConsole: (type, text) => type === "log" ? process.stdout.write(`${text}\n`) : complain(text),
            onCrash: crash.tell,
        });
        started.catch(() => {});
        const tab = await Promise.race([started, stopped, crashed, within(START_LIMIT, "Chromium has no app")]);
        const ended = tab.evaluate(`import(${JSON.stringify(PROGRAM)}).then(() => {})`);
        ended.catch(() => {});
        await Promise.race([ended, stopped, crashed, limit]);
    } finally {
        await chromium.close();
    }
}

function given() {
    try {
        const { values, positionals } = parseArgs({
            allowPositionals: true,
            options: {
                chromium: { type: "string", default: "chromium" },
                timeout: { type: "string", default: "600" },
            },
        });
        return positionals.length === 1 && Number(values.timeout) > 0 ? [positionals[0], values] : null;
    } catch {
        return null;
    }
}

const chosen = given();
if (!chosen) {
    complain("usage: node driver.mjs [--chromium FILE] [--timeout S] PROGRAM.mjs");
    process.exit(2);
}
try {
    await run(...chosen);
} catch (error) {
    complain(`driver.mjs: ${error.message}`);
    process.exit(1);
}
// The app is still served, and standard input open.
process.exit(0);
