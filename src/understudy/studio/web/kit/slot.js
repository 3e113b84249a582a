// @ts-check
// A place of a room that is drawn anew as news come: never for the same facts, never under a pressed button, and the focus
// stays on what it was on.

/** @typedef {{facts: string, timer?: ReturnType<typeof setTimeout>}} Drawn */

/** @type {WeakMap<HTMLElement, Drawn>} */
const drawn = new WeakMap();

const LET_GO_MS = 50;

/** @param {Element} element what stands on it, for whoever can't see it */
const words_of = (element) => element.getAttribute("aria-label") ?? element.textContent ?? "";

/** All that is the same kind of thing, with the same words. @param {Element} element */
function alike(element) {
  return [...document.querySelectorAll(element.localName)].filter((one) => words_of(one) === words_of(element));
}

/**
 * Remember what has the focus.
 * @returns {() => void} gives it back, also to what was drawn in its place since
 */
export function keep_focus() {
  const held = /** @type {HTMLElement | null} */ (document.activeElement);
  if (!held || held === document.body) return () => {};
  const at = alike(held).indexOf(held);
  return () => {
    const there = held.isConnected ? held : /** @type {HTMLElement | undefined} */ (alike(held)[at]);
    there?.focus({ preventScroll: !held.isConnected });
  };
}

/**
 * Draw what a slot shows, where it would be another than is there.
 * @param {HTMLElement} slot @param {any} facts all that it is made of @param {() => Node} make
 */
export function draw(slot, facts, make) {
  const told = JSON.stringify(facts);
  clearTimeout(drawn.get(slot)?.timer);
  if (slot.matches(":active")) {
    const timer = setTimeout(() => draw(slot, facts, make), LET_GO_MS);
    drawn.set(slot, { facts: drawn.get(slot)?.facts ?? "", timer });
    return;
  }
  if (drawn.get(slot)?.facts === told) return;
  drawn.set(slot, { facts: told });
  const back = slot.contains(document.activeElement) ? keep_focus() : () => {};
  slot.replaceChildren(make());
  back();
}
