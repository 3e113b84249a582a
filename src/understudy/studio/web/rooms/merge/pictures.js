// @ts-check
// Pictures of frames from the server. Of every kind one request is on its way and the latest wish waits; what was seen
// lately lies ready. How pictures are laid over each other is the view's.

import { ConnectionLost, new_id, Refused } from "../../kit/api.js";

/** @typedef {"before" | "after" | "mask" | "made"} Kind */
/** @typedef {{bitmap: ImageBitmap, reason: string, took_ms: number, steps: Record<string, number>}} Picture */
/** @typedef {{frame: number, said?: Record<string, any>, part?: string}} Wish `part`: whose settings the said ones are */

const KEPT = 40;

export class Pictures {
  clip = "";
  model = "";
  width = 0;
  /** Changes with everything that makes pictures look otherwise. */
  version = 0;
  /** Changes with everything that makes the frames themselves look otherwise. */
  plate_version = 0;
  in_flight = 0;
  most_in_flight = 0;
  requests = 0;
  window = new_id().slice(0, 13);
  #number = 0;
  /** @type {Map<string, Picture>} */
  #kept = new Map();
  /** @type {Map<Kind, {next: {wish: Wish, done: (picture: Picture | null) => void, failed: (error: unknown) => void} | null}>} */
  #busy = new Map();

  /** @param {Kind} kind @param {Wish} wish */
  #key(kind, { frame, said = {}, part = "" }) {
    return JSON.stringify([kind, this.clip, this.model, kind === "before" ? this.plate_version : this.version, this.width, frame, is_merged(kind) ? [said, part] : 0]);
  }

  /** A picture that lies ready. @param {Kind} kind @param {Wish} wish */
  ready(kind, wish) {
    return this.#kept.get(this.#key(kind, wish));
  }

  /**
   * A picture; null where a later wish of this kind overtook it.
   * @param {Kind} kind @param {Wish} wish @returns {Promise<Picture | null>}
   */
  want(kind, wish) {
    const ready = this.ready(kind, wish);
    if (ready) return Promise.resolve(ready);
    return new Promise((done, failed) => {
      const busy = this.#busy.get(kind);
      if (busy) {
        busy.next?.done(null);
        busy.next = { wish, done, failed };
        return;
      }
      this.#busy.set(kind, { next: null });
      this.#work(kind, { wish, done, failed });
    });
  }

  /** @param {Kind} kind @param {{wish: Wish, done: (picture: Picture | null) => void, failed: (error: unknown) => void}} first */
  async #work(kind, first) {
    /** @type {typeof first | null} */
    let now = first;
    while (now) {
      const { wish, done, failed } = /** @type {typeof first} */ (now);
      try {
        done(this.ready(kind, wish) ?? (await this.fetch(kind, wish)));
      } catch (error) {
        failed(error);
      }
      const busy = /** @type {{next: typeof first | null}} */ (this.#busy.get(kind));
      now = busy.next;
      busy.next = null;
    }
    this.#busy.delete(kind);
  }

  /** Ask now, beside whatever is on its way: for pictures in advance. @param {Kind} kind @param {Wish} wish @returns {Promise<Picture | null>} */
  async fetch(kind, wish) {
    const key = this.#key(kind, wish);
    const began = performance.now();
    const facts = { clip: this.clip, model: this.model, frame: String(wish.frame), width: String(this.width), window: this.window, number: String((this.#number += 1)) };
    const words = new URLSearchParams(facts);
    if (kind !== "made") words.set("what", kind);
    if (is_merged(kind) && wish.said && Object.keys(wish.said).length) {
      words.set("said", JSON.stringify(wish.said));
      if (wish.part) words.set("part", wish.part);
    }
    this.requests += 1;
    this.in_flight += 1;
    this.most_in_flight = Math.max(this.most_in_flight, this.in_flight);
    try {
      const answer = await fetch(`/api/merge/${kind === "made" ? "made" : "picture"}?${words}`).catch(() => {
        throw new ConnectionLost();
      });
      if (answer.status === 204) return null;
      if (!answer.ok) {
        const told = await answer.json().catch(() => ({}));
        throw new Refused(told.error ?? `The studio answered ${answer.status}.`, told.kind ?? "", answer.status);
      }
      const bitmap = await createImageBitmap(await answer.blob());
      const reason = decodeURIComponent(answer.headers.get("X-Reason") ?? "");
      return this.#keep(key, { bitmap, reason, took_ms: performance.now() - began, steps: steps_of(answer) });
    } finally {
      this.in_flight -= 1;
    }
  }

  /** @param {string} key @param {Picture} picture */
  #keep(key, picture) {
    this.#kept.set(key, picture);
    while (this.#kept.size > KEPT) this.#kept.delete(/** @type {string} */ (this.#kept.keys().next().value));
    return picture;
  }

  /** How many lie ready. */
  get kept() {
    return this.#kept.size;
  }
}

/** Whether what is said decides such a picture. @param {Kind} kind */
function is_merged(kind) {
  return kind === "after" || kind === "mask";
}

/** What the server says its steps took, in ms. @param {Response} answer */
function steps_of(answer) {
  const said = answer.headers.get("Server-Timing") ?? "";
  const pairs = said.split(",").map((one) => one.trim().split(";dur="));
  return Object.fromEntries(pairs.filter(([name]) => name).map(([name, ms]) => [name, Number(ms)]));
}
