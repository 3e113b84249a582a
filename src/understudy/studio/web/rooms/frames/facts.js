// @ts-check
// Beside the frame: what is known of it and of the face in the hand, and which other faces it has.

import { h, StudioElement } from "../../kit/element.js";
import { error_share } from "./edit.js";
import { help } from "./help.js";
import { KINDS } from "./states.js";

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** `<us-frames-facts>`. Says `choose` (detail: the face's place in the list). */
export class FramesFacts extends StudioElement {
  enter() {
    this.frame = h("h2");
    this.state = h("p", { class: "frames-state" });
    this.hand = h("dl", { class: "facts" });
    this.faces = h("div", { class: "frames-faces", role: "listbox", "aria-label": "Faces of this frame" });
    this.replaceChildren(this.frame, this.state, h("h3", {}, "In the hand"), this.hand, h("h3", {}, "Faces of this frame"), this.faces);
    this.set_help(localStorage.getItem("understudy frames help") !== "no");
  }

  get has_help() {
    return this.querySelector(".frames-help") !== null;
  }

  /** @param {boolean} on */
  set_help(on) {
    this.querySelector(".frames-help")?.remove();
    if (on) this.append(help());
    localStorage.setItem("understudy frames help", on ? "yes" : "no");
  }

  /** @param {import("./room.js").FramesRoom} room */
  show(room) {
    if (!this.frame || !room.states) return;
    const { frame, states, told } = room;
    this.frame.replaceChildren(`Frame ${frame}`, h("small", { class: "dim" }, ` of 0–${states.count - 1}, ${(frame / room.facts_of_clip.rate).toFixed(2)} s`));
    const kind = KINDS[states.kinds[frame]];
    const dot = h("span", { class: "frames-dot", "aria-hidden": "true" });
    dot.style.background = `var(${kind.color})`;
    this.state?.replaceChildren(dot, told?.why || kind.words);
    this.#show_hand(room.edit, room.accurate);
    const rows = (told?.faces ?? []).map((/** @type {any} */ face, /** @type {number} */ place) => this.#face(face, place, room));
    this.faces?.replaceChildren(...(rows.length ? rows : [h("p", { class: "dim" }, "None.")]));
  }

  /** @param {import("./edit.js").Edit} edit @param {boolean} accurate */
  #show_hand(edit, accurate) {
    const error = error_share(edit);
    const facts = [
      ["State", edit.another ? (edit.locked ? "another face, not kept yet" : "another face follows the mouse") : !edit.box ? "no box yet" : edit.locked ? (edit.changed ? "locked, not kept yet" : "locked, as stored") : "follows the mouse"],
      ["Score", edit.landmarks ? percent(edit.score) : "–"],
      ["Error", error === null ? "not known" : `${percent(error)} of the face`],
      ["Box", edit.box ? `${Math.round(edit.box.side)} px, ${Math.round(edit.box.angle)}°` : "–"],
      ["By hand", edit.moved.size ? `${edit.moved.size} of 68 points` : edit.drawn ? "drawn or corrected" : "–"],
      ["Accuracy", accurate ? "several readings, averaged" : "one reading"],
    ];
    this.hand?.replaceChildren(...facts.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
  }

  /** @param {any} face @param {number} place @param {import("./room.js").FramesRoom} room */
  #face(face, place, room) {
    const chosen = Boolean(face.name) && face.name === room.edit.name;
    const words = face.name || "only found, not stored";
    const more = [face.drawn && "by hand", face.filled && "filled", face.track ? `track ${face.track}` : "", `score ${percent(face.score)}`].filter(Boolean).join(", ");
    const run = () => this.dispatchEvent(new CustomEvent("choose", { detail: place }));
    return h("button", { type: "button", role: "option", "aria-selected": String(chosen), onclick: run }, h("span", { class: "cut" }, words), h("small", { class: "dim" }, more));
  }
}

customElements.define("us-frames-facts", FramesFacts);
