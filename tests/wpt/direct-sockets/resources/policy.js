"use strict";

// Frames of this and of other origins, and what may be done in them. The other side is policy_frame.js. Needs
// peer.js; origins.sub.js says which origins there are.

const FRAME_PAGE = "/direct-sockets/resources/policy_frame.py";

// The URL of a page there, with response headers and a status if need be.
function frameUrl(origin, { headers = [], status, tag } = {}) {
  const query = new URLSearchParams();
  for (const header of headers) {
    query.append("header", header);
  }
  if (status) {
    query.set("status", status);
  }
  if (tag) {
    query.set("tag", tag);
  }
  return `${origin}${FRAME_PAGE}${query.size ? `?${query}` : ""}`;
}

// A URL there that leads to another one.
function redirectTo(origin, url) {
  return frameUrl(origin, { headers: [`Location: ${url}`], status: 302 });
}

function withPolicy(value) {
  return { headers: [`Permissions-Policy: ${value}`] };
}

// A frame, and what it is asked.
class PolicyFrame {
  constructor(frame) {
    this.frame = frame;
    this.asked = 0;
  }

  // `attributes` are set in their order; `setUp` is given the frame when it is in the document, where it must then
  // load something itself.
  static async create(t, attributes, setUp) {
    const frame = document.createElement("iframe");
    const self = new PolicyFrame(frame);
    t.add_cleanup(() => frame.remove());
    for (const [name, value] of Object.entries(attributes)) {
      frame.setAttribute(name, value);
    }
    if (setUp) {
      document.body.append(frame);
      const ready = self.ready();
      setUp(frame);
      await ready;
    } else {
      const ready = self.ready();
      document.body.append(frame);
      await ready;
    }
    return self;
  }

  message(fits) {
    return new Promise(resolve => {
      const listener = ({ data, source }) => {
        if (source === this.frame.contentWindow && fits(data)) {
          removeEventListener("message", listener);
          resolve(data);
        }
      };
      addEventListener("message", listener);
    });
  }

  // The next time that a document is shown in it.
  ready() {
    return this.message(data => data.ready);
  }

  async ask(command, args = {}) {
    const id = ++this.asked;
    const answered = this.message(data => data.id === id);
    this.frame.contentWindow.postMessage({ id, command, ...args }, "*");
    return (await answered).answer;
  }

  // Have another document shown in it.
  async goes(command, args) {
    const ready = this.ready();
    await this.ask(command, args);
    await ready;
  }

  // May use sockets: the page is told so, and the socket opens, which others have a say in.
  async assertAllowed(t, what) {
    assert_equals(await this.ask("construct"), "constructed", what);
    const peer = await makePeer(t, "echo");
    assert_equals(await this.ask("open", { port: peer.port }), "open", `${what}: a socket`);
    assert_equals(await this.ask("echo"), 7, `${what}: a byte`);
  }

  async assertDenied(what) {
    assert_equals(await this.ask("construct"), "NotAllowedError", what);
  }

  assert(t, allowed, what) {
    return allowed ? this.assertAllowed(t, what) : this.assertDenied(what);
  }
}

// A whole page that acts as that of policy_frame.py does.
async function framePage() {
  const response = await fetch("/direct-sockets/resources/policy_frame.js");
  return `<!doctype html><meta charset=utf-8><body><script>${await response.text()}</scr` + "ipt>";
}
