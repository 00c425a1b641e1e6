/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

// An executable model of what the requirements say about one open TCPSocket: TCP-R, TCP-W, TCP-HC and TCP-CLOSE. A
// `Model` carries out actions of the page on a real socket, is told what the peer does, and knows at any time which
// promises have to settle, and how, once everything that was caused has happened. It looks at nothing but promises.
//
// Where the requirements leave two outcomes, because two things race, it allows both.
"use strict";

// What a promise may come to: [description, predicate over (status, value)].
const PENDING = ["pending", status => status === "pending"];
const FULFILLED = ["fulfilled with undefined", (status, value) => status === "fulfilled" && value === undefined];
const NETWORK_ERROR = rejectedLike("NetworkError", value => value instanceof DOMException && value.code === 19);
const ABORT_ERROR = rejectedLike("AbortError", value => value instanceof DOMException && value.code === 20);
const INVALID_STATE = rejectedLike("InvalidStateError", value => value instanceof DOMException && value.code === 11);
const TYPE_ERROR = rejectedLike("TypeError", value => value instanceof TypeError);

function rejectedLike(what, predicate) {
  return [`rejected with ${what}`, (status, value) => status === "rejected" && predicate(value)];
}

function rejectedWith(reason) {
  return [`rejected with the very ${String(reason)}`, (status, value) => status === "rejected" && value === reason];
}

// The error with which another promise has rejected by now.
function rejectedAs(record) {
  return [
    `rejected with the error of ${record.what}`,
    (status, value) => status === "rejected" && record.status === "rejected" && record.value === value,
  ];
}

// A promise that the model watches. `allowed` is undefined as long as it has to be pending.
class Watched {
  constructor(model, what, promise, allowed, onSettled = () => {}) {
    Object.assign(this, { what, allowed, status: "pending", value: undefined });
    const settle = status => value => {
      this.status = status;
      this.value = value;
      model.note(`${what} ${status}`);
      onSettled(this);
    };
    promise.then(settle("fulfilled"), settle("rejected"));
  }

  allow(...allowed) {
    this.allowed = allowed;
  }

  // "" if it is as it has to be; what is wrong if it is not, with `final` set if waiting cannot make it right.
  complaint() {
    const allowed = this.allowed ?? [PENDING];
    if (allowed.some(([, holds]) => holds(this.status, this.value))) {
      return "";
    }
    const found = this.status === "rejected" ? `rejected with ${String(this.value)}` : this.status;
    return `${this.what} is ${found}, and has to be ${allowed.map(([text]) => text).join(" or ")}`;
  }

  settledWrongly() {
    return this.status !== "pending" && this.complaint() !== "";
  }
}

// The bytes that a peer sends: each tells its place.
function peerByte(place) {
  return 33 + ((place * 7) % 90);
}

function peerText(from, count) {
  return String.fromCharCode(...Array.from({ length: count }, (_, index) => peerByte(from + index)));
}

// One of several outcomes.
function oneOf(...matchers) {
  return [
    matchers.map(([text]) => text).join(" or "),
    (status, value) => matchers.some(([, holds]) => holds(status, value)),
  ];
}

// How one side of a socket has ended is { turn, errors }: every error with which it may have ended, each a matcher, or
// null for none.

class Model {
  constructor(socket, { readable, writable }, name) {
    Object.assign(this, { socket, readable, writable, name });
    this.log = [];
    this.failure = "";
    this.waiting = "";
    // What happens in one turn has no order between page and peer.
    this.turn = 0;
    this.watched = [];
    this.closed = this.watch("closed", socket.closed);

    // The read side.
    this.reader = null;
    this.byob = false;
    this.sent = 0; // by the peer
    this.taken = 0; // by the page
    this.reads = [];
    this.readInTurn = -1;
    this.peerEnd = ""; // "fin", "rst" or "fin, rst", once the peer has ended
    this.endIsUncertain = false; // a reset that a write may have noticed first looks like an end to a read
    this.cancelled = ""; // "surely" or "maybe"
    this.lost = false; // net has gone
    this.readError = null; // the Watched that was first rejected with it
    this.readEnd = null;

    // The write side: what waits in the stream, the chunk in flight first.
    this.writer = null;
    this.queue = [];
    this.stream = "writable"; // or "closing", "closed", "errored"
    this.stored = null; // what its error is, as a matcher
    this.peerReads = false;
    this.mayWait = false; // bytes of chunks that were written, in the shared send buffer
    this.abortedInTurn = -1;
    this.abortOutcome = null;
    this.writeEnd = null;
  }

  note(text) {
    this.log.push(`${this.turn}: ${text}`);
  }

  watch(what, promise, onSettled) {
    const watched = new Watched(this, what, promise, undefined, onSettled);
    this.watched.push(watched);
    return watched;
  }

  fail(text) {
    this.failure = this.failure || text;
  }

  // The page and the peer have done what they do in this turn.
  endTurn() {
    this.advance();
    this.evaluateReads();
    this.turn++;
  }

  // What has to settle without a task, and has not.
  overdue() {
    return this.watched.find(({ soon, status }) => soon && status === "pending");
  }

  // Whether everything is as it has to be. Something that has settled wrongly stays a failure.
  settled() {
    this.evaluateReads();
    for (const watched of this.watched) {
      if (watched.settledWrongly()) {
        this.fail(watched.complaint());
      }
    }
    const waiting = this.watched.find(watched => watched.complaint());
    this.waiting = waiting ? waiting.complaint() : "";
    if (!waiting) {
      this.watched = this.watched.filter(watched => watched.status === "pending");
    }
    return this.failure !== "" || !waiting;
  }

  report() {
    return `${this.name}: ${this.failure || `nothing happens any more: ${this.waiting}`}\n  ${this.log.join("\n  ")}`;
  }

  // What the peer does. Called before it is done.

  peerSends(count) {
    this.note(`the peer sends ${count}`);
    const text = peerText(this.sent, count);
    this.sent += this.peerEnd ? 0 : count;
    return text;
  }

  peerStartsToRead() {
    this.note("the peer reads");
    this.peerReads = this.peerReads || !this.kernelIsDead;
  }

  peerFinishes() {
    this.note("the peer sends a FIN");
    if (!this.peerEnd) {
      this.peerEnd = "fin";
      this.endReadSide(null);
    }
  }

  // Nothing else may happen in the turn of a reset.
  peerResets() {
    this.note("the peer resets");
    if (this.peerEnd === "fin") {
      this.peerEnd = "fin, rst";
    } else if (!this.peerEnd) {
      this.peerEnd = "rst";
      // Where a write waits as well, whoever asks the kernel first is told.
      this.endIsUncertain = this.queue.length > 0;
      this.endReadSide(this.readErrorMatcher(), ...(this.endIsUncertain ? [null] : []));
    }
  }

  // Net is lost (decision AMB-81). Nothing else may happen in the turn, or later.
  lose() {
    this.note("net is lost");
    this.lost = true;
    this.endReadSide(NETWORK_ERROR);
    this.queue.forEach(({ watched }) => watched.allow(NETWORK_ERROR));
    this.queue = [];
    this.endWriteSide(NETWORK_ERROR);
  }

  get kernelIsDead() {
    return this.peerEnd.endsWith("rst");
  }

  // The read side.

  readErrorMatcher() {
    const holds = value => !this.readError || this.readError.value === value;
    return [
      "rejected with the NetworkError of the reads",
      (status, value) => NETWORK_ERROR[1](status, value) && holds(value),
    ];
  }

  endReadSide(...errors) {
    if (!this.readEnd) {
      this.readEnd = { turn: this.turn, errors };
      this.evaluateClosed();
    }
  }

  getReader(byob) {
    this.note(`getReader, ${byob ? "BYOB" : "default"}`);
    this.byob = byob;
    this.reader = this.readable.getReader(byob ? { mode: "byob" } : undefined);
  }

  read(size) {
    this.note(this.byob ? `read ${size}` : "read");
    const promise = this.byob ? this.reader.read(new Uint8Array(size)) : this.reader.read();
    const read = this.watch("a read", promise, watched => this.readSettled(watched));
    Object.assign(read, { cancelled: this.cancelled === "surely", size: this.byob ? size : Infinity, released: false });
    this.reads.push(read);
    this.readInTurn = this.turn;
  }

  // Judged when it comes: how the bytes are cut into chunks is nobody's promise.
  readSettled(read) {
    if (this.reads.shift() !== read) {
      this.fail("a read has settled before an earlier one");
    }
    read.allow(["settled", () => true]);
    const place = `${this.taken} of ${this.sent} bytes had been read`;
    if (read.status === "rejected") {
      this.readFailed(read, place);
      return;
    }
    const { done, value } = read.value;
    if (done) {
      const ended = this.taken === this.sent && (this.peerEnd.startsWith("fin") || this.endIsUncertain);
      if (!ended && !this.cancelled) {
        this.fail(`a read is done, ${place}`);
      }
      if (value !== undefined && !(read.size !== Infinity && value.length === 0)) {
        this.fail(`a read is done with ${String(value)}`);
      }
    } else if (!(value.length > 0 && value.length <= read.size && this.taken + value.length <= this.sent)) {
      this.fail(`a read gave ${value.length} bytes, ${place}`);
    } else if (!value.every((byte, index) => byte === peerByte(this.taken + index))) {
      this.fail(`a read gave other bytes than the peer has sent, ${place}`);
    } else {
      this.taken += value.length;
    }
  }

  readFailed(read, place) {
    if (read.released && read.value instanceof TypeError) {
      return;
    }
    const may = this.lost || (this.peerEnd === "rst" && this.taken === this.sent && !read.cancelled);
    if (!may || !this.readErrorMatcher()[1]("rejected", read.value)) {
      this.fail(`a read rejected with ${String(read.value)}, ${place}`);
    }
    this.readError = this.readError ?? read;
  }

  // A read has to settle as long as there are bytes, and when the side has ended or the reader was released.
  evaluateReads() {
    for (const read of this.reads) {
      const due = this.taken < this.sent || this.readEnd || this.cancelled || read.released;
      read.allowed = due ? [["settled", status => status !== "pending"]] : undefined;
    }
  }

  releaseReader() {
    this.note("reader.releaseLock");
    this.reader.releaseLock();
    this.reader = null;
    for (const read of this.reads) {
      // One of this turn may have been answered before.
      read.released = true;
    }
  }

  // Whether the error of a reset has reached the stream. It waits behind bytes that nobody has read (decision AMB-85).
  readableIsErrored() {
    if (this.peerEnd !== "rst" || this.cancelled === "surely") {
      return "no";
    }
    if (this.endIsUncertain || this.cancelled || this.readInTurn === this.turn) {
      return "maybe";
    }
    return this.taken < this.sent ? "no" : "surely";
  }

  cancel() {
    this.note("cancel");
    const errored = this.readableIsErrored();
    const cancel = this.watch("cancel", this.reader ? this.reader.cancel("reason") : this.readable.cancel("reason"));
    cancel.soon = true;
    cancel.allow(...(errored === "surely" ? [] : [FULFILLED]), ...(errored === "no" ? [] : [this.readErrorMatcher()]));
    this.cancelUnless(errored);
  }

  cancelUnless(errored) {
    if (errored === "surely") {
      return;
    }
    this.cancelled = errored === "no" ? "surely" : "maybe";
    for (const read of this.reads) {
      // One that was asked for in this turn may have been answered before.
      read.cancelled = errored === "no" && this.readInTurn !== this.turn;
    }
    this.endReadSide(null);
  }

  // The write side.

  getWriter() {
    this.note("getWriter");
    this.writer = this.writable.getWriter();
  }

  releaseWriter() {
    this.note("writer.releaseLock");
    this.writer.releaseLock();
    this.writer = null;
  }

  // kind: "small" (always finds room in the shared send buffer, and so is written at once), "big" (finds room only if
  // the peer reads) or "refused" (no bytes at all).
  write(kind, chunk) {
    this.note(`write, ${kind}`);
    const watched = this.watch(`a write, ${kind},`, this.writer.write(chunk));
    if (this.stream === "writable") {
      this.queue.push({ kind, watched });
    } else if (this.stream === "errored") {
      // In the turn of an abort a close may stand before it.
      watched.allow(this.stored, ...(this.abortedInTurn === this.turn ? [TYPE_ERROR] : []));
    } else {
      watched.allow(TYPE_ERROR);
    }
  }

  closeWriter() {
    this.note("writer.close");
    const watched = this.watch("writer.close", this.writer.close());
    if (this.stream === "writable") {
      this.stream = "closing";
      this.queue.push({ kind: "close", watched });
    } else {
      // A stream that is still erroring takes it, and rejects it with its error.
      watched.allow(TYPE_ERROR, ...(this.abortedInTurn === this.turn ? [this.stored] : []));
    }
  }

  abort(reason) {
    this.note(`abort, ${String(reason)}`);
    const watched = this.watch("abort", this.writer ? this.writer.abort(reason) : this.writable.abort(reason));
    const stored = rejectedWith(reason);
    // A bare abort has a reason of its own for what is in flight (decision AMB-04).
    watched.allow(...this.interrupt(stored, reason === undefined ? ABORT_ERROR : stored, stored));
  }

  // The stream is aborted: `stored` becomes its error, `signal` is the reason for what is in flight, and `counted`
  // counts as the error of the write side. Returned is what the promise of the abort may come to.
  interrupt(stored, signal, counted) {
    if (this.stream === "closed" || this.stream === "errored") {
      return this.abortedInTurn === this.turn ? this.abortOutcome : [FULFILLED];
    }
    const [first, ...others] = this.queue;
    const counts = [counted];
    this.abortOutcome = [FULFILLED];
    if (first?.kind === "close") {
      // Decision AMB-19.
      first.watched.allow(signal);
      this.abortOutcome = [signal];
    } else if (first?.kind === "refused") {
      first.watched.allow(TYPE_ERROR);
      counts.push(rejectedAs(first.watched));
    } else if (first) {
      const stuck = first.kind === "big" && (!this.peerReads || this.kernelIsDead);
      first.watched.allow(signal, ...(stuck ? [] : [FULFILLED]));
      if (this.kernelIsDead) {
        first.watched.allowed.push(NETWORK_ERROR);
        counts.push(rejectedAs(first.watched));
        if (first.kind === "small") {
          // Bytes that were reported as written are lost, and closed says so if nothing else does.
          counts.push(...(counted ? [] : [NETWORK_ERROR]));
        }
      }
    }
    others.forEach(({ watched }) => watched.allow(stored));
    this.queue = [];
    this.stream = "errored";
    this.stored = stored;
    this.abortedInTurn = this.turn;
    this.endWriteSide(...counts);
    return this.abortOutcome;
  }

  endWriteSide(...errors) {
    if (!this.writeEnd) {
      this.writeEnd = { turn: this.turn, errors };
      this.evaluateClosed();
    }
  }

  // What becomes of the queue, now that no abort can catch it any more.
  advance() {
    while (this.queue.length > 0) {
      const { kind, watched } = this.queue[0];
      if (kind === "close") {
        // Also when the connection has gone (decision AMB-20).
        watched.allow(FULFILLED);
        this.stream = "closed";
        this.endWriteSide(null);
      } else if (kind === "refused") {
        watched.allow(TYPE_ERROR);
        this.failWriting(rejectedAs(watched));
        return;
      } else if (this.kernelIsDead) {
        this.failWritingLate();
        return;
      } else if (kind === "small" || this.peerReads) {
        watched.allow(FULFILLED);
        this.mayWait = this.mayWait || kind === "big";
      } else {
        return;
      }
      this.queue.shift();
    }
  }

  // The kernel refuses the first chunk of the queue. Chunks that find room are fulfilled until script hears of that,
  // and whatever comes later meets one and the same error, unless a refused chunk ends the stream before.
  failWritingLate() {
    let failure;
    const sameError = [
      "rejected with the NetworkError of the writes",
      (status, value) => NETWORK_ERROR[1](status, value) && (failure = failure ?? value) === value,
    ];
    const errors = [sameError];
    for (const { kind, watched } of this.queue) {
      if (kind === "refused") {
        watched.allow(TYPE_ERROR, ...errors);
        errors.push(rejectedAs(watched));
      } else {
        watched.allow(...errors, ...(kind === "small" && errors.length === 1 ? [FULFILLED] : []));
      }
    }
    this.queue = [];
    this.stream = "errored";
    this.stored = oneOf(...errors);
    this.endWriteSide(...errors);
  }

  failWriting(error) {
    this.queue.slice(1).forEach(({ watched }) => watched.allow(error));
    this.queue = [];
    this.stream = "errored";
    this.stored = error;
    this.endWriteSide(error);
  }

  // Both sides together.

  closeSocket() {
    this.note("close()");
    const promise = this.socket.close();
    if (this.closed.status === "pending" && (this.reader || this.writer)) {
      if (promise === this.socket.closed) {
        this.fail("close() of a locked socket returned closed");
      }
      this.watch("close()", promise).allow(INVALID_STATE);
      return;
    }
    if (promise !== this.socket.closed) {
      this.fail("close() returned another promise than closed");
      held(promise);
    }
    if (this.closed.status === "pending") {
      this.cancelUnless(this.readableIsErrored());
      // An abort that comes from close() is no error (decision AMB-03).
      this.interrupt(ABORT_ERROR, ABORT_ERROR, null);
    }
  }

  // Once both sides have ended `closed` settles: the side that ended last reports the other one's error first.
  evaluateClosed() {
    const [read, write] = [this.readEnd, this.writeEnd];
    if (!read || !write) {
      return;
    }
    const allowed = [];
    for (const readError of read.errors) {
      for (const writeError of write.errors) {
        if (read.turn >= write.turn) {
          allowed.push(writeError ?? readError ?? FULFILLED);
        }
        if (write.turn >= read.turn) {
          allowed.push(readError ?? writeError ?? FULFILLED);
        }
      }
    }
    this.closed.allow(...allowed);
  }
}
