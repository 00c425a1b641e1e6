// META: title=TCPSocket: loss of the net process while writing and closing
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/net_loss.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

// The steps at which net is killed, see net_loss.js.
const STEPS = {
  "with a write in flight": async (t, peer, kill) => {
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    const writes = [writer.write(new Uint8Array(32 * MIB)), writer.write(bytes(1))].map(held);
    await quiet();
    assert_equals(await state(writes[0]), "pending");
    await kill();
    return {
      rejects: { write: writes[0], "queued write": writes[1], "writer.closed": writer.closed, closed: socket.closed },
    };
  },
  "with the write side closed": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await writable.close();
    const read = held(readable.getReader().read());
    await kill();
    return { rejects: { read, closed: socket.closed } };
  },
  "with the read side at its end": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await peer.fin();
    assert_true((await readable.getReader().read()).done);
    const writer = writable.getWriter();
    await kill();
    return { rejects: { "writer.closed": writer.closed, "a write": writer.write(bytes(1)), closed: socket.closed } };
  },
  "with the readable cancelled": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await readable.cancel();
    const writer = writable.getWriter();
    await kill();
    return { rejects: { "writer.closed": writer.closed, closed: socket.closed } };
  },
  "with bytes that nobody has read": async (t, peer, kill) => {
    const { socket, info, readable } = await connect(t, peer);
    await peer.send("unread");
    await os.waitForSocket(info, { receiveQueue: 0 });
    await quiet();
    await kill();
    await rejectsWith(socket.closed, "NetworkError", "closed");
    return { rejects: { closed: socket.closed } };
  },
  "while the writer is closing": async (t, peer, kill) => {
    const { socket, writable } = await connect(t, peer);
    const writer = writable.getWriter();
    const write = held(writer.write(new Uint8Array(32 * MIB)));
    const closing = held(writer.close());
    await quiet();
    await kill();
    return { rejects: { write, close: closing, "writer.closed": writer.closed, closed: socket.closed } };
  },
  "right after writer.close()": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await os.signalNet("STOP");
    const closing = held(writable.close());
    const read = held(readable.getReader().read());
    await micro();
    await kill();
    return { rejects: { read, closed: socket.closed }, settles: { close: closing } };
  },
  "right after writer.abort()": async (t, peer, kill) => {
    const { socket, readable, writable } = await connect(t, peer);
    await os.signalNet("STOP");
    const aborting = held(writable.abort("reason"));
    const read = held(readable.getReader().read());
    await micro();
    await kill();
    return { rejects: { read }, settles: { abort: aborting, closed: socket.closed } };
  },
  "right after close()": async (t, peer, kill) => {
    const { socket } = await connect(t, peer);
    await os.signalNet("STOP");
    const closing = held(socket.close());
    await micro();
    await kill();
    return { rejects: {}, settles: { "close()": closing } };
  },
  "right after close(), with bytes that were written and not sent": async (t, peer, kill) => {
    const { socket, writable } = await connect(t, peer);
    await os.signalNet("STOP");
    const writer = writable.getWriter();
    await writer.write(bytes(1000));
    writer.releaseLock();
    const closing = held(socket.close());
    await micro();
    await kill();
    return { rejects: { "close()": closing, closed: socket.closed } };
  },
};

testNetLoss(STEPS);
