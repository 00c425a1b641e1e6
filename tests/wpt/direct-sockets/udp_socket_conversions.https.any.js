// META: title=UDPSocket: conversion of options and messages
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

const LOCAL = { localAddress: "127.0.0.1" };

// A dictionary that writes down what is read of it.
function recording(members, read) {
  return new Proxy({}, {
    get(target, key) {
      read.push(key);
      return members[key];
    },
  });
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const pair = { remoteAddress: peer.address, remotePort: peer.port };
  for (const dnsQueryType of ["IPv4", "any", "", null, 4, "ipv4 "]) {
    assert_throws_js(TypeError, () => new UDPSocket({ ...pair, dnsQueryType }), String(dnsQueryType));
  }
  for (const dnsQueryType of ["ipv4", undefined]) {
    const { socket } = await connectUdp(t, peer, { dnsQueryType });
    await socket.close();
  }
  const other = new UDPSocket({ ...pair, dnsQueryType: "ipv6" });
  await rejectsWith(other.opened, "NetworkError", "the valid string that does not fit the address");
}, "IDL-15: dnsQueryType of UDPSocket accepts exactly ipv4 and ipv6");

promise_test(async () => {
  for (const options of [5, "x", true, Symbol(), 1n]) {
    assert_throws_js(TypeError, () => new UDPSocket(options), typeof options);
  }
  // These are dictionaries without a member, of which the constructor says that no mode is selected.
  for (const options of [undefined, null, {}, () => {}, []]) {
    assert_throws_js(TypeError, () => new UDPSocket(options), String(options));
  }
  const callable = () => {};
  callable.localAddress = "127.0.0.1";
  const socket = new UDPSocket(callable);
  assert_equals((await socket.opened).localAddress, "127.0.0.1", "a function is a dictionary");
  await socket.close();
}, "IDL-16: undefined and null mean the defaults, objects of any kind are dictionaries, all else is a TypeError");

promise_test(async () => {
  const read = [];
  const socket = new UDPSocket(recording(LOCAL, read));
  assert_array_equals(read, ["dnsQueryType", "ipv6Only", "localAddress", "localPort", "receiveBufferSize",
                             "remoteAddress", "remotePort", "sendBufferSize"]);
  await socket.opened;
  await socket.close();
}, "IDL-17: the options of UDPSocket are read once each, in alphabetical order, and only the declared ones");

promise_test(async t => {
  const read = [];
  const peer = await makeUdpPeer(t);
  const { writable } = await bindUdp(t);
  await writable.getWriter().write(recording(to(peer, "x", { other: 1 }), read));
  assert_array_equals(read, ["data", "dnsQueryType", "remoteAddress", "remotePort"]);
  await peer.received(1);
}, "IDL-17: the members of a message are read once each, in alphabetical order, and only the declared ones");

for (const member of ["sendBufferSize", "receiveBufferSize"]) {
  test(() => {
    for (const value of [-1, 4294967296, NaN, Infinity, -Infinity, "abc", 1n, Symbol(), {}]) {
      assert_throws_js(TypeError, () => new UDPSocket({ ...LOCAL, [member]: value }), String(value));
    }
    // These convert to 0 and fail the check of the constructor.
    for (const value of [null, "", -0.5, 0.9, false]) {
      assert_throws_js(TypeError, () => new UDPSocket({ ...LOCAL, [member]: value }), String(value));
    }
  }, `IDL-18: ${member} of UDPSocket enforces the range of an unsigned long`);
}

promise_test(async t => {
  for (const value of [65536, -1, NaN, Infinity, "abc", 1n, Symbol(), {}, 2 ** 32]) {
    assert_throws_js(TypeError, () => new UDPSocket({ ...LOCAL, localPort: value }), `localPort ${String(value)}`);
    assert_throws_js(TypeError, () => new UDPSocket({ remoteAddress: "127.0.0.1", remotePort: value }),
                     `remotePort ${String(value)}`);
  }
  const peer = await makeUdpPeer(t);
  for (const remotePort of [String(peer.port), peer.port + 0.7, ` ${peer.port} `, { valueOf: () => peer.port }]) {
    const { info, socket } = await connectUdp(t, { address: peer.address, port: remotePort });
    assert_equals(info.remotePort, peer.port, `remotePort ${remotePort}`);
    await socket.close();
  }
}, "IDL-19: the ports of UDPSocket enforce the range of an unsigned short");

promise_test(async t => {
  await needAddresses("127.0.0.11");
  const peer = await makeUdpPeer(t);
  // The port of the peer is free on another address.
  for (const localPort of [String(peer.port), peer.port + 0.7, { valueOf: () => peer.port }]) {
    const { info, socket } = await bindUdp(t, { localAddress: "127.0.0.11", localPort });
    assert_equals(info.localPort, peer.port, `localPort ${localPort}`);
    await socket.close();
  }
}, "IDL-19: what is no integer becomes one as the localPort of UDPSocket");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { writable } = await bindUdp(t);
  const writer = writable.getWriter();
  const ports = [peer.port + 65536, peer.port - 65536, String(peer.port), peer.port + 0.7, peer.port + 2 ** 32,
                 { valueOf: () => peer.port }];
  for (const [i, remotePort] of ports.entries()) {
    await writer.write({ data: encode(`${i}`), remoteAddress: peer.address, remotePort });
    assert_equals((await peer.received(i + 1)).datagrams[i].text, `${i}`, String(remotePort));
  }
}, "IDL-21: remotePort of a message wraps modulo 65536");

for (const remotePort of [NaN, Infinity, 65536, "abc", null, {}]) {
  promise_test(async t => {
    const { writable } = await bindUdp(t);
    const writer = writable.getWriter();
    held(writer.closed);
    await rejectsWith(writer.write({ data: encode("x"), remoteAddress: "127.0.0.1", remotePort }), "NetworkError");
  }, `IDL-21: the remotePort ${JSON.stringify(remotePort)} (${remotePort}) of a message means port 0, to which the OS \
sends nothing`);
}

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const address = { toString: () => "127.0.0.1" };
  const connected = await connectUdp(t, { address, port: peer.port });
  assert_equals(connected.info.remoteAddress, "127.0.0.1", "remoteAddress");
  const bound = await bindUdp(t, { localAddress: address });
  assert_equals(bound.info.localAddress, "127.0.0.1", "localAddress");
  await bound.writable.getWriter().write({ data: encode("x"), remoteAddress: address, remotePort: peer.port });
  await peer.received(1);
  assert_throws_js(TypeError, () => new UDPSocket({ localAddress: Symbol() }), "a symbol as localAddress");
  assert_throws_js(TypeError, () => new UDPSocket({ remoteAddress: Symbol(), remotePort: 1 }), "as remoteAddress");
  const sentinel = new RangeError("of the page");
  const throwing = { toString() { throw sentinel; } };
  assert_equals(thrown(() => new UDPSocket({ localAddress: throwing })), sentinel, "what toString throws");
  assert_equals(thrown(() => new UDPSocket({ remoteAddress: throwing, remotePort: 1 })), sentinel);
  const { writable } = await bindUdp(t);
  const writer = writable.getWriter();
  held(writer.closed);
  await rejectsExactly(writer.write({ data: encode("x"), remoteAddress: throwing, remotePort: 1 }), sentinel);
}, "IDL-23: addresses of UDPSocket and of messages are converted to strings as JavaScript does it");

test(() => {
  const sentinel = new RangeError("of the page");
  const error = thrown(() => new UDPSocket({
    remotePort: 1,
    localPort: 0,
    get sendBufferSize() { throw sentinel; },
  }));
  assert_equals(error, sentinel, "that there is no address, and a port of 0, has not been looked at");
}, "IDL-24: all options of UDPSocket are converted before the first step of the constructor");
