// @ts-check
// The bar above the gallery: order, groups and filter in the words of the `faceset` commands.

import { button, press_down } from "../../kit/button.js";
import { h, StudioElement } from "../../kit/element.js";
import { choose } from "../../kit/menu.js";

/** @typedef {import("./gallery.js").Asked} Asked */
/** @typedef {{sorts: {name: string, help: string, needs: string, chooses: boolean}[], columns: {name: string, help: string}[], groups: {name: string, words: string}[]}} Options */

/** Filters that are asked for most; the field shows what they say, to be changed. */
const USUAL = [
  ["Blurred", "sharpness < 0.25"],
  ["Too dark", "brightness < 0.2"],
  ["Cut by the frame", "black_share > 0.1"],
  ["Small in the frame", "source_size_px < 64"],
  ["Several in one frame", "faces_in_frame > 1"],
  ["Badly aligned", "distance > 0.06"],
  ["Placed by neighbours", "filled"],
  ["Unsure finds", "score < 0.8"],
  ["With drawn regions", "polygons > 0"],
  ["Confirmed in Masks", "drawing_mark == 'confirmed'"],
  ["Skipped in Masks", "drawing_mark == 'skipped'"],
  ["Perhaps another person", "stranger > 0.6"],
];

/** Event `asked` with the whole of what is asked for in detail. */
export class FilterBar extends StudioElement {
  /** @type {Options} */
  options = { sorts: [], columns: [], groups: [] };
  /** @type {Asked} */
  asked = { where: "", sort: "", backwards: false, limit: "", group: "" };

  enter() {
    this.classList.add("bar");
    this.setAttribute("role", "search");
    const { sorts, columns, groups } = this.options;
    const order = (/** @type {any[]} */ list) => list.map((one) => h("option", { value: one.name, title: one.help ?? "" }, one.words ?? one.name));
    this.sort = h("select", { "aria-label": "Order", "data-tip": "Order of the faces", "data-key": "S", onchange: () => this.#ask({ sort: this.sort.value }) }, h("option", { value: "" }, "clip and frame"), h("optgroup", { label: "Sorts" }, ...order(sorts)), h("optgroup", { label: "Columns" }, ...order(columns)));
    this.group = h("select", { "aria-label": "Groups", "data-tip": "Headings between the faces", "data-key": "G", onchange: () => this.#ask({ group: this.group.value }) }, h("option", { value: "" }, "no groups"), ...order(groups));
    this.limit = h("input", { type: "number", min: "1", placeholder: "all", "aria-label": "Only the first so many", "data-tip": "Only the first so many; the target of sorts that choose", onchange: () => this.#ask({ limit: this.limit.value }) });
    this.where = h("input", { type: "text", class: "where", spellcheck: false, placeholder: "yaw_deg > 20 and clip == 'a'", "aria-label": "Filter", "data-tip": "A filter over the columns; Enter applies it", "data-key": "/", list: "face-columns", onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this.where.blur(), onchange: () => this.#ask({ where: this.where.value.trim() }) });
    const names = h("datalist", { id: "face-columns" }, ...columns.map((one) => h("option", { value: one.name }, one.help)));
    this.turn = button(this.turn_action(), { label: "", icon: "⇅", pressed: this.asked.backwards });
    this.usual = button({ key: "f", does: "Filters that are asked for most", run: () => this.pick() }, { label: "Filter", icon: "▾" });
    this.clear = button({ key: "0", does: "Show all faces", run: () => this.show_all() }, { label: "", icon: "×", kind: "quiet" });
    this.append(h("label", {}, "Order", this.sort), this.turn, h("label", {}, "Groups", this.group), this.usual, this.where, this.clear, h("label", {}, "First", this.limit), names);
    this.show(this.asked);
  }

  /** @returns {import("../../kit/keys.js").KeyAction} */
  turn_action() {
    return { key: "b", does: "Turn the order round", run: () => this.#ask({ backwards: !this.asked.backwards }) };
  }

  /** @returns {import("../../kit/keys.js").KeyAction[]} */
  keys() {
    return [
      this.turn_action(),
      { key: "s", does: "Choose the order", run: () => this.sort.focus() },
      { key: "g", does: "Choose the groups", run: () => this.group.focus() },
      { key: "/", does: "Write a filter", run: () => this.where.select() },
      { key: "f", does: "Filters that are asked for most", run: () => this.pick() },
      { key: "0", does: "Show all faces", run: () => this.show_all() },
    ];
  }

  /** @param {Asked} asked */
  show(asked) {
    this.asked = asked;
    this.sort.value = asked.sort;
    this.group.value = asked.group;
    this.limit.value = asked.limit;
    this.where.value = asked.where;
    this.where.removeAttribute("aria-invalid");
    /** @type {HTMLButtonElement} */ (this.clear).hidden = !asked.where && !asked.limit;
    press_down(/** @type {HTMLButtonElement} */ (this.turn), asked.backwards);
    const sort = this.options.sorts.find((one) => one.name === asked.sort);
    const column = this.options.columns.find((one) => one.name === asked.sort);
    this.sort.dataset.tip = sort?.help ?? column?.help ?? "Order of the faces";
  }

  /** What was typed can't be; it stays to be mended, while what was asked for before counts. @param {string} where */
  refuse(where) {
    this.where.value = where;
    this.where.setAttribute("aria-invalid", "true");
    /** @type {HTMLButtonElement} */ (this.clear).hidden = false;
  }

  show_all() {
    this.#ask({ where: "", limit: "" });
  }

  async pick() {
    const filter = await choose(/** @type {HTMLElement} */ (this.usual), USUAL.map(([label, where]) => ({ label, value: where, note: where, checked: this.asked.where === where })));
    if (filter) this.#ask({ where: filter });
  }

  /** @param {Partial<Asked>} change */
  #ask(change) {
    this.show({ ...this.asked, ...change });
    this.dispatchEvent(new CustomEvent("asked", { detail: this.asked }));
  }
}

customElements.define("us-faces-filter", FilterBar);
