// @ts-check
// Words over the room while something is awaited that a dialog needs.

import { busy } from "./busy.js";

/** Nobody waits for it any more: an AbortError, of which no message is made. */
const given_up = () => new DOMException("Nobody waits for it any more.", "AbortError");

let leaving = new AbortController();

/**
 * Escape, another wait, another dialog and another room give it up: then it throws an AbortError.
 * @template T
 * @param {string} words @param {Promise<T>} promise @returns {Promise<T>}
 */
export function waited(words, promise) {
  leaving.abort();
  const mine = (leaving = new AbortController());
  const here = document.querySelector("us-shell main > [data-room]");
  const overtaken = () => mine.signal.aborted || document.querySelector("dialog[open]") || !here?.isConnected;
  const outcome = new Promise((done, fail) => {
    mine.signal.addEventListener("abort", () => fail(given_up()));
    promise.then((value) => (overtaken() ? fail(given_up()) : done(value)), fail);
  });
  const room = /** @type {HTMLElement | null} */ (document.querySelector("us-shell main"));
  const escape = (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && mine.abort();
  document.addEventListener("keydown", escape, { capture: true });
  const end = () => document.removeEventListener("keydown", escape, { capture: true });
  outcome.then(end, end);
  return room ? busy(room, words, outcome) : outcome;
}
