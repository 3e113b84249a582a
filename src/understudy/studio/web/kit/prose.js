// @ts-check
// The library's sentences on the page, where options stand beside them: an option is called as its field is. Not here: what
// stands between backticks (element.js, wherever words become nodes).

import { spans } from "./element.js";

/**
 * @param {string} sentence
 * @param {string[]} [options] names that are called as their fields are, e.g. "batch_size" as “batch size”
 * @returns {(Node | string)[]}
 */
export function prose(sentence, options = []) {
  return spans(sentence).map((part) => (typeof part === "string" ? called(part, options) : part));
}

/** @param {string} words @param {string[]} options */
function called(words, options) {
  return words.replace(/\b[a-z0-9]+(?:_[a-z0-9]+)+\b/g, (name) => (options.includes(name) ? `“${name.replaceAll("_", " ")}”` : name));
}
