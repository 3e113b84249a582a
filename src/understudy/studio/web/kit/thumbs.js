// @ts-check
// Thumbnails of faces: many come in one answer, few answers are awaited at once, and only the latest wish counts.

import { Refused } from "./api.js";

const TOGETHER = 48;
const IN_FLIGHT = 2;
const KEPT = 4000; // pictures of about 4 kB

export class Thumbs {
  /** @param {() => void} came called when pictures are there that were wished for */
  constructor(came) {
    this.came = came;
    this.faceset = "";
    /** @type {Map<string, string>} address by key, the longest unused first; "" cannot be read */
    this.kept = new Map();
    /** @type {string[]} */
    this.wished = [];
    /** @type {Set<string>} */
    this.coming = new Set();
    this.in_flight = 0;
    this.ends = new AbortController();
  }

  /** The address of a picture that is here. @param {string} key @returns {string | undefined} */
  here(key) {
    const address = this.kept.get(key);
    if (address === undefined) return undefined;
    this.kept.delete(key);
    this.kept.set(key, address);
    return address;
  }

  /** Bring these, in this order; what was wished for before and is not asked for yet is forgotten. @param {string[]} keys */
  wish(keys) {
    this.wished = keys.filter((key) => !this.kept.has(key) && !this.coming.has(key));
    this.#go_on();
  }

  close() {
    this.ends.abort();
    for (const address of this.kept.values()) URL.revokeObjectURL(address);
    this.kept.clear();
  }

  #go_on() {
    while (this.in_flight < IN_FLIGHT && this.wished.length) this.#bring(this.wished.splice(0, TOGETHER));
  }

  /** @param {string[]} keys */
  async #bring(keys) {
    this.in_flight += 1;
    for (const key of keys) this.coming.add(key);
    try {
      const words = new URLSearchParams({ faceset: this.faceset, keys: keys.join(",") });
      const answer = await fetch(`/api/faces/thumbs?${words}`, { signal: this.ends.signal });
      if (!answer.ok) throw new Refused("Thumbnails could not be loaded.", "", answer.status);
      this.#keep(keys, await answer.arrayBuffer());
    } catch {
      // The faceset changed or the connection is lost: the gallery is told by other ways and wishes again.
    } finally {
      for (const key of keys) this.coming.delete(key);
      this.in_flight -= 1;
    }
    if (this.ends.signal.aborted) return;
    this.came();
    this.#go_on();
  }

  /** @param {string[]} keys @param {ArrayBuffer} sheet */
  #keep(keys, sheet) {
    const numbers = new DataView(sheet);
    let at = 4 + 4 * numbers.getUint32(0, true);
    keys.forEach((key, place) => {
      const length = numbers.getUint32(4 + 4 * place, true);
      this.kept.set(key, length ? URL.createObjectURL(new Blob([new Uint8Array(sheet, at, length)], { type: "image/jpeg" })) : "");
      at += length;
    });
    for (const [key, address] of this.kept) {
      if (this.kept.size <= KEPT) break;
      URL.revokeObjectURL(address);
      this.kept.delete(key);
    }
  }
}
