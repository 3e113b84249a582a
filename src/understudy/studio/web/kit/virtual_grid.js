// @ts-check
// A grid of very many pictures: only cells that are seen are alive, and they are used again. Choosing by mouse,
// keyboard and a drawn rectangle. What a cell shows is its owner's (`paint`, `show`); where it lies, grid_rows.js's.

import { h, StudioElement } from "./element.js";
import { GridRows } from "./grid_rows.js";
import { close_toast } from "./toast.js";

const QUIET_MS = 60; // after the last scroll, before pictures are asked for
const HEADING_PX = 34;
const DRAG_FROM_PX = 5;
const BESIDE_PX = 300; // kept alive above and below what is seen

/**
 * Set `paint` and `settle`, then `fill`. Events: `current` (the face that keys move), `chosen`, `open` (Enter, double click).
 */
export class VirtualGrid extends StudioElement {
  cell_px = 120;
  caption_px = 20;
  label = "Pictures";
  /** Make a new, empty cell. @type {() => HTMLElement} */
  make = () => /** @type {HTMLElement} */ (h("div", { class: "cell" }, h("img", { alt: "", draggable: false, decoding: "async" }), h("span", { class: "caption cut" })));
  /** Show what can be shown at once. @type {(cell: HTMLElement, index: number) => void} */
  paint = () => {};
  /** The cells that are seen, 60 ms after the last scroll: the time to set pictures. @type {(cells: Map<number, HTMLElement>) => void} */
  settle = () => {};

  count = 0;
  /** The cell that keys move from; -1 for none. */
  current = -1;
  /** Where a range begins. */
  anchor = -1;
  /** @type {Set<number>} */
  chosen = new Set();
  /** @type {[string, number][]} */
  groups = [];
  rows = new GridRows({ count: 0, groups: [], columns: 1, row_px: 1, heading_px: HEADING_PX });
  step_px = 1;
  /** @type {Map<number, HTMLElement>} */
  alive = new Map();
  /** @type {HTMLElement[]} */
  spare = [];
  /** @type {Map<string, HTMLElement>} */
  headings = new Map();
  rubber = /** @type {HTMLElement} */ (h("div", { class: "grid-rubber", hidden: true }));
  canvas = /** @type {HTMLElement} */ (h("div", { class: "grid-canvas" }, this.rubber));
  frame = 0;
  quiet = 0;
  sizes = new ResizeObserver(() => this.#resized());

  enter() {
    if (!this.canvas.isConnected) this.#build();
    this.listen(this, "scroll", () => this.#scrolled(), { passive: true });
    this.listen(this, "pointerdown", (event) => this.#pressed(event));
    this.listen(this, "dblclick", (event) => this.#index_at(event.target) >= 0 && this.#tell("open"));
    this.sizes.observe(this);
  }

  leave() {
    this.sizes.disconnect();
    clearTimeout(this.quiet);
  }

  #build() {
    this.append(this.canvas);
    this.tabIndex = 0;
    this.setAttribute("role", "listbox");
    this.setAttribute("aria-multiselectable", "true");
    this.setAttribute("aria-label", this.label);
  }

  /**
   * Show so many cells. What was chosen and current is the caller's to give again.
   * @param {{count: number, groups?: [string, number][], current?: number, chosen?: Iterable<number>, keep_scroll?: boolean}} facts
   */
  fill({ count, groups = [], current = -1, chosen = [], keep_scroll = false }) {
    const before = this.current;
    const offset = before >= 0 && before < this.rows.count ? this.rows.place(before).top - this.scrollTop : 0;
    this.count = count;
    this.groups = groups;
    this.current = Math.min(current, count - 1);
    this.anchor = this.current;
    this.chosen = new Set(chosen);
    this.#lay_out();
    if (keep_scroll && this.current >= 0 && offset > -this.rows.row_px && offset < this.clientHeight) this.scrollTo(0, this.rows.place(this.current).top - offset);
    else if (!keep_scroll) this.scrollTo(0, 0);
    this.#draw(true);
  }

  /** @param {number} px side of a cell */
  resize_cells(px) {
    const anchor = this.current >= 0 ? this.current : this.rows.between(this.scrollTop, this.scrollTop).first;
    this.cell_px = px;
    this.#lay_out();
    if (this.count) this.scrollTo(0, this.rows.place(Math.min(anchor, this.count - 1)).top - this.clientHeight / 3);
    this.#draw(true);
  }

  #lay_out() {
    const columns = Math.max(1, Math.floor((this.clientWidth || 1) / this.cell_px));
    this.step_px = Math.floor((this.clientWidth || this.cell_px) / columns);
    this.rows = new GridRows({ count: this.count, groups: this.groups, columns, row_px: this.step_px + this.caption_px, heading_px: HEADING_PX });
    this.canvas.style.height = `${this.rows.height}px`;
    this.canvas.style.setProperty("--cell-width", `${this.step_px}px`);
    this.canvas.style.setProperty("--cell-height", `${this.rows.row_px}px`);
  }

  #resized() {
    if (Math.max(1, Math.floor(this.clientWidth / this.cell_px)) === this.rows.columns && Math.floor(this.clientWidth / this.rows.columns) === this.step_px) this.#draw(false);
    else this.resize_cells(this.cell_px);
  }

  #scrolled() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.#draw(false);
    });
  }

  /** Cells that came into sight are taken from those that left it. @param {boolean} anew paint all again */
  #draw(anew) {
    if (!this.isConnected) return;
    if (anew) for (const cell of [...this.alive.values(), ...this.spare]) cell.setAttribute("aria-setsize", String(this.count));
    const { first, end, headings } = this.rows.between(this.scrollTop - BESIDE_PX, this.scrollTop + this.clientHeight + BESIDE_PX);
    for (const [index, cell] of this.alive) {
      if (index >= first && index < end) continue;
      this.alive.delete(index);
      this.spare.push(cell);
    }
    for (let index = first; index < end; index += 1) {
      const known = this.alive.get(index);
      if (known && !anew) continue;
      const cell = known ?? this.spare.pop() ?? this.#new_cell();
      this.alive.set(index, cell);
      this.#put(cell, index);
    }
    for (const cell of this.spare) if (cell.style.visibility !== "hidden") cell.style.visibility = "hidden";
    this.#draw_headings(headings);
    this.#mark();
    clearTimeout(this.quiet);
    this.quiet = window.setTimeout(() => this.settle(this.seen()), QUIET_MS);
  }

  #new_cell() {
    const cell = this.make();
    cell.setAttribute("role", "option");
    cell.setAttribute("aria-setsize", String(this.count));
    this.canvas.append(cell);
    return cell;
  }

  /** @param {HTMLElement} cell @param {number} index */
  #put(cell, index) {
    const { column, top } = this.rows.place(index);
    cell.style.transform = `translate(${column * this.step_px}px, ${top}px)`;
    if (cell.style.visibility !== "visible") cell.style.visibility = "visible";
    cell.id = `cell-${index}`;
    cell.dataset.index = String(index);
    cell.setAttribute("aria-posinset", String(index + 1));
    this.paint(cell, index);
  }

  /** @param {import("./grid_rows.js").Block[]} blocks */
  #draw_headings(blocks) {
    const wanted = new Map(blocks.map((block) => [`${block.first} ${block.heading} ${block.count} ${block.top} ${this.rows.columns} ${this.rows.row_px}`, block]));
    for (const [key, element] of this.headings) {
      if (wanted.has(key)) continue;
      element.remove();
      this.headings.delete(key);
    }
    for (const [key, block] of wanted) {
      if (this.headings.has(key)) continue;
      const made = /** @type {HTMLElement} */ (h("div", { class: "grid-heading", role: "presentation" }, h("div", {}, block.heading, h("span", { class: "dim" }, ` ${block.count.toLocaleString("en")}`))));
      made.style.top = `${block.top}px`;
      made.style.height = `${block.cells_top - block.top + Math.ceil(block.count / this.rows.columns) * this.rows.row_px}px`;
      this.headings.set(key, made);
      this.canvas.append(made);
    }
  }

  #mark() {
    for (const [index, cell] of this.alive) {
      const chosen = this.chosen.has(index);
      if (cell.ariaSelected !== String(chosen)) cell.ariaSelected = String(chosen);
      cell.classList.toggle("current", index === this.current);
    }
    if (this.alive.has(this.current)) this.setAttribute("aria-activedescendant", `cell-${this.current}`);
    else this.removeAttribute("aria-activedescendant");
  }

  /** Cells really in sight, by index. @returns {Map<number, HTMLElement>} */
  seen() {
    const { first, end } = this.rows.between(this.scrollTop, this.scrollTop + this.clientHeight);
    return new Map([...this.alive].filter(([index]) => index >= first && index < end).sort((a, b) => a[0] - b[0]));
  }

  /** Paint the cells that are alive again. */
  repaint() {
    this.#draw(true);
  }

  /** @param {string} kind */
  #tell(kind) {
    this.dispatchEvent(new CustomEvent(kind, { detail: { current: this.current, chosen: this.chosen } }));
  }

  /**
   * Go to a cell.
   * @param {number} index @param {{range?: boolean, add?: boolean, quiet?: boolean}} [how] `range` chooses all from where the last choice began
   */
  go(index, { range = false, add = false, quiet = false } = {}) {
    if (!this.count) return;
    this.current = Math.max(0, Math.min(this.count - 1, index));
    if (range && this.anchor >= 0) {
      const [low, high] = [Math.min(this.anchor, this.current), Math.max(this.anchor, this.current)];
      this.chosen = new Set(add ? this.chosen : []);
      for (let one = low; one <= high; one += 1) this.chosen.add(one);
    } else if (!quiet) {
      this.chosen = new Set([this.current]);
      this.anchor = this.current;
    }
    this.#into_sight();
    this.#mark();
    this.#tell("current");
    this.#tell("chosen");
  }

  #into_sight() {
    const { top } = this.rows.place(this.current);
    const heading = this.rows.block_of(this.current).heading ? HEADING_PX : 0;
    if (top - heading < this.scrollTop) this.scrollTo(0, top - heading);
    else if (top + this.rows.row_px > this.scrollTop + this.clientHeight) this.scrollTo(0, top + this.rows.row_px - this.clientHeight);
    this.#draw(false);
  }

  /** @param {number} rows @param {boolean} range */
  go_rows(rows, range) {
    this.go(this.current < 0 ? 0 : this.rows.rows_on(this.current, rows), { range });
  }

  /** @param {number} pages @param {boolean} range */
  go_pages(pages, range) {
    this.go_rows(pages * Math.max(1, Math.floor(this.clientHeight / this.rows.row_px) - 1), range);
  }

  /** Choose a cell besides the others, or no longer. @param {number} index */
  toggle(index) {
    if (index < 0) return;
    if (!this.chosen.delete(index)) this.chosen.add(index);
    this.current = this.anchor = index;
    this.#mark();
    this.#tell("current");
    this.#tell("chosen");
  }

  /** @param {Iterable<number>} indices */
  choose(indices) {
    this.chosen = new Set(indices);
    this.#mark();
    this.#tell("chosen");
  }

  choose_all() {
    this.choose(Array(this.count).keys());
  }

  /** @param {EventTarget | null} target */
  #index_at(target) {
    const cell = target instanceof Element ? target.closest("[data-index]") : null;
    return cell instanceof HTMLElement ? Number(cell.dataset.index) : -1;
  }

  /** @param {PointerEvent} event */
  #pressed(event) {
    if (event.button !== 0 || event.offsetX > this.clientWidth && event.target === this) return;
    const index = this.#index_at(event.target);
    this.focus({ preventScroll: true });
    event.preventDefault();
    const more = event.ctrlKey || event.metaKey;
    if (index >= 0) {
      if (event.shiftKey) this.go(index, { range: true, add: more });
      else if (more) this.toggle(index);
      else this.go(index);
    } else if (!more && !event.shiftKey) this.choose([]);
    this.#drag(event, more ? new Set(this.chosen) : new Set());
  }

  /** Choose what a drawn rectangle touches; at the edge the grid scrolls. @param {PointerEvent} begin @param {Set<number>} before */
  #drag(begin, before) {
    const box = this.getBoundingClientRect();
    const inside = (/** @type {PointerEvent} */ event) => ({ x: event.clientX - box.left, y: event.clientY - box.top + this.scrollTop });
    const from = inside(begin);
    const ended = new AbortController();
    let last = begin;
    const draw = () => {
      const to = inside(last);
      if (this.rubber.hidden && Math.hypot(to.x - from.x, to.y - from.y) < DRAG_FROM_PX) return;
      const [left, top, right, bottom] = [Math.min(from.x, to.x), Math.min(from.y, to.y), Math.max(from.x, to.x), Math.max(from.y, to.y)];
      this.rubber.hidden = false;
      Object.assign(this.rubber.style, { transform: `translate(${left}px, ${top}px)`, width: `${right - left}px`, height: `${bottom - top}px` });
      this.choose([...before, ...this.rows.within({ left, top, right, bottom }, this.step_px)]);
    };
    const roll = setInterval(() => {
      const beyond = last.clientY < box.top ? last.clientY - box.top : Math.max(0, last.clientY - box.bottom);
      if (this.rubber.hidden || !beyond) return;
      this.scrollBy(0, Math.max(-40, Math.min(40, beyond / 2)));
      draw();
    }, 16);
    const end = () => {
      this.rubber.hidden = true;
      clearInterval(roll);
      ended.abort();
    };
    window.addEventListener("pointermove", (event) => ((last = event), draw()), { signal: ended.signal });
    for (const kind of ["pointerup", "pointercancel", "blur"]) window.addEventListener(kind, end, { signal: ended.signal });
    this.leaving.signal.addEventListener("abort", end, { signal: ended.signal });
  }

  /** What keys do here, for the room's list. @param {string} things e.g. "faces" @returns {import("./keys.js").KeyAction[]} */
  keys(things) {
    /** @param {string} key @param {string} does @param {(range: boolean) => void} run @returns {import("./keys.js").KeyAction[]} */
    const both = (key, does, run) => [
      { key, does, run: () => run(false), repeats: true, shift: false },
      { key, does: `${does}, choosing all between`, run: () => run(true), repeats: true, shift: true },
    ];
    return [
      ...both("ArrowLeft", "Go left", (range) => this.go(this.current - 1, { range })),
      ...both("ArrowRight", "Go right", (range) => this.go(this.current + 1, { range })),
      ...both("ArrowUp", "Go up", (range) => this.go_rows(-1, range)),
      ...both("ArrowDown", "Go down", (range) => this.go_rows(1, range)),
      ...both("PageUp", "Go a page up", (range) => this.go_pages(-1, range)),
      ...both("PageDown", "Go a page down", (range) => this.go_pages(1, range)),
      ...both("Home", "Go to the first", (range) => this.go(0, { range })),
      ...both("End", "Go to the last", (range) => this.go(this.count ? this.count - 1 : 0, { range })),
      { key: " ", does: "Choose this one besides, or no longer", run: () => this.toggle(this.current) },
      { key: "a", ctrl: true, does: `Choose all ${things}`, run: () => this.choose_all() },
      { key: "Escape", does: "Choose none", run: () => (this.chosen.size ? this.choose([]) : close_toast()) },
    ];
  }
}

customElements.define("us-virtual-grid", VirtualGrid);

/** @param {Record<string, any>} properties @returns {VirtualGrid} */
export function virtual_grid(properties) {
  return Object.assign(/** @type {VirtualGrid} */ (document.createElement("us-virtual-grid")), properties);
}
