// META: title=The three interfaces: idlharness
// META: global=window,dedicatedworker
// META: script=/resources/WebIDLParser.js
// META: script=/resources/idlharness.js
// META: script=/direct-sockets/resources/peer.js

"use strict";

promise_test(async () => {
  const response = await fetch("/interfaces/direct-sockets.idl");
  const idl = new IdlArray();
  idl.add_idls(await response.text());
  idl.add_untested_idls("[Exposed=*] interface ReadableStream {}; [Exposed=*] interface WritableStream {};");
  const peer = await Peer.create("hold");
  self.socket = new TCPSocket(peer.address, peer.port);
  await self.socket.opened;
  self.udpSocket = new UDPSocket({ localAddress: "127.0.0.1" });
  await self.udpSocket.opened;
  self.serverSocket = new TCPServerSocket("127.0.0.1");
  await self.serverSocket.opened;
  idl.add_objects({ TCPSocket: ["socket"], UDPSocket: ["udpSocket"], TCPServerSocket: ["serverSocket"] });
  idl.test();
}, "idlharness is set up");
