// @ts-check
// What the mouse does over a frame: draw, move, resize and turn the box, drag points, lock, and let the box follow.

import { corners, drawn_box, from_box, is_inside, is_near, knob, moved_along, next_side, point_at, points_between, resized, turned } from "./box.js";
import { KNOB_PX } from "./drawing.js";
import { beside, with_box, with_point, with_points_moved } from "./edit.js";

/** @typedef {import("./box.js").Point} Point */
/** @typedef {"draw" | "move" | "resize" | "turn" | "point" | "template" | "choose" | ""} Grip */

const REACH_PX = 9; // of the screen
const DRAG_PX = 4; // less is a click
const TURN_DEG = 5;

/** The hand over one view. It changes the room's edit, and asks it to read. */
export class Hand {
  /** @param {import("./room.js").FramesRoom} room */
  constructor(room) {
    this.room = room;
    this.view = room.view;
    /** @type {Grip} */
    this.grip = "";
    this.point = -1;
    /** Over when what is dragged is let go. @type {Promise<void>} */
    this.dragging = Promise.resolve();
    /** Points that are moved together. @type {ReadonlySet<number>} */
    this.group = new Set();
    /** What is being chosen from now, corner to corner. @type {[Point, Point] | null} */
    this.frame = null;
  }

  /** @param {ReadonlySet<number>} group */
  choose(group) {
    this.group = group;
    this.frame = null;
    this.view.redraw();
  }

  /** The face as the hand leaves it, where it drags something now. @returns {Promise<import("./edit.js").Edit>} */
  async left() {
    await this.dragging;
    return this.room.edit;
  }

  begin() {
    const { room, view } = this;
    room.listen(view, "pointerdown", (event) => this.#down(event));
    room.listen(view, "pointermove", (event) => this.#hover(event));
    room.listen(view, "wheel", (event) => this.#wheel(event), { passive: false });
    room.listen(view, "contextmenu", (event) => event.preventDefault());
  }

  /** What lies under the pointer. @param {Point} at in the picture @returns {{grip: Grip, point: number}} */
  under(at) {
    const edit = this.room.edit;
    const reach = REACH_PX / this.view.look.zoom;
    if (!edit.locked || !edit.box) return { grip: "draw", point: -1 };
    const near = (/** @type {Point} */ place) => Math.hypot(place.x - at.x, place.y - at.y) <= reach;
    if (near(knob(edit.box, KNOB_PX / this.view.look.zoom))) return { grip: "turn", point: -1 };
    const point = point_at(edit.landmarks, at, reach);
    if (point >= 0) return { grip: "point", point };
    if (corners(edit.box).some(near)) return { grip: "resize", point: -1 };
    return { grip: is_inside(edit.box, at) ? "move" : "draw", point: -1 };
  }

  /** @param {PointerEvent} event */
  #hover(event) {
    if (this.grip) return;
    const at = this.view.point(event);
    const edit = this.room.edit;
    if (!edit.locked && edit.box && event.buttons === 0) {
      this.room.held.follow(with_box(edit, { ...edit.box, x: at.x, y: at.y }));
      this.room.held.read();
    }
    const { grip, point } = this.under(at);
    if (point !== this.point) {
      this.point = point;
      this.view.redraw();
    }
    this.view.style.cursor = { turn: "grab", resize: "nwse-resize", move: "move", point: "pointer" }[/** @type {string} */ (grip)] ?? "crosshair";
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 && event.button !== 2) return;
    if (!this.room.is_ready) return;
    this.view.setPointerCapture(event.pointerId);
    const from = this.view.point(event);
    const start = this.view.screen_point(event);
    const before = this.room.edit;
    const { grip, point } = this.under(from);
    const chooses = event.shiftKey && event.button === 0 && before.locked && before.landmarks !== null;
    this.grip = event.button === 2 ? "template" : chooses ? "choose" : grip;
    this.point = point;
    // Away from a stored face, or from one that is drawn already, another one begins.
    const away = before.locked && before.box !== null && !is_near(before.box, from);
    let [dragged, begun] = [this.grip === "template", false];
    let let_go = () => {};
    this.dragging = new Promise((done) => (let_go = done));
    const move = (/** @type {PointerEvent} */ moved) => {
      const now = this.view.screen_point(moved);
      if (!dragged && Math.hypot(now.x - start.x, now.y - start.y) < DRAG_PX) return;
      if (!begun && away && ["draw", "template"].includes(this.grip)) this.room.keep_if_locked();
      dragged = begun = true;
      this.#drag(before, from, this.view.point(moved), away);
    };
    const end = (/** @type {PointerEvent} */ ended) => {
      this.view.removeEventListener("pointermove", move);
      for (const kind of ["pointerup", "pointercancel"]) this.view.removeEventListener(kind, /** @type {any} */ (end));
      if (this.frame) this.choose(points_between(before.landmarks, ...this.frame));
      else if (!dragged && ended.type === "pointerup") this.#click(from);
      else if (dragged) this.room.held.settle();
      this.grip = "";
      this.view.redraw();
      let_go();
    };
    this.view.addEventListener("pointermove", move);
    for (const kind of ["pointerup", "pointercancel"]) this.view.addEventListener(kind, /** @type {any} */ (end));
  }

  /** @param {import("./edit.js").Edit} before @param {Point} from @param {Point} to @param {boolean} away whether it began away from `before` */
  #drag(before, from, to, away) {
    const { room } = this;
    const box = before.box;
    if (this.grip === "choose") {
      this.frame = [from, to];
      return this.view.redraw();
    }
    if (this.grip === "point" && this.group.has(this.point)) {
      return room.held.change(with_points_moved(before, this.group, to.x - from.x, to.y - from.y), "Move points", "points");
    }
    if (this.grip === "point") return room.held.change(with_point(room.edit, this.point, to), "Move a point", `point ${this.point}`);
    if (this.grip === "template") return room.held.place_template(from, to, away);
    if (this.grip === "draw" || !box) {
      const drawn = drawn_box(from, to);
      room.held.change({ ...(away ? beside(drawn) : with_box(before, drawn)), locked: true }, away ? "Draw another face" : "Draw a box", "drag");
      return room.held.read();
    }
    const after = this.grip === "move" ? { ...box, x: box.x + to.x - from.x, y: box.y + to.y - from.y } : this.grip === "turn" ? turned(box, to) : resized(box, to);
    const does = { move: "Move the box", turn: "Turn the box", resize: "Resize the box" }[/** @type {string} */ (this.grip)] ?? "";
    if (before.moved.size && before.landmarks) {
      // Points that a hand placed are not read anew: they go with the box.
      return room.held.change({ ...before, box: after, landmarks: moved_along(before.landmarks, box, after), changed: true }, does, "drag");
    }
    room.held.change(with_box(before, after), does, "drag");
    room.held.read();
  }

  /** A click locks what follows the mouse, and lets go of what is locked. @param {Point} at */
  #click(at) {
    const { room } = this;
    const edit = room.edit;
    if (this.grip === "choose") return this.point < 0 ? undefined : this.#choose_one(this.point);
    if (this.group.size) this.choose(new Set());
    if (this.grip === "point") return;
    if (edit.locked) room.held.unlock(at);
    else room.held.lock();
  }

  /** One point more in the group, or one less. @param {number} point */
  #choose_one(point) {
    const group = new Set(this.group);
    if (!group.delete(point)) group.add(point);
    this.choose(group);
  }

  /** The wheel makes a box that follows larger, with Shift it turns it; over a locked one it zooms. @param {WheelEvent} event */
  #wheel(event) {
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const { room } = this;
    const edit = room.edit;
    const delta = event.deltaY || event.deltaX;
    if (!delta) return;
    if (event.shiftKey) return room.held.turn(delta > 0 ? TURN_DEG : -TURN_DEG);
    if (edit.locked || !edit.box) return this.view.zoom_at(2 ** (-event.deltaY * 0.0025), this.view.screen_point(event));
    room.held.follow(with_box(edit, { ...edit.box, side: next_side(edit.box.side, delta < 0 ? 1 : -1) }));
    room.held.read();
  }
}

/** The mean face between an anchor and the hand: its distance is the size, its direction the chin's. @param {number[][]} mean @param {Point} anchor @param {Point} to */
export function template(mean, anchor, to) {
  const side = Math.max(10, 2 * Math.hypot(to.x - anchor.x, to.y - anchor.y));
  const box = { x: anchor.x, y: anchor.y, side, angle: (Math.atan2(anchor.x - to.x, to.y - anchor.y) * 180) / Math.PI };
  const landmarks = mean.map(([u, v]) => {
    const place = from_box(box, u, v);
    return [place.x, place.y];
  });
  return { box, landmarks };
}
