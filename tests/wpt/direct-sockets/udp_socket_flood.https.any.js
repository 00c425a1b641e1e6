// META: title=UDPSocket: floods
// META: global=window,dedicatedworker
// META: timeout=long
// META: script=/direct-sockets/resources/peer.js
// META: script=/direct-sockets/resources/helpers.js
// META: script=/direct-sockets/resources/udp.js

"use strict";

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const echo = await makePeer(t, "echo");
  const { info, readable } = await bindUdp(t);
  const other = await connect(t, echo);
  let flooding = true;
  const flood = peer.flood(at(info), { seconds: 2, size: 512 }).finally(() => { flooding = false; });
  let received = 0;
  const reading = (async () => {
    const reader = readable.getReader();
    while (flooding) {
      await readMessage(reader);
      received++;
    }
    reader.releaseLock();
  })();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  const reader = other.readable.getReader();
  const writer = other.writable.getWriter();
  let echoes = 0;
  const start = performance.now();
  while (flooding) {
    await writer.write(bytes(echoes));
    assert_equals((await readExactly(reader, 1))[0], echoes & 255);
    echoes++;
  }
  const took = performance.now() - start;
  clearInterval(timer);
  await flood;
  // The loop above waits for one more datagram.
  await peer.send("end", at(info));
  await reading;
  assert_greater_than(received, 100, "the flood was read");
  assert_greater_than(echoes, 2, `echoes of the other socket in ${took} ms`);
  // Half of the rate on an idle machine; an eighth leaves room for a busy one, where the flood itself takes a core.
  assert_greater_than_equal(ticks, Math.floor(took / 10 / 8), `ticks in ${took} ms`);
}, "TASK-11: a socket that is flooded with datagrams starves neither timers nor other sockets");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  for (let round = 0; round < 20; round++) {
    const { socket, info, readable } = await bindUdp(t);
    const reader = readable.getReader();
    await peer.flood(at(info), { count: 10 });
    const messages = await readMessages(reader, 10);
    assert_array_equals(messages.map(numberOf), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], "the order of arrival");
    reader.releaseLock();
    await socket.close();
  }
}, "TASK-12: the datagrams of a burst are enqueued in the order of their arrival");

promise_test(async t => {
  const peer = await makeUdpPeer(t);
  const { info, readable } = await bindUdp(t);
  const reader = readable.getReader();
  const order = [];
  const first = reader.read();
  const second = reader.read();
  const chain = first.then(async () => {
    await micro(100);
    order.push("chain");
  });
  second.then(() => order.push("second"));
  await peer.send("a", at(info));
  await first;
  await peer.send("b", at(info));
  await Promise.all([chain, second]);
  assert_array_equals(order, ["chain", "second"]);
}, "TASK-04: between two batches of datagrams all microtasks run");
