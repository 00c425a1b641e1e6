// Chunks at random, the same for the same seed. Needs helpers.js and sha256.js for what is sent and received.

"use strict";

// `?seed=S` in the URL repeats a run. Timing is not part of a seed.
const SEED = Number(new URLSearchParams(location.search).get("seed") ?? Math.floor(Math.random() * 2 ** 31));

// A small generator (mulberry32): the same numbers for the same seed on every machine.
function generator(seed) {
  let state = seed >>> 0;
  return n => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

// A test whose failure names the seed.
function seededTest(body, name) {
  promise_test(async t => {
    try {
      await body(t);
    } catch (error) {
      error.message = `${error.message} (?seed=${SEED})`;
      throw error;
    }
  }, name);
}

const LARGEST_CHUNK = 512 * 1024;

// What chunks are cut from.
const RANDOM_BYTES = (() => {
  const words = new Uint32Array(LARGEST_CHUNK / 2);
  const random = generator(SEED);
  for (let i = 0; i < words.length; i++) {
    words[i] = random(2 ** 32);
  }
  return new Uint8Array(words.buffer);
})();

// A stream of `total` bytes in chunks of at most `largest`, hashed as it is made. Another number makes another one.
class RandomStream {
  constructor(number, total, largest = LARGEST_CHUNK) {
    this.total = total;
    this.largest = largest;
    this.made = 0;
    this.digest = new Sha256();
    this._random = generator(Math.imul(SEED + number, 2654435761));
  }

  // The next chunk, which nobody may change; undefined at the end.
  next() {
    if (this.made >= this.total) {
      return undefined;
    }
    const length = Math.min(randomLength(this._random, this.largest), this.total - this.made);
    const start = this._random(RANDOM_BYTES.length - length + 1);
    const chunk = RANDOM_BYTES.subarray(start, start + length);
    this.made += length;
    this.digest.update(chunk);
    return chunk;
  }
}

// Small ones and large ones, each about as often.
function randomLength(random, largest) {
  const scales = [16, 1500, 65536, largest].filter(scale => scale <= largest);
  return 1 + random(scales[random(scales.length)]);
}

// Write all of a stream, one chunk after the other, then close.
async function sendStream(writable, stream) {
  const writer = writable.getWriter();
  for (let chunk; (chunk = stream.next());) {
    await writer.write(chunk);
  }
  await writer.close();
}

// Read to the end; the digest. `kind` is "default" or "byob", which reads into views of random lengths.
async function receiveStream(readable, kind, number, onBytes = () => {}) {
  const digest = new Sha256();
  const random = generator(Math.imul(SEED + number, 40503));
  const reader = kind === "byob" ? readable.getReader({ mode: "byob" }) : readable.getReader();
  let buffer = new ArrayBuffer(LARGEST_CHUNK);
  for (;;) {
    const { done, value } = kind === "byob"
      ? await reader.read(new Uint8Array(buffer, 0, randomLength(random, LARGEST_CHUNK)))
      : await reader.read();
    if (done) {
      break;
    }
    digest.update(value);
    onBytes(digest.length);
    buffer = value.buffer;
  }
  reader.releaseLock();
  return digest;
}
