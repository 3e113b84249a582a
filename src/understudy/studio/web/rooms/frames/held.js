// @ts-check
// The face in the hand: its box, its points, how it came to be, and reading its points while the box moves.

import { get } from "../../kit/api.js";
import { toast_error } from "../../kit/toast.js";
import { Undo } from "../../kit/undo.js";
import { beside, NOTHING, with_box, with_reading } from "./edit.js";
import { template } from "./hand.js";
import { LiveReading } from "./reading.js";

/** @typedef {import("./edit.js").Edit} Edit */

export class Held {
  /** What waits for the mean face. @type {(() => void) | null} */
  #placing = null;

  /** @param {import("./room.js").FramesRoom} room */
  constructor(room) {
    this.room = room;
    this.reading = new LiveReading();
    /** @type {Undo<Edit>} */
    this.edits = new Undo(NOTHING);
    /** Size and angle of the box that was used last. */
    this.usual = { side: 0, angle: 0 };
    /** @type {number[][] | null} */
    this.mean = null;
  }

  get edit() {
    return this.edits.now;
  }

  /** Begin anew with an edit that nobody made here. @param {Edit} edit */
  hold(edit) {
    this.edits = new Undo(edit);
    this.#seen();
  }

  /** @param {Edit} edit @param {string} does @param {string} [merge] */
  change(edit, does, merge) {
    this.edits.change(edit, does, { merge });
    this.#seen();
  }

  /** The box follows the mouse: nothing that would be taken back. @param {Edit} edit */
  follow(edit) {
    this.edits.now = edit;
    this.#seen();
  }

  settle() {
    this.edits.settle();
  }

  #seen() {
    const { box, locked } = this.edit;
    if (box) this.usual = { side: box.side, angle: locked ? this.usual.angle : box.angle };
    this.room.show_held();
  }

  /** Read the points in the box as it is now; they come into the same step of undo. */
  async read() {
    const { room, edit } = this;
    const { clip, frame } = room;
    if (!edit.box?.side || !room.is_ready) return; // no size yet: its clip is being opened
    try {
      const reading = await this.reading.ask(clip, frame, edit.box, room.accurate);
      if (!reading || frame !== room.frame || clip !== room.clip || this.edit.moved.size || !this.edit.box) return;
      this.edits.now = with_reading(this.edit, reading, this.edit.box !== edit.box);
      this.#seen();
    } catch (error) {
      toast_error(error);
    }
  }

  async read_again() {
    if (!this.edit.box) return;
    this.change(with_box(this.edit, this.edit.box), "Read again");
    await this.read();
  }

  /** The box follows the mouse. @param {{x: number, y: number} | null} at */
  unlock(at) {
    const middle = at ?? (this.room.view.pointer ? this.room.view.to_picture(this.room.view.pointer) : { x: this.room.view.size[0] / 2, y: this.room.view.size[1] / 2 });
    const box = { ...(this.edit.box ?? { ...this.usual }), x: middle.x, y: middle.y };
    const next = { ...with_box(this.edit, box), locked: false, changed: this.edit.changed };
    if (at) this.change({ ...next, changed: true }, "Let the box follow");
    else this.hold(next);
    this.read();
  }

  lock() {
    this.change({ ...this.edit, locked: true }, "Lock the box");
    this.settle();
    if (!this.edit.landmarks) this.read();
  }

  toggle_lock() {
    if (this.edit.locked) this.unlock(this.room.view.pointer ? this.room.view.to_picture(this.room.view.pointer) : this.edit.box);
    else this.lock();
  }

  /** @param {number} by_deg */
  turn(by_deg) {
    if (!this.edit.box) return;
    this.change(with_box(this.edit, { ...this.edit.box, angle: this.edit.box.angle + by_deg }), "Turn the box", "turn");
    this.read();
  }

  /** A box for another face of this frame follows the mouse; what is in the hand is kept first. */
  begin_another() {
    const { room } = this;
    if (!room.is_ready) return;
    room.keep_if_locked();
    const middle = room.view.pointer ? room.view.to_picture(room.view.pointer) : { x: room.view.size[0] / 2, y: room.view.size[1] / 2 };
    this.reading.forget();
    this.change({ ...beside({ ...this.usual, ...middle }), changed: false }, "Begin another face");
    this.read();
  }

  /** @param {{x: number, y: number}} anchor @param {{x: number, y: number}} to @param {boolean} [away] of a face that is in the hand: this is another one */
  place_template(anchor, to, away = false) {
    if (!this.mean) return this.#once_known(() => this.place_template(anchor, to, away));
    this.reading.forget();
    const { box, landmarks } = template(this.mean, anchor, to);
    const edit = away ? beside(box) : this.edit;
    const moved = new Set(landmarks.keys());
    this.change({ ...edit, box, landmarks, spread: null, score: 1, locked: true, changed: true, moved, unread: false }, "Place the mean face", "template");
  }

  /** The mean face is asked for once; of all that is done with it meanwhile the last counts, in the frame where it was done. @param {() => void} place */
  #once_known(place) {
    const { room } = this;
    const { clip, frame } = room;
    const is_asked = Boolean(this.#placing);
    this.#placing = () => {
      if (clip !== room.clip || frame !== room.frame || !room.is_ready) return;
      place();
      room.hand.dragging.then(() => this.settle());
    };
    if (is_asked) return;
    get("frames/mean")
      .then((told) => ((this.mean = told.landmarks), this.#placing?.()), toast_error)
      .finally(() => (this.#placing = null));
  }

  /** One step back in what was done in this frame; false where there is none. */
  undo() {
    return this.#after(this.edits.undo());
  }

  redo() {
    return this.#after(this.edits.redo());
  }

  /** What is in the hand is on its way to be stored. */
  mark_kept() {
    this.edits.now = { ...this.edit, changed: false, another: false };
  }

  /** @param {string} words */
  #after(words) {
    if (!words) return false;
    this.reading.forget();
    this.#seen();
    return true;
  }
}
