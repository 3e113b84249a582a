// @ts-check
// The faces around the one that is drawn on: nine before and nine after, each with what was done on it.

import { h, StudioElement } from "../../kit/element.js";
import { Thumbs } from "../../kit/thumbs.js";

/** @typedef {{name: string, state: "none" | "drawn" | "confirmed" | "skipped" | "applied", clip: string, frame: number, version: string}} Face */

const BESIDE = 9;
export const STATES = { none: "nothing drawn", drawn: "drawn", confirmed: "confirmed", skipped: "skipped", applied: "mask applied" };
const MARKS = { none: "", drawn: "●", confirmed: "✓", skipped: "✕", applied: "◐" };

/** `<us-mask-strip>`: `show` it faces; says `pick` with the place of the face that was clicked. */
export class MaskStrip extends StudioElement {
  thumbs = new Thumbs(() => this.pictures());
  /** @type {Map<string, any>} */
  cells = new Map();

  enter() {
    this.setAttribute("role", "listbox");
    this.setAttribute("aria-label", "Faces around this one");
  }

  leave() {
    this.thumbs.close();
  }

  /** @param {string} faceset @param {Face[]} faces with holes where a face is not here @param {number} at */
  show(faceset, faces, at) {
    this.thumbs.faceset = faceset;
    const before = this.cells;
    this.cells = new Map();
    for (let place = Math.max(0, at - BESIDE); place < Math.min(faces.length, at + BESIDE + 1); place += 1) {
      const face = faces[place];
      if (!face) continue;
      const key = `${faceset}/${face.name}/${face.state}`;
      const cell = before.get(key) ?? this.cell(face);
      this.cells.set(key, cell);
      cell.dataset.version = face.version;
      cell.onclick = () => this.dispatchEvent(new CustomEvent("pick", { detail: place }));
      cell.setAttribute("aria-selected", String(place === at));
    }
    this.replaceChildren(...this.cells.values());
    this.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest", inline: "center" });
    this.pictures();
    this.thumbs.wish([...this.cells.values()].map((cell) => cell.dataset.version));
  }

  /** A face that was drawn on is another file; until its thumbnail is here the one of before stays. */
  pictures() {
    for (const cell of this.cells.values()) {
      const here = this.thumbs.here(cell.dataset.version);
      if (here && cell.firstElementChild.src !== here) cell.firstElementChild.src = here;
    }
  }

  /** @param {Face} face */
  cell(face) {
    const words = `${face.clip} ${face.frame}: ${STATES[face.state]}`;
    return h(
      "button",
      { type: "button", class: `mask-cell ${face.state}`, role: "option", "data-face": face.name, "data-tip": words, "aria-label": words },
      h("img", { alt: "", width: 64, height: 64, decoding: "async" }),
      h("span", { class: "mask-state", "aria-hidden": "true" }, MARKS[face.state]),
    );
  }
}

customElements.define("us-mask-strip", MaskStrip);
