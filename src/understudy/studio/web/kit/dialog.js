// @ts-check
// Questions over the page. The browser keeps the focus inside, Escape says no, and the room's keys rest meanwhile.

import { outbox } from "./api.js";
import { h, say } from "./element.js";
import { forget_keys, have_keys } from "./keys.js";
import { live } from "./live.js";
import { keep_focus } from "./slot.js";
import { toast_error } from "./toast.js";

const SENDING = "Sending…";
// Nobody is locked in: what is not sent is offered by the next window, and can be dropped there (`shell/left.js`).
const LOST = "The connection is lost; this is sent when it is back. Where this window is closed before, the next one asks first.";

/**
 * @typedef {object} Choice
 * @property {string} label
 * @property {any} value what `ask` answers
 * @property {"" | "primary" | "danger"} [kind] `primary` is pressed by Enter
 * @property {string} [key] a letter that presses it
 */

/**
 * Ask, and answer the chosen value, or null for Escape. `attempt` does what was chosen, unless that is a no: where it is
 * refused the sentence stands in the question, which stays open with all that was typed. While it is under way nothing
 * says no: what was sent would be done after it.
 * @param {{title: string, words?: string, content?: Node | Node[], choices?: Choice[], wide?: boolean, attempt?: (value: any) => unknown}} question
 * @returns {Promise<any>}
 */
export function ask({ title, words, content, choices = [{ label: "OK", value: true, kind: "primary" }], wide = false, attempt }) {
  const opener = /** @type {HTMLElement | null} */ (document.activeElement);
  // What was clicked doesn't have the keys afterwards: Enter would press it again instead of going on.
  const is_clicked = opener?.matches("button:not(:focus-visible)");
  const give_focus_back = is_clicked ? () => opener?.blur() : keep_focus();
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: wide ? "wide" : "", "aria-label": title }));
  /** @type {any} */
  let answer = null;
  const wrong = h("p", { class: "bad refused", role: "alert", hidden: true });
  const waits = h("span", { class: "grow small dim", role: "status" });
  const is_busy = () => dialog.hasAttribute("aria-busy");
  const pick = async (/** @type {Choice} */ choice) => {
    if (is_busy()) return;
    if (attempt && choice.value && !(await went_well(() => attempt(choice.value), { dialog, wrong, waits, noes }))) return;
    answer = choice.value;
    dialog.close();
  };
  const row = choices.map((choice) =>
    h("button", { type: choice.kind === "primary" ? "submit" : "button", class: choice.kind ?? "", onclick: () => choice.kind !== "primary" && pick(choice), ...shortcut(choice) }, choice.label, key_of(choice) ? h("kbd", { "aria-hidden": "true" }, key_of(choice)) : null),
  );
  const noes = row.filter((_, index) => !choices[index].value);
  const primary = choices.find((choice) => choice.kind === "primary");
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (primary) pick(primary);
  };
  const form = /** @type {HTMLFormElement} */ (h("form", { onsubmit: send }, h("h2", {}, title), words ? h("p", {}, words) : null, ...[content ?? []].flat(), wrong, h("div", { class: "choices" }, waits, row)));
  dialog.append(form);
  document.body.append(dialog);
  /** @type {import("./keys.js").KeyAction[]} */
  const keys = choices.filter((choice) => choice.key).map((choice) => ({ key: /** @type {string} */ (choice.key), does: choice.label, run: () => pick(choice) }));
  // In fields the browser itself sends a form at Enter; in a list it would open the list, and on bare ground do nothing.
  if (primary) keys.push({ key: "Enter", does: primary.label, run: () => form.requestSubmit() });
  have_keys(dialog, title, [{ key: "Escape", does: "Close", run: () => is_busy() || dialog.close() }, ...keys], { alone: true });
  dialog.addEventListener("cancel", (event) => is_busy() && event.preventDefault()); // a way to close of the device's own
  dialog.showModal();
  // Where nothing is to be typed the browser begins with the first button, and Enter would press that.
  if (row.some((one) => one === document.activeElement)) row[choices.findIndex((choice) => choice === primary)]?.focus();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      forget_keys(dialog);
      dialog.remove();
      give_focus_back();
      done(answer);
    });
  });
}

/** The key that presses it, as it stands on the button; "" where it has none. @param {Choice} choice */
function key_of({ key, kind, value }) {
  if (key) return key.toUpperCase();
  return kind === "primary" ? "Enter" : value ? "" : "Esc";
}

/** The same for those who listen. @param {Choice} choice */
function shortcut(choice) {
  const key = key_of(choice);
  return key ? { "aria-keyshortcuts": key === "Esc" ? "Escape" : key } : {};
}

/**
 * Whether it was done. What was refused is said in the question, or where somebody went to another room meanwhile, as
 * everything else is.
 * @param {() => unknown} attempt
 * @param {{dialog: HTMLElement, wrong: HTMLElement, waits: HTMLElement, noes: HTMLButtonElement[]}} question
 */
async function went_well(attempt, { dialog, wrong, waits, noes }) {
  const say_wait = () => say(waits, outbox.waiting.length || !live.connected ? LOST : SENDING);
  const hold = (/** @type {boolean} */ is_held) => noes.forEach((no) => (no.disabled = is_held));
  const over = new AbortController();
  for (const topic of ["lost", "connected"]) live.addEventListener(topic, say_wait, over);
  outbox.addEventListener("change", say_wait, over);
  wrong.hidden = true;
  dialog.setAttribute("aria-busy", "true");
  hold(true);
  say_wait();
  try {
    await attempt();
    return true;
  } catch (error) {
    if (!dialog.isConnected) toast_error(error);
    wrong.textContent = error instanceof Error ? error.message : String(error);
    wrong.hidden = false;
    return false;
  } finally {
    over.abort();
    dialog.removeAttribute("aria-busy");
    hold(false);
    say(waits, "");
  }
}

/** Say no to all questions that are open, e.g. since somebody went to another room. */
export function close_dialogs() {
  for (const dialog of document.querySelectorAll("dialog[open]")) /** @type {HTMLDialogElement} */ (dialog).close();
}

/**
 * @param {string} title @param {string} words @param {string} label what will be done, e.g. "Move 12 faces to the trash"
 * @returns {Promise<boolean>}
 */
export async function sure(title, words, label) {
  const choices = [{ label: "Cancel", value: false }, { label, value: true, kind: /** @type {"primary"} */ ("primary") }];
  return Boolean(await ask({ title, words, choices }));
}

/**
 * @param {string} title @param {string} label of the field @param {string} [value] @param {(text: string) => unknown} [attempt] does what was typed, as `ask` has it
 * @returns {Promise<string | null>}
 */
export async function ask_text(title, label, value = "", attempt = undefined) {
  const field = h("input", { type: "text", value, autofocus: true, size: 40 });
  const choices = [{ label: "Cancel", value: false }, { label: "OK", value: true, kind: /** @type {"primary"} */ ("primary") }];
  const agreed = await ask({ title, content: h("label", {}, label, field), choices, attempt: attempt && (() => attempt(field.value)) });
  return agreed ? field.value : null;
}
