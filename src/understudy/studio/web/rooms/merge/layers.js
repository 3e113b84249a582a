// @ts-check
// Every step of the frame's merge as a small picture: crop, masks, seam, colours. A click shows it large in the view.

import { get } from "../../kit/api.js";
import { busy } from "../../kit/busy.js";
import { h, StudioElement } from "../../kit/element.js";
import { toast_error } from "../../kit/toast.js";

/** `<us-merge-layers>`. Says `show` {bitmap, name} for one step, or null to show the frame again. */
export class MergeLayers extends StudioElement {
  chosen = "";
  #number = 0;
  /** @type {() => Record<string, string>} */
  ask = () => ({});

  enter() {
    this.cells = h("div", { class: "cells" });
    this.numbers = h("dl", { class: "numbers small" });
    this.replaceChildren(h("p", { class: "dim small" }, "How this frame came about, in order. Click a step to see it large, again to go back."), this.cells, h("h3", {}, "Numbers"), this.numbers);
    this.refresh();
  }

  async refresh() {
    if (!this.isConnected || !this.ask().clip) return;
    const number = (this.#number += 1);
    const facts = { ...this.ask(), width: "480", number: String(number) };
    try {
      const told = await busy(this, "Working out every step…", get(`merge/layers?${new URLSearchParams(facts)}`));
      if (number !== this.#number || !told.layers) return;
      this.cells.replaceChildren(...told.layers.map((/** @type {any} */ layer) => this.#cell(told.key, layer.name)));
      this.#say_numbers(told.numbers);
      if (this.chosen) this.cells.querySelector(`[data-layer="${this.chosen}"]`)?.click();
    } catch (error) {
      if (number === this.#number) toast_error(error);
    }
  }

  /** Show the frame again. */
  unchoose() {
    this.cells.querySelector('[aria-pressed="true"]')?.click();
  }

  /** @param {string} key @param {string} name */
  #cell(key, name) {
    const img = h("img", { src: `/api/merge/layer?key=${encodeURIComponent(`${key}-${name}`)}`, alt: "", loading: "lazy" });
    const cell = h("button", { type: "button", class: "quiet cell", "data-layer": name, "aria-pressed": "false", onclick: () => this.#choose(cell, img, name) }, img, h("span", { class: "small" }, name.replace(/^face(\d*)-/, (_, n) => (n ? `${n}: ` : "")).replaceAll("-", " ")));
    return cell;
  }

  /** @param {HTMLElement} cell @param {HTMLImageElement} img @param {string} name */
  async #choose(cell, img, name) {
    const off = cell.getAttribute("aria-pressed") === "true";
    for (const other of this.cells.children) other.setAttribute("aria-pressed", String(other === cell && !off));
    this.chosen = off ? "" : name;
    await img.decode().catch(() => {});
    this.dispatchEvent(new CustomEvent("show", { detail: off || !img.naturalWidth ? null : { bitmap: img, name } }));
  }

  /** @param {any} numbers */
  #say_numbers(numbers) {
    const rows = [["ready in", `${numbers.ready_ms} ms`], ["depth", numbers.depth]];
    for (const face of numbers.faces ?? []) {
      rows.push([`${face.name}: width`, `${Math.round(face.face_width_px)} px`], [`${face.name}: in the frame`, `${Math.round(face.side_in_frame_px)} px`], [`${face.name}: colours`, face.transfer]);
      for (const [step, one] of Object.entries(face.steps ?? {})) rows.push([`${face.name}: ${step}`, `${/** @type {any} */ (one).took_ms} ms`]);
    }
    for (const reason of numbers.not_painted ?? []) rows.push(["not painted", reason]);
    this.numbers.replaceChildren(...rows.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]));
  }
}

customElements.define("us-merge-layers", MergeLayers);
