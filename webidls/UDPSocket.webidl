/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// https://wicg.github.io/direct-sockets/#udpsocket-interface

[Exposed=(Window,Worker),
 SecureContext,
 Pref="dom_direct_sockets_enabled"]
interface UDPSocket {
  [Throws] constructor(optional UDPSocketOptions options = {});

  readonly attribute Promise<UDPSocketOpenInfo> opened;
  readonly attribute Promise<undefined> closed;

  Promise<undefined> close();
};

// https://wicg.github.io/direct-sockets/#dom-udpsocketoptions
dictionary UDPSocketOptions {
  DOMString remoteAddress;
  [EnforceRange] unsigned short remotePort;

  DOMString localAddress;
  [EnforceRange] unsigned short localPort;

  [EnforceRange] unsigned long sendBufferSize;
  [EnforceRange] unsigned long receiveBufferSize;

  SocketDnsQueryType dnsQueryType;
  boolean ipv6Only;
};

// https://wicg.github.io/direct-sockets/#dom-udpmessage
dictionary UDPMessage {
  BufferSource data;
  DOMString remoteAddress;
  unsigned short remotePort;
  SocketDnsQueryType dnsQueryType;
};

// https://wicg.github.io/direct-sockets/#dom-udpsocketopeninfo
dictionary UDPSocketOpenInfo {
  ReadableStream readable;
  WritableStream writable;

  DOMString remoteAddress;
  unsigned short remotePort;

  DOMString localAddress;
  unsigned short localPort;
};
