/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Gives the runner the names in the kind of global that the query asks for, one as if it were a subtest that passes.

"use strict";

const answer = (target, receive) => new Promise((resolve, reject) => {
  receive(event => resolve(event.data));
  target.onerror = event => reject(new Error(`the worker failed: ${event.message}`));
});

const KINDS = {
  window: async () => names(window),
  frame: async () => {
    const frame = document.createElement("iframe");
    const loaded = new Promise(resolve => frame.onload = resolve);
    frame.src = "empty.html";
    document.documentElement.append(frame);
    await loaded;
    return names(frame.contentWindow);
  },
  dedicatedworker: () => {
    const worker = new Worker("names.js");
    const result = answer(worker, receive => worker.onmessage = receive);
    worker.postMessage("");
    return result;
  },
  sharedworker: () => {
    const worker = new SharedWorker("names.js");
    return answer(worker, receive => worker.port.onmessage = receive);
  },
  serviceworker: async () => {
    const registration = await navigator.serviceWorker.register("names.js", { scope: "does/not/exist" });
    const worker = registration.installing ?? registration.waiting ?? registration.active;
    const channel = new MessageChannel();
    const result = answer(worker, receive => channel.port1.onmessage = receive);
    worker.postMessage("", [channel.port2]);
    return result;
  },
};

const end = (status, message, found) => {
  const results = found.map(name => [name, 0, null, null]);
  console.log(`ALERT: RESULT: ${JSON.stringify([location.pathname, status, message, null, results])}`);
  window.close();
};

const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer within 8 s")), 8000));
const kind = new URLSearchParams(location.search).get("global");
addEventListener("load", () => {
  Promise.race([KINDS[kind](), late]).then(found => end(0, null, found), error => end(1, String(error), []));
});
