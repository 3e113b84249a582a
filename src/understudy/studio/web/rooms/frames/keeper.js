// @ts-check
// Brings what a hand did to the server, one thing after the other, while the hand goes on.

import { ConnectionLost, get, post } from "../../kit/api.js";
import { say_learns_on } from "../../kit/learns_on.js";
import { Line } from "../../kit/line.js";
import { live } from "../../kit/live.js";
import { toast, toast_error } from "../../kit/toast.js";
import { said_of } from "./edit.js";
import { words_of } from "./reading.js";

const AGAIN_MS = 1000;

/** The face that was to be carried on could not be kept. Why was said when it came, so that a key says nothing more. */
export class NotKept extends Error {
  constructor() {
    super("This face could not be kept, as the message says, and only a kept face is carried on. Mend that, and carry it on again.");
  }
}

/** Says `kept` (detail: the server's answer) after each change, and `refused` (detail: clip and frame). */
export class Keeper extends EventTarget {
  #line = new Line();
  waiting = 0;
  /** @type {Map<string, import("./edit.js").Edit>} what the server would not store, by clip and frame */
  refused = new Map();
  /** What could be taken back and done again now, by clip, as the server told last. @type {Map<string, any>} */
  can = new Map();
  /** The file of the face that was stored last. */
  newest = "";
  /** Models that learn on without what is done here, and were told of. @type {Set<string>} */
  learning = new Set();

  /** Ends when all is kept or refused. */
  get done() {
    return this.#line.done;
  }

  /** What a frame's drawing is known by. @param {string} clip @param {number} frame */
  static key(clip, frame) {
    return `${frame} of ${clip}`;
  }

  /**
   * Store a face in place of the one it comes from; points that are not its box's yet are read first.
   * @param {string} clip @param {number} frame @param {import("./edit.js").Edit} edit @param {boolean} accurate
   */
  draw(clip, frame, edit, accurate) {
    const key = Keeper.key(clip, frame);
    return this.#send(
      clip,
      async () => post("frames/draw", { clip, frame, ...(await points_of(clip, frame, edit, accurate)), replaces: edit.name ? [edit.name] : [] }),
      (error) => {
        this.refused.set(key, edit);
        const sentence = error instanceof Error ? error.message : String(error);
        toast(`Frame ${frame} is not kept. ${sentence} What you drew waits there: go back and keep it again.`, { kind: "bad" });
        this.dispatchEvent(new CustomEvent("refused", { detail: { clip, frame } }));
      },
      edit.unread, // which only the server can read
    );
  }

  /** The file of a frame's face, once all is stored; without a `name` the one that was stored last. @param {string} key of the frame @param {string} name */
  async file(key, name) {
    await this.done;
    if (this.refused.has(key)) throw new NotKept();
    return name || this.newest;
  }

  /** @param {string} clip @param {string[]} names */
  remove(clip, names) {
    return this.#send(clip, () => post("frames/remove", { clip, names }), toast_error);
  }

  /** Take back or do again what the window offers, and nothing else. @param {"undo" | "redo"} way @param {string} clip */
  async back(way, clip) {
    const step = async () => {
      const told = await post(`frames/${way}`, { clip, step: this.can.get(clip)?.[`${way}_step`] ?? 0 });
      this.heard(clip, told);
      return told;
    };
    return this.#line.add(step, { needs_answers: true });
  }

  /** After a change: what can be taken back now; and once, that a training does not see it. @param {string} clip @param {{can: any, learning: string[]}} told */
  heard(clip, { can, learning }) {
    this.can.set(clip, can);
    for (const model of learning) if (!this.learning.has(model)) say_learns_on(model);
    this.learning = new Set(learning);
  }

  /** @param {string} clip @param {() => Promise<any>} work @param {(error: unknown) => void} failed @param {boolean} [needs_answers] */
  #send(clip, work, failed, needs_answers = false) {
    this.waiting += 1;
    const keep = async () => {
      try {
        const detail = await work();
        this.heard(clip, detail);
        this.newest = detail.names?.[0] ?? "";
        this.dispatchEvent(new CustomEvent("kept", { detail }));
      } catch (error) {
        failed(error);
      }
      this.waiting -= 1;
    };
    return this.#line.add(keep, { needs_answers });
  }
}

/** @param {string} clip @param {number} frame @param {import("./edit.js").Edit} edit @param {boolean} accurate @returns {Promise<{landmarks: number[][] | null, spread?: number[], score?: number}>} */
async function points_of(clip, frame, edit, accurate) {
  const over = new AbortController();
  try {
    while (edit.unread && edit.box) {
      try {
        const { landmarks, spread, score } = await get(`frames/read?${words_of({ clip, frame, box: edit.box, accurate })}`);
        return { landmarks, spread, score };
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        // Nothing remembers a face whose points are not known: a window that is closed now loses it.
        window.addEventListener("beforeunload", stay, { signal: over.signal });
        await back();
      }
    }
  } finally {
    over.abort();
  }
  return { landmarks: edit.landmarks, ...said_of(edit) };
}

/** @param {Event} event */
function stay(event) {
  event.preventDefault();
}

/** Ends when the connection is back, or after a moment where the socket stands although a request was lost. */
function back() {
  return new Promise((done) => {
    live.addEventListener("connected", done, { once: true });
    if (live.connected) setTimeout(done, AGAIN_MS);
  });
}
