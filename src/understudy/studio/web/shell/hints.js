// @ts-check
// Letters over everything on the page that can be pressed, so that also a row's own button has a key: Ctrl+J, then the
// letters. Escape, a click or scrolling takes them away.

import { h } from "../kit/element.js";

const LETTERS = "asdfghjklqwertyuiopzxcvbnm";
const PRESSED = "button, a[href], input, select, textarea, summary, [role=option], [role=button], [tabindex='0']";
/** @type {AbortController | null} */
let shown = null;

/** Show them, or take them away. */
export function show_hints() {
  if (shown) {
    shown.abort();
    return;
  }
  const things = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(PRESSED)]).filter(can_be_pressed);
  const names = labels(things.length);
  const over = /** @type {HTMLElement} */ (h("div", { class: "hints", popover: "manual", role: "status", "aria-label": "Type the letters of what you want to press" }));
  const marks = things.map((thing, at) => mark(thing, names[at]));
  over.append(...marks);
  document.body.append(over);
  over.showPopover();
  const ended = (shown = new AbortController());
  const { signal } = ended;
  signal.addEventListener("abort", () => (over.remove(), (shown = null)));
  let typed = "";
  /** @param {KeyboardEvent} event */
  const take = (event) => {
    if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    // By place where the key has no Latin letter, as everywhere.
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace("Key", "").toLowerCase();
    typed += letter;
    const left = names.filter((name) => name.startsWith(typed));
    marks.forEach((one, at) => (one.hidden = !names[at].startsWith(typed)));
    if (event.key !== "Escape" && left.length && left[0] !== typed) return;
    const chosen = event.key === "Escape" ? undefined : things[names.indexOf(typed)];
    ended.abort();
    if (chosen) press(chosen);
  };
  document.addEventListener("keydown", take, { capture: true, signal });
  for (const kind of ["pointerdown", "scroll", "resize"]) window.addEventListener(kind, () => ended.abort(), { capture: true, signal });
}

/** @param {HTMLElement} thing */
function can_be_pressed(thing) {
  const box = thing.getBoundingClientRect();
  if (!thing.checkVisibility({ visibilityProperty: true }) || !box.width || box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth) return false;
  if (thing.matches(":disabled, [aria-disabled=true], [aria-hidden=true]")) return false;
  const seen = document.elementFromPoint(Math.min(innerWidth - 1, box.left + box.width / 2), Math.min(innerHeight - 1, box.top + box.height / 2));
  return seen === null || thing.contains(seen) || seen.contains(thing);
}

/** @param {HTMLElement} thing @param {string} name */
function mark(thing, name) {
  const box = thing.getBoundingClientRect();
  const made = /** @type {HTMLElement} */ (h("kbd", { class: "hint" }, name.toUpperCase()));
  made.style.left = `${Math.max(0, box.left - 4)}px`;
  made.style.top = `${Math.max(0, box.top - 4)}px`;
  return made;
}

/** Names of one letter while they last, of two otherwise; none begins another. @param {number} count @returns {string[]} */
function labels(count) {
  if (count <= LETTERS.length) return [...LETTERS].slice(0, count);
  return Array.from({ length: count }, (_, at) => LETTERS[Math.floor(at / LETTERS.length) % LETTERS.length] + LETTERS[at % LETTERS.length]);
}

/** @param {HTMLElement} thing */
function press(thing) {
  thing.focus();
  if (!thing.matches("input:not([type=checkbox], [type=radio], [type=button]), select, textarea")) thing.click();
}
