// META: title=UDPSocket: constructor
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

const LOCAL = "127.0.0.1";

function assertRefused(options) {
  assert_throws_js(TypeError, () => new UDPSocket(options), JSON.stringify(options));
}

// Opens, and is closed again; the info.
async function opens(t, options) {
  const { socket, info } = await openUdp(t, options);
  await socket.close();
  return info;
}

promise_test(async t => {
  for (const more of [{}, { localAddress: LOCAL }, { localPort: 0 }]) {
    assertRefused({ remoteAddress: LOCAL, ...more });
    assertRefused({ remotePort: 1, ...more });
  }
}, "UDP-CTOR-02: remoteAddress without remotePort, or the reverse, throws a TypeError");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const pair = { remoteAddress: peer.address, remotePort: peer.port };
  assert_equals((await opens(t, pair)).remotePort, peer.port, "connected mode");
  const info = await opens(t, { ...pair, localAddress: undefined, localPort: undefined, ipv6Only: undefined });
  assert_equals(info.remotePort, peer.port, "members that are undefined count as absent");
  const bound = await opens(t, { remoteAddress: undefined, remotePort: undefined, localAddress: LOCAL });
  assert_false("remotePort" in bound, "here, too");
  assertRefused({ remoteAddress: LOCAL, remotePort: undefined });
  const odd = new UDPSocket({ remoteAddress: "", remotePort: 0 });
  await rejectsWith(odd.opened, "NetworkError", "an empty host and port 0");
}, "UDP-CTOR-03: both together select connected mode, and presence is what counts");

test(() => {
  for (const localPort of [0, null, "", -0.5, 0.9, false]) {
    assertRefused({ localAddress: LOCAL, localPort });
  }
}, "UDP-CTOR-04: a localPort of 0 throws a TypeError");

test(() => {
  assertRefused({ localPort: 5000 });
  assertRefused({ remoteAddress: LOCAL, remotePort: 1, localPort: 5000 });
  assertRefused({ localPort: 5000, localAddress: undefined });
}, "UDP-CTOR-05: a localPort without a localAddress throws a TypeError, in connected mode, too");

test(() => {
  for (const localAddress of [LOCAL, "::", "x", ""]) {
    assertRefused({ localAddress, remoteAddress: LOCAL, remotePort: 1 });
  }
}, "UDP-CTOR-06: a localAddress together with a remote pair throws a TypeError");

for (const localAddress of ["localhost", "", "127.1", "127.0.0.256", "0x7f.0.0.1", "127.0.0.01", "[::1]", "::1%lo",
                            "::1%1", " 127.0.0.1", "127.0.0.1 ", "1::2::3", "127.0.0.1:80", "127.0.0", "2130706433",
                            "\uFF11\uFF12\uFF17.0.0.1", "127.0.0.1\0", "fe80::1%eth0", "::127.0.0", "\uD800"]) {
  test(() => {
    assertRefused({ localAddress });
  }, `UDP-CTOR-07: the localAddress ${JSON.stringify(localAddress)} throws a TypeError`);
}

for (const [localAddress, reported] of [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["::", "::"],
                                        ["0.0.0.0", "0.0.0.0"], ["::ffff:127.0.0.1", "::ffff:127.0.0.1"],
                                        ["::ffff:7f00:1", "::ffff:127.0.0.1"], ["0:0:0:0:0:0:0:1", "::1"]]) {
  promise_test(async t => {
    await needIPv6(localAddress);
    assert_equals((await opens(t, { localAddress })).localAddress, reported);
  }, `UDP-CTOR-07, UDP-CTOR-08: the localAddress ${localAddress} selects bound mode and opens`);
}

promise_test(async t => {
  const info = await opens(t, { localAddress: LOCAL });
  assert_false("remoteAddress" in info, "remoteAddress");
  assert_false("remotePort" in info, "remotePort");
  assert_greater_than(info.localPort, 0);
}, "UDP-CTOR-08: a valid localAddress selects bound mode, which has no remote members");

test(() => {
  for (const options of [undefined, null, {}, { sendBufferSize: 1 }, { dnsQueryType: "ipv4" }, { ipv6Only: true },
                         { remoteAddress: undefined }]) {
    assertRefused(options);
  }
  assert_throws_js(TypeError, () => new UDPSocket());
}, "UDP-CTOR-09: without a mode the constructor throws a TypeError");

test(() => {
  for (const dnsQueryType of ["ipv4", "ipv6"]) {
    assertRefused({ localAddress: LOCAL, dnsQueryType });
  }
}, "UDP-CTOR-10: a dnsQueryType in bound mode throws a TypeError");

test(() => {
  for (const ipv6Only of [true, false, null, 0]) {
    assertRefused({ remoteAddress: "::1", remotePort: 1, ipv6Only });
  }
}, "UDP-CTOR-11: ipv6Only in connected mode throws a TypeError, whatever its value");

promise_test(async t => {
  for (const ipv6Only of [true, false]) {
    for (const localAddress of ["0.0.0.0", "::1", "127.0.0.1", "::ffff:0.0.0.0"]) {
      assertRefused({ localAddress, ipv6Only });
    }
    for (const localAddress of ["::", "0:0:0:0:0:0:0:0", "0::0", "::0.0.0.0"]) {
      assert_equals((await opens(t, { localAddress, ipv6Only })).localAddress, "::", localAddress);
    }
  }
}, "UDP-CTOR-12: ipv6Only with another local address than :: throws a TypeError, also when it is false");

for (const [id, member] of [["UDP-CTOR-13", "sendBufferSize"], ["UDP-CTOR-14", "receiveBufferSize"]]) {
  promise_test(async t => {
    const peer = await makeUdpPeer(t);
    for (const mode of [{ localAddress: LOCAL }, { remoteAddress: LOCAL, remotePort: peer.port }]) {
      assertRefused({ ...mode, [member]: 0 });
      await opens(t, { ...mode, [member]: 1 });
      await opens(t, { ...mode, [member]: undefined });
    }
  }, `${id}: a ${member} of 0 throws a TypeError, in both modes`);
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  for (const options of [{ localAddress: LOCAL }, { remoteAddress: LOCAL, remotePort: peer.port }]) {
    const socket = new UDPSocket(options);
    const closing = socket.close();
    assert_equals(await state(socket.opened), "pending", "opened");
    assert_equals(await state(socket.closed), "pending", "closed");
    await rejectsWith(closing, "InvalidStateError", "close()");
    await socket.opened;
    await socket.close();
  }
}, "UDP-CTOR-16: a new object has both promises pending and no streams");
