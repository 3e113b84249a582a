// @ts-check
// Where the cells of a grid with headings lie. Only arithmetic: a group costs one entry, a cell none.

/**
 * @typedef {object} Block one group
 * @property {string} heading "" where there is none
 * @property {number} first index of its first cell
 * @property {number} count
 * @property {number} top px from the grid's top to its heading
 * @property {number} cells_top px to its first row
 */

export class GridRows {
  /**
   * @param {{count: number, groups: [string, number][], columns: number, row_px: number, heading_px: number}} facts
   */
  constructor({ count, groups, columns, row_px, heading_px }) {
    this.count = count;
    this.columns = Math.max(1, columns);
    this.row_px = row_px;
    /** @type {Block[]} */
    this.blocks = [];
    let first = 0;
    let top = 0;
    for (const [heading, many] of groups.length ? groups : /** @type {[string, number][]} */ ([["", count]])) {
      const cells_top = top + (heading ? heading_px : 0);
      this.blocks.push({ heading, first, count: many, top, cells_top });
      first += many;
      top = cells_top + Math.ceil(many / this.columns) * row_px;
    }
    this.height = top;
  }

  /** The last block that `is_before` holds for. @param {(block: Block) => boolean} is_before */
  #last(is_before) {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (is_before(this.blocks[middle])) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The block of a cell. @param {number} index */
  block_of(index) {
    return this.blocks[this.#last((block) => block.first <= index)];
  }

  /** Column and px from the top of a cell. @param {number} index */
  place(index) {
    const block = this.block_of(index);
    const inside = index - block.first;
    return { column: inside % this.columns, top: block.cells_top + Math.floor(inside / this.columns) * this.row_px };
  }

  /**
   * Cells and headings between two heights.
   * @param {number} from px @param {number} to px
   * @returns {{first: number, end: number, headings: Block[]}} cells first to before end
   */
  between(from, to) {
    if (!this.count) return { first: 0, end: 0, headings: [] };
    const a = this.#last((block) => block.top <= from);
    const b = this.#last((block) => block.top <= to);
    const start = this.blocks[a];
    const last = this.blocks[b];
    const row = (/** @type {Block} */ block, /** @type {number} */ at) => Math.floor((at - block.cells_top) / this.row_px);
    const first = start.first + Math.min(start.count, Math.max(0, row(start, from)) * this.columns);
    const end = last.first + Math.min(last.count, Math.max(0, row(last, to) + 1) * this.columns);
    return { first, end, headings: this.blocks.slice(a, b + 1).filter((block) => block.heading) };
  }

  /** The cell so many rows further, in its column where that row has one. @param {number} index @param {number} rows */
  rows_on(index, rows) {
    let at = index;
    for (let step = 0; step < Math.abs(rows); step += 1) {
      const next = rows > 0 ? this.#below(at) : this.#above(at);
      if (next === at) break;
      at = next;
    }
    return at;
  }

  /** @param {number} index */
  #below(index) {
    const block = this.block_of(index);
    const column = (index - block.first) % this.columns;
    const row_start = index - column;
    if (row_start + this.columns < block.first + block.count) return Math.min(index + this.columns, block.first + block.count - 1);
    const next = this.blocks.slice(this.blocks.indexOf(block) + 1).find((one) => one.count);
    return next ? next.first + Math.min(column, next.count - 1) : index;
  }

  /** @param {number} index */
  #above(index) {
    const block = this.block_of(index);
    if (index - this.columns >= block.first) return index - this.columns;
    const before = this.blocks.slice(0, this.blocks.indexOf(block)).reverse().find((one) => one.count);
    if (!before) return index;
    const column = (index - block.first) % this.columns;
    const last_row = before.first + Math.floor((before.count - 1) / this.columns) * this.columns;
    return Math.min(last_row + column, before.first + before.count - 1);
  }

  /** All cells that a rectangle touches. @param {{left: number, top: number, right: number, bottom: number}} box px @param {number} cell_px */
  within(box, cell_px) {
    /** @type {number[]} */
    const found = [];
    const { first, end } = this.between(box.top, box.bottom);
    for (let index = first; index < end; index += 1) {
      const { column, top } = this.place(index);
      if (column * cell_px < box.right && (column + 1) * cell_px > box.left && top < box.bottom && top + this.row_px > box.top) found.push(index);
    }
    return found;
  }
}
