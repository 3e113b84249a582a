// @ts-check
// A button that does what its key does, and says the key in its tooltip. While it works it can't be pressed again.

import { WORDS_AFTER_MS } from "./busy.js";
import { h } from "./element.js";
import { key_words } from "./keys.js";
import { toast_error } from "./toast.js";

/**
 * @typedef {object} ButtonLook
 * @property {string} [label] words on it; without, the action's `does`
 * @property {string} [icon] one character shown before the label; alone where `label` is ""
 * @property {"" | "primary" | "quiet" | "danger"} [kind]
 * @property {boolean} [pressed] for a switch: whether it is on
 * @property {string} [why_not] a reason makes it disabled, and stands in the tooltip
 * @property {string} [busy] words after 0.3 s of work, e.g. "Extracting…"
 */

/**
 * @param {import("./keys.js").KeyAction} action list the same action in the room's `keys()`
 * @param {ButtonLook} [look]
 * @returns {HTMLButtonElement}
 */
export function button(action, look = {}) {
  const made = /** @type {HTMLButtonElement} */ (h("button", { type: "button", class: look.kind ?? "" }));
  const label = look.label ?? action.does;
  const icon = look.icon ? h("span", { "aria-hidden": "true" }, look.icon) : null;
  const words = label ? h("span", {}, label) : null;
  made.append(...[icon, words].filter((part) => part !== null));
  if (!label) made.setAttribute("aria-label", action.does);
  say_key(made, action);
  if (look.pressed !== undefined) made.setAttribute("aria-pressed", String(look.pressed));
  if (look.why_not) forbid(made, look.why_not);
  made.addEventListener("click", (event) => press(made, words, action, look, event));
  return made;
}

/**
 * Let a thing that is made elsewhere say what it does, and its key.
 * @template {HTMLElement} T @param {T} made @param {import("./keys.js").KeyAction} action @returns {T}
 */
export function say_key(made, action) {
  made.dataset.tip = action.does;
  made.dataset.key = key_words(action);
  made.setAttribute("aria-keyshortcuts", `${action.ctrl ? "Control+" : ""}${action.shift ? "Shift+" : ""}${action.key === " " ? "Space" : action.key}`);
  return made;
}

/** A thing whose key another one has taken for now says what it does alone. @param {HTMLElement} made */
export function unsay_key(made) {
  delete made.dataset.key;
  made.removeAttribute("aria-keyshortcuts");
}

/**
 * Disable a button and say why in its tooltip; it can still be reached, so that the reason can be read. "" allows it again.
 * @param {HTMLButtonElement} made @param {string} why_not
 */
export function forbid(made, why_not) {
  if (why_not) made.setAttribute("aria-disabled", "true");
  else made.removeAttribute("aria-disabled");
  made.dataset.why = why_not;
}

/** @param {HTMLButtonElement} made @param {boolean} on */
export function press_down(made, on) {
  made.setAttribute("aria-pressed", String(on));
}

/**
 * @param {HTMLButtonElement} made @param {HTMLElement | null} words @param {import("./keys.js").KeyAction} action
 * @param {ButtonLook} look @param {MouseEvent} event
 */
async function press(made, words, action, look, event) {
  if (made.getAttribute("aria-disabled") === "true" || made.getAttribute("aria-busy") === "true") return;
  const label = words?.textContent ?? "";
  const timer = setTimeout(() => {
    if (words && look.busy) words.textContent = look.busy;
  }, WORDS_AFTER_MS);
  made.setAttribute("aria-busy", "true");
  try {
    await action.run(/** @type {any} */ (event));
  } catch (error) {
    toast_error(error);
  } finally {
    clearTimeout(timer);
    made.removeAttribute("aria-busy");
    if (words && look.busy && words.textContent === look.busy) words.textContent = label;
  }
}
