// @ts-check
// What mouse and keys do, in short, until H hides it.

import { h } from "../../kit/element.js";

const LINES = [
  ["Drag", "draw a box, or move it, its corners, its knob, a point"],
  ["D", "another face in this frame; so does a box drawn away from the one in the hand"],
  ["Click", "lock the box, or let it follow the mouse"],
  ["Shift+drag", "choose points; one of them drags all, Shift+click adds one, Escape chooses none"],
  ["Wheel", "size of a box that follows; Shift turns it; else zoom"],
  ["Right drag", "place the mean face without reading: from its middle to the chin"],
  ["Enter", "keep this face, next frame"],
  ["Space", "skip: nothing is kept, next frame"],
  [", .", "previous, next frame; a locked face is kept"],
  ["E, P", "carry on to the next frame, or over many"],
  ["C, V", "copy from the previous, the next frame"],
  ["A", "accuracy: several readings"],
  ["R, Del", "as it is stored; remove the face"],
  ["N", "next frame of the filter; Shift+N the one before"],
  ["H", "hide this"],
];

export function help() {
  return h("section", { class: "frames-help" }, h("h3", {}, "Mouse and keys"), h("dl", { class: "facts" }, ...LINES.flatMap(([key, does]) => [h("dt", {}, key), h("dd", {}, does)])));
}
