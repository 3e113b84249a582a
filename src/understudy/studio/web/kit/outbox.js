// @ts-check
// Actions that wait for the connection: sent in order and with the same ids when it is back. Meanwhile the browser
// remembers them, so that a window that is closed loses none: the next one offers them (`shell/left.js`).

import { forget, remember, windows } from "./kept.js";

/** @typedef {{id: string, path: string, body: string, project: string, done: (answer: any) => void, failed: (error: unknown) => void}} Action */

/** These only ask, are about a window's own file, or are remembered by who draws; nothing is lost with them. */
const PASSING = [/^masks\/drawing$/, /^project\/forms\/[\w-]+\/check$/, /^deliver\/(outlook|verify\/)/, /^uploads\b/];

/** Says `change`. */
export class Outbox extends EventTarget {
  /** @type {Action[]} */
  waiting = [];
  /** Those that are sent and not answered for long, by id. @type {Set<string>} */
  slow = new Set();
  sending = false;
  /** Whose actions these are; the shell says it. */
  project = "";
  #order = Date.now() * 1000;

  /** @param {(action: Action) => Promise<any>} send @param {(error: unknown) => boolean} is_lost */
  constructor(send, is_lost) {
    super();
    this.send_one = send;
    this.is_lost = is_lost;
  }

  /** @param {Action} action @param {boolean} [remembered] whether the browser remembers it too */
  keep(action, remembered = !PASSING.some((one) => one.test(action.path))) {
    this.waiting.push(action);
    if (remembered) this.remember(action);
    this.#changed();
  }

  /** Have this browser remember what is not sent yet. @param {{id: string, path: string, body: string, project: string}} action */
  remember({ id, path, body, project }) {
    return remember("actions", { id, path, body, project, window: windows.id, order: this.#order++ });
  }

  /** @param {string} id of what was sent, or is not meant any more */
  forget(id) {
    return forget("actions", id).then(() => windows.tell());
  }

  /** Let go of what waits: this window is about to show another project, and what is remembered is offered in its own. */
  leave() {
    this.waiting = [];
    this.slow.clear();
  }

  /** @param {Action} action @param {boolean} is_slow */
  say_slow(action, is_slow) {
    if (this.slow.has(action.id) === is_slow) return;
    if (is_slow) this.slow.add(action.id);
    else this.slow.delete(action.id);
    this.#changed();
  }

  /** Send what waits, one after the other, as far as it goes. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    try {
      while (this.waiting.length && (await this.#first())) this.#changed();
    } finally {
      this.sending = false;
    }
  }

  /** @returns {Promise<boolean>} whether it went */
  async #first() {
    const action = this.waiting[0];
    try {
      const facts = await this.send_one(action);
      this.#over();
      action.done(facts);
    } catch (error) {
      if (this.is_lost(error)) return false;
      this.#over();
      action.failed(error);
    }
    return true;
  }

  #over() {
    const action = this.waiting.shift();
    if (action) this.forget(action.id);
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
