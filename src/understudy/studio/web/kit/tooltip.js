// @ts-check
// One tooltip for the page: what a thing does (`data-tip`), its key (`data-key`), why it can't be used (`data-why`).
// It comes for the pointer and for keyboard focus, and Escape hides it.

import { h, spans } from "./element.js";
import { keys_of } from "./keys.js";

const WAIT_MS = 450;
/** @type {HTMLElement} */
const tip = h("div", { class: "tip", popover: "manual", role: "tooltip", id: "us-tip" });
/** @type {HTMLElement | null} */
let shown_for = null;
let timer = 0;

/** @param {Event} event */
function owner(event) {
  const target = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
  return /** @type {HTMLElement | null} */ (target);
}

/** @param {HTMLElement} element */
function show(element) {
  if (!element.isConnected) return;
  const { tip: words = "", key, why } = element.dataset;
  tip.replaceChildren(...spans(words), ...keys_of(words, key).flatMap((one) => [" ", h("kbd", {}, one)]), why ? h("div", { class: "warn" }, why) : "");
  tip.showPopover();
  const box = element.getBoundingClientRect();
  const below = box.bottom + 6 + tip.offsetHeight < innerHeight;
  tip.style.top = `${below ? box.bottom + 6 : box.top - 6 - tip.offsetHeight}px`;
  tip.style.left = `${Math.max(4, Math.min(innerWidth - tip.offsetWidth - 4, box.left + box.width / 2 - tip.offsetWidth / 2))}px`;
  element.setAttribute("aria-describedby", tip.id);
  shown_for = element;
}

function hide() {
  clearTimeout(timer);
  if (!shown_for) return;
  shown_for.removeAttribute("aria-describedby");
  shown_for = null;
  tip.hidePopover();
}

/** Begin; called once by the shell. */
export function begin_tooltips() {
  document.body.append(tip);
  document.addEventListener("pointerover", (event) => {
    const element = owner(event);
    if (element && element === shown_for) return;
    hide(); // also the one that is about to come
    if (element) timer = setTimeout(() => show(element), WAIT_MS);
  });
  document.addEventListener("focusin", (event) => {
    hide();
    const element = owner(event);
    if (element?.matches(":focus-visible")) show(element);
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("pointerdown", hide, true);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide(), true);
  document.addEventListener("scroll", hide, true);
}
