/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

const port = await new Promise(resolve => { onmessage = event => resolve(event.data); });
const { readable } = await new TCPSocket("127.0.0.1", port).opened;
const { value } = await readable.getReader().read();
postMessage(new TextDecoder().decode(value));
