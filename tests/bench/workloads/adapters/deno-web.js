/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// Deno's web streams. Its datagrams have none: these are what a user would write.

// A stream is made when it is wanted: Deno closes a connection when a stream of it is collected as garbage.
const streamsOf = (connection) => ({
    get readable() {
        return connection.readable;
    },
    get writable() {
        return connection.writable;
    },
    close: async () => {
        try {
            connection.close();
        } catch {
            // Its streams have closed it.
        }
    },
});

async function openTcp(port) {
    const connection = await Deno.connect({ hostname: BENCH.host, port });
    connection.setNoDelay(true);
    return streamsOf(connection);
}

async function openUdp(port) {
    const socket = Deno.listenDatagram({ hostname: BENCH.host, port: 0, transport: "udp" });
    const to = { hostname: BENCH.host, port, transport: "udp" };
    return {
        readable: new ReadableStream({
            pull: async (controller) => controller.enqueue({ data: (await socket.receive())[0] }),
        }),
        writable: new WritableStream({ write: async ({ data }) => void await socket.send(data, to) }),
    };
}

async function listenTcp(accepted) {
    const listener = Deno.listen({ hostname: BENCH.host, port: 0 });
    const accept = async () => {
        for await (const connection of listener) {
            accepted(streamsOf(connection));
        }
    };
    accept().catch(ignore);
    return listener.addr.port;
}

const leave = () => Deno.exit(0);
