// @ts-check
// Every action has a key. What is written on the key counts, with or without Shift; what a layout can't write counts by
// its place, so that other layouts work.

import { toast_error } from "./toast.js";

/**
 * @typedef {object} KeyAction
 * @property {string} key as in KeyboardEvent.key ("a", "Enter", " ", "?", "ArrowLeft"); `shift: true` needs Shift
 * @property {string} does words for the tooltip and for the list under `?`
 * @property {(event: KeyboardEvent) => any} run what goes wrong in it, also in what it awaits, is said in a toast
 * @property {boolean} [ctrl] Ctrl, or Cmd on a Mac
 * @property {boolean} [shift]
 * @property {boolean} [repeats] also while the key is held down
 * @property {boolean} [everywhere] also while something is typed into a field
 */

/** @typedef {{title: string, actions: KeyAction[], alone: boolean}} Owner */
/** @type {Map<object, Owner>} */
const owners = new Map();

/**
 * Let an owner (a room, a dialog) have keys until `forget_keys`. The latest owner is asked first.
 * @param {object} owner @param {string} title @param {KeyAction[]} actions
 * @param {{alone?: boolean}} [how] `alone`: nobody else is asked meanwhile, as under a dialog, also not who comes later
 */
export function have_keys(owner, title, actions, { alone = false } = {}) {
  owners.delete(owner);
  owners.set(owner, { title, actions, alone });
}

/** @param {object} owner */
export function forget_keys(owner) {
  owners.delete(owner);
}

/** All that have keys now, for the list under `?`. */
export function all_keys() {
  return [...owners.values()];
}

/** @param {KeyAction} action */
export function key_words(action) {
  const names = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };
  const key = /** @type {Record<string, string>} */ (names)[action.key] ?? (action.key.length === 1 ? action.key.toUpperCase() : action.key);
  return `${action.ctrl ? "Ctrl+" : ""}${action.shift ? "Shift+" : ""}${key}`;
}

/** Every key that does this now, the given one first. @param {string} does @param {string} [key] @returns {string[]} */
export function keys_of(does, key) {
  const same = all_keys().flatMap(({ actions }) => actions).filter((action) => action.does === does).map(key_words);
  return [...new Set([...(key ? [key] : []), ...(key ? same : [])])];
}

/** Where the marks between the letters lie on a keyboard, by KeyboardEvent.code. */
const PLACES = /** @type {Record<string, string>} */ ({ ",": "Comma", ".": "Period", "/": "Slash", ";": "Semicolon", "'": "Quote", "[": "BracketLeft", "]": "BracketRight", "-": "Minus", "=": "Equal", "`": "Backquote", "\\": "Backslash" });
/** What is written with Shift there, where the mark is written without it: on such a key Shift and the mark are pressed. */
const SHIFTED = /** @type {Record<string, string>} */ ({ ",": "<;", ".": ">:", "/": "?", ";": ":", "'": '"', "[": "{", "]": "}", "-": "_", "=": "+", "`": "~", "\\": "|" });
/** Marks that many Latin layouts write with AltGr alone, so that their places count, whatever is written there. */
const OUT_OF_REACH = "[]`\\";

/** @param {string} key */
const is_mark = (key) => key.length === 1 && !/[a-z0-9 ]/i.test(key);

/** @param {KeyAction} action @param {KeyboardEvent} event */
function modifiers_match(action, event) {
  if (Boolean(action.ctrl) !== (event.ctrlKey || event.metaKey) || event.altKey) return false;
  if (event.repeat && !action.repeats) return false;
  const exact = /^[a-z0-9]$/i.test(action.key) || action.shift !== undefined;
  return !exact || Boolean(action.shift) === event.shiftKey;
}

/** By what is written on the key. @param {KeyAction} action @param {KeyboardEvent} event */
function by_character(action, event) {
  if (/^[0-9]$/.test(action.key) && event.code.startsWith("Digit")) return false; // by place: French needs Shift for them
  if (event.key.toLowerCase() !== action.key.toLowerCase()) return false;
  // A mark that is written is the mark alone: whether Shift writes it is the layout's. Shift and a mark is a place.
  if (is_mark(action.key)) return action.shift !== true && modifiers_match({ ...action, shift: undefined }, event);
  return modifiers_match(action, event);
}

/** By where the key lies, for what a layout does not write. @param {KeyAction} action @param {KeyboardEvent} event */
function by_place(action, event) {
  if (!modifiers_match(action, event)) return false;
  if (/^[0-9]$/.test(action.key)) return event.code === `Digit${action.key}`;
  // Letters such as ж or ö, and dead keys, are nobody's name. A mark that is nobody's, as ! on a French keyboard, does nothing.
  const is_letter = /^(?![a-z])\p{L}$/iu.test(event.key) || event.key === "Dead";
  if (/^[a-z]$/i.test(action.key)) return is_letter && event.code === `Key${action.key.toUpperCase()}`;
  if (/^[a-z]$/i.test(event.key) || event.code === "" || event.code !== PLACES[action.key]) return false;
  return is_letter || OUT_OF_REACH.includes(action.key) || (event.shiftKey && SHIFTED[action.key].includes(event.key));
}

/** @param {KeyboardEvent} event @param {(action: KeyAction, event: KeyboardEvent) => boolean} matches */
function find(event, matches) {
  const latest_first = [...owners.values()].reverse();
  for (const { actions, alone } of latest_first.toSorted((one, other) => Number(other.alone) - Number(one.alone))) {
    const action = actions.find((one) => matches(one, event));
    if (action || alone) return action;
  }
  return undefined;
}

/** Run it; what goes wrong is said. @param {KeyAction} action @param {any} event */
export async function run_action(action, event) {
  try {
    await action.run(event);
  } catch (error) {
    toast_error(error);
  }
}

/** Whether the thing with the focus has this key for itself. @param {KeyboardEvent} event @param {KeyAction} action */
function belongs_to_focus(event, action) {
  const target = /** @type {HTMLElement} */ (event.target);
  if (!(target instanceof Element) || event.key === "Escape") return false;
  if (target.closest("input:not([type=range]):not([type=checkbox]):not([type=radio]), textarea, [contenteditable]")) return !action.everywhere;
  if (target.closest("select, input[type=range], input[type=radio]")) return /^(Arrow|Home|End|Page)|^ $/.test(event.key) || (target.closest("select") !== null && event.key.length === 1 && !action.ctrl);
  return target.matches("button:focus-visible, a:focus-visible, summary, input[type=checkbox], [role=button]:focus-visible") && [" ", "Enter"].includes(event.key);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const action = find(event, by_character) ?? find(event, by_place);
  if (!action || belongs_to_focus(event, action)) return;
  event.preventDefault();
  run_action(action, event);
});
