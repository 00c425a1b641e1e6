/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Imports the user's module and tells the shell how it ended, in a page or in a classic worker.
// The word in quotation marks at the end is replaced by the configuration.
((shell) => {
    "use strict";
    // The module may change all of these.
    const log = console.log.bind(console);
    const setTimeout = globalThis.setTimeout.bind(globalThis);
    const { stringify } = JSON;
    const say = (...message) => log("%s", shell.token + stringify(message));

    const text = (value) => {
        try {
            return String(value);
        } catch {
            return "a value that cannot be shown";
        }
    };
    const describe = (error) => {
        const isObject = typeof error === "object" && error !== null;
        const own = (name) => {
            try {
                return isObject ? error[name] : undefined;
            } catch {
                return undefined;
            }
        };
        const message = text(error);
        // The name of what could not be fetched is not in the error; the shell knows it.
        const isImport = own("name") === "TypeError" && own("message") === "Module fetching failed";
        return {
            message,
            isImport,
            file: own("fileName") ?? own("filename"),
            line: own("lineNumber"),
            column: own("columnNumber"),
            stack: own("stack"),
        };
    };

    const describeEvent = (event) => {
        if (event.type === "unhandledrejection") {
            return describe(event.reason);
        }
        const described = describe(event.error ?? event.message);
        const place = { file: event.filename, line: event.lineno, column: event.colno };
        return described.file ? described : { ...described, ...place };
    };

    if (shell.worker) {
        const worker = new Worker(shell.worker);
        // The worker tells of its errors itself; this one is about the worker.
        worker.addEventListener("error", (event) => event.preventDefault());
        return;
    }

    const unhandled = [];
    addEventListener("error", (event) => unhandled.push(event));
    addEventListener("unhandledrejection", (event) => unhandled.push(event));
    const left = () => unhandled.filter((event) => !event.defaultPrevented).slice(0, 20).map(describeEvent);
    // Nothing more is heard of a worker that has closed itself, nor of the errors of a page that has.
    const close = globalThis.close.bind(globalThis);
    globalThis.close = () => {
        say("closed", left());
        close();
    };
    globalThis.args = shell.arguments;
    say("started");
    import(shell.module).then(
        // Rejections that nobody handles are reported in a task, after this one.
        () => setTimeout(() => setTimeout(() => say("done", left()))),
        (error) => say("failed", describe(error)),
    );
})("CONFIGURATION");
