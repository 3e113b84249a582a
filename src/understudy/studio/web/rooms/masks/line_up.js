// @ts-check
// The faces that the room goes through, in an order that the server keeps: only those around the present one are here,
// and what was done on them. The others are asked for when a hand gets near them.

import { get } from "../../kit/api.js";
import { live } from "../../kit/live.js";
import { reading_words, sorting_words } from "../../kit/under_way.js";

/** @typedef {import("./strip.js").Face} Face */
/** @typedef {Record<string, string>} Order in the words of the `faceset` commands */

const NEAR = 24; // faces to both sides of the present one that must be here
const KEPT = 512; // faces to both sides of what came last that stay
/** What A and D may stop at, by the server's word for it. @type {Record<string, string[]>} */
const WHICH = {
  all: ["none", "drawn", "confirmed", "skipped", "applied"],
  undrawn: ["none", "applied"],
  unconfirmed: ["drawn"],
  confirmed: ["confirmed"],
  drawn: ["drawn", "confirmed"],
  skipped: ["skipped"],
};

export class LineUp {
  id = "";
  total = 0;
  /** How many are drawn or confirmed. */
  done = 0;
  unmeasured = 0;
  /** Whether the face that was asked for last is no longer there. */
  gone = false;
  /** @type {Face[]} those that are here, by place; holes are elsewhere */
  faces = [];
  /** @type {Map<string, number>} places of those that are here */
  places = new Map();
  requests = 0;

  /** @param {string} faceset @param {Order} order @param {(face: string) => boolean} is_waiting whether a face's state here is newer than the server's @param {(words: string) => void} [told] hears what is waited for */
  constructor(faceset, order, is_waiting, told = (/** @type {string} */ _words) => {}) {
    this.told = told;
    this.faceset = faceset;
    this.order = order;
    this.is_waiting = is_waiting;
  }

  /**
   * Ask for the faces around one, or around that some steps from it; -1 where there is none.
   * @param {{around?: string, first?: number, by?: number, which?: string}} where @param {AbortSignal} [signal] @returns {Promise<number>} its place
   */
  async ask(where, signal) {
    const words = new URLSearchParams({ faceset: this.faceset, ...this.order, line: this.id });
    for (const [name, value] of Object.entries(where)) words.set(name, String(value));
    const ended = new AbortController();
    try {
      for (;;) {
        const there = when_there(this.faceset, this.told, ended.signal, signal);
        this.requests += 1;
        const answer = await get(`masks/faces?${words}`, signal);
        if (!answer.sorting && !answer.reading) return this.#take(answer);
        if (answer.reading) this.told(reading_words(answer.reading));
        await there;
      }
    } finally {
      ended.abort();
    }
  }

  /** @param {any} answer @returns {number} */
  #take({ line, total, done, unmeasured, at, gone, start, faces }) {
    const before = this.id === line ? this.faces : [];
    const states = new Map([...this.places].map(([name, place]) => [name, this.faces[place].state]));
    this.faces = new Array(total);
    const [from, end] = [Math.max(0, start - KEPT), Math.min(total, start + faces.length + KEPT)];
    for (let place = from; place < end; place += 1) if (before[place]) this.faces[place] = before[place];
    faces.forEach((/** @type {Face} */ face, /** @type {number} */ number) => {
      const ours = this.is_waiting(face.name) ? states.get(face.name) : undefined;
      this.faces[start + number] = ours ? { ...face, state: ours } : face;
    });
    this.places = new Map();
    for (let place = from; place < end; place += 1) if (this.faces[place]) this.places.set(this.faces[place].name, place);
    Object.assign(this, { id: line, total, done, unmeasured, gone });
    return at;
  }

  /** Whether all faces beside a place are here. @param {number} at */
  is_near(at) {
    for (let place = Math.max(0, at - NEAR); place < Math.min(this.total, at + NEAR + 1); place += 1) if (!this.faces[place]) return false;
    return true;
  }

  /**
   * The place so many steps from another, a step being to the next face of a kind; the last one on the way where there are fewer.
   * @param {number} from @param {number} by @param {string} which @param {AbortSignal} [signal] @returns {number | Promise<number>} `from` where there is none
   */
  stepped(from, by, which, signal) {
    const way = Math.sign(by);
    let goal = from;
    let left = Math.abs(by);
    for (let place = from + way; left && place >= 0 && place < this.total; place += way) {
      const face = this.faces[place];
      if (!face) return this.#stepped_far(place - way, way * left, which, goal, signal);
      if (WHICH[which].includes(face.state)) [goal, left] = [place, left - 1];
    }
    return goal;
  }

  /** @param {number} edge the last face that is here @param {number} by @param {string} which @param {number} so_far @param {AbortSignal} [signal] */
  async #stepped_far(edge, by, which, so_far, signal) {
    const at = await this.ask({ around: this.faces[edge].name, by, which }, signal);
    return at < 0 ? so_far : at;
  }

  /** @param {string} name @param {Face["state"]} state @returns {boolean} whether it was another */
  set_state(name, state) {
    const place = this.places.get(name) ?? -1;
    const before = this.faces[place]?.state;
    if (!before || before === state) return false;
    this.done += Number(WHICH.drawn.includes(state)) - Number(WHICH.drawn.includes(before));
    this.faces[place] = { ...this.faces[place], state };
    return true;
  }
}

/**
 * The server says when an order is there, and when all faces are read; till then how far it is.
 * @param {string} faceset @param {(words: string) => void} told @param {AbortSignal} ended @param {AbortSignal} [given_up] @returns {Promise<void>}
 */
function when_there(faceset, told, ended, given_up) {
  return new Promise((done) => {
    const hear = (/** @type {string} */ topic, /** @type {(facts: any) => void} */ heard) => live.addEventListener(topic, (/** @type {any} */ event) => event.detail.faceset === faceset && heard(event.detail), { signal: ended });
    hear("masks", (facts) => facts.sorted && done());
    hear("sorting", (facts) => (facts.stopped ? done() : told(sorting_words(facts))));
    hear("reading", (facts) => (facts.done < facts.total ? told(reading_words(facts)) : done()));
    live.addEventListener("look-anew", () => done(), { signal: ended });
    given_up?.addEventListener("abort", () => done(), { signal: ended });
  });
}
