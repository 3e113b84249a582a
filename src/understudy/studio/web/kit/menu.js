// @ts-check
// A menu to choose from, at a button or at the pointer: arrows, first letters, Enter, Escape.

import { h } from "./element.js";
import { key_words } from "./keys.js";
import { keep_focus } from "./slot.js";

/**
 * @typedef {object} Entry
 * @property {string} label
 * @property {any} [value] what `choose` answers; the label where there is none
 * @property {import("./keys.js").KeyAction} [action] its key is shown beside the label
 * @property {string} [note] small words after the label
 * @property {boolean} [checked]
 * @property {string} [why_not] can't be chosen, because of this
 */

/**
 * Let a person choose one of `entries`; null for Escape or a click elsewhere.
 * @param {Element | {x: number, y: number}} at a button, or the pointer's place on screen
 * @param {(Entry | "line")[]} entries
 * @returns {Promise<any>}
 */
export function choose(at, entries) {
  const give_focus_back = keep_focus();
  return new Promise((done) => {
    let answer = /** @type {any} */ (null);
    const menu = /** @type {HTMLElement} */ (h("div", { class: "menu", role: "menu", popover: "auto" }));
    const pick = (/** @type {Entry} */ entry) => {
      if (entry.why_not) return;
      answer = entry.value ?? entry.label;
      menu.hidePopover();
    };
    menu.append(...entries.map((entry) => (entry === "line" ? h("hr") : item(entry, pick))));
    menu.addEventListener("keydown", (event) => walk(menu, event));
    menu.addEventListener("toggle", (event) => {
      if (/** @type {ToggleEvent} */ (event).newState !== "closed") return;
      menu.remove();
      give_focus_back();
      done(answer);
    });
    document.body.append(menu);
    menu.showPopover();
    put(menu, at);
    const first = menu.querySelector("[aria-checked=true]") ?? menu.querySelector("button");
    /** @type {HTMLElement | null} */ (first)?.focus();
  });
}

/** @param {Entry} entry @param {(entry: Entry) => void} pick */
function item(entry, pick) {
  const role = entry.checked === undefined ? "menuitem" : "menuitemradio";
  const made = h("button", { type: "button", class: "quiet", role, "aria-checked": entry.checked, "aria-disabled": entry.why_not ? true : undefined, "data-tip": entry.why_not, onclick: () => pick(entry) });
  made.append(h("span", { class: "mark", "aria-hidden": "true" }, entry.checked ? "✓" : ""), h("span", { class: "grow" }, entry.label));
  if (entry.note) made.append(h("span", { class: "dim small" }, entry.note));
  if (entry.action) made.append(h("kbd", {}, key_words(entry.action)));
  return made;
}

/** @param {HTMLElement} menu @param {KeyboardEvent} event */
function walk(menu, event) {
  const items = /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
  const here = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const steps = /** @type {Record<string, number>} */ ({ ArrowDown: here + 1, ArrowUp: here - 1 + items.length, Home: 0, End: items.length - 1 });
  let next = steps[event.key] === undefined ? -1 : steps[event.key] % items.length;
  if (event.key === "Tab") menu.hidePopover();
  if (event.key.length === 1 && event.key !== " ") {
    const turned = [...items.slice(here + 1), ...items.slice(0, here + 1)];
    next = items.indexOf(/** @type {HTMLElement} */ (turned.find((one) => one.querySelector(".grow")?.textContent?.toLowerCase().startsWith(event.key.toLowerCase()))));
  }
  event.stopPropagation();
  if (next < 0) return;
  event.preventDefault();
  items[next].focus();
}

/** @param {HTMLElement} menu @param {Element | {x: number, y: number}} at */
function put(menu, at) {
  const box = at instanceof Element ? at.getBoundingClientRect() : new DOMRect(at.x, at.y, 0, 0);
  const below = box.bottom + 2 + menu.offsetHeight <= innerHeight;
  menu.style.top = `${Math.max(4, below ? box.bottom + 2 : box.top - 2 - menu.offsetHeight)}px`;
  menu.style.left = `${Math.max(4, Math.min(box.left, innerWidth - menu.offsetWidth - 4))}px`;
}
