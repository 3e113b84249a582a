// @ts-check
// Words while something takes longer than 0.3 s. There is no turning wheel without a sentence.

import { h } from "./element.js";

export const WORDS_AFTER_MS = 300;

/**
 * Say over `element` what is awaited, once it takes longer than 0.3 s.
 * @template T
 * @param {HTMLElement} element must be positioned (relative, absolute) to have the words in its middle
 * @param {string} words what is done, e.g. "Loading the model…"
 * @param {Promise<T>} promise
 * @returns {Promise<T>} the same
 */
export function busy(element, words, promise) {
  element.setAttribute("aria-busy", "true");
  const over = h("div", { class: "busy-over", role: "status" }, h("span", { class: "busy-words" }, words));
  const timer = setTimeout(() => element.append(over), WORDS_AFTER_MS);
  const end = () => {
    clearTimeout(timer);
    over.remove();
    if (!element.querySelector(":scope > .busy-over")) element.removeAttribute("aria-busy");
  };
  promise.then(end, end);
  return promise;
}
