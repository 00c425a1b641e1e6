// META: title=UDPSocket: what the messages of errors say
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js
// META: script=/_mozilla/direct-sockets/resources/messages.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

const LOCAL = "127.0.0.1";
const PAIR = { remoteAddress: LOCAL, remotePort: 1 };

function refused(options) {
  return thrown(() => new UDPSocket(options), JSON.stringify(options));
}

test(() => {
  for (const more of [{}, { localAddress: LOCAL }, { localPort: 0 }, { remotePort: undefined }]) {
    assert_names(refused({ remoteAddress: LOCAL, ...more }), "remotePort", ["remoteAddress"]);
  }
  for (const more of [{}, { localAddress: LOCAL }, { localPort: 0 }, { remoteAddress: undefined }]) {
    assert_names(refused({ remotePort: 1, ...more }), "remoteAddress", ["remotePort"]);
  }
}, "UDP-CTOR-02, UDP-CTOR-03: the message about half a remote pair names what is missing");

test(() => {
  for (const localPort of [0, null, "", -0.5, 0.9, false]) {
    assert_names(refused({ localAddress: LOCAL, localPort }), "localPort", ["localAddress"]);
  }
}, "UDP-CTOR-04: the message about a localPort of 0 names the member");

test(() => {
  assert_names(refused({ localPort: 5000 }), "localPort", ["localAddress"]);
  assert_names(refused({ ...PAIR, localPort: 5000 }), "localPort", ["remote"]);
  assert_names(refused({ localPort: 5000, localAddress: undefined }), "localPort", ["localAddress"]);
}, "UDP-CTOR-05: the message about a localPort without a localAddress names localPort");

test(() => {
  for (const localAddress of [LOCAL, "::", "x", ""]) {
    const error = refused({ localAddress, ...PAIR });
    assert_names(error, "localAddress");
    assert_names(error, "remoteAddress");
  }
}, "UDP-CTOR-06: the message about both modes at once names both addresses");

test(() => {
  for (const localAddress of ["localhost", "", "127.1", "127.0.0.256", "0x7f.0.0.1", "127.0.0.01", "[::1]", "::1%lo",
                              "::1%1", " 127.0.0.1", "127.0.0.1 ", "1::2::3", "127.0.0.1:80", "127.0.0", "2130706433",
                              "\uFF11\uFF12\uFF17.0.0.1", "127.0.0.1\0", "fe80::1%eth0", "::127.0.0", "\uD800"]) {
    assert_names(refused({ localAddress }), "localAddress");
  }
}, "UDP-CTOR-07: the message about what is no local address names localAddress");

test(() => {
  for (const options of [undefined, null, {}, () => {}, [], { sendBufferSize: 1 }, { dnsQueryType: "ipv4" },
                         { ipv6Only: true }, { remoteAddress: undefined }]) {
    assert_names(refused(options), "localAddress", ["dnsQueryType", "ipv6Only", "sendBufferSize"]);
  }
  assert_names(thrown(() => new UDPSocket()), "localAddress");
}, "UDP-CTOR-09, IDL-07, IDL-16: the message about options that select no mode names localAddress");

test(() => {
  for (const dnsQueryType of ["ipv4", "ipv6"]) {
    assert_names(refused({ localAddress: LOCAL, dnsQueryType }), "dnsQueryType");
  }
}, "UDP-CTOR-10: the message about a dnsQueryType in bound mode names the member");

test(() => {
  for (const ipv6Only of [true, false, null, 0]) {
    assert_names(refused({ remoteAddress: "::1", remotePort: 1, ipv6Only }), "ipv6Only");
  }
}, "UDP-CTOR-11: the message about ipv6Only in connected mode names the member");

test(() => {
  for (const ipv6Only of [true, false]) {
    for (const localAddress of ["0.0.0.0", "::1", "127.0.0.1", "::ffff:0.0.0.0"]) {
      assert_names(refused({ localAddress, ipv6Only }), "ipv6Only");
    }
  }
}, "UDP-CTOR-12: the message about an ipv6Only that does not fit the address names the member");

for (const [id, member] of [["UDP-CTOR-13", "sendBufferSize"], ["UDP-CTOR-14", "receiveBufferSize"]]) {
  test(() => {
    for (const value of [0, null, "", -0.5, 0.9, false]) {
      assert_names(refused({ localAddress: LOCAL, [member]: value }), member);
      assert_names(refused({ ...PAIR, [member]: value }), member);
    }
  }, `${id}, IDL-18: the message about a ${member} of 0 names the member in both modes, whatever it is converted from`);
}

// Each fails two checks that follow one another: [options, the member of the first, members of the second].
const ORDER = {
  "half a remote pair, localPort": [{ remotePort: 1, localPort: 0 }, "remoteAddress", ["localPort"]],
  "localPort, address syntax": [{ localPort: 0, localAddress: "x" }, "localPort", ["localAddress"]],
  "localPort, both modes": [{ ...PAIR, localPort: 0, localAddress: LOCAL }, "localPort", ["localAddress", "remote"]],
  "localPort, no mode": [{ localPort: 0 }, "localPort", ["localAddress"]],
  "both modes, address syntax": [{ ...PAIR, localAddress: "x" }, "remoteAddress", ["dnsQueryType", '"x"']],
  "both modes, dnsQueryType": [{ ...PAIR, localAddress: LOCAL, dnsQueryType: "ipv4" }, "remoteAddress",
                               ["dnsQueryType"]],
  "address syntax, dnsQueryType": [{ localAddress: "x", dnsQueryType: "ipv4" }, "localAddress", ["dnsQueryType"]],
  "no mode, dnsQueryType": [{ dnsQueryType: "ipv4" }, "localAddress", ["dnsQueryType"]],
  "dnsQueryType, ipv6Only": [{ localAddress: "::1", dnsQueryType: "ipv4", ipv6Only: true }, "dnsQueryType",
                             ["ipv6Only"]],
  "ipv6Only, sendBufferSize": [{ localAddress: "::1", ipv6Only: true, sendBufferSize: 0 }, "ipv6Only",
                               ["sendBufferSize"]],
  "sendBufferSize, receiveBufferSize": [{ localAddress: LOCAL, sendBufferSize: 0, receiveBufferSize: 0 },
                                        "sendBufferSize", ["receiveBufferSize"]],
};

for (const [what, [options, first, others]] of Object.entries(ORDER)) {
  test(() => {
    assert_names(refused(options), first, others);
  }, `UDP-CTOR-15: the checks run in order: ${what}`);
}

const OPENING = {
  "a port in use": async t => {
    const { info } = await bindUdp(t);
    return [{ localAddress: info.localAddress, localPort: info.localPort }, /in use/i];
  },
  "an address that is not local": () => [{ localAddress: "192.0.2.200" }, /available/i],
  "an IPv6 address that is not local": () => [{ localAddress: "2001:db8::1" }, /available/i],
  "a name that does not resolve": () => [{ remoteAddress: "no-such-name.invalid", remotePort: 9 }, /name|resolve/i],
  "a host with a NUL": () => [{ remoteAddress: "a\0b", remotePort: 9 }, /host/i],
  "a host in brackets": () => [{ remoteAddress: "[::1]", remotePort: 9 }, /host/i],
  "an empty host": () => [{ remoteAddress: "", remotePort: 9 }, /host/i],
  "a literal of the wrong family": () => [{ remoteAddress: LOCAL, remotePort: 9, dnsQueryType: "ipv6" }, /family/i],
  "a broadcast address": () => [{ remoteAddress: "127.255.255.255", remotePort: 9 }, /permission|denied/i],
};

for (const [what, make] of Object.entries(OPENING)) {
  promise_test(async t => {
    const [options, message] = await make(t);
    await failsSaying(new UDPSocket(options).opened, message, "opened");
  }, `UDP-OPEN-01: the error for ${what} says why`);
}

const WRITING = {
  "65508 bytes over IPv4": [LOCAL, 9, 65508, /large/i],
  "more bytes than a datagram can have": [LOCAL, 9, 65536, /large/i],
  "a megabyte": [LOCAL, 9, MIB, /large/i],
  "a broadcast address": ["127.255.255.255", 9, 1, /permission|denied/i],
  "port 0": [LOCAL, 0, 1, /./],
};

for (const [what, [address, port, size, message]] of Object.entries(WRITING)) {
  promise_test(async t => {
    const writer = (await bindUdp(t)).writable.getWriter();
    held(writer.closed);
    await failsSaying(writer.write(to({ address, port }, new Uint8Array(size))), message, "the write");
  }, `UDP-W-10: the error for a write of ${what} says why`);
}

const REMOTE = { remoteAddress: LOCAL, remotePort: 9 };

// Messages that are refused: the mode, the message, and what the error has to name.
const MESSAGES = {
  "UDP-W-02: a remoteAddress in connected mode": ["connected", { data: bytes(1), remoteAddress: "" }, "remoteAddress"],
  "UDP-W-02: a remotePort in connected mode": ["connected", { data: bytes(1), remotePort: 0 }, "remotePort"],
  "UDP-W-02: a dnsQueryType in connected mode": ["connected", { data: bytes(1), dnsQueryType: "ipv4" }, "dnsQueryType"],
  "UDP-W-03: no remoteAddress": ["bound", { data: bytes(1), remotePort: 9 }, "remoteAddress"],
  "UDP-W-03: no remotePort": ["bound", { data: bytes(1), remoteAddress: LOCAL }, "remotePort"],
  "UDP-W-03: neither of them": ["bound", { data: bytes(1) }, "remote"],
  "UDP-W-03: a remotePort that is undefined": ["bound", { data: bytes(1), ...REMOTE, remotePort: undefined },
                                               "remotePort"],
  "UDP-W-04: no data in connected mode": ["connected", {}, "data"],
  "UDP-W-04: undefined data in connected mode": ["connected", { data: undefined }, "data"],
  "UDP-W-04: no data in connected mode, but an address, which is checked first": ["connected", REMOTE, "remote"],
  "UDP-W-04: no data in bound mode": ["bound", REMOTE, "data"],
  "UDP-W-04: nothing in bound mode, where the address is checked first": ["bound", {}, "remote"],
  "UDP-W-04: half an address in bound mode, which is checked first": ["bound", { remotePort: 9 }, "remote"],
};

for (const [what, [mode, message, member]] of Object.entries(MESSAGES)) {
  promise_test(async t => {
    const { writable } = await openFor(t, mode);
    const writer = writable.getWriter();
    held(writer.closed);
    const error = await rejectsWith(writer.write(message), "TypeError", "the write");
    assert_regexp_match(error.message, new RegExp(`\\b${member}`), "the message names it");
  }, `${what}: the error is about that`);
}
