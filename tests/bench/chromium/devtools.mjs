/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// The DevTools protocol over the two pipes of --remote-debugging-pipe: JSON texts with a zero byte behind each.

export class DevTools {
    #output;
    #calls = new Map();
    #count = 0;
    #part = "";
    #gone;
    // What is called with each event: ({ method, params, sessionId }).
    listener = () => {};

    constructor(output, input) {
        this.#output = output;
        // The browser may end at any moment; who has started it tells.
        output.on("error", () => {});
        input.on("error", () => {});
        input.setEncoding("utf8");
        input.on("data", (text) => this.#take(text));
    }

    // All calls fail from now on.
    end(reason) {
        this.#gone ??= reason;
        for (const { reject } of this.#calls.values()) {
            reject(new Error(this.#gone));
        }
        this.#calls.clear();
    }

    call(method, params = {}, sessionId = undefined) {
        if (this.#gone) {
            return Promise.reject(new Error(this.#gone));
        }
        const id = ++this.#count;
        return new Promise((resolve, reject) => {
            this.#calls.set(id, { method, resolve, reject });
            this.#output.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
        });
    }

    #take(text) {
        const parts = (this.#part + text).split("\0");
        this.#part = parts.pop();
        for (const part of parts) {
            const message = JSON.parse(part);
            if (message.id === undefined) {
                this.listener(message);
                continue;
            }
            const call = this.#calls.get(message.id);
            this.#calls.delete(message.id);
            if (message.error) {
                call?.reject(new Error(`${call.method}: ${message.error.message}`));
            } else {
                call?.resolve(message.result);
            }
        }
    }
}

// A tab, with events of its own.
export class Tab {
    #devTools;
    #target;
    #session;
    #loaded = () => {};
    #console;
    #crashed;

    constructor(devTools, target, session, { onConsole, onCrash }) {
        this.#devTools = devTools;
        this.#target = target;
        this.#session = session;
        this.#console = onConsole;
        this.#crashed = onCrash;
    }

    static async open(devTools, listeners) {
        const { targetId } = await devTools.call("Target.createTarget", { url: "about:blank" });
        const { sessionId } = await devTools.call("Target.attachToTarget", { targetId, flatten: true });
        const tab = new Tab(devTools, targetId, sessionId, listeners);
        devTools.listener = (event) => tab.#hear(event);
        for (const domain of ["Page", "Inspector", "Runtime"]) {
            await tab.#call(`${domain}.enable`);
        }
        return tab;
    }

    #call(method, params) {
        return this.#devTools.call(method, params, this.#session);
    }

    #hear({ method, params, sessionId }) {
        if (sessionId !== this.#session) {
            return;
        }
        if (method === "Page.loadEventFired") {
            this.#loaded();
        } else if (method === "Inspector.targetCrashed") {
            this.#crashed();
        } else if (method === "Runtime.consoleAPICalled") {
            this.#console(params.type, params.args.map(textOf).join(" "));
        } else if (method === "Runtime.exceptionThrown") {
            this.#console("error", told(params.exceptionDetails));
        }
    }

    // Goes there; why it cannot, if so.
    async go(url) {
        const isLoaded = new Promise((resolve) => {
            this.#loaded = resolve;
        });
        const { errorText } = await this.#call("Page.navigate", { url });
        if (!errorText) {
            await isLoaded;
        }
        return errorText;
    }

    async evaluate(expression) {
        const params = { expression, awaitPromise: true, returnByValue: true };
        const { result, exceptionDetails } = await this.#call("Runtime.evaluate", params);
        if (exceptionDetails) {
            throw new Error(told(exceptionDetails));
        }
        return result.value;
    }

    async close() {
        await this.#devTools.call("Target.closeTarget", { targetId: this.#target });
    }
}

const textOf = (value) => String(value.value ?? value.unserializableValue ?? value.description ?? value.type);
const told = ({ exception, text }) => exception?.description ?? exception?.value ?? text;
