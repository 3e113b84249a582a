// @ts-check
// How a face, its mask and its regions are put on the view: the tint, the mask alone, lines and points. Changes nothing.

import { canvas_of, context_of } from "./paint.js";
import { outline } from "./shapes.js";

/** @typedef {import("./editor.js").Editor} Editor */
/** @typedef {"picture" | "mask" | "drawn" | "overlay"} Look */

/** Colours of lines by what they are for, on film rather than on the page; K goes through them. */
export const LINES = [
  { include: "#4df08a", exclude: "#ff5f6d" },
  { include: "#4fc3ff", exclude: "#ffb347" },
  { include: "#ffffff", exclude: "#ff66d9" },
];
const TINT = "#00b25a"; // what is no face, as on the sheets of the guide
const OVERLAY = "#c13cff"; // what the mask that is looked at leaves out
const POINT_PX = 3.5;
const QUICK_PX = 384; // the tint's side while a hand drags

export class Looks {
  /** @param {number} size_px */
  constructor(size_px) {
    this.size_px = size_px;
    this.mask = canvas_of(size_px);
    this.tint = canvas_of(size_px);
    this.quick = canvas_of(Math.min(size_px, QUICK_PX));
    /** @type {unknown[]} */
    this.made_of = [];
  }

  /** What is face, white with the mask as its alpha, made anew only where something changed. @param {Editor} editor */
  face_mask(editor) {
    const { regions } = editor.doc;
    const made_of = [regions, editor.doc.paint, editor.base, editor.stroke?.spots.length];
    if (made_of.every((part, at) => part === this.made_of[at])) return this.mask;
    this.made_of = made_of;
    const context = context_of(this.mask);
    context.globalCompositeOperation = "source-over";
    context.clearRect(0, 0, this.size_px, this.size_px);
    context.fillStyle = "white";
    if (regions.some((region) => region.kind === "include")) context.fill(outline(regions, "include"));
    else if (editor.base) context.drawImage(editor.base, 0, 0, this.size_px, this.size_px);
    context.globalCompositeOperation = "destination-out";
    context.fill(outline(regions, "exclude"));
    if (!editor.layer.is_empty) {
      context.drawImage(editor.layer.none, 0, 0);
      context.globalCompositeOperation = "source-over";
      context.drawImage(editor.layer.face, 0, 0);
    }
    return this.mask;
  }

  /** Colour where a mask is not. @param {CanvasImageSource} mask @param {string} colour */
  outside(mask, colour) {
    const context = context_of(this.tint);
    context.globalCompositeOperation = "copy";
    context.fillStyle = colour;
    context.fillRect(0, 0, this.size_px, this.size_px);
    context.globalCompositeOperation = "destination-out";
    context.drawImage(mask, 0, 0, this.size_px, this.size_px);
    return this.tint;
  }

  /** The same as `outside` of the face's mask while regions are dragged: coarser, and in one canvas. @param {Editor} editor */
  outside_quickly({ doc, base }) {
    const context = context_of(this.quick);
    const scale = this.quick.width / this.size_px;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.globalCompositeOperation = "copy";
    context.fillStyle = TINT;
    context.fillRect(0, 0, this.size_px, this.size_px);
    context.globalCompositeOperation = "destination-out";
    if (doc.regions.some((region) => region.kind === "include")) context.fill(outline(doc.regions, "include"));
    else if (base) context.drawImage(base, 0, 0, this.size_px, this.size_px);
    context.globalCompositeOperation = "source-over";
    context.fill(outline(doc.regions, "exclude"));
    return this.quick;
  }

  /** Over the picture, in its pixels. @param {CanvasRenderingContext2D} context @param {Editor} editor */
  draw_masks(context, editor) {
    const size = this.size_px;
    if (editor.look === "drawn" || editor.look === "overlay") {
      context.fillStyle = "black";
      context.fillRect(0, 0, size, size);
      const mask = editor.look === "drawn" ? this.face_mask(editor) : editor.overlay;
      if (mask) context.drawImage(mask, 0, 0, size, size);
      return;
    }
    context.globalAlpha = editor.opacity;
    if (editor.look === "mask") {
      const quickly = editor.dragging && editor.layer.is_empty;
      if (quickly) context.imageSmoothingQuality = "low";
      context.drawImage(quickly ? this.outside_quickly(editor) : this.outside(this.face_mask(editor), TINT), 0, 0, size, size);
    }
    if (editor.overlay && editor.overlay_on) context.drawImage(this.outside(editor.overlay, OVERLAY), 0, 0);
  }
}

/** Lines and points, in CSS pixels of the view. @param {CanvasRenderingContext2D} context @param {any} view @param {Editor} editor */
export function draw_regions(context, view, editor) {
  if (editor.look === "drawn" || editor.look === "overlay") return;
  const colours = LINES[editor.lines % LINES.length];
  const { zoom } = view.look;
  const corner = view.to_screen({ x: 0, y: 0 });
  const at = (/** @type {[number, number]} */ [x, y]) => /** @type {const} */ ([x * zoom + corner.x, y * zoom + corner.y]);
  editor.doc.regions.forEach((region, index) => draw_outline(context, region.points.map(at), colours[region.kind], { closed: true, dotted: region.kind === "exclude", chosen: index === editor.chosen }));
  if (editor.doc.open) {
    const points = editor.doc.open.points.map(at);
    const ends = editor.pointer_spot ? [...points, at(editor.pointer_spot)] : points;
    draw_outline(context, ends, colours[editor.doc.open.kind], { closed: false, dotted: editor.doc.open.kind === "exclude", chosen: true });
    ring(context, points[0], editor.would_close ? 8 : 5, colours[editor.doc.open.kind]);
  }
  if (editor.hover) ring(context, at(editor.hover), 6, "#ffffff");
  if (editor.tool !== "polygon" && editor.pointer_spot) {
    const colour = editor.tool === "eraser" ? "#ffffff" : colours[editor.kind];
    ring(context, at(editor.pointer_spot), editor.radius * zoom, colour);
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {(readonly [number, number])[]} points @param {string} colour
 * @param {{closed: boolean, dotted: boolean, chosen: boolean}} how
 */
function draw_outline(context, points, colour, { closed, dotted, chosen }) {
  context.beginPath();
  points.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
  context.lineJoin = "round";
  context.setLineDash([]);
  context.strokeStyle = "rgba(0, 0, 0, 0.6)";
  context.lineWidth = chosen ? 4 : 3;
  context.stroke();
  context.setLineDash(dotted ? [6, 4] : []);
  context.strokeStyle = colour;
  context.lineWidth = chosen ? 2 : 1.25;
  context.stroke();
  context.setLineDash([]);
  const half = chosen ? POINT_PX : POINT_PX - 1;
  context.beginPath();
  for (const [x, y] of points) context.rect(x - half, y - half, 2 * half, 2 * half);
  context.fillStyle = chosen ? "#ffffff" : colour;
  context.fill();
}

/** @param {CanvasRenderingContext2D} context @param {readonly [number, number]} place @param {number} radius @param {string} colour */
function ring(context, [x, y], radius, colour) {
  context.beginPath();
  context.arc(x, y, Math.max(1, radius), 0, 7);
  context.strokeStyle = "rgba(0, 0, 0, 0.6)";
  context.lineWidth = 3;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.stroke();
}
