// @ts-check
// The frames of a clip on a line: where they stand, cuts, ranges, key frames to drag, graphs, and the frame that is looked
// at. It draws and says what a hand wants; what that means is the room's.

import { h, StudioElement } from "./element.js";
import { draw_timeline } from "./timeline_drawing.js";

/** @typedef {{frame: number, ease: string, words: string}} Key */
/** @typedef {{first: number, last: number, words: string}} Stretch both ends included; `words` name the range */
/** @typedef {{words: string, unit: string, frames: number[], lines: {color: string, words: string, values: (number | null)[]}[]}} Graph */
/** @typedef {{state: [number, number], keys: [number, number], ranges: [number, number], graph: [number, number]}} Rows from and to, in CSS px */

const LEFT = 12;
const NEAR_PX = 7;

/**
 * `<us-timeline>`. Set its properties and call `redraw()`. Says `seek` {frame} while dragged, `select` {first, last} for a
 * stretch dragged with Shift, `move-key` {frame, to}, `key-menu` {frame, x, y} and `range-menu` {words, x, y}.
 */
export class Timeline extends StudioElement {
  frames = 1;
  at = 0;
  fps = 25;
  /** One letter a frame, see `state_colors`. */
  letters = "";
  /** A CSS variable for every letter that has a colour. @type {Record<string, string>} */
  state_colors = {};
  /** @type {number[]} */
  cuts = [];
  /** @type {Key[]} */
  keys = [];
  /** @type {Stretch[]} */
  ranges = [];
  /** @type {Graph | null} */
  graph = null;
  /** @type {{first: number, last: number} | null} */
  selection = null;
  /** What is shown: first frame and frames, both may be parts. */
  from = 0;
  span = 0;
  /** @type {{frame: number, to: number} | null} */
  moving = null;
  #asked = 0;

  enter() {
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { "aria-hidden": "true" }));
    this.replaceChildren(this.canvas);
    this.tabIndex = 0;
    this.setAttribute("role", "slider");
    this.setAttribute("aria-label", "Frame");
    const watched = new ResizeObserver(() => this.redraw());
    watched.observe(this);
    this.leaving.signal.addEventListener("abort", () => watched.disconnect());
    this.listen(this, "pointerdown", (event) => this.#down(event));
    this.listen(this, "wheel", (event) => this.#wheel(event), { passive: false });
    this.listen(this, "contextmenu", (event) => this.#menu(event));
    this.listen(this, "keydown", (event) => this.#key(event));
    this.redraw();
  }

  /** Draw at the next frame of the screen, once however often it is asked. */
  redraw() {
    if (!this.#asked && this.canvas) this.#asked = requestAnimationFrame(() => ((this.#asked = 0), this.#draw()));
  }

  #draw() {
    const canvas = this.canvas;
    if (!canvas || !this.isConnected) return;
    const [width, height] = [this.clientWidth, this.clientHeight];
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
    if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
    this.setAttribute("aria-valuemin", "0");
    this.setAttribute("aria-valuemax", String(this.frames - 1));
    this.setAttribute("aria-valuenow", String(this.at));
    const context = canvas.getContext("2d");
    if (!context || !width) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    draw_timeline(context, this, width);
  }

  /** Frames in view. */
  get shown() {
    return this.span || this.frames;
  }

  /** @returns {Rows} */
  get rows() {
    const below = this.clientHeight - 4;
    return { state: [20, 30], keys: [32, 48], ranges: [50, 62], graph: [66, Math.max(66, below)] };
  }

  /** The left edge of a frame, in CSS px. @param {number} frame */
  x_of(frame) {
    return LEFT + ((frame - this.from) / this.shown) * (this.clientWidth - 2 * LEFT);
  }

  /** @param {number} x in CSS px of the element */
  frame_at(x) {
    const frame = Math.floor(this.from + ((x - LEFT) / (this.clientWidth - 2 * LEFT)) * this.shown);
    return Math.max(0, Math.min(this.frames - 1, frame));
  }

  /** Bring a frame into view where the line is zoomed. @param {number} frame */
  reveal(frame) {
    if (!this.span) return;
    if (frame < this.from || frame > this.from + this.span - 1) this.#show(frame - this.span / 2, this.span);
  }

  /** Show everything. */
  fit() {
    this.#show(0, this.frames);
  }

  /** @param {number} from @param {number} span */
  #show(from, span) {
    this.span = Math.max(Math.min(8, this.frames), Math.min(this.frames, span));
    this.from = Math.max(0, Math.min(this.frames - this.span, from));
    if (this.span >= this.frames) this.span = this.from = 0;
    this.redraw();
  }

  /** @param {MouseEvent} event */
  #place(event) {
    const box = this.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** The key under a place. @param {{x: number, y: number}} place */
  key_at({ x, y }) {
    const [top, below] = this.rows.keys;
    if (y < top || y > below) return undefined;
    return this.keys.find((key) => Math.abs((this.x_of(key.frame) + this.x_of(key.frame + 1)) / 2 - x) <= NEAR_PX);
  }

  /** The range under a place, the last that counts. @param {{x: number, y: number}} place */
  range_at({ x, y }) {
    const [top, below] = this.rows.ranges;
    if (y < top || y > below) return undefined;
    const frame = this.frame_at(x);
    return [...this.ranges].reverse().find((range) => range.first <= frame && frame <= range.last);
  }

  /** @param {string} kind @param {object} detail */
  #say(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.focus({ preventScroll: true });
    this.setPointerCapture(event.pointerId);
    const place = this.#place(event);
    const key = this.key_at(place);
    const first = this.frame_at(place.x);
    const move = (/** @type {PointerEvent} */ moved) => {
      const frame = this.frame_at(this.#place(moved).x);
      if (key) this.moving = { frame: key.frame, to: frame };
      else if (event.shiftKey) this.#select(first, frame);
      else this.#say("seek", { frame });
      this.redraw();
    };
    const up = () => {
      this.removeEventListener("pointermove", move);
      const { moving } = this;
      this.moving = null;
      if (moving && moving.to !== moving.frame) this.#say("move-key", moving);
      else if (key) this.#say("seek", { frame: key.frame });
      this.redraw();
    };
    this.addEventListener("pointermove", move);
    this.addEventListener("pointerup", up, { once: true });
    if (!key && event.shiftKey) this.#select(first, first);
    else if (!key) this.#say("seek", { frame: first });
  }

  /** @param {number} a @param {number} b */
  #select(a, b) {
    this.selection = { first: Math.min(a, b), last: Math.max(a, b) };
    this.#say("select", this.selection);
  }

  /** @param {MouseEvent} event */
  #menu(event) {
    const place = this.#place(event);
    const key = this.key_at(place);
    const range = this.range_at(place);
    if (!key && !range) return;
    event.preventDefault();
    const at = { x: event.clientX, y: event.clientY };
    if (key) this.#say("key-menu", { frame: key.frame, ...at });
    else if (range) this.#say("range-menu", { words: range.words, ...at });
  }

  /** Wheel zooms at the pointer, with Shift it goes along. @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    const by = (event.deltaY || event.deltaX) * lines;
    if (event.shiftKey) return this.#show(this.from + (by * this.shown) / 2000, this.shown);
    const share = (this.#place(event).x - LEFT) / (this.clientWidth - 2 * LEFT);
    const under = this.from + share * this.shown;
    const span = this.shown * 2 ** (by * 0.0025);
    return this.#show(under - share * span, span);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.round(this.shown / 10));
    const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, PageUp: -page, PageDown: page, Home: -this.frames, End: this.frames });
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    const frame = Math.max(0, Math.min(this.frames - 1, this.at + step));
    if (event.shiftKey) {
      const { first, last } = this.selection ?? { first: this.at, last: this.at };
      this.#select(this.at === first ? last : first, frame);
    }
    this.#say("seek", { frame });
  }
}

customElements.define("us-timeline", Timeline);
