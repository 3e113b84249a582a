// @ts-check
// A bar between two panes that is dragged, or moved by arrows. Where a hand put it is kept on this machine; where none did,
// it follows the window, so that a pane is not narrow on a wide wall because a small window was opened first.

import { h, StudioElement } from "./element.js";

/**
 * `<us-split>` between two children of a flex container: sets the size of the one before it (or the one after it with `behind`).
 * Properties: `name` under which the size is kept, `size` at first in px in a window of up to 1700, `smallest` in px, `upright` for panes
 * above each other.
 */
export class Split extends StudioElement {
  name = "";
  size = 280;
  smallest = 120;
  upright = false;
  behind = false;

  enter() {
    this.tabIndex = 0;
    this.setAttribute("role", "separator");
    this.setAttribute("aria-orientation", this.upright ? "horizontal" : "vertical");
    this.setAttribute("aria-label", "Size of the panes; arrows move it");
    this.#set(this.#kept || this.#usual);
    this.listen(window, "resize", () => !this.#kept && this.#set(this.#usual));
    this.listen(this, "pointerdown", (event) => this.#drag(event));
    this.listen(this, "dblclick", () => (localStorage.removeItem(`pane ${this.name}`), this.#set(this.#usual)));
    this.listen(this, "keydown", (event) => {
      const step = { ArrowLeft: -16, ArrowUp: -16, ArrowRight: 16, ArrowDown: 16 }[/** @type {string} */ (event.key)];
      if (!step) return;
      event.preventDefault();
      this.#put(this.now + (this.behind ? -step : step));
    });
  }

  get #kept() {
    return this.name ? Number(localStorage.getItem(`pane ${this.name}`)) : 0;
  }

  /** Wider where the window is, as the words are; narrower in a small one, where what is between two panes needs room. */
  get #usual() {
    const share = innerWidth < 1000 ? innerWidth / 1000 : Math.min(1.5, Math.max(1, innerWidth / 1700));
    return this.upright ? this.size : Math.round(this.size * share);
  }

  get pane() {
    return /** @type {HTMLElement | null} */ (this.behind ? this.nextElementSibling : this.previousElementSibling);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    event.preventDefault();
    this.setPointerCapture(event.pointerId);
    const from = this.upright ? event.clientY : event.clientX;
    const before = this.now;
    const move = (/** @type {PointerEvent} */ moved) => {
      const by = (this.upright ? moved.clientY : moved.clientX) - from;
      this.#put(before + (this.behind ? -by : by));
    };
    this.addEventListener("pointermove", move);
    this.addEventListener("pointerup", () => this.removeEventListener("pointermove", move), { once: true });
  }

  /** By hand: kept. @param {number} size_px */
  #put(size_px) {
    this.#set(size_px);
    if (this.name) localStorage.setItem(`pane ${this.name}`, String(this.now));
  }

  /** @param {number} size_px */
  #set(size_px) {
    const room = (this.upright ? this.parentElement?.clientHeight : this.parentElement?.clientWidth) || 1e6;
    this.now = Math.round(Math.max(this.smallest, Math.min(size_px, room - this.smallest)));
    if (this.pane) {
      this.pane.style.flex = `0 0 ${this.now}px`;
      this.setAttribute("aria-valuenow", String(this.now));
    }
    this.dispatchEvent(new Event("resize"));
  }

  now = 0;
}

customElements.define("us-split", Split);

/** @param {Partial<Split>} properties */
export function split(properties) {
  return /** @type {Split} */ (h("us-split", properties));
}
