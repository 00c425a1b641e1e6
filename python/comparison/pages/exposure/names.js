/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// What scripts find in their global: its own names and those of its prototypes, and one level below each of them what
// interfaces, their prototypes and namespaces have. No getter is called.

"use strict";

const describe = (owner, key) => {
  const descriptor = Object.getOwnPropertyDescriptor(owner, key);
  const parts = ["get", "set"].filter(part => descriptor[part]);
  if ("value" in descriptor) {
    const value = descriptor.value;
    parts.push(typeof value === "function" ? `function of ${value.length}` : typeof value);
    // Numbers and texts of interfaces are constants.
    if (["number", "string", "boolean"].includes(typeof value) && !descriptor.writable) {
      parts.push(String(value));
    }
  }
  parts.push(...["writable", "enumerable", "configurable"].filter(part => descriptor[part]));
  return parts.join(" ");
};

const names = function (globals) {
  const found = [];
  const list = (prefix, owner, visit) => {
    for (const key of Reflect.ownKeys(owner)) {
      // Indexed properties of a window are its frames.
      if (typeof key === "string" && /^\d+$/.test(key)) {
        continue;
      }
      found.push(`${prefix}${String(key)} (${describe(owner, key)})`);
      visit?.(prefix + String(key), Object.getOwnPropertyDescriptor(owner, key).value);
    }
  };
  const below = (name, value) => {
    if (value === null || !["object", "function"].includes(typeof value) || value === globals) {
      return;
    }
    // Under each of its names, if it has several: their order is not always the same.
    list(`${name}.`, value);
    const prototype = typeof value === "function" && Object.getOwnPropertyDescriptor(value, "prototype")?.value;
    if (prototype) {
      list(`${name}.prototype.`, prototype);
    }
  };
  for (let owner = globals, depth = 0; owner; owner = Object.getPrototypeOf(owner), depth += 1) {
    list(depth ? `prototype ${depth}: ` : "", owner, below);
  }
  return found;
};

// A worker hands them over to whoever asks.
if (self.document === undefined) {
  const answer = port => port.postMessage(names(self));
  self.onconnect = event => answer(event.ports[0]);
  self.onmessage = event => answer(event.ports[0] ?? event.source ?? self);
}
