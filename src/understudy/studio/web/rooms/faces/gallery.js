// @ts-check
// Which faces are shown and in which order: the server's table and order, and what a person chose, by name.

import { get, post } from "../../kit/api.js";

/**
 * @typedef {object} Asked in the words of the `faceset` commands
 * @property {string} where @property {string} sort @property {boolean} backwards @property {string} limit @property {string} group
 */

/** Base64 to bytes. @param {string} text */
function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** Events: `changed` when other faces or another order are shown. */
export class Gallery extends EventTarget {
  faceset = "";
  version = "";
  /** @type {string[]} all names in the usual order */
  names = [];
  /** @type {Uint8Array} */
  keys = new Uint8Array();
  /** @type {Uint32Array} places in `names`, first to last */
  order = new Uint32Array();
  /** @type {any[]} */
  values = [];
  /** @type {[string, number][]} */
  groups = [];
  /** What became of faces that are not measured, e.g. left out by the filter. @type {import("../../kit/under_way.js").Unmeasured} */
  unmeasured = { left_out: 0, let_through: 0, last: 0 };
  total = 0;
  /** How far the sort that was asked for is. @type {import("../../kit/under_way.js").Sorting | null} */
  sorting = null;
  /** How far the first reading of the faces is. @type {import("../../kit/under_way.js").Reading | null} */
  reading = null;
  /** @type {Asked} */
  asked = { where: "", sort: "", backwards: false, limit: "", group: "" };
  /** What the faces that are shown were asked for by. */
  shown = this.asked;
  #asking = 0;

  /** How many are shown. */
  get count() {
    return this.order.length;
  }

  /** @param {number} index */
  name(index) {
    return this.names[this.order[index]];
  }

  /** What stands for the content of a face. @param {number} index */
  key(index) {
    const at = this.order[index] * 8;
    let text = "";
    for (let n = at; n < at + 8; n += 1) text += this.keys[n].toString(16).padStart(2, "0");
    return text;
  }

  /** Where faces of these names stand now; those not shown are left out. @param {Iterable<string>} names */
  indices(names) {
    const wanted = new Set(names);
    /** @type {number[]} */
    const found = [];
    if (wanted.size) for (let index = 0; index < this.order.length; index += 1) if (wanted.has(this.names[this.order[index]])) found.push(index);
    return found;
  }

  /** Ask again, and show what is there now. What was asked meanwhile wins. */
  async look() {
    const number = (this.#asking += 1);
    const asked = this.asked;
    const { where, sort, backwards, limit, group } = asked;
    const words = new URLSearchParams({ faceset: this.faceset, where, sort, backwards: String(backwards), group });
    if (limit) words.set("limit", limit);
    const table_words = new URLSearchParams({ faceset: this.faceset });
    const faceset = this.faceset;
    for (let tries = 0; tries < 5; tries += 1) {
      const found = await get(`faces/order?${words}`);
      if (number !== this.#asking) return;
      if (found.sorting) {
        this.sorting = found;
        this.dispatchEvent(new Event("changed"));
        return;
      }
      const known = this.version === found.version && this.faceset_known === faceset;
      const table = known ? null : await get(`faces/table?${table_words}`);
      if (number !== this.#asking) return;
      if (table && table.version !== found.version) continue; // it changed between the two answers
      if (table) this.#take_table(table, faceset);
      this.shown = asked;
      this.#take_order(found);
      return;
    }
  }

  faceset_known = "";

  /** @param {{version: string, names: string[], keys: string}} table @param {string} faceset */
  #take_table(table, faceset) {
    this.version = table.version;
    this.names = table.names;
    this.keys = bytes(table.keys);
    this.faceset_known = faceset;
  }

  /** @param {any} found */
  #take_order(found) {
    this.order = new Uint32Array(bytes(found.places).buffer);
    this.values = found.values;
    this.groups = found.groups;
    this.unmeasured = found.unmeasured;
    this.total = found.total;
    this.sorting = null;
    this.dispatchEvent(new Event("changed"));
  }

  /** Leave faces out at once, before the server has put them away. @param {Set<number>} gone indices */
  leave_out(gone) {
    const stay = [...this.order.keys()].filter((index) => !gone.has(index));
    const counts = this.groups.map(([, count]) => count);
    let group = 0;
    let end = counts[0] ?? 0;
    this.order.forEach((_, index) => {
      while (index >= end && group < counts.length - 1) end += this.groups[(group += 1)][1];
      if (gone.has(index)) counts[group] -= 1;
    });
    this.groups = this.groups.map(([heading], n) => /** @type {[string, number]} */ ([heading, counts[n]])).filter(([, count]) => count);
    if (this.values.length) this.values = stay.map((index) => this.values[index]);
    this.order = Uint32Array.from(stay, (index) => this.order[index]);
    this.total -= gone.size;
    this.dispatchEvent(new Event("changed"));
  }

  /** Give up the sort that goes on. */
  async stop_sorting() {
    if (this.sorting) await this.act("stop-sorting");
  }

  /** @param {string} verb @param {object} [facts] `faceset`: another one than that shown @returns {Promise<any>} */
  act(verb, facts = {}) {
    return post(`faces/${verb}`, { faceset: this.faceset, ...facts });
  }
}
