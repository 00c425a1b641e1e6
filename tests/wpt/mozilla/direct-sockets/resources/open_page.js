/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// What open_sockets.html and open_udp_sockets.html share: their parameters, and what follows once all is open.

"use strict";

const parameters = new URLSearchParams(location.search);
const name = parameters.get("name") ?? "page";
// Keeps sockets from being collected.
const kept = [];

// `openAll` opens what the parameters say; `makeEcho` is for &echo.
async function openPage(openAll, makeEcho) {
  try {
    await openAll();
  } catch (error) {
    console.log(`${name}: failed ${error}`);
    return;
  }
  if (parameters.has("echo")) {
    echo(makeEcho).catch(error => console.log(`${name}: failed ${error}`));
  }
  if (parameters.has("frame")) {
    const frame = document.createElement("iframe");
    frame.allow = "direct-sockets";
    frame.src = parameters.get("frame");
    document.body.append(frame);
  }
  if (parameters.has("close")) {
    window.close();
  }
}

// `makeEcho` opens a socket to the peer, and gives a function that sends one byte and returns the one that comes back.
async function echo(makeEcho) {
  const trip = await makeEcho(Number(parameters.get("echo")));
  for (let i = 0;; i++) {
    const answer = await trip(i & 255);
    if (answer !== (i & 255)) {
      throw new Error(`echo ${i} came back as ${answer}`);
    }
    console.log(`${name}: echo ${i}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
}
