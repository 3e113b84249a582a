// @ts-check
// A picture under the hand: zoom at the pointer, pan, fit, 1:1, a loupe, and layers drawn over it. Positions are in
// picture pixels from its corner. What is drawn over it and what a click means is the room's.

import { h, StudioElement } from "./element.js";
import { loupe } from "./loupe.js";

/** @typedef {{x: number, y: number}} Point */
/** @typedef {{zoom: number, x: number, y: number}} Look where the view's middle lies in the picture, and CSS pixels per picture pixel */
/**
 * @typedef {object} Layer
 * @property {(context: CanvasRenderingContext2D, view: View2D) => void} draw
 * @property {"picture" | "screen"} [space] what its coordinates are: picture pixels (lines scale with it), or CSS pixels of the view
 * @property {boolean} [hidden]
 */

const LARGEST_ZOOM = 64;
const CRISP_FROM = 2; // from this zoom a pixel is a square
const SLACK_PX = 4; // a hand that rests while Shift is pressed, for a key or a drag, moves by less

/**
 * `<us-view2d>`. Properties to set: `picture`, `layers`, `wheel_zooms` (false leaves the plain wheel to the room, Ctrl+wheel
 * zooms all the same unless `ctrl_wheel_zooms` is false too), `space_pans` (false where Space is a key of the room),
 * `shift_holds_middle` (Shift keeps the hand in the middle, and the picture moves under it). Says `view` when zoom or place changed. Pointer
 * events of the left and right button come through unless it pans; ask `point(event)` for where they are in the picture.
 */
export class View2D extends StudioElement {
  /** @type {Layer[]} */
  layers = [];
  wheel_zooms = true;
  ctrl_wheel_zooms = true;
  space_pans = true;
  shift_holds_middle = false;
  holds_middle = false; // the same without Shift; `hold_middle` changes it
  /** @type {Look} */
  look = { zoom: 1, x: 0, y: 0 };
  fitted = true;
  /** In how many columns the same picture stands side by side; each is fitted into its own. */
  columns = 1;
  /** The loupe's magnification over the view, 0 for none. */
  loupe = 0;
  /** @type {CanvasImageSource | null} */
  #picture = null;
  /** @type {[number, number]} */
  size = [0, 0];
  /** @type {Point | null} */
  pointer = null;
  /** Where the hand was before it was held in the middle, and since then, in CSS pixels of the window. @type {Point | null} */
  #free_at = null;
  /** @type {Point | null} */
  #held_at = null;
  #buttons = 0;
  #space = false;
  #asked = 0;
  draws = 0;

  enter() {
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { "aria-hidden": "true" }));
    this.replaceChildren(this.canvas);
    if (!this.hasAttribute("role")) this.setAttribute("role", "img");
    const watched = new ResizeObserver(() => this.#resized());
    watched.observe(this);
    this.leaving.signal.addEventListener("abort", () => watched.disconnect());
    this.listen(this, "wheel", (event) => this.#wheel(event), { passive: false });
    this.listen(this, "pointerdown", (event) => this.#down(event), { capture: true });
    this.listen(this, "pointermove", (event) => this.#lead(event), { capture: true });
    this.listen(this, "pointermove", (event) => this.#point_at(event));
    this.listen(this, "pointerup", (event) => ((this.#buttons = event.buttons), this.#wants_middle(event) || this.#let_go()));
    this.listen(this, "pointercancel", () => ((this.#buttons = 0), this.#let_go()));
    this.listen(this, "pointerleave", () => (this.#let_go(), (this.pointer = this.#free_at = null), this.loupe && this.redraw()));
    this.listen(document, "keydown", (event) => this.#space_key(event, true));
    this.listen(document, "keyup", (event) => (event.key === "Shift" && !this.holds_middle && this.#let_go(), this.#space_key(event, false)));
    this.listen(window, "blur", () => (this.#hand(false), this.#let_go()));
  }

  get picture() {
    return this.#picture;
  }

  /** Show another picture of a clip with the same view; a picture of another size is fitted if the last one was. */
  set picture(picture) {
    this.#picture = picture;
    const size = picture ? size_of(picture) : this.size;
    const other = size[0] !== this.size[0] || size[1] !== this.size[1];
    if (other && this.size[0] && !this.fitted) {
      const [kx, ky] = [size[0] / this.size[0], size[1] / this.size[1]];
      this.look = { zoom: this.look.zoom / kx, x: this.look.x * kx, y: this.look.y * ky };
    }
    this.size = size;
    if (this.fitted) this.fit();
    this.redraw();
  }

  /** Say the size before a picture is there, in pixels. @param {number} width @param {number} height */
  set_size(width, height) {
    this.size = [width, height];
    if (this.fitted) this.fit();
  }

  /** The whole picture, and from now on whenever the window changes. */
  fit() {
    const [width, height] = this.size;
    if (!width || !this.clientWidth) return;
    this.#set({ zoom: Math.min(this.clientWidth / this.columns / width, this.clientHeight / height, LARGEST_ZOOM), x: width / 2, y: height / 2 });
    this.fitted = true;
  }

  /** One picture pixel for one pixel of the screen, where the pointer is. */
  one_to_one() {
    this.zoom_at(1 / devicePixelRatio / this.look.zoom, this.pointer ?? this.middle);
  }

  get middle() {
    return { x: this.clientWidth / 2, y: this.clientHeight / 2 };
  }

  /** Zoom so that what lies under `at` stays there. @param {number} factor @param {Point} [at] in CSS pixels of the view */
  zoom_at(factor, at = this.middle) {
    const smallest = Math.min(0.02, this.clientWidth / (this.size[0] || 1) / 4);
    const zoom = Math.max(smallest, Math.min(LARGEST_ZOOM, this.look.zoom * factor));
    const fixed = this.to_picture(at);
    const middle = this.middle;
    this.#set({ zoom, x: fixed.x + (middle.x - at.x) / zoom, y: fixed.y + (middle.y - at.y) / zoom });
  }

  /** @param {number} dx @param {number} dy in CSS pixels: the picture goes with the hand */
  pan(dx, dy) {
    this.#set({ ...this.look, x: this.look.x - dx / this.look.zoom, y: this.look.y - dy / this.look.zoom });
  }

  /** Bring a place of the picture to the middle. @param {Point} place @param {number} [zoom] */
  center(place, zoom = this.look.zoom) {
    this.#set({ zoom, ...{ x: place.x, y: place.y } });
  }

  /** @param {Point} screen in CSS pixels of the view @returns {Point} */
  to_picture({ x, y }) {
    return { x: (x - this.clientWidth / 2) / this.look.zoom + this.look.x, y: (y - this.clientHeight / 2) / this.look.zoom + this.look.y };
  }

  /** @param {Point} place in picture pixels @returns {Point} */
  to_screen({ x, y }) {
    return { x: (x - this.look.x) * this.look.zoom + this.clientWidth / 2, y: (y - this.look.y) * this.look.zoom + this.clientHeight / 2 };
  }

  /** Where an event is in the picture. @param {MouseEvent} event @returns {Point} */
  point(event) {
    return this.to_picture(this.screen_point(event));
  }

  /** Where an event is in the view, in CSS pixels. @param {MouseEvent} event @returns {Point} */
  screen_point(event) {
    if (this.#held_at) return { x: this.middle.x + event.clientX - this.#held_at.x, y: this.middle.y + event.clientY - this.#held_at.y };
    const box = this.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  /** Draw at the next frame of the screen, once however often it is asked. */
  redraw() {
    if (!this.#asked) this.#asked = requestAnimationFrame(() => ((this.#asked = 0), this.#draw()));
  }

  /** Keys every view has; add them to the room's. @returns {import("./keys.js").KeyAction[]} */
  keys() {
    return [
      { key: "+", repeats: true, does: "Zoom in", run: () => this.zoom_at(1.25, this.pointer ?? undefined) },
      { key: "-", repeats: true, does: "Zoom out", run: () => this.zoom_at(0.8, this.pointer ?? undefined) },
      { key: "0", does: "Fit the whole picture", run: () => this.fit() },
      { key: "1", does: "One to one", run: () => this.one_to_one() },
      { key: "l", does: "Loupe", run: () => ((this.loupe = this.loupe ? 0 : 4), this.redraw()) },
    ];
  }

  /** @param {Look} look */
  #set(look) {
    this.look = look;
    this.fitted = false;
    this.redraw();
    this.dispatchEvent(new Event("view"));
  }

  #resized() {
    if (!this.canvas) return;
    this.canvas.width = Math.round(this.clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(this.clientHeight * devicePixelRatio);
    if (this.fitted) this.fit();
    this.#draw(); // at once: a canvas that changed its size is empty
  }

  #draw() {
    const context = this.canvas?.getContext("2d");
    if (!context || !this.canvas?.width) return;
    this.draws += 1;
    this.paint(context);
    if (this.loupe && this.pointer) loupe(context, this, this.pointer, this.loupe);
  }

  /** Draw the picture and all layers. @param {CanvasRenderingContext2D} context */
  paint(context) {
    const ratio = devicePixelRatio;
    const { zoom } = this.look;
    const corner = this.to_screen({ x: 0, y: 0 });
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    // The corner lies on a whole pixel of the screen, so that a crisp picture is crisp.
    const place = () => context.setTransform(zoom * ratio, 0, 0, zoom * ratio, Math.round(corner.x * ratio), Math.round(corner.y * ratio));
    place();
    context.imageSmoothingEnabled = zoom * ratio < CRISP_FROM;
    context.imageSmoothingQuality = "high";
    if (this.#picture && is_ready(this.#picture)) this.#draw_picture(context);
    for (const layer of this.layers) {
      if (layer.hidden) continue;
      context.save();
      if (layer.space === "screen") context.setTransform(ratio, 0, 0, ratio, 0, 0);
      else place();
      layer.draw(context, this);
      context.restore();
    }
    if (!this.#held_at) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw_cross(context, this.middle);
  }

  /**
   * The picture where it is. One that stays while something over it moves, as in a drag, is scaled once and then copied.
   * @param {CanvasRenderingContext2D} context already placed
   */
  #draw_picture(context) {
    const picture = /** @type {CanvasImageSource} */ (this.#picture);
    const { a, e, f } = context.getTransform();
    const { width, height } = context.canvas;
    const place = [a, e, f, width, height, ...this.size].join(" ");
    const same = this.#still.picture === picture && this.#still.place === place && picture instanceof ImageBitmap;
    if (!same) this.#still = { picture, place, scaled: null };
    if (same && !this.#still.scaled) {
      this.#still.scaled = new OffscreenCanvas(width, height);
      const aside = /** @type {OffscreenCanvasRenderingContext2D} */ (this.#still.scaled.getContext("2d"));
      aside.setTransform(context.getTransform());
      aside.imageSmoothingEnabled = context.imageSmoothingEnabled;
      aside.imageSmoothingQuality = "high";
      aside.drawImage(picture, 0, 0, ...this.size);
    }
    if (!this.#still.scaled) return context.drawImage(picture, 0, 0, ...this.size);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.#still.scaled, 0, 0);
    context.restore();
  }

  /** @type {{picture: CanvasImageSource | null, place: string, scaled: OffscreenCanvas | null}} */
  #still = { picture: null, place: "", scaled: null };

  /** @param {WheelEvent} event */
  #wheel(event) {
    const with_ctrl = event.ctrlKey || event.metaKey;
    if (!(with_ctrl ? this.ctrl_wheel_zooms : this.wheel_zooms)) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    this.zoom_at(2 ** (-event.deltaY * lines * 0.0025), this.screen_point(event));
  }

  /** @param {PointerEvent} event */
  #down(event) {
    const pans = event.button === 1 || (event.button === 0 && this.#space);
    if (pans) this.#let_go(); // before its button counts
    this.#buttons = event.buttons;
    if (!pans) return;
    event.preventDefault();
    event.stopPropagation();
    this.setPointerCapture(event.pointerId);
    let last = event;
    this.classList.add("panning");
    const move = (/** @type {PointerEvent} */ moved) => {
      this.pan(moved.clientX - last.clientX, moved.clientY - last.clientY);
      last = moved;
      moved.stopPropagation();
    };
    const end = () => {
      this.classList.remove("panning");
      this.removeEventListener("pointermove", move, true);
    };
    this.addEventListener("pointermove", move, true);
    for (const kind of ["pointerup", "pointercancel"]) this.addEventListener(kind, end, { once: true, capture: true });
  }

  // --- the hand in the middle

  /** Keep the hand in the middle also without Shift, from its next move on. @param {boolean} on */
  hold_middle(on) {
    this.holds_middle = on;
    if (!on) this.#let_go();
  }

  /** @param {PointerEvent} event */
  #wants_middle(event) {
    return this.holds_middle || (this.shift_holds_middle && event.shiftKey && (this.#held_at !== null || !event.ctrlKey));
  }

  /**
   * What lay under the hand comes to the middle, and from then on the hand, which is hidden, moves the picture under it. All
   * that was seen before is within its reach. A drag ends as it began, whatever becomes of Shift.
   * @param {PointerEvent} event
   */
  #lead(event) {
    const here = { x: event.clientX, y: event.clientY };
    const wants = this.#wants_middle(event);
    this.#buttons = event.buttons;
    if (this.#held_at && (wants || event.buttons)) {
      const { x, y } = this.#held_at;
      this.#held_at = here;
      return this.pan(x - here.x, y - here.y);
    }
    this.#let_go();
    if (!wants || event.buttons || !this.#free_at) this.#free_at = here;
    if (Math.hypot(here.x - this.#free_at.x, here.y - this.#free_at.y) < SLACK_PX) return;
    this.center(this.point(event));
    this.#held_at = here;
    this.classList.add("middle");
  }

  /** The hand is where it is seen again, once no button is down. */
  #let_go() {
    if (!this.#held_at || this.#buttons) return;
    this.#held_at = null;
    this.classList.remove("middle");
    this.redraw();
  }

  /** @param {PointerEvent} event */
  #point_at(event) {
    this.pointer = this.screen_point(event);
    if (this.loupe) this.redraw();
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  #space_key(event, down) {
    if (!this.space_pans || event.key !== " ") return;
    if (down && (!this.matches(":hover") || document.querySelector("input:focus, textarea:focus, dialog[open]"))) return;
    if (down) event.preventDefault();
    this.#hand(down);
  }

  /** @param {boolean} on */
  #hand(on) {
    this.#space = on;
    this.classList.toggle("hand", on);
  }
}

customElements.define("us-view2d", View2D);

/** @param {any} picture @returns {[number, number]} */
function size_of(picture) {
  return [picture.naturalWidth ?? picture.videoWidth ?? picture.width, picture.naturalHeight ?? picture.videoHeight ?? picture.height];
}

/** Where the hand is while it is hidden. @param {CanvasRenderingContext2D} context @param {Point} place */
function draw_cross(context, { x, y }) {
  for (const [colour, width] of /** @type {const} */ ([["rgba(0, 0, 0, 0.6)", 3], ["#ffffff", 1.5]])) {
    context.beginPath();
    for (const side of [-1, 1]) {
      context.moveTo(x + 4 * side, y);
      context.lineTo(x + 12 * side, y);
      context.moveTo(x, y + 4 * side);
      context.lineTo(x, y + 12 * side);
    }
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
  }
}

/** Whether it can be drawn: a broken image throws and would take all layers with it. @param {any} picture */
function is_ready(picture) {
  return !(picture instanceof HTMLImageElement) || (picture.complete && picture.naturalWidth > 0);
}
