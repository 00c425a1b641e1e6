/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// https://wicg.github.io/direct-sockets/#tcpsocket-interface

[Exposed=(Window,Worker),
 SecureContext,
 Pref="dom_direct_sockets_enabled"]
interface TCPSocket {
  [Throws] constructor(DOMString remoteAddress,
                       unsigned short remotePort,
                       optional TCPSocketOptions options = {});

  readonly attribute Promise<TCPSocketOpenInfo> opened;
  readonly attribute Promise<undefined> closed;

  Promise<undefined> close();
};

// https://wicg.github.io/direct-sockets/#dom-socketdnsquerytype
enum SocketDnsQueryType {
  "ipv4",
  "ipv6"
};

// https://wicg.github.io/direct-sockets/#dom-tcpsocketoptions
dictionary TCPSocketOptions {
  [EnforceRange] unsigned long sendBufferSize;
  [EnforceRange] unsigned long receiveBufferSize;

  boolean noDelay = false;
  [EnforceRange] unsigned long keepAliveDelay;

  SocketDnsQueryType dnsQueryType;
};

// https://wicg.github.io/direct-sockets/#dom-tcpsocketopeninfo
dictionary TCPSocketOpenInfo {
  ReadableStream readable;
  WritableStream writable;

  DOMString remoteAddress;
  unsigned short remotePort;

  DOMString localAddress;
  unsigned short localPort;
};
