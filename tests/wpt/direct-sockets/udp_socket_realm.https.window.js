// META: title=UDPSocket and TCPServerSocket: realms
// META: global=window
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

const INTERFACES = {
  UDPSocket: {
    make: global => new global.UDPSocket({ localAddress: "127.0.0.1" }),
    refused: [global => new global.UDPSocket({}), global => new global.UDPSocket({ localPort: -1 })],
    async failing() {
      return global => new global.UDPSocket({ remoteAddress: "127.0.0.1", remotePort: 0 });
    },
  },
  TCPServerSocket: {
    make: global => new global.TCPServerSocket("127.0.0.1"),
    refused: [global => new global.TCPServerSocket("x"), global => new global.TCPServerSocket("::1", { backlog: -1 })],
    async failing(t) {
      const peer = await makePeer(t, "hold");
      return global => new global.TCPServerSocket(peer.address, { localPort: peer.port });
    },
  },
};

for (const [name, { make, refused, failing }] of Object.entries(INTERFACES)) {
  promise_test(async t => {
    const inner = (await makeFrame(t)).contentWindow;
    const socket = make(inner);
    for (const member of ["opened", "closed"]) {
      const { get } = Object.getOwnPropertyDescriptor(self[name].prototype, member);
      const promise = get.call(socket);
      assert_true(promise instanceof inner.Promise, `${member}: a promise of the frame`);
      assert_false(promise instanceof Promise, `${member}: not of the caller`);
      assert_equals(promise, socket[member], `${member}: the same promise for both getters`);
    }
    const info = await socket.opened;
    assert_equals(Object.getPrototypeOf(info), inner.Object.prototype, "the info object");
    assert_true(info.readable instanceof inner.ReadableStream, "readable");
    await self[name].prototype.close.call(socket);
  }, `IDL-14: the promises of a ${name} belong to its relevant realm, whoever calls the getter`);

  promise_test(async t => {
    const inner = (await makeFrame(t)).contentWindow;
    for (const construct of refused) {
      assert_true(thrown(() => construct(inner)) instanceof inner.TypeError, "a TypeError of the frame");
    }
    const socket = (await failing(t))(inner);
    const error = await rejection(socket.opened);
    assert_true(error instanceof inner.DOMException, "asynchronous errors");
    assert_equals(error.name, "NetworkError");
    assert_equals(error.code, 19);
    const early = await rejection(socket.close());
    assert_true(early instanceof inner.DOMException, "close()");
    assert_equals(early.name, "InvalidStateError");
    assert_equals(early.code, 11);
  }, `IDL-30: errors of a ${name} come from its realm`);
}

promise_test(async t => {
  const inner = (await makeFrame(t)).contentWindow;
  const socket = new inner.UDPSocket({ localAddress: "127.0.0.1" });
  const { readable, writable, localPort } = await socket.opened;
  const writer = writable.getWriter();
  // Data of either realm is accepted.
  for (const data of [encode("x"), new inner.Uint8Array(1), new inner.ArrayBuffer(1)]) {
    await writer.write({ data, remoteAddress: "127.0.0.1", remotePort: localPort });
  }
  const reader = readable.getReader();
  for (let i = 0; i < 3; i++) {
    const { value } = await reader.read();
    assert_equals(Object.getPrototypeOf(value), inner.Object.prototype, "messages");
    assert_equals(value.data.constructor, inner.Uint8Array, "their data");
    assert_true(value.data.buffer instanceof inner.ArrayBuffer, "and its buffer");
  }
  const refused = await rejection(writer.write("str"));
  assert_true(refused instanceof inner.TypeError, "what a refused message rejects with");
}, "UDP-MSG-01, IDL-30: messages and errors of a UDPSocket are of its realm");
