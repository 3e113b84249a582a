// @ts-check
// What is done one thing after the other, in the order it was asked for. While the connection is lost nothing waits for the
// answer of what was done before it: all of it goes to the outbox, so that a window that is closed meanwhile loses nothing.

import { outbox } from "./api.js";

/** Ends as soon as actions wait for the connection. @param {AbortSignal} given_up */
function lost(given_up) {
  return new Promise((done) => {
    const look = () => outbox.waiting.length && done(undefined);
    outbox.addEventListener("change", look, { signal: given_up });
    look();
  });
}

export class Line {
  /** Ends when all of it is over; never fails. @type {Promise<any>} */
  done = Promise.resolve();
  /** The same of the last that needed answers. @type {Promise<any>} */
  #answered = Promise.resolve();

  /**
   * @template T
   * @param {() => Promise<T>} work @param {{needs_answers?: boolean}} [how] whether it is made of what those before it were answered
   * @returns {Promise<T>}
   */
  add(work, { needs_answers = false } = {}) {
    const before = this.done;
    const over = new AbortController();
    before.then(() => over.abort());
    const turn = needs_answers ? before : Promise.race([before, this.#answered.then(() => lost(over.signal))]);
    const doing = turn.then(work);
    this.done = Promise.allSettled([before, doing]);
    if (needs_answers) this.#answered = this.done;
    return doing;
  }
}
