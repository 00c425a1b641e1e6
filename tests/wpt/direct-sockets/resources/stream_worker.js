"use strict";

// Does with the streams that it is sent what the message says, and answers with what it has seen.

async function readText(readable) {
  const decoder = new TextDecoder();
  let text = "";
  const reader = readable.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return text;
    }
    text += decoder.decode(value, { stream: true });
  }
}

const COMMANDS = {
  read: ({ readable }) => readText(readable),
  // Messages of a UDPSocket, as many as are wanted.
  readMessages: async ({ readable, count }) => {
    const reader = readable.getReader();
    const found = [];
    while (found.length < count) {
      const { value: { data, remotePort } } = await reader.read();
      found.push([new TextDecoder().decode(data), remotePort]);
    }
    return found;
  },
  write: async ({ writable, chunks }) => {
    const writer = writable.getWriter();
    for (const chunk of chunks) {
      await writer.write(chunk);
    }
    await writer.close();
    return "written";
  },
  writeOnly: async ({ writable, chunks }) => {
    const writer = writable.getWriter();
    for (const chunk of chunks) {
      await writer.write(chunk);
    }
    return "written";
  },
  echo: async ({ readable, writable }) => {
    await readable.pipeTo(writable);
    return "echoed";
  },
  cancel: async ({ readable, reason }) => {
    await readable.cancel(reason);
    return "cancelled";
  },
  abort: async ({ writable, reason }) => {
    await writable.abort(reason);
    return "aborted";
  },
  outcome: async ({ readable }) => {
    try {
      return `read ${await readText(readable)}`;
    } catch (error) {
      return `failed with ${error.name}`;
    }
  },
  // Sends the streams back where they came from.
  back: ({ readable, writable }) => ({ streams: { readable, writable } }),
};

onmessage = async ({ data }) => {
  let answer;
  try {
    answer = await COMMANDS[data.command](data);
  } catch (error) {
    answer = `error: ${error && error.name}: ${error && error.message}`;
  }
  if (answer && answer.streams) {
    postMessage(answer.streams, Object.values(answer.streams));
  } else {
    postMessage(answer);
  }
};
