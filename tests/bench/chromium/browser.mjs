/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Chromium without a window, with a profile that lives as long as it does, and an Isolated Web App in it: only such
// apps have Direct Sockets there.
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { DevTools, Tab } from "./devtools.mjs";

// How long the browser may take to end after its processes were killed, in milliseconds.
const END_LIMIT = 5000;
// How often it is asked whether the app is there, in milliseconds.
const PAUSE = 50;
// How often one look at the list of apps is repeated: its page shows what there was when it was loaded.
const LOOKS = 10;
// How much of what it writes is kept to tell why it has ended.
const TAIL = 400;

// Chromium asks a user whether an app may talk to this machine.
const PERMISSIONS = ["loopback-network", "local-network", "local-network-access"];

// What Chromium runs to put an app among those of the desktop.
const DESKTOP_TOOLS = ["update-desktop-database", "xdg-desktop-menu", "xdg-icon-resource", "xdg-mime", "xdg-settings"];

const arguments_ = (profile, app) => [
    "--headless=new",
    // Without a sandbox: root could not start it otherwise, and the memory of its processes could not be looked at.
    "--no-sandbox",
    "--remote-debugging-pipe",
    `--user-data-dir=${profile}`,
    "--enable-features=IsolatedWebApps,IsolatedWebAppDevMode",
    `--install-isolated-web-app-from-url=${app}`,
    // Nothing runs beside the program, and nobody is asked for anything.
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    // The program is never in the foreground, and is not to be slowed down for that.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "about:blank",
];

// The text of a page and of the trees below its elements that do not belong to the document.
const WHOLE_TEXT = `(function text(node) {
    const parts = [...node.childNodes, ...node.shadowRoot?.childNodes ?? []];
    return node.nodeType === Node.TEXT_NODE ? node.data : parts.map(text).join("");
})(document)`;

// A page that was loaded while its app was being installed is no page of the app: its sockets cannot be made.
const HAS_SOCKETS = `(() => {
    if (!crossOriginIsolated || typeof TCPServerSocket !== "function") {
        return false;
    }
    try {
        new TCPServerSocket("");
        return true;
    } catch (error) {
        return !/isolated/.test(error.message);
    }
})()`;

// Nothing of this machine's user is read or changed, and nothing is done for the desktop while the program runs.
function environment(folder) {
    const tools = path.join(folder, "bin");
    fs.mkdirSync(tools);
    for (const name of DESKTOP_TOOLS) {
        fs.symlinkSync("/bin/true", path.join(tools, name));
    }
    const home = ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"].map((name) => [name, folder]);
    return { ...process.env, ...Object.fromEntries(home), PATH: `${tools}:${process.env.PATH}` };
}

export class Chromium {
    #child;
    #devTools;
    #profile;
    #ended;
    #said = "";

    // Starts it; the profile stands in a folder.
    constructor(program, folder, app) {
        this.#profile = fs.mkdtempSync(path.join(folder, "chromium-"));
        this.#child = spawn(program, arguments_(this.#profile, app), {
            stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
            // A group of its own, so that all of it can be ended.
            detached: true,
            env: environment(this.#profile),
        });
        this.#ended = new Promise((resolve) => {
            this.#child.once("exit", (status, signal) => {
                resolve(signal ?? (this.#said.trim() || `status ${status}`));
            });
            this.#child.once("error", (error) => resolve(error.message));
        });
        this.#child.stderr?.setEncoding("utf8").on("data", (text) => {
            this.#said = (this.#said + text).slice(-TAIL);
        });
        const [, , , output, input] = this.#child.stdio;
        this.#devTools = new DevTools(output, input);
        this.#ended.then((reason) => this.#devTools.end(`Chromium has ended: ${reason}`));
    }

    // A tab with the app, whenever it is installed; the caller bounds the wait.
    async openApp(listeners) {
        const origin = await this.#originOfApp();
        for (const name of PERMISSIONS) {
            // Versions differ in which there are. One that is missing shows in the first connection.
            const params = { permission: { name }, setting: "granted", origin };
            await this.#devTools.call("Browser.setPermission", params).catch(() => {});
        }
        for (; ;) {
            const tab = await Tab.open(this.#devTools, listeners);
            if (!await tab.go(`${origin}/`) && await tab.evaluate(HAS_SOCKETS)) {
                return tab;
            }
            await tab.close();
            await sleep(PAUSE);
        }
    }

    // An app that comes from a server has a random origin.
    async #originOfApp() {
        const tab = await Tab.open(this.#devTools, { onConsole() {}, onCrash() {} });
        for (; ;) {
            await tab.go("chrome://web-app-internals/");
            for (let look = 0; look < LOOKS; look++) {
                const [origin] = /isolated-app:\/\/[a-z2-7]+/.exec(await tab.evaluate(WHOLE_TEXT)) ?? [];
                if (origin) {
                    await tab.close();
                    return origin;
                }
                await sleep(PAUSE);
            }
        }
    }

    // Ends all of its processes, and removes its profile.
    async close() {
        this.kill();
        await Promise.race([this.#ended, sleep(END_LIMIT, undefined, { ref: false })]);
        // Processes that were killed may be about to write.
        fs.rmSync(this.#profile, { recursive: true, force: true, maxRetries: 20, retryDelay: PAUSE });
    }

    kill() {
        try {
            process.kill(-this.#child.pid, "SIGKILL");
        } catch {
            // It has gone.
        }
    }
}
