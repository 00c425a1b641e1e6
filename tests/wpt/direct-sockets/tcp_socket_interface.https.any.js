// META: title=TCPSocket: the shape of the interface
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

"use strict";

test(() => {
  assert_true("TCPSocket" in self);
  assert_equals(typeof TCPSocket, "function");
}, `IDL-01, IDL-02: the global of a secure ${isWindow ? "window" : "dedicated worker"} has TCPSocket`);

test(() => {
  const descriptor = Object.getOwnPropertyDescriptor(self, "TCPSocket");
  assert_false(descriptor.enumerable, "enumerable");
  assert_true(descriptor.writable, "writable");
  assert_true(descriptor.configurable, "configurable");
  assert_equals(descriptor.value.name, "TCPSocket");
  assert_equals(Object.getPrototypeOf(TCPSocket), Function.prototype);
}, "IDL-04: the interface object is a non-enumerable property of the global, named after the interface");

test(() => {
  assert_equals(TCPSocket.length, 2);
}, "IDL-05: the constructor has length 2");

test(() => {
  assert_throws_js(TypeError, () => TCPSocket("127.0.0.1", 1));
}, "IDL-06: calling the interface object without new throws a TypeError");

test(() => {
  assert_throws_js(TypeError, () => new TCPSocket());
  assert_throws_js(TypeError, () => new TCPSocket("127.0.0.1"));
}, "IDL-07: missing required arguments throw a TypeError");

test(() => {
  const keys = Reflect.ownKeys(TCPSocket.prototype);
  const expected = ["constructor", "opened", "closed", "close", Symbol.toStringTag];
  assert_equals(keys.length, expected.length, "number of members");
  for (const key of expected) {
    assert_true(keys.includes(key), `has ${String(key)}`);
  }
  const tag = Object.getOwnPropertyDescriptor(TCPSocket.prototype, Symbol.toStringTag);
  assert_equals(tag.value, "TCPSocket");
  assert_false(tag.writable, "the tag is not writable");
  assert_false(tag.enumerable, "the tag is not enumerable");
  assert_true(tag.configurable, "the tag is configurable");
  assert_equals(Object.getPrototypeOf(TCPSocket.prototype), Object.prototype, "no EventTarget");
}, "IDL-08: the prototype has constructor, opened, closed, close and its tag, and nothing else");

for (const name of ["opened", "closed"]) {
  promise_test(async t => {
    const descriptor = Object.getOwnPropertyDescriptor(TCPSocket.prototype, name);
    assert_true(descriptor.enumerable, "enumerable");
    assert_true(descriptor.configurable, "configurable");
    assert_equals(descriptor.set, undefined, "no setter");
    assert_equals(descriptor.get.name, `get ${name}`);
    assert_equals(descriptor.get.length, 0);
    const peer = await makePeer(t, "hold");
    const { socket } = await connect(t, peer);
    assert_throws_js(TypeError, () => { socket[name] = 1; }, "assignment in strict code");
    const promise = socket[name];
    new Function("socket", `socket.${name} = 1;`)(socket);
    assert_equals(socket[name], promise, "assignment in sloppy code does nothing");
  }, `IDL-09: ${name} is an enumerable, configurable accessor without a setter`);
}

promise_test(async t => {
  const descriptor = Object.getOwnPropertyDescriptor(TCPSocket.prototype, "close");
  assert_true(descriptor.enumerable, "enumerable");
  assert_true(descriptor.writable, "writable");
  assert_true(descriptor.configurable, "configurable");
  assert_equals(descriptor.value.name, "close");
  assert_equals(descriptor.value.length, 0);
  const peer = await makePeer(t, "hold");
  const { socket } = await connect(t, peer);
  assert_equals(await socket.close(1, 2, 3), undefined, "extra arguments are ignored");
}, "IDL-10: close is an enumerable, writable, configurable method of length 0 that ignores extra arguments");

for (const name of ["opened", "closed"]) {
  promise_test(async () => {
    const { get } = Object.getOwnPropertyDescriptor(TCPSocket.prototype, name);
    for (const [what, value] of [["an object", {}], ["undefined", undefined], ["a number", 1],
                                 ["a promise", Promise.resolve()], ["the prototype", TCPSocket.prototype]]) {
      const promise = get.call(value);
      assert_true(promise instanceof Promise, `${what}: a promise is returned`);
      await rejectsWith(promise, "TypeError", what);
    }
    await rejectsWith(TCPSocket.prototype[name], "TypeError", "used on the prototype");
  }, `IDL-11: the getter of ${name} used on another kind of object returns a promise rejected with a TypeError`);
}

promise_test(async () => {
  const { close } = TCPSocket.prototype;
  for (const value of [{}, undefined, 1, TCPSocket.prototype, Promise.resolve()]) {
    const promise = close.call(value);
    assert_true(promise instanceof Promise, "a promise is returned");
    await rejectsWith(promise, "TypeError");
  }
}, "IDL-12: close used on another kind of object returns a promise rejected with a TypeError");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket(peer.address, peer.port);
  const { opened, closed } = socket;
  const same = when => {
    assert_equals(socket.opened, opened, `opened ${when}`);
    assert_equals(socket.closed, closed, `closed ${when}`);
  };
  assert_not_equals(opened, closed, "two promises");
  same("straight after construction");
  await opened;
  same("once open");
  const other = new TCPSocket(peer.address, peer.port);
  assert_not_equals(other.opened, opened, "opened of another socket");
  assert_not_equals(other.closed, closed, "closed of another socket");
  await other.opened;
  await other.close();
  const closing = socket.close();
  same("after close()");
  await closing;
  same("once closed");
}, "IDL-13: each getter always returns the one promise of the object");

test(() => {
  for (const name of ["TCPSocketOptions", "TCPSocketOpenInfo", "SocketDnsQueryType"]) {
    assert_false(name in self, name);
  }
}, "IDL-26: the dictionaries and the enum create no globals");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const { socket } = await connect(t, peer);
  assert_throws_dom("DataCloneError", () => structuredClone(socket), "structuredClone");
  const { port1 } = new MessageChannel();
  assert_throws_dom("DataCloneError", () => port1.postMessage(socket), "postMessage");
  assert_throws_dom("DataCloneError", () => port1.postMessage(socket, [socket]), "as a transferable");
}, "IDL-27: a socket is neither serializable nor transferable");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  class Derived extends TCPSocket {
    get port() {
      return this.opened.then(info => info.remotePort);
    }
  }
  const derived = new Derived(peer.address, peer.port);
  assert_true(derived instanceof Derived, "an instance of the subclass");
  assert_true(derived instanceof TCPSocket, "and of the class");
  assert_equals(await derived.port, peer.port, "its members work");
  await derived.close();

  const made = Reflect.construct(TCPSocket, [peer.address, peer.port], Derived);
  assert_equals(Object.getPrototypeOf(made), Derived.prototype, "the prototype of the new target");
  assert_equals((await made.opened).remotePort, peer.port);
  await made.close();

  const bare = Reflect.construct(TCPSocket, [peer.address, peer.port], Object);
  assert_equals(Object.getPrototypeOf(bare), Object.prototype);
  const { get } = Object.getOwnPropertyDescriptor(TCPSocket.prototype, "opened");
  assert_equals((await get.call(bare)).remotePort, peer.port, "the brand check passes");
  await TCPSocket.prototype.close.call(bare);
}, "IDL-28: subclassing and Reflect.construct give objects with the prototype of the new target");

promise_test(async t => {
  const peer = await makePeer(t, "hold");
  const socket = new TCPSocket(peer.address, peer.port);
  assert_array_equals(Reflect.ownKeys(socket), [], "before opening");
  await socket.opened;
  assert_array_equals(Reflect.ownKeys(socket), [], "after opening");
  await socket.close();
  assert_array_equals(Reflect.ownKeys(socket), [], "after closing");
}, "IDL-29: instances carry no own properties");
