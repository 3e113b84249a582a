// @ts-check
// Short messages over the room's picture (what it marks by `data-toasts`), so that they lie on no control. What was refused
// stays until it is closed; the rest leaves by itself.

import { h } from "./element.js";

/** @type {HTMLElement | undefined} */
let place;
/** @type {ReturnType<typeof setInterval> | undefined} */
let putting;

const [LEAVES_AFTER_S, PUT_EVERY_MS] = [6, 200];

function toasts() {
  if (!place) {
    place = h("div", { class: "toasts", popover: "manual", role: "region", "aria-label": "Messages" });
    document.body.append(/** @type {HTMLElement} */ (place));
  }
  return /** @type {HTMLElement} */ (place);
}

/** As long as a message lies: another room, whose picture lies elsewhere, builds itself in its own time; so does one whose panels are moved. */
function put_again() {
  if (place?.childElementCount) return put(place);
  clearInterval(putting);
  putting = undefined;
}

/** At the lower right of the room's picture; at that of the page under a dialog, or where a room marks none. @param {HTMLElement} where */
function put(where) {
  const marked = document.querySelector("dialog[open]") ? null : document.querySelector("us-shell main [data-toasts]");
  const box = marked?.getBoundingClientRect();
  const seen = box !== undefined && box.height > 0 && box.bottom > 80;
  where.style.right = `${seen ? Math.max(12, innerWidth - box.right + 12) : 16}px`;
  where.style.bottom = `${seen ? Math.max(12, innerHeight - box.bottom + 12) : 16}px`;
}

/**
 * Say something.
 * @param {string} words
 * @param {{kind?: "info" | "good" | "bad", seconds?: number, label?: string, run?: () => void}} [how] `label` and `run` make a
 *   button, e.g. Undo. Without `seconds`, `bad` stays and the others leave after six.
 * @returns {() => void} takes it away
 */
export function toast(words, { kind = "info", seconds, label, run } = {}) {
  const where = toasts();
  for (const old of where.querySelectorAll(".toast")) if (old.querySelector(".words")?.textContent === words) old.remove();
  const close = () => {
    one.remove();
    if (!where.childElementCount && where.matches(":popover-open")) where.hidePopover();
  };
  const act = label && run ? h("button", { type: "button", onclick: () => (run(), close()) }, label) : null;
  const shut = h("button", { type: "button", class: "quiet", "aria-label": "Close this message", onclick: close }, "×");
  const one = h("div", { class: `toast ${kind}`, role: kind === "bad" ? "alert" : "status" }, h("span", { class: "words" }, words), act, shut);
  // Shown anew, so that it lies above a dialog that was opened since.
  if (where.matches(":popover-open")) where.hidePopover();
  where.append(one);
  put(where);
  putting ??= setInterval(put_again, PUT_EVERY_MS);
  where.showPopover();
  const stay_s = seconds ?? (kind === "bad" ? 0 : LEAVES_AFTER_S);
  if (stay_s) setTimeout(close, stay_s * 1000);
  return close;
}

/**
 * Say what went wrong: the library's own sentence where it refused.
 * @param {unknown} error
 */
export function toast_error(error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  if (/** @type {any} */ (error)?.kind === "ConnectionLost") return; // the shell says it, once
  toast(error instanceof Error ? error.message : String(error), { kind: "bad" });
}

/** What was refused in a room that was left has been read, and leaves as the other messages do. */
export function let_toasts_go() {
  for (const one of place?.querySelectorAll(".toast") ?? []) setTimeout(() => /** @type {HTMLElement | null} */ (one.querySelector("button:last-child"))?.click(), LEAVES_AFTER_S * 1000);
}

/** Close the newest message. Returns false where there is none. */
export function close_toast() {
  const newest = place?.lastElementChild?.querySelector("button:last-child");
  if (newest) /** @type {HTMLElement} */ (newest).click();
  return Boolean(newest);
}
