// @ts-check
// All keys there are now, by who has them, with a search: the list under `?`.

import { ask } from "../kit/dialog.js";
import { h } from "../kit/element.js";
import { all_keys, key_words } from "../kit/keys.js";

/** Show it; the room's keys come first. */
export function show_keys() {
  const groups = all_keys().filter(({ actions }) => actions.length).reverse();
  const parts = groups.map(({ title, actions }) => {
    const rows = merged(actions).map(([does, keys]) => h("div", { class: "key-row", "data-words": `${does} ${keys.join(" ")}`.toLowerCase() }, h("dt", {}, keys.map((key) => h("kbd", {}, key))), h("dd", {}, does)));
    return h("section", { "aria-label": title }, h("h3", {}, title), h("dl", {}, rows));
  });
  const none = h("p", { class: "empty", role: "status", hidden: true }, "No key does this.");
  const field = h("input", { type: "search", placeholder: "Search what a key does", "aria-label": "Search keys", autofocus: true });
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const part of parts) {
      const rows = /** @type {HTMLElement[]} */ ([...part.querySelectorAll(".key-row")]);
      for (const row of rows) row.hidden = !words.every((/** @type {string} */ word) => row.dataset.words?.includes(word));
      part.hidden = rows.every((row) => row.hidden);
    }
    none.hidden = parts.some((part) => !part.hidden);
  });
  const letters = h("p", { class: "dim small" }, "Keys count by what is written on them, with or without Shift where it is a mark; what a keyboard can't write, such as a Latin letter or [, by its place.");
  return ask({ title: "Keys", content: [field, h("div", { class: "keys" }, parts), none, letters], choices: [{ label: "Close", value: null, kind: "primary" }], wide: true });
}

/** Several keys for one thing are one row. @param {import("../kit/keys.js").KeyAction[]} actions @returns {[string, string[]][]} */
function merged(actions) {
  /** @type {Map<string, string[]>} */
  const rows = new Map();
  for (const action of actions) rows.set(action.does, [...(rows.get(action.does) ?? []), key_words(action)]);
  return [...rows];
}
