// META: title=UDPSocket: writes that fail
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/_mozilla/direct-sockets/resources/os.js
// META: script=/_mozilla/direct-sockets/resources/udp_os.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

promise_test(async t => {
  const { socket, info, readable, writable } = await bindUdp(t);
  await readable.cancel();
  const writer = writable.getWriter();
  held(writer.closed);
  const error = await rejectsWith(writer.write(to({ address: "127.0.0.1", port: 0 }, "x")), "NetworkError");
  await rejectsExactly(socket.closed, error, "closed");
  assert_true((await udp.gone(info)).ok, "the OS socket is closed");
  assert_equals(socket.close(), socket.closed);
}, "UDP-W-11: a send error runs the writable's handle-closing");

for (const [what, mode, message] of [
  ["cannot be converted", "bound", { data: "str" }],
  ["has no address", "bound", { data: bytes(1) }],
  ["has no data", "connected", {}],
  ["has an address in connected mode", "connected", { data: bytes(1), remotePort: 9 }],
]) {
  promise_test(async t => {
    const peer = await makeUdpPeer(t);
    const { socket, info, readable, writable } = mode === "bound" ? await bindUdp(t) : await connectUdp(t, peer);
    await readable.cancel();
    const writer = writable.getWriter();
    held(writer.closed);
    const error = await rejectsWith(writer.write(message), "TypeError");
    await rejectsExactly(socket.closed, error, "closed");
    assert_true((await udp.gone(info)).ok, "the OS socket is closed");
  }, `UDP-W-16: a message that ${what} ends the write side and runs handle-closing, as a send error does`);
}
