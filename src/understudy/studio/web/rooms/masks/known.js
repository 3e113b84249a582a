// @ts-check
// The faces of this visit with their undo, and what others drew on them since.

import { Undo } from "../../kit/undo.js";
import { doc_of, drawing_of } from "./faces_of.js";

/** @typedef {import("./editor.js").Doc} Doc */
/** @typedef {{undo: Undo<Doc>, size_px: number, revision: string, masks: string[]}} Known */
/** @type {Map<string, Known>} undo of every face of this visit, by faceset and name */
export const known = new Map();

/**
 * The face with its undo of this visit, if nobody else drew on it since.
 * @param {import("./keeper.js").Keeper} keeper @param {string} faceset @param {string} face @returns {Promise<Known>}
 */
export async function opened(keeper, faceset, face) {
  const key = `${faceset}/${face}`;
  for (;;) {
    const before = known.get(key);
    if (before && keeper.is_unsaved(faceset, face)) return before;
    const { requests } = keeper;
    const drawing = await drawing_of(faceset, face);
    if (before && drawing.revision === before.revision) return { ...before, masks: drawing.masks };
    const theirs = await doc_of(drawing);
    // What was sent or taken in meanwhile is newer than what was read.
    if (known.get(key) === before && keeper.requests === requests && !keeper.is_unsaved(faceset, face)) return known_anew(keeper, key, theirs, drawing);
  }
}

/** @param {import("./keeper.js").Keeper} keeper @param {string} key @param {Doc} theirs @param {{size_px: number, revision: string, masks: string[]}} drawing @returns {Known} */
function known_anew(keeper, key, theirs, drawing) {
  const before = known.get(key);
  const undo = before?.undo ?? new Undo(theirs);
  if (before?.revision) take_in(undo, theirs);
  else if (before) {
    undo.change(theirs, "What was drawn elsewhere"); // ours was refused: theirs lies on top
    undo.saved = theirs; // going back to ours is a change to keep
  }
  const fresh = { undo, size_px: drawing.size_px, revision: drawing.revision, masks: drawing.masks };
  keeper.revisions.set(key, drawing.revision);
  known.set(key, fresh);
  return fresh;
}

/** @typedef {import("./editor.js").Region} Region */
/** @type {WeakMap<Undo<Doc>, Region[]>} what came from elsewhere */
const from_elsewhere = new WeakMap();
const SAME_PX = 0.5; // the server keeps points a little rounded

/** @param {Region} one @param {Region} other */
function same(one, other) {
  return one.kind === other.kind && one.points.length === other.points.length && one.points.every(([x, y], at) => Math.abs(x - other.points[at][0]) < SAME_PX && Math.abs(y - other.points[at][1]) < SAME_PX);
}

/** @param {Region[]} among @param {Region} one */
const holds = (among, one) => among.some((other) => same(one, other));

/**
 * Undo takes back what was done here, never what was drawn elsewhere: that comes into every step. What others took away of
 * ours is a step of its own, so that it can be brought back.
 * @param {Undo<Doc>} undo @param {Doc} theirs
 */
function take_in(undo, theirs) {
  const { saved, now } = undo;
  const gone = saved.regions.filter((one) => !holds(theirs.regions, one));
  const came = theirs.regions.filter((one) => !holds(saved.regions, one));
  const foreign = [...(from_elsewhere.get(undo) ?? undo.first.regions), ...came];
  from_elsewhere.set(undo, [...foreign, ...theirs.regions.filter((one) => holds(foreign, one))]);
  const taken = (/** @type {Doc} */ doc, /** @type {Region[]} */ without) => {
    const stay = doc.regions.filter((one) => !holds(without, one));
    const paint = doc.paint === saved.paint ? theirs.paint : doc.paint;
    return { ...doc, regions: [...stay, ...came.filter((one) => !holds(stay, one))], paint, mark: doc.mark === saved.mark ? theirs.mark : doc.mark };
  };
  // The very region, not one of its shape: what was drawn here anew over one of theirs is ours.
  const ours_gone = gone.filter((one) => !foreign.includes(one));
  const theirs_gone = gone.filter((one) => foreign.includes(one));
  undo.take_in((doc) => taken(doc, theirs_gone));
  if (ours_gone.length) undo.change(taken(undo.now, gone), "What was taken away elsewhere");
  undo.saved = now === saved ? undo.now : theirs;
}
