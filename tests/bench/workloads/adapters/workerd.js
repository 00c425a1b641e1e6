/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// workerd's sockets. It has no datagrams and does not listen.
import { connect } from "cloudflare:sockets";

async function openTcp(port) {
    const socket = connect({ hostname: BENCH.host, port }, { allowHalfOpen: true });
    await socket.opened;
    return { readable: socket.readable, writable: socket.writable, close: () => socket.close() };
}

const leave = ignore;
