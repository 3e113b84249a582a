// @ts-check
// One face under the hand: the tools, what a click does, and undo. Says `change` when the drawing is another one to
// keep and `state` when only what is shown changed. Where a drawing is kept is not here.

import { close_toast, toast } from "../../kit/toast.js";
import { Undo } from "../../kit/undo.js";
import { NO_PAINT, PaintLayer, with_stroke } from "./paint.js";
import { edge_near, point_near, region_at, with_kind, with_point_inserted, with_point_moved, with_point_removed, with_region_moved, without_region } from "./shapes.js";

/** @typedef {import("./shapes.js").Spot} Spot */
/** @typedef {import("./shapes.js").Region} Region */
/** @typedef {import("./shapes.js").Kind} Kind */
/** @typedef {{regions: Region[], open: Region | null, paint: import("./paint.js").Paint, mark: "" | "confirmed" | "skipped"}} Doc never changed in place */
/** @typedef {"polygon" | "brush" | "eraser"} Tool */

/** @type {Doc} */
export const NOTHING = { regions: [], open: null, paint: NO_PAINT, mark: "" };
const REACH_PX = 8; // of a hand, on the screen

export class Editor extends EventTarget {
  /** @param {import("../../kit/view2d.js").View2D} view */
  constructor(view) {
    super();
    this.view = view;
    /** @type {Undo<Doc>} */
    this.undo = new Undo(NOTHING);
    this.layer = new PaintLayer(1);
    /** @type {Tool} */
    this.tool = "polygon";
    /** @type {Kind} */
    this.kind = "include";
    this.radius = 12;
    this.chosen = -1;
    /** @type {import("./looks.js").Look} */
    this.look = "mask";
    this.opacity = 0.5;
    this.lines = 0;
    /** @type {ImageBitmap | null} the mask that is there without a drawing */
    this.base = null;
    /** @type {ImageBitmap | null} the mask that is looked at */
    this.overlay = null;
    this.overlay_on = true;
    this.classic = false;
    /** @type {Spot | null} */
    this.pointer_spot = null;
    /** @type {Spot | null} */
    this.hover = null;
    this.would_close = false;
    /** @type {import("./paint.js").Stroke | null} */
    this.stroke = null;
    this.ready = false;
    this.dragging = false; // a point or a region
    this.steps = 0;
    this.on_undo = () => this.shown();
  }

  get doc() {
    return this.undo.now;
  }

  /** Take another face under the hand. @param {Undo<Doc>} undo @param {number} size_px */
  open_face(undo, size_px) {
    this.undo.removeEventListener("change", this.on_undo);
    this.undo = undo;
    this.undo.addEventListener("change", this.on_undo);
    if (this.layer.size_px !== size_px) this.layer = new PaintLayer(size_px);
    this.chosen = -1;
    this.stroke = this.hover = null;
    this.ready = true;
    this.shown();
  }

  shown() {
    this.layer.show(this.doc.paint);
    if (this.chosen >= this.doc.regions.length) this.chosen = -1;
    this.view.redraw();
    if (!this.dragging) this.dispatchEvent(new Event("state")); // words around the picture wait until the hand lets go
  }

  /** A new drawing. `drag` changes are kept only when the hand lets go. @param {Partial<Doc>} change @param {string} does @param {string} [drag] */
  change(change, does, drag) {
    if (!this.ready) return; // another face is on its way
    this.undo.change({ ...this.doc, ...change }, does, { merge: drag });
    if (!drag) this.commit();
  }

  /** What is there now is to be kept. */
  commit() {
    this.undo.settle();
    this.dispatchEvent(new Event("change"));
  }

  take_back() {
    if (!this.ready) return;
    if (this.undo.undo()) this.commit();
    else toast("Nothing was drawn on this face in this visit that could be taken back.");
  }

  do_again() {
    if (!this.ready) return;
    if (this.undo.redo()) this.commit();
    else toast("Nothing was taken back on this face.");
  }

  /** Everything back to how the face was opened, or forward to the last. @param {boolean} back */
  all_the_way(back) {
    if (!this.ready) return;
    while (back ? this.undo.undo() : this.undo.redo());
    this.commit();
  }

  /** @param {Kind} kind of what is drawn next, and of a region that a hand chose */
  set_kind(kind) {
    this.kind = kind;
    if (this.doc.open && this.doc.open.kind !== kind) this.change({ open: { ...this.doc.open, kind } }, `Make it ${kind}`);
    else if (this.ready && this.tool === "polygon" && this.chosen >= 0 && this.doc.regions[this.chosen].kind !== kind) {
      this.change({ regions: with_kind(this.doc.regions, this.chosen, kind) }, `Make it ${kind}`);
      toast(`The chosen region is ${kind}d now. Ctrl+Z takes that back, Escape chooses none.`);
    }
    this.shown();
  }

  /** @param {Tool} tool */
  set_tool(tool) {
    this.close_open();
    this.tool = tool;
    this.view.wheel_zooms = tool === "polygon" && !this.classic;
    this.view.ctrl_wheel_zooms = tool !== "polygon" || !this.classic;
    this.shown();
  }

  /** @param {number} factor */
  size_brush(factor) {
    this.radius = Math.max(0.5, Math.min(this.layer.size_px / 2, this.radius * factor));
    this.shown();
  }

  /** Close the open polygon; with fewer than three points it goes. It is not chosen: what kind comes next leaves it alone. */
  close_open() {
    const { open, regions } = this.doc;
    if (!open || !this.ready) return;
    if (open.points.length < 3) return this.change({ open: null }, "Give the polygon up");
    this.chosen = -1;
    this.change({ open: null, regions: [...regions, open] }, `Draw a region to ${open.kind}`);
  }

  give_up() {
    if (this.doc.open) this.change({ open: null }, "Give the polygon up");
    else if (this.chosen < 0) close_toast();
    else this.chosen = -1;
    this.shown();
  }

  remove_chosen() {
    if (this.doc.open) return this.take_back();
    if (this.chosen < 0) return;
    const regions = without_region(this.doc.regions, this.chosen);
    this.chosen = -1;
    this.change({ regions }, "Delete a region");
  }

  clear() {
    this.chosen = -1;
    if (this.doc.regions.length || this.doc.open || this.doc.paint !== NO_PAINT) this.change({ regions: [], open: null, paint: NO_PAINT }, "Clear the face");
  }

  // --- the hand

  /** @param {PointerEvent} event @returns {Spot} */
  spot(event) {
    const { x, y } = this.view.point(event);
    return [x, y];
  }

  get reach() {
    return REACH_PX / this.view.look.zoom;
  }

  get drawing_shown() {
    return this.ready && this.look !== "drawn" && this.look !== "overlay";
  }

  /** @param {PointerEvent} event */
  hovered(event) {
    if (this.dragging) return;
    this.pointer_spot = this.spot(event);
    const { open, regions } = this.doc;
    this.hover = null;
    this.would_close = false;
    if (this.tool === "polygon" && open) this.would_close = open.points.length > 2 && point_near([{ ...open, points: [open.points[0]] }], this.pointer_spot, this.reach) !== null;
    else if (this.tool === "polygon") {
      const grip = point_near(regions, this.pointer_spot, this.reach);
      const edge = !grip && event.ctrlKey ? edge_near(regions, this.pointer_spot, this.reach) : null;
      this.hover = grip ? regions[grip.region].points[grip.point] : (edge?.spot ?? null);
    }
    this.view.redraw();
  }

  /** @param {PointerEvent} event */
  pressed(event) {
    if (!this.drawing_shown) return;
    if (this.classic && event.button === 1) return this.close_open();
    if (event.button !== 0 && event.button !== 2) return;
    if (this.tool !== "polygon") return this.#begin_stroke(event);
    const spot = this.spot(event);
    if (this.classic) {
      const kind = event.button === 2 ? "exclude" : "include";
      if (this.doc.open && this.doc.open.kind !== kind) this.close_open();
      this.kind = kind;
    }
    if (this.doc.open) return this.#go_on(spot, event);
    const { regions } = this.doc;
    const grip = point_near(regions, spot, this.reach);
    const remove = event.ctrlKey || event.metaKey || (event.button === 2 && !this.classic);
    if (grip && remove) return this.change({ regions: with_point_removed(regions, grip) }, "Delete a point");
    if (grip) return this.#drag_point(event, grip);
    if (event.button === 2 && !this.classic) return;
    const edge = edge_near(regions, spot, this.reach);
    if (edge && (event.ctrlKey || event.metaKey)) {
      this.change({ regions: with_point_inserted(regions, edge) }, "Insert a point", "drag");
      return this.#drag_point(event, { region: edge.region, point: edge.after + 1 });
    }
    if (edge) return this.choose(edge.region);
    const inside = region_at(regions, spot);
    if (event.shiftKey && inside >= 0) return this.#drag_region(event, inside);
    this.chosen = -1;
    this.change({ open: { kind: this.kind, points: [spot] } }, "Begin a region");
  }

  /** @param {number} region */
  choose(region) {
    this.chosen = region;
    if (region >= 0) this.kind = this.doc.regions[region].kind;
    this.shown();
  }

  /** @param {Spot} spot @param {PointerEvent} event */
  #go_on(spot, event) {
    const open = /** @type {Region} */ (this.doc.open);
    const first = point_near([{ ...open, points: [open.points[0]] }], spot, this.reach);
    if ((first || event.detail > 1) && open.points.length > 2) return this.close_open();
    if (event.detail > 1) return;
    this.change({ open: { ...open, points: [...open.points, spot] } }, "Add a point");
  }

  /** @param {PointerEvent} event @param {import("./shapes.js").Grip} grip */
  #drag_point(event, grip) {
    this.choose(grip.region);
    this.#follow(event, (spot) => this.change({ regions: with_point_moved(this.doc.regions, grip, spot) }, "Move a point", "drag"));
  }

  /** @param {PointerEvent} event @param {number} region */
  #drag_region(event, region) {
    this.choose(region);
    let [x, y] = this.spot(event);
    this.#follow(event, (spot) => {
      this.change({ regions: with_region_moved(this.doc.regions, region, spot[0] - x, spot[1] - y) }, "Move a region", "drag");
      [x, y] = spot;
    });
  }

  /** @param {PointerEvent} event */
  #begin_stroke(event) {
    const does = this.tool === "eraser" ? "erase" : event.button === 2 ? (this.kind === "include" ? "exclude" : "include") : this.kind;
    const before = this.doc.paint;
    /** @type {import("./paint.js").Stroke} */
    const stroke = { does, radius: this.radius, spots: [this.spot(event)] };
    this.stroke = stroke;
    this.layer.grow(stroke, 0);
    this.view.redraw();
    const grow = (/** @type {Spot} */ spot) => {
      stroke.spots.push(spot);
      this.layer.grow(stroke, stroke.spots.length - 1);
      this.pointer_spot = spot;
    };
    this.#follow(event, grow, () => {
      this.stroke = null;
      const paint = with_stroke(before, stroke);
      this.layer.keep(paint);
      this.change({ paint }, does === "erase" ? "Erase paint" : does === "include" ? "Paint face" : "Paint away");
    });
  }

  /** Until the hand lets go. @param {PointerEvent} event @param {(spot: Spot) => void} moved @param {() => void} [ended] */
  #follow(event, moved, ended = () => this.commit()) {
    this.view.setPointerCapture(event.pointerId);
    const move = (/** @type {PointerEvent} */ next) => {
      for (const one of next.getCoalescedEvents?.().length ? next.getCoalescedEvents() : [next]) moved(this.spot(one));
      this.steps += 1;
      this.view.redraw();
    };
    const let_go = new AbortController();
    this.dragging = this.tool === "polygon";
    const end = () => {
      let_go.abort();
      this.dragging = false;
      ended();
      this.shown();
    };
    this.view.addEventListener("pointermove", move, { signal: let_go.signal });
    for (const kind of ["pointerup", "pointercancel"]) this.view.addEventListener(kind, end, { signal: let_go.signal });
  }
}
