// META: title=TCPServerSocket: what the messages of errors say
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/helpers.js
// META: script=/_mozilla/direct-sockets/resources/messages.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

function refused(address, options) {
  return thrown(() => new TCPServerSocket(address, options), `${address} ${JSON.stringify(options)}`);
}

test(() => {
  for (const address of ["localhost", "", "127.1", "127.0.0.256", "0x7f.0.0.1", "127.0.0.01", "[::1]", "::1%lo",
                         " 127.0.0.1", "127.0.0.1 ", "1::2::3", "127.0.0.1:80", "*", "::ffff:127.0.0", "127.0.0.1\0",
                         "\uD800", "2130706433"]) {
    assert_names(refused(address), "localAddress");
  }
}, "SRV-CTOR-02: the message about what is no local address names localAddress");

test(() => {
  for (const localPort of [0, null]) {
    assert_names(refused("127.0.0.1", { localPort }), "localPort", ["localAddress"]);
  }
}, "SRV-CTOR-03: the message about a localPort of 0 names the member");

test(() => {
  for (const backlog of [0, null, "", -0.5, 0.9, false]) {
    assert_names(refused("127.0.0.1", { backlog }), "backlog");
  }
}, "SRV-CTOR-04, IDL-18: the message about a backlog of 0 names the member, whatever it is converted from");

test(() => {
  for (const address of ["0.0.0.0", "127.0.0.1", "::1", "::ffff:0.0.0.0"]) {
    for (const ipv6Only of [true, "false", 1, {}]) {
      assert_names(refused(address, { ipv6Only }), "ipv6Only");
    }
  }
}, "SRV-CTOR-05, IDL-22: the message about an ipv6Only that does not fit the address names the member");

const ORDER = {
  "address, everything else": ["x", { localPort: 0, backlog: 0, ipv6Only: true }, "localAddress"],
  "address, port": ["x", { localPort: 0 }, "localAddress"],
  "port, backlog": ["127.0.0.1", { localPort: 0, backlog: 0 }, "localPort"],
  "port, ipv6Only": ["127.0.0.1", { localPort: 0, ipv6Only: true }, "localPort"],
  "backlog, ipv6Only": ["127.0.0.1", { backlog: 0, ipv6Only: true }, "backlog"],
};

for (const [what, [address, options, first]] of Object.entries(ORDER)) {
  test(() => {
    assert_names(refused(address, options), first, Object.keys(options).filter(member => member !== first));
  }, `SRV-CTOR-07: the checks run in order: ${what}`);
}
