// SHA-256 over many chunks, for transfers that are too large to keep. (crypto.subtle wants everything at once.)

"use strict";

const SHA256_CONSTANTS = (() => {
  const fraction = x => ((x - Math.floor(x)) * 2 ** 32) >>> 0;
  const primes = [];
  for (let n = 2; primes.length < 64; n++) {
    if (primes.every(p => n % p !== 0)) {
      primes.push(n);
    }
  }
  return {
    initial: primes.slice(0, 8).map(p => fraction(Math.sqrt(p))),
    round: Int32Array.from(primes, p => fraction(Math.cbrt(p)) | 0),
  };
})();

class Sha256 {
  constructor() {
    this._state = Uint32Array.from(SHA256_CONSTANTS.initial);
    this._words = new Int32Array(64);
    this._rest = new Uint8Array(64);
    this._restLength = 0;
    this.length = 0;
  }

  update(bytes) {
    this.length += bytes.length;
    let offset = 0;
    if (this._restLength > 0) {
      offset = Math.min(64 - this._restLength, bytes.length);
      this._rest.set(bytes.subarray(0, offset), this._restLength);
      this._restLength += offset;
      if (this._restLength < 64) {
        return this;
      }
      this._blocks(this._rest, 0, 64);
    }
    const end = offset + ((bytes.length - offset) & ~63);
    this._blocks(bytes, offset, end);
    this._rest.set(bytes.subarray(end));
    this._restLength = bytes.length - end;
    return this;
  }

  hex() {
    const bits = this.length * 8;
    const padding = new Uint8Array(((this._restLength < 56 ? 56 : 120) - this._restLength) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    const length = this.length;
    this.update(padding);
    this.length = length;
    return Array.from(this._state, word => word.toString(16).padStart(8, "0")).join("");
  }

  _blocks(bytes, start, end) {
    const w = this._words;
    const k = SHA256_CONSTANTS.round;
    const state = this._state;
    for (let at = start; at < end; at += 64) {
      for (let i = 0, j = at; i < 16; i++, j += 4) {
        w[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
      }
      for (let i = 16; i < 64; i++) {
        const x = w[i - 15];
        const y = w[i - 2];
        const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
        const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
        w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
      }
      let a = state[0] | 0, b = state[1] | 0, c = state[2] | 0, d = state[3] | 0;
      let e = state[4] | 0, f = state[5] | 0, g = state[6] | 0, h = state[7] | 0;
      for (let i = 0; i < 64; i++) {
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (h + s1 + ((e & f) ^ (~e & g)) + k[i] + w[i]) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
        h = g; g = f; f = e; e = (d + t1) | 0;
        d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      state[0] += a; state[1] += b; state[2] += c; state[3] += d;
      state[4] += e; state[5] += f; state[6] += g; state[7] += h;
    }
  }
}

self.Sha256 = Sha256;
