// META: title=The shape of the three interfaces
// META: global=window,dedicatedworker
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js

"use strict";

// Each interface: how to make a socket of it, what its constructor needs, and the dictionaries that belong to it.
const INTERFACES = {
  TCPSocket: {
    length: 2,
    tooFew: [[], ["127.0.0.1"]],
    async arguments(t) {
      const peer = await makePeer(t, "hold");
      return [peer.address, peer.port];
    },
    dictionaries: ["TCPSocketOptions", "TCPSocketOpenInfo", "SocketDnsQueryType"],
  },
  UDPSocket: {
    length: 0,
    tooFew: [],
    async arguments() {
      return [{ localAddress: "127.0.0.1" }];
    },
    dictionaries: ["UDPSocketOptions", "UDPSocketOpenInfo", "UDPMessage"],
  },
  TCPServerSocket: {
    length: 1,
    tooFew: [[]],
    async arguments() {
      return ["127.0.0.1"];
    },
    dictionaries: ["TCPServerSocketOptions", "TCPServerSocketOpenInfo"],
  },
};

// An object of each of the other interfaces.
async function strangers(t, own) {
  const found = [];
  for (const [name, { arguments: make }] of Object.entries(INTERFACES)) {
    if (name !== own) {
      const socket = new self[name](...await make(t));
      t.add_cleanup(() => dispose(socket));
      await socket.opened;
      found.push(socket);
    }
  }
  return found;
}

for (const [name, { length, tooFew, arguments: make, dictionaries }] of Object.entries(INTERFACES)) {
  const Interface = self[name];

  async function open(t) {
    const socket = new Interface(...await make(t));
    t.add_cleanup(() => dispose(socket));
    await socket.opened;
    return socket;
  }

  test(() => {
    assert_true(name in self);
    assert_equals(typeof Interface, "function");
  }, `IDL-01, IDL-02: the global of a secure ${isWindow ? "window" : "dedicated worker"} has ${name}`);

  test(() => {
    const descriptor = Object.getOwnPropertyDescriptor(self, name);
    assert_false(descriptor.enumerable, "enumerable");
    assert_true(descriptor.writable, "writable");
    assert_true(descriptor.configurable, "configurable");
    assert_equals(descriptor.value.name, name);
    assert_equals(Object.getPrototypeOf(Interface), Function.prototype);
  }, `IDL-04: ${name} is a non-enumerable property of the global, named after the interface`);

  test(() => {
    assert_equals(Interface.length, length);
  }, `IDL-05: the constructor of ${name} has length ${length}`);

  promise_test(async t => {
    const args = await make(t);
    assert_throws_js(TypeError, () => Interface(...args));
    assert_throws_js(TypeError, () => Interface());
  }, `IDL-06: calling ${name} without new throws a TypeError`);

  test(() => {
    for (const args of tooFew) {
      assert_throws_js(TypeError, () => new Interface(...args), `${args.length} arguments`);
    }
    if (length === 0) {
      // Nothing is missing; the constructor itself finds no mode.
      assert_throws_js(TypeError, () => new Interface());
    }
  }, `IDL-07: missing required arguments of ${name} throw a TypeError`);

  test(() => {
    const keys = Reflect.ownKeys(Interface.prototype);
    const expected = ["constructor", "opened", "closed", "close", Symbol.toStringTag];
    assert_equals(keys.length, expected.length, "number of members");
    for (const key of expected) {
      assert_true(keys.includes(key), `has ${String(key)}`);
    }
    const tag = Object.getOwnPropertyDescriptor(Interface.prototype, Symbol.toStringTag);
    assert_equals(tag.value, name);
    assert_false(tag.writable, "the tag is not writable");
    assert_false(tag.enumerable, "the tag is not enumerable");
    assert_true(tag.configurable, "the tag is configurable");
    assert_equals(Object.getPrototypeOf(Interface.prototype), Object.prototype, "no EventTarget");
  }, `IDL-08: the prototype of ${name} has constructor, opened, closed, close and its tag, and nothing else`);

  for (const member of ["opened", "closed"]) {
    promise_test(async t => {
      const descriptor = Object.getOwnPropertyDescriptor(Interface.prototype, member);
      assert_true(descriptor.enumerable, "enumerable");
      assert_true(descriptor.configurable, "configurable");
      assert_equals(descriptor.set, undefined, "no setter");
      assert_equals(descriptor.get.name, `get ${member}`);
      assert_equals(descriptor.get.length, 0);
      const socket = await open(t);
      assert_throws_js(TypeError, () => { socket[member] = 1; }, "assignment in strict code");
      const promise = socket[member];
      new Function("socket", `socket.${member} = 1;`)(socket);
      assert_equals(socket[member], promise, "assignment in sloppy code does nothing");
    }, `IDL-09: ${member} of ${name} is an enumerable, configurable accessor without a setter`);

    promise_test(async t => {
      const { get } = Object.getOwnPropertyDescriptor(Interface.prototype, member);
      const values = [["an object", {}], ["undefined", undefined], ["a number", 1], ["a promise", Promise.resolve()],
                      ["the prototype", Interface.prototype]];
      for (const stranger of await strangers(t, name)) {
        values.push([`a ${stranger[Symbol.toStringTag]}`, stranger]);
      }
      for (const [what, value] of values) {
        const promise = get.call(value);
        assert_true(promise instanceof Promise, `${what}: a promise is returned`);
        await rejectsWith(promise, "TypeError", what);
      }
      await rejectsWith(Interface.prototype[member], "TypeError", "used on the prototype");
    }, `IDL-11: the getter of ${member} of ${name}, used on another object, returns a promise rejected with TypeError`);
  }

  promise_test(async t => {
    const descriptor = Object.getOwnPropertyDescriptor(Interface.prototype, "close");
    assert_true(descriptor.enumerable, "enumerable");
    assert_true(descriptor.writable, "writable");
    assert_true(descriptor.configurable, "configurable");
    assert_equals(descriptor.value.name, "close");
    assert_equals(descriptor.value.length, 0);
    const socket = await open(t);
    assert_equals(await socket.close(1, 2, 3), undefined, "extra arguments are ignored");
  }, `IDL-10: close of ${name} is an enumerable, writable, configurable method that ignores extra arguments`);

  promise_test(async t => {
    const { close } = Interface.prototype;
    const others = await strangers(t, name);
    for (const value of [{}, undefined, 1, Interface.prototype, Promise.resolve(), ...others]) {
      const promise = close.call(value);
      assert_true(promise instanceof Promise, "a promise is returned");
      await rejectsWith(promise, "TypeError");
    }
    for (const other of others) {
      assert_equals(await state(other.closed), "pending", "and the other socket is not closed");
    }
  }, `IDL-12: close of ${name}, used on another kind of object, returns a promise rejected with a TypeError`);

  promise_test(async t => {
    const socket = new Interface(...await make(t));
    const { opened, closed } = socket;
    const same = when => {
      assert_equals(socket.opened, opened, `opened ${when}`);
      assert_equals(socket.closed, closed, `closed ${when}`);
    };
    assert_not_equals(opened, closed, "two promises");
    same("straight after construction");
    await opened;
    same("once open");
    const other = new Interface(...await make(t));
    assert_not_equals(other.opened, opened, "opened of another socket");
    assert_not_equals(other.closed, closed, "closed of another socket");
    await other.opened;
    await other.close();
    const closing = socket.close();
    same("after close()");
    await closing;
    same("once closed");
  }, `IDL-13: each getter of a ${name} always returns the one promise of the object`);

  test(() => {
    for (const dictionary of dictionaries) {
      assert_false(dictionary in self, dictionary);
    }
  }, `IDL-26: the dictionaries of ${name} create no globals`);

  promise_test(async t => {
    const socket = await open(t);
    assert_throws_dom("DataCloneError", () => structuredClone(socket), "structuredClone");
    const { port1 } = new MessageChannel();
    assert_throws_dom("DataCloneError", () => port1.postMessage(socket), "postMessage");
    assert_throws_dom("DataCloneError", () => port1.postMessage(socket, [socket]), "as a transferable");
  }, `IDL-27: a ${name} is neither serializable nor transferable`);

  promise_test(async t => {
    class Derived extends Interface {
      get port() {
        return this.opened.then(info => info.localPort);
      }
    }
    const derived = new Derived(...await make(t));
    assert_true(derived instanceof Derived, "an instance of the subclass");
    assert_true(derived instanceof Interface, "and of the class");
    assert_greater_than(await derived.port, 0, "its members work");
    await derived.close();

    const made = Reflect.construct(Interface, await make(t), Derived);
    assert_equals(Object.getPrototypeOf(made), Derived.prototype, "the prototype of the new target");
    assert_greater_than((await made.opened).localPort, 0);
    await made.close();

    const bare = Reflect.construct(Interface, await make(t), Object);
    assert_equals(Object.getPrototypeOf(bare), Object.prototype);
    const { get } = Object.getOwnPropertyDescriptor(Interface.prototype, "opened");
    assert_greater_than((await get.call(bare)).localPort, 0, "the brand check passes");
    await Interface.prototype.close.call(bare);
  }, `IDL-28: subclassing ${name} and Reflect.construct give objects with the prototype of the new target`);

  promise_test(async t => {
    const socket = new Interface(...await make(t));
    assert_array_equals(Reflect.ownKeys(socket), [], "before opening");
    await socket.opened;
    assert_array_equals(Reflect.ownKeys(socket), [], "after opening");
    await socket.close();
    assert_array_equals(Reflect.ownKeys(socket), [], "after closing");
  }, `IDL-29: instances of ${name} carry no own properties`);
}
