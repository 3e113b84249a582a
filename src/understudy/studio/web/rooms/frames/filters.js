// @ts-check
// Which frames are gone through: one button for every kind with its number, and what counts as a bad score.

import { button } from "../../kit/button.js";
import { h, StudioElement } from "../../kit/element.js";
import { FILTERS, KINDS } from "./states.js";

const KIND_OF = /** @type {Record<string, number>} */ ({ "no face": 6, overlay: 7, several: 3, bad: 4, drawn: 2, "": 1 });

/** `<us-frames-filters>`: shows a room's filters and sets them. */
export class FramesFilters extends StudioElement {
  /** @type {Map<string, HTMLButtonElement>} */
  buttons = new Map();

  enter() {
    this.setAttribute("role", "toolbar");
    this.setAttribute("aria-label", "Which frames");
  }

  /** @param {import("./room.js").FramesRoom} room */
  #build(room) {
    for (const { name, words, says } of FILTERS) {
      const dot = h("span", { class: "frames-dot", "aria-hidden": "true" });
      dot.style.background = `var(${KINDS[KIND_OF[name]].color})`;
      const run = () => room.set_filter(name);
      this.buttons.set(name, h("button", { type: "button", "data-filter": name, "data-tip": says, "data-key": "B", onclick: run }, dot, h("span", {}, words), h("b", {})));
    }
    this.error = /** @type {HTMLInputElement} */ (h("input", { type: "range", min: 5, max: 150, "aria-label": "Points that may be off by more than this count as bad" }));
    this.shown = h("span");
    this.error.addEventListener("input", () => {
      if (room.states) room.states.most_error = Number(this.error?.value);
      room.set_filter(room.filter);
    });
    const { next, last } = room.does;
    this.replaceChildren(...this.buttons.values(), button(last, { icon: "⇤", label: "" }), button(next, { icon: "⇥", label: "" }), h("span", { class: "grow" }), h("label", {}, "Bad beyond an error of", this.error, this.shown));
  }

  /** The next kind that there are frames of. @param {import("./room.js").FramesRoom} room @param {number} by */
  turn(room, by) {
    const names = FILTERS.map(({ name }) => name).filter((name) => name === "" || name === room.filter || room.states?.number(name));
    room.set_filter(names[(names.indexOf(room.filter) + by + names.length) % names.length]);
  }

  /** @param {import("./room.js").FramesRoom} room */
  show(room) {
    if (!room.states) return;
    if (!this.buttons.size) this.#build(room);
    for (const [name, one] of this.buttons) {
      one.setAttribute("aria-pressed", String(name === room.filter));
      /** @type {HTMLElement} */ (one.lastChild).textContent = String(room.states.number(name));
    }
    if (this.error) this.error.value = String(room.states.most_error);
    if (this.shown) this.shown.textContent = `${(room.states.most_error / 10).toFixed(1)} %`;
  }
}

customElements.define("us-frames-filters", FramesFilters);
