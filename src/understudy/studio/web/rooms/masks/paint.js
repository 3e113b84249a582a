// @ts-check
// What a brush painted, as a list of strokes over what was there: undo takes a stroke off the list. The canvases are
// made from it, and go on from where they are when only strokes were added.

/** @typedef {import("./shapes.js").Spot} Spot */
/** @typedef {{does: "include" | "exclude" | "erase", radius: number, spots: Spot[]}} Stroke */
/** @typedef {{base: ImageBitmap | null, strokes: Stroke[]}} Paint never changed in place */

/** @type {Paint} */
export const NO_PAINT = { base: null, strokes: [] };

/** @param {Paint} paint @param {Stroke} stroke @returns {Paint} */
export function with_stroke(paint, stroke) {
  return { base: paint.base, strokes: [...paint.strokes, stroke] };
}

/** @param {Paint} paint */
export function is_painted(paint) {
  return paint.base !== null || paint.strokes.some((stroke) => stroke.does !== "erase");
}

export class PaintLayer {
  /** @param {number} size_px of the square */
  constructor(size_px) {
    this.size_px = size_px;
    this.face = canvas_of(size_px);
    this.none = canvas_of(size_px);
    /** @type {Paint} */
    this.shown = NO_PAINT;
    this.drawn_strokes = 0;
    this.is_empty = true;
  }

  /** Show a paint, with a stroke that is being drawn. @param {Paint} paint @param {Stroke | null} [fresh] */
  show(paint, fresh = null) {
    if (paint !== this.shown || this.had_fresh) {
      const goes_on = !this.had_fresh && paint.base === this.shown.base && this.shown.strokes.every((stroke, at) => stroke === paint.strokes[at]);
      if (!goes_on) this.#begin(paint);
      for (const stroke of paint.strokes.slice(goes_on ? this.shown.strokes.length : 0)) this.#stroke(stroke);
      this.shown = paint;
      this.is_empty = !is_painted(paint);
    }
    this.had_fresh = false;
    if (fresh) {
      this.#stroke(fresh);
      this.is_empty = false;
      this.had_fresh = true;
    }
  }

  /** Only the end of a stroke that grows; what is drawn of it stays. @param {Stroke} stroke @param {number} from */
  grow(stroke, from) {
    this.#stroke({ ...stroke, spots: stroke.spots.slice(Math.max(0, from - 1)) });
    this.is_empty = false;
    this.had_fresh = true;
  }

  /** The stroke that grew is now the paint's last one. @param {Paint} paint */
  keep(paint) {
    this.shown = paint;
    this.had_fresh = false;
    this.is_empty = !is_painted(paint);
  }

  /** As a PNG in Base64: white is face, black is none, clear is neither. Null where nothing is painted. */
  png_base64() {
    if (this.is_empty) return null;
    const all = canvas_of(this.size_px);
    const context = context_of(all);
    context.drawImage(this.none, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "black";
    context.fillRect(0, 0, this.size_px, this.size_px);
    context.globalCompositeOperation = "source-over";
    context.drawImage(this.face, 0, 0);
    return all.toDataURL("image/png").split(",")[1];
  }

  /** @param {Paint} paint */
  #begin(paint) {
    for (const canvas of [this.face, this.none]) context_of(canvas).clearRect(0, 0, this.size_px, this.size_px);
    if (!paint.base) return;
    const all = canvas_of(this.size_px);
    context_of(all).drawImage(paint.base, 0, 0, this.size_px, this.size_px);
    const pixels = context_of(all).getImageData(0, 0, this.size_px, this.size_px);
    const none = new ImageData(new Uint8ClampedArray(pixels.data), this.size_px);
    for (let at = 0; at < pixels.data.length; at += 4) {
      const is_face = pixels.data[at] > 127;
      (is_face ? none : pixels).data[at + 3] = 0;
      if (!is_face) none.data[at] = none.data[at + 1] = none.data[at + 2] = 255;
    }
    context_of(this.face).putImageData(pixels, 0, 0);
    context_of(this.none).putImageData(none, 0, 0);
  }

  /** @param {Stroke} stroke */
  #stroke({ does, radius, spots }) {
    const path = new Path2D();
    spots.forEach(([x, y], at) => (at ? path.lineTo(x, y) : path.moveTo(x, y)));
    if (spots.length === 1) path.lineTo(spots[0][0] + 0.01, spots[0][1]);
    for (const [canvas, adds] of /** @type {[HTMLCanvasElement, boolean][]} */ ([[this.face, does === "include"], [this.none, does === "exclude"]])) {
      const context = context_of(canvas);
      context.globalCompositeOperation = adds ? "source-over" : "destination-out";
      context.strokeStyle = "white";
      context.lineWidth = 2 * radius;
      context.lineCap = context.lineJoin = "round";
      context.stroke(path);
    }
  }
}

/** @param {number} size_px */
export function canvas_of(size_px) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size_px;
  return canvas;
}

/** @param {HTMLCanvasElement} canvas */
export function context_of(canvas) {
  return /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
}
