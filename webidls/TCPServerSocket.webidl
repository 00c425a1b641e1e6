/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// https://wicg.github.io/direct-sockets/#tcpserversocket-interface

[Exposed=(Window,Worker),
 SecureContext,
 Pref="dom_direct_sockets_enabled"]
interface TCPServerSocket {
  [Throws] constructor(DOMString localAddress,
                       optional TCPServerSocketOptions options = {});

  readonly attribute Promise<TCPServerSocketOpenInfo> opened;
  readonly attribute Promise<undefined> closed;

  Promise<undefined> close();
};

// https://wicg.github.io/direct-sockets/#dom-tcpserversocketoptions
dictionary TCPServerSocketOptions {
  [EnforceRange] unsigned short localPort;
  [EnforceRange] unsigned long backlog;

  boolean ipv6Only;
};

// https://wicg.github.io/direct-sockets/#dom-tcpserversocketopeninfo
dictionary TCPServerSocketOpenInfo {
  ReadableStream readable;

  DOMString localAddress;
  unsigned short localPort;
};
