// @ts-check
// Before and after in one view: alone, with a wipe, side by side, as their difference, or what was painted over a
// checkerboard.

/** @typedef {"after" | "before" | "wipe" | "side" | "difference" | "alpha"} Way */
/** @typedef {import("../../kit/view2d.js").View2D} View2D */

export const WAYS = /** @type {Way[]} */ (["after", "wipe", "side", "difference", "alpha"]);
export const WAY_WORDS = { after: "After", before: "Before", wipe: "Wipe", side: "Side by side", difference: "Difference", alpha: "Alpha" };
const GRIP_PX = 10;
const SQUARE_PX = 8;

/** A layer of the view. It implements `kit/view2d.js` Layer. */
export class Compare {
  /** @type {Way} */
  way = "wipe";
  /** Where the wipe stands, as a share of the picture's width; left of it is before. */
  wipe = 0.5;
  /** @type {CanvasImageSource | null} */
  before = null;
  /** @type {CanvasImageSource | null} */
  after = null;
  /** Where faces are painted, white on black. @type {CanvasImageSource | null} */
  mask = null;
  /** Why nothing, or not everything, is painted; said over the picture. */
  why = "";
  /** What is shown instead of both, e.g. a step of the merge. @type {CanvasImageSource | null} */
  instead = null;
  space = /** @type {"screen"} */ ("screen");
  #scratch = new OffscreenCanvas(1, 1);
  #cut = { after: /** @type {CanvasImageSource | null} */ (null), mask: /** @type {CanvasImageSource | null} */ (null) };

  /** Which picture is needed beside the one after. @returns {"before" | "mask" | null} */
  get beside() {
    if (this.way === "after" || this.instead) return null;
    return this.way === "alpha" ? "mask" : "before";
  }

  /** @param {CanvasRenderingContext2D} context @param {View2D} view */
  draw(context, view) {
    const { before, after } = this;
    if (this.instead) return picture(context, view, this.instead);
    if (this.way === "before" && before) return picture(context, view, before);
    this.#show(context, view);
    if (this.why && after) label(context, this.why, 8, view.clientHeight - 36, view, false);
  }

  /** @param {CanvasRenderingContext2D} context @param {View2D} view */
  #show(context, view) {
    const { after, beside } = this;
    if (!after || (beside && !this[beside])) return void (after && picture(context, view, after));
    if (this.way === "wipe") this.#wipe(context, view);
    else if (this.way === "side") this.#side(context, view);
    else if (this.way === "difference") this.#difference(context, view);
    else if (this.way === "alpha") this.#alpha(context, view);
    else picture(context, view, after);
  }

  /** @param {View2D} view */
  #line_x(view) {
    return view.to_screen({ x: this.wipe * view.size[0], y: 0 }).x;
  }

  /** @param {CanvasRenderingContext2D} context @param {View2D} view */
  #wipe(context, view) {
    const x = this.#line_x(view);
    picture(context, view, /** @type {CanvasImageSource} */ (this.before));
    context.save();
    context.beginPath();
    context.rect(x, 0, 1e5, 1e5);
    context.clip();
    picture(context, view, /** @type {CanvasImageSource} */ (this.after));
    context.restore();
    const top = view.to_screen({ x: 0, y: 0 }).y;
    const below = view.to_screen({ x: 0, y: view.size[1] }).y;
    context.fillStyle = "#000";
    context.fillRect(x - 1.5, top, 3, below - top);
    context.fillStyle = "#fff";
    context.fillRect(x - 0.5, top, 1, below - top);
    const grip = (Math.max(0, top) + Math.min(view.clientHeight, below)) / 2;
    context.beginPath();
    context.arc(x, grip, GRIP_PX, 0, 2 * Math.PI);
    context.fill();
    context.fillStyle = "#000";
    context.fillText("◂▸", x - context.measureText("◂▸").width / 2, grip + 4);
    label(context, "before", x - 8, top, view, true);
    label(context, "after", x + 8, top, view, false);
  }

  /** @param {CanvasRenderingContext2D} context @param {View2D} view */
  #side(context, view) {
    const half = view.clientWidth / 2;
    for (const [shown, left, words] of /** @type {[CanvasImageSource, number, string][]} */ ([[this.before, 0, "before"], [this.after, half, "after"]])) {
      context.save();
      context.beginPath();
      context.rect(left, 0, half - 1, 1e5);
      context.clip();
      context.translate(left - half / 2, 0);
      picture(context, view, shown);
      context.restore();
      label(context, words, left + 8, 0, view, false);
    }
  }

  /** Four times the difference, so that small ones are seen. @param {CanvasRenderingContext2D} context @param {View2D} view */
  #difference(context, view) {
    const [width, height] = [/** @type {any} */ (this.after).width, /** @type {any} */ (this.after).height];
    this.#cut = { after: null, mask: null };
    if (this.#scratch.width !== width || this.#scratch.height !== height) this.#scratch = new OffscreenCanvas(width, height);
    const inside = /** @type {any} */ (this.#scratch.getContext("2d"));
    inside.globalCompositeOperation = "copy";
    inside.drawImage(this.after, 0, 0, width, height);
    inside.globalCompositeOperation = "difference";
    inside.drawImage(this.before, 0, 0, width, height);
    inside.globalCompositeOperation = "lighter";
    inside.drawImage(this.#scratch, 0, 0);
    inside.drawImage(this.#scratch, 0, 0);
    picture(context, view, this.#scratch);
    label(context, "difference × 4", view.to_screen({ x: 0, y: 0 }).x + 8, view.to_screen({ x: 0, y: 0 }).y, view, false);
  }

  /** What was painted, as far as it covers the frame, over a checkerboard. @param {CanvasRenderingContext2D} context @param {View2D} view */
  #alpha(context, view) {
    const after = /** @type {any} */ (this.after);
    if (this.#cut.after !== after || this.#cut.mask !== this.mask) {
      this.#cut = { after, mask: this.mask };
      this.#scratch = cut_out(after, /** @type {CanvasImageSource} */ (this.mask));
    }
    const [corner, end] = [view.to_screen({ x: 0, y: 0 }), view.to_screen({ x: view.size[0], y: view.size[1] })];
    context.fillStyle = checkerboard(context);
    context.fillRect(corner.x, corner.y, end.x - corner.x, end.y - corner.y);
    picture(context, view, this.#scratch);
    label(context, "alpha", corner.x + 8, corner.y, view, false);
  }

  /**
   * Let the wipe be dragged. @param {View2D} view @param {PointerEvent} event @returns {boolean} whether it was hit
   */
  grab(view, event) {
    if (this.way !== "wipe" || this.instead || event.button !== 0) return false;
    if (Math.abs(view.screen_point(event).x - this.#line_x(view)) > GRIP_PX) return false;
    view.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ moved) => {
      this.wipe = Math.max(0, Math.min(1, view.point(moved).x / view.size[0]));
      view.redraw();
    };
    view.addEventListener("pointermove", move);
    view.addEventListener("pointerup", () => view.removeEventListener("pointermove", move), { once: true });
    return true;
  }
}

/** A picture with the mask as its alpha. @param {any} shown @param {CanvasImageSource} mask */
function cut_out(shown, mask) {
  const { width, height } = shown;
  const made = new OffscreenCanvas(width, height);
  const context = /** @type {OffscreenCanvasRenderingContext2D} */ (made.getContext("2d", { willReadFrequently: true }));
  context.drawImage(mask, 0, 0, width, height);
  const covered = context.getImageData(0, 0, width, height).data;
  context.drawImage(shown, 0, 0, width, height);
  const seen = context.getImageData(0, 0, width, height);
  for (let at = 3; at < covered.length; at += 4) seen.data[at] = covered[at - 1];
  context.putImageData(seen, 0, 0);
  return made;
}

/** @param {CanvasRenderingContext2D} context */
function checkerboard(context) {
  const tile = new OffscreenCanvas(2 * SQUARE_PX, 2 * SQUARE_PX);
  const inside = /** @type {OffscreenCanvasRenderingContext2D} */ (tile.getContext("2d"));
  inside.fillStyle = "#999";
  inside.fillRect(0, 0, 2 * SQUARE_PX, 2 * SQUARE_PX);
  inside.fillStyle = "#666";
  for (const at of [0, SQUARE_PX]) inside.fillRect(at, at, SQUARE_PX, SQUARE_PX);
  return /** @type {CanvasPattern} */ (context.createPattern(tile, "repeat"));
}

/** @param {CanvasRenderingContext2D} context @param {View2D} view @param {CanvasImageSource} shown */
function picture(context, view, shown) {
  const corner = view.to_screen({ x: 0, y: 0 });
  const ratio = devicePixelRatio;
  const { zoom } = view.look;
  context.imageSmoothingEnabled = zoom * ratio < 2;
  context.imageSmoothingQuality = "high";
  // On a whole pixel of the screen, so that a crisp picture is crisp.
  const snap = (/** @type {number} */ at) => Math.round(at * ratio) / ratio;
  context.drawImage(shown, snap(corner.x), snap(corner.y), view.size[0] * zoom, view.size[1] * zoom);
}

/** @param {CanvasRenderingContext2D} context @param {string} words @param {number} x @param {number} top @param {View2D} view @param {boolean} left_of */
function label(context, words, x, top, view, left_of) {
  context.font = `12px ${getComputedStyle(view).fontFamily}`;
  const wide = context.measureText(words).width + 10;
  const [left, y] = [left_of ? x - wide : x, Math.max(0, top) + 8];
  context.fillStyle = "rgb(0 0 0 / 0.65)";
  context.fillRect(left, y, wide, 20);
  context.fillStyle = "#fff";
  context.fillText(words, left + 5, y + 14);
}
