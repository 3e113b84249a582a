// @ts-check
// Landmarks while a hand moves a box: one question at a time, and of those that wait only the newest is asked.

import { get } from "../../kit/api.js";

/** @typedef {{x: number, y: number, side: number, angle: number}} Box */
/** @typedef {{frame: number, landmarks: number[][], spread: number[], score: number, box: Box}} Reading */

/** How a box is asked for. @param {{clip: string, frame: number, box: Box, accurate: boolean}} asked */
export function words_of({ clip, frame, box, accurate }) {
  const { x, y, side, angle } = box;
  const words = { clip, frame, x: x.toFixed(2), y: y.toFixed(2), side: side.toFixed(2), angle: angle.toFixed(2), accurate };
  return new URLSearchParams(/** @type {any} */ (words));
}

/** Asks `frames/read`. */
export class LiveReading {
  in_flight = 0;
  most_in_flight = 0;
  sent = 0;
  dropped = 0;
  /** @type {{clip: string, frame: number, box: Box, accurate: boolean, done: (reading: Reading) => void, failed: (error: unknown) => void} | null} */
  #waiting = null;
  #age = 0;

  /**
   * Ask for the landmarks in a box; an older question that still waits is dropped, and an older answer too.
   * @param {string} clip @param {number} frame @param {Box} box @param {boolean} accurate
   * @returns {Promise<Reading | null>} null where a newer question took its place
   */
  ask(clip, frame, box, accurate) {
    return new Promise((done, failed) => {
      if (this.#waiting) {
        this.dropped += 1;
        this.#waiting.done(/** @type {any} */ (null));
      }
      this.#waiting = { clip, frame, box, accurate, done, failed };
      if (!this.in_flight) this.#send();
    });
  }

  /** Answers that are on their way are of no use any more, e.g. in another frame. */
  forget() {
    this.#age += 1;
    this.#waiting?.done(/** @type {any} */ (null));
    this.#waiting = null;
  }

  async #send() {
    const asked = this.#waiting;
    if (!asked) return;
    this.#waiting = null;
    const age = this.#age;
    this.in_flight += 1;
    this.sent += 1;
    this.most_in_flight = Math.max(this.most_in_flight, this.in_flight);
    try {
      const reading = await get(`frames/read?${words_of(asked)}`);
      asked.done(age === this.#age ? reading : /** @type {any} */ (null));
    } catch (error) {
      asked.failed(error);
    } finally {
      this.in_flight -= 1;
      this.#send();
    }
  }
}
