// @ts-check
// The frame where each clip was left, for as long as the window lives.

import { OfProject } from "../../kit/of_project.js";

const kept = new OfProject("merge frames", sessionStorage);

/** @param {string} clip @returns {string} */
export function frame_of(clip) {
  return kept.value[clip] ?? "0";
}

/** @param {string} clip @param {number} frame */
export function keep_frame(clip, frame) {
  kept.keep({ ...kept.value, [clip]: String(frame) });
}
