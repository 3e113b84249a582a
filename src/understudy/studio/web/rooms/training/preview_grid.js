// @ts-check
// <us-preview-grid>: the newest preview of a model as a grid of faces; columns can be hidden, a face is shown large.

import { get } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { ask } from "../../kit/dialog.js";
import "../../kit/view2d.js";

/** What the sheet's headings mean. @type {Record<string, string>} */
const COLUMNS = {
  src: "src: a face of the performer who is shown",
  "src as src": "src as the model paints it",
  dst: "dst: a face of the footage",
  "dst as dst": "dst as the model paints it",
  "dst as src": "The swap: dst painted as src",
  "in dst": "The swap laid into dst by its mask",
  mask: "The mask that the model paints",
  "src frame": "src's whole frame",
};

export class PreviewGrid extends StudioElement {
  model = "";
  version = "";
  /** @type {"runs" | "starts" | "rests"} */
  state = "rests";
  /** @type {{iteration: number, version: string, layout: {rows: string[], columns: string[], cell_px: number, left_px: number[], top_px: number[]}} | null} */
  sheet = null;
  /** @type {Set<string>} */
  hidden_columns = new Set(JSON.parse(localStorage.getItem("preview columns hidden") ?? "[]"));
  /** CSS pixels of a face, where a hand chose them; else as many as the columns have room for. */
  cell = Number(localStorage.getItem("preview face px") ?? 0);

  enter() {
    this.head = h("div", { class: "bar preview-head" });
    this.grid = h("div", { class: "preview-cells", hidden: true });
    this.none = h("p", { class: "empty", role: "status" });
    this.replaceChildren(this.head, this.none, this.grid);
    this.#say_none();
    if (this.sheet) this.#draw();
  }

  /**
   * Look for a newer sheet; the picture changes only when it is there.
   * @param {string} model @param {string} version @param {"runs" | "starts" | "rests"} [state] of the model
   */
  async show(model, version, state = this.state) {
    this.state = state;
    this.#say_none();
    if (version === this.version && model === this.model) return;
    [this.model, this.version] = [model, version];
    if (!this.sheet && this.none && version !== "none") this.none.textContent = "Looking at the newest preview…";
    const newest = () => get(`training/sheet?model=${encodeURIComponent(model)}`);
    const sheet = await newest();
    if (!sheet.layout) return this.#none();
    const picture = new Image();
    picture.src = this.#address(sheet);
    try {
      await picture.decode();
    } catch (error) {
      if ((await newest()).version === sheet.version) throw error;
      this.version = ""; // another one took its place, and is looked for in a moment
      return;
    }
    if (model !== this.model) return;
    this.picture = picture;
    this.sheet = sheet;
    this.#draw();
  }

  #none() {
    this.sheet = null;
    this.head?.replaceChildren();
    this.#say_none();
  }

  #say_none() {
    const words = {
      starts: "The training begins: faces are read, the network is built. The first preview comes with the first iterations.",
      runs: "No preview yet. One is painted every so many iterations; “Look now” (N) asks for one at once.",
      rests: "No preview yet. They come with the first stretch of training.",
    };
    if (!this.none || !this.grid) return;
    this.none.textContent = words[this.state];
    this.none.hidden = Boolean(this.sheet);
    this.grid.hidden = !this.sheet;
  }

  /** @param {{iteration: number, version: string}} sheet @param {string} [face] @param {string} [column] */
  #address(sheet, face = "", column = "") {
    const words = new URLSearchParams({ model: this.model, iteration: String(sheet.iteration), v: sheet.version, ...(face && { face, column }) });
    return `/api/training/picture?${words}`;
  }

  #draw() {
    const { sheet } = this;
    if (!sheet || !this.grid || !this.picture) return;
    const { rows, columns } = sheet.layout;
    const shown = columns.filter((column) => !this.hidden_columns.has(column));
    this.#say_none();
    this.dataset.iteration = String(sheet.iteration);
    const toggles = columns.map((column, at) => h("button", { type: "button", class: "quiet small", "aria-pressed": String(!this.hidden_columns.has(column)), "data-tip": `Show or hide: ${COLUMNS[column] ?? column}`, "data-key": String(at + 1), onclick: () => this.#toggle(column) }, column));
    const size = h("input", { type: "range", min: 64, max: 320, step: 4, value: this.cell || this.#room_px(shown.length), "aria-label": "Size of the faces", "data-tip": "Size of the faces", oninput: (/** @type {any} */ event) => this.#resize(Number(event.target.value)) });
    this.head?.replaceChildren(h("b", {}, `Iteration ${sheet.iteration.toLocaleString("en")}`), h("span", { class: "dim small" }, "show"), ...toggles, h("span", { class: "grow" }), size);
    this.grid.style.setProperty("--columns", String(shown.length));
    this.grid.style.setProperty("--cell", this.cell ? `${this.cell}px` : "min(24vh, 320px)");
    const heads = shown.map((column) => h("div", { class: "preview-name small dim", "data-tip": COLUMNS[column] ?? column }, column));
    const cells = rows.flatMap((face, row) => shown.map((column) => this.#cell(face, row, column, columns.indexOf(column))));
    const focused = document.activeElement?.getAttribute("data-cell");
    this.grid.replaceChildren(...heads, ...cells);
    if (focused) /** @type {HTMLElement | null} */ (this.grid.querySelector(`[data-cell="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {string} face @param {number} row @param {string} column @param {number} at */
  #cell(face, row, column, at) {
    const { cell_px, left_px, top_px } = /** @type {any} */ (this.sheet).layout;
    const canvas = h("canvas", { width: cell_px, height: cell_px });
    canvas.getContext("2d").drawImage(this.picture, left_px[at], top_px[row], cell_px, cell_px, 0, 0, cell_px, cell_px);
    // Rows are dst's faces; beside each stands the src face that looks most like it.
    const words = column.startsWith("src") ? `${column} beside ${face}` : `${face}: ${column}`;
    return h("button", { type: "button", class: "preview-cell", "aria-label": `${words}, larger`, "data-cell": words, "data-tip": `${words}. Click for the larger view`, onclick: () => this.larger(face, column) }, canvas);
  }

  /** What a face takes where nobody chose. @param {number} columns */
  #room_px(columns) {
    return Math.min(320, 0.24 * innerHeight, (this.clientWidth - 16) / columns - 3);
  }

  /** Show or hide the column at a place. @param {number} at */
  turn(at) {
    const column = this.sheet?.layout.columns[at];
    if (column) this.#toggle(column);
  }

  /** @param {string} column */
  #toggle(column) {
    if (!this.hidden_columns.delete(column)) this.hidden_columns.add(column);
    localStorage.setItem("preview columns hidden", JSON.stringify([...this.hidden_columns]));
    this.#draw();
  }

  /** @param {number} cell */
  #resize(cell) {
    this.cell = cell;
    localStorage.setItem("preview face px", String(cell));
    this.grid?.style.setProperty("--cell", `${cell}px`);
  }

  /** One face in two columns beside each other, without loss, with zoom and loupe. @param {string} face @param {string} column */
  async larger(face, column) {
    const sheet = this.sheet;
    if (!sheet) return;
    const beside = column.startsWith("src") ? ["src", "src as src"] : ["dst", column === "dst" ? "dst as src" : column];
    const views = beside.filter((one) => sheet.layout.columns.includes(one)).map((one) => {
      const view = /** @type {import("../../kit/view2d.js").View2D} */ (h("us-view2d", { class: "preview-large" }));
      const picture = new Image();
      picture.src = this.#address(sheet, face, one);
      picture.decode().then(() => {
        view.picture = picture;
        view.fit();
      });
      return h("figure", {}, view, h("figcaption", { class: "dim small" }, one));
    });
    const glass = () => views.forEach((figure) => ((figure.firstChild.loupe = figure.firstChild.loupe ? 0 : 4), figure.firstChild.redraw()));
    const pair = h("div", { class: "preview-pair" }, ...views);
    const tool = h("button", { type: "button", onclick: glass }, "Loupe", h("kbd", {}, "L"));
    setTimeout(() => pair.closest("dialog")?.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => (event.key === "l" || event.code === "KeyL") && glass()));
    await ask({ title: `${face}, iteration ${sheet.iteration.toLocaleString("en")}`, words: "Wheel zooms, drag moves.", content: [tool, pair], wide: true, choices: [{ label: "Close", value: true, kind: "primary" }] });
  }
}

customElements.define("us-preview-grid", PreviewGrid);
