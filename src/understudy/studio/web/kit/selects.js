// @ts-check
// Choices that come from the server: a select that says why it is empty, while they are loaded and where there are none.

import { h } from "./element.js";

/**
 * Put choices into a select, and choose one. Choices that are the same as before stay, so that an open list stays open.
 * @param {HTMLSelectElement} select
 * @param {[value: string, words: string][] | null} choices null: not known yet
 * @param {string} chosen
 * @param {string} none what is said where there is no choice, e.g. "No dst clip yet"
 */
export function fill(select, choices, chosen, none) {
  const shown = choices?.length ? choices : /** @type {[string, string][]} */ ([["", choices ? none : "Loading…"]]);
  const key = JSON.stringify(shown);
  if (key !== select.dataset.has) select.replaceChildren(...shown.map(([value, words]) => h("option", { value }, words)));
  select.dataset.has = key;
  select.disabled = !choices?.length;
  select.value = choices?.length ? chosen : "";
}
