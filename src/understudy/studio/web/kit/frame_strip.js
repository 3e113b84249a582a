// @ts-check
// All frames of a clip as a strip of colours: the whole clip above, the frames around the present one below. Drawn on a
// canvas, so a hundred thousand frames cost as much as a hundred. What the colours mean is the room's.

import { h, StudioElement } from "./element.js";

/** @typedef {{words: string, color: string}} Kind `color` is a CSS variable's name, e.g. "--good" */

const LEAST_PX = 3; // a frame in the lower part, at least
const WHOLE_PX = 10; // height of the upper part
const GAP_PX = 3;

/**
 * `<us-frame-strip>`. `show(kinds, of_frame)` gives it colours: where frames share a pixel the one with the highest number is
 * seen. Says `frame` (detail: the index) when a hand or a key goes to another frame; `frame = n` shows where we are.
 */
export class FrameStrip extends StudioElement {
  /** @type {Kind[]} */
  kinds = [];
  of_frame = /** @type {Uint8Array} */ (new Uint8Array(0));
  /** Frames that count just now; others are pale. @type {((index: number) => boolean) | null} */
  among = null;
  #frame = 0;
  #first = 0;
  #px = 8;
  #asked = 0;
  draws = 0;

  enter() {
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { "aria-hidden": "true" }));
    this.replaceChildren(this.canvas);
    this.tabIndex = 0;
    this.setAttribute("role", "slider");
    this.setAttribute("aria-label", "Frame");
    this.setAttribute("aria-valuemin", "0");
    const watched = new ResizeObserver(() => this.#resized());
    watched.observe(this);
    this.leaving.signal.addEventListener("abort", () => watched.disconnect());
    this.listen(this, "pointerdown", (event) => this.#down(event));
    this.listen(this, "pointermove", (event) => this.#tell(event));
    this.listen(this, "wheel", (event) => this.#wheel(event), { passive: false });
    this.listen(this, "keydown", (event) => this.#key(event));
    // The theme changes colours without saying so.
    const theme = new MutationObserver(() => this.redraw());
    theme.observe(document.documentElement, { attributes: true });
    this.leaving.signal.addEventListener("abort", () => theme.disconnect());
  }

  get count() {
    return this.of_frame.length;
  }

  /** @param {Kind[]} kinds @param {Uint8Array} of_frame an index into `kinds` for every frame */
  show(kinds, of_frame) {
    const other = of_frame.length !== this.count;
    this.kinds = kinds;
    this.of_frame = of_frame;
    if (other) {
      this.#px = this.#fitting() || 12;
      this.#first = 0;
    }
    this.setAttribute("aria-valuemax", String(Math.max(0, this.count - 1)));
    this.frame = this.#frame;
    this.redraw();
  }

  get frame() {
    return this.#frame;
  }

  set frame(index) {
    this.#frame = Math.max(0, Math.min(this.count - 1, index));
    this.setAttribute("aria-valuenow", String(this.#frame));
    this.setAttribute("aria-valuetext", `${this.#frame}: ${this.kinds[this.of_frame[this.#frame]]?.words ?? ""}`);
    this.#keep_in_sight();
    this.redraw();
  }

  redraw() {
    if (!this.#asked) this.#asked = requestAnimationFrame(() => ((this.#asked = 0), this.#draw()));
  }

  /** How many frames the lower part shows. */
  get shown() {
    return this.clientWidth / this.#px;
  }

  /** The width of a frame when all of a short clip fit; 0 for a long one. */
  #fitting() {
    const px = this.clientWidth / Math.max(1, this.count);
    return px >= LEAST_PX ? px : 0;
  }

  #keep_in_sight() {
    const margin = Math.min(8, this.shown / 4);
    if (this.#frame < this.#first + margin || this.#frame > this.#first + this.shown - margin - 1) this.#first = this.#frame - this.shown / 2;
    this.#first = Math.max(0, Math.min(this.count - this.shown, this.#first));
  }

  #resized() {
    if (!this.canvas) return;
    this.canvas.width = Math.round(this.clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(this.clientHeight * devicePixelRatio);
    if (this.count * this.#px < this.clientWidth) this.#px = this.#fitting() || this.#px;
    this.#keep_in_sight();
    this.#draw();
  }

  /** Colours as they are in the theme now. */
  #colors() {
    const style = getComputedStyle(this);
    const color = (/** @type {string} */ name) => style.getPropertyValue(name).trim() || "gray";
    return { of: this.kinds.map((kind) => color(kind.color)), text: color("--text"), accent: color("--accent"), sunken: color("--sunken") };
  }

  #draw() {
    const context = this.canvas?.getContext("2d");
    if (!context || !this.canvas?.width || !this.count) return;
    this.draws += 1;
    const colors = this.#colors();
    const [width, height] = [this.clientWidth, this.clientHeight];
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#draw_whole(context, colors, width);
    this.#draw_near(context, colors, width, height);
  }

  /** @param {CanvasRenderingContext2D} context @param {any} colors @param {number} width */
  #draw_whole(context, colors, width) {
    const columns = Math.ceil(width);
    for (let x = 0; x < columns; x += 1) {
      const from = Math.floor((x * this.count) / width);
      const to = Math.max(from + 1, Math.floor(((x + 1) * this.count) / width));
      let worst = -1;
      let counts = !this.among;
      for (let index = from; index < Math.min(to, this.count); index += 1) {
        if (this.of_frame[index] > worst) worst = this.of_frame[index];
        counts ||= Boolean(this.among?.(index));
      }
      if (worst < 0) continue;
      context.globalAlpha = counts ? 1 : 0.25;
      context.fillStyle = colors.of[worst];
      context.fillRect(x, 0, 1, WHOLE_PX);
    }
    context.globalAlpha = 1;
    context.strokeStyle = colors.text;
    context.lineWidth = 1;
    const left = (this.#first / this.count) * width;
    context.strokeRect(left + 0.5, 0.5, Math.max(3, Math.min(1, this.shown / this.count) * width - 1), WHOLE_PX - 1);
    context.fillStyle = colors.text;
    context.fillRect(((this.#frame + 0.5) / this.count) * width - 1, 0, 2, WHOLE_PX);
  }

  /** @param {CanvasRenderingContext2D} context @param {any} colors @param {number} width @param {number} height */
  #draw_near(context, colors, width, height) {
    const top = WHOLE_PX + GAP_PX;
    const deep = height - top;
    const gap = this.#px >= 6 ? 1 : 0;
    const last = Math.min(this.count - 1, Math.ceil(this.#first + width / this.#px));
    for (let index = Math.floor(this.#first); index <= last; index += 1) {
      const x = (index - this.#first) * this.#px;
      context.globalAlpha = !this.among || this.among(index) ? 1 : 0.25;
      context.fillStyle = colors.of[this.of_frame[index]];
      context.fillRect(x, top, this.#px - gap, deep);
    }
    context.globalAlpha = 1;
    const x = (this.#frame - this.#first) * this.#px;
    context.strokeStyle = colors.text;
    context.lineWidth = 2;
    context.strokeRect(x - 1, top + 1, this.#px - gap + 2, deep - 2);
  }

  /** @param {MouseEvent} event */
  #index_at(event) {
    const box = this.getBoundingClientRect();
    const x = event.clientX - box.left;
    const whole = event.clientY - box.top < WHOLE_PX + 1;
    const index = whole ? (x / this.clientWidth) * this.count : this.#first + x / this.#px;
    return Math.max(0, Math.min(this.count - 1, Math.floor(index)));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || !this.count) return;
    this.setPointerCapture(event.pointerId);
    const whole = event.clientY - this.getBoundingClientRect().top < WHOLE_PX + 1;
    const move = (/** @type {PointerEvent} */ moved) => {
      const box = this.getBoundingClientRect();
      const x = moved.clientX - box.left;
      this.#go(Math.floor(whole ? (x / this.clientWidth) * this.count : this.#first + x / this.#px));
    };
    move(event);
    this.addEventListener("pointermove", move);
    const end = () => this.removeEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) this.addEventListener(kind, end, { once: true });
  }

  /** @param {PointerEvent} event */
  #tell(event) {
    const index = this.#index_at(event);
    this.title = this.count ? `${index}: ${this.kinds[this.of_frame[index]]?.words ?? ""}` : "";
  }

  /** The wheel makes frames wider; with Shift, or sideways, it goes along. @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (sideways) {
      this.#first += (event.deltaX || event.deltaY) / this.#px;
    } else {
      const x = event.clientX - this.getBoundingClientRect().left;
      const under = this.#first + x / this.#px;
      this.#px = Math.max(Math.min(LEAST_PX, this.clientWidth / this.count), Math.min(Math.max(40, this.#fitting()), this.#px * 2 ** (-event.deltaY * 0.003)));
      this.#first = under - x / this.#px;
    }
    this.#first = Math.max(0, Math.min(this.count - this.shown, this.#first));
    this.redraw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const page = Math.max(2, Math.floor(this.shown / 2));
    const steps = /** @type {Record<string, number>} */ ({ ArrowLeft: -1, ArrowRight: 1, PageUp: -page, PageDown: page, Home: -this.count, End: this.count });
    const step = steps[event.key];
    if (!step || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#go(this.#frame + step);
  }

  /** @param {number} index */
  #go(index) {
    const goal = Math.max(0, Math.min(this.count - 1, index));
    if (goal === this.#frame) return;
    this.frame = goal;
    this.dispatchEvent(new CustomEvent("frame", { detail: goal }));
  }
}

customElements.define("us-frame-strip", FrameStrip);
