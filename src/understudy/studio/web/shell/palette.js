// @ts-check
// Everything that can be done or found, by words: Ctrl+K, a few letters, Enter. What can be done here and now stands first;
// then the panels and options of every room, and the pages of the guide.

import { ask } from "../kit/dialog.js";
import { h } from "../kit/element.js";
import { all_keys, key_words, run_action } from "../kit/keys.js";
import { go_there, guide_pages, option_places, panels } from "./places.js";

/** @typedef {{title: string, where: string, words: string, key?: string, run: () => any}} Entry */

const MOST_SHOWN = 200;

/** @returns {Entry[]} */
function doings() {
  const all = all_keys().reverse().flatMap(({ title, actions }) => actions.map((action) => ({ title: action.does, where: title, words: "", key: key_words(action), run: () => run_action(action, new KeyboardEvent("keydown", { key: action.key })) })));
  return all.filter((one, at) => all.findIndex((other) => other.title === one.title) === at);
}

/** @param {import("./places.js").Place} place @returns {Entry} */
function entry_of(place) {
  return { title: place.title, where: place.room[0].toUpperCase() + place.room.slice(1), words: place.words, run: () => go_there(place) };
}

/** @param {Entry[]} entries @param {string} text @returns {Entry[]} those whose title has the words before those whose help has them */
export function sifted(entries, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (/** @type {string} */ where) => words.every((word) => where.toLowerCase().includes(word));
  const near = entries.filter((one) => has(one.title));
  return [...near, ...entries.filter((one) => !near.includes(one) && has(`${one.title} ${one.where} ${one.words}`))];
}

/** Show it, and do what was chosen. */
export async function show_palette() {
  const entries = [...doings(), ...panels().map(entry_of)];
  const list = h("ul", { class: "list palette", role: "listbox", id: "palette-list", "aria-label": "Actions and places" });
  const field = h("input", { type: "search", placeholder: "What do you want to do, or find?", "aria-label": "What do you want to do, or find?", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", autofocus: true });
  const said = h("p", { class: "dim small", role: "status" });
  let found = /** @type {Entry[]} */ ([]);
  let here = 0;
  let waits = true;
  const mark = () => {
    [...list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === here)));
    list.children[here]?.scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", list.children[here]?.id ?? "");
  };
  const sift = () => {
    const all = sifted(entries, field.value);
    found = all.slice(0, MOST_SHOWN);
    list.replaceChildren(...found.map((entry, at) => row(entry, at, () => ((here = at), list.closest("form")?.requestSubmit()))));
    said.textContent = found.length ? `${all.length} found${waits ? "; the options of all stages are being loaded…" : ""}` : waits ? "Nothing yet; the options of all stages are being loaded…" : "Nothing has these words. Try fewer, or another word for it.";
    const go = list.closest("form")?.querySelector("button[type=submit]");
    if (go) go.disabled = !found.length; // Enter and the button do nothing where there is nothing to do
    here = Math.min(here, Math.max(0, found.length - 1));
    mark();
  };
  field.addEventListener("input", () => ((here = 0), sift()));
  field.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !found.length) return;
    event.preventDefault();
    here = (here + step + found.length) % found.length;
    mark();
  });
  const more = [option_places().then((places) => entries.push(...places.map(entry_of))), guide_pages().then((pages) => entries.push(...pages.map((page) => ({ title: page.title, where: "Guide", words: page.words, run: () => window.open(`/docs/${page.place}`, "_blank", "noopener") }))))];
  Promise.allSettled(more).then(() => ((waits = false), list.isConnected && sift()));
  sift();
  const choices = [{ label: "Do it", value: true, kind: /** @type {"primary"} */ ("primary") }];
  const agreed = await ask({ title: "Find", content: [field, list, said], choices });
  if (agreed) await found[here]?.run();
}

/** @param {Entry} entry @param {number} at @param {() => void} chosen */
function row({ title, where, key }, at, chosen) {
  return h("li", { role: "option", id: `palette-${at}`, "aria-selected": "false", onclick: chosen }, h("span", { class: "grow" }, title), h("span", { class: "dim small" }, where), key ? h("kbd", {}, key) : null);
}
