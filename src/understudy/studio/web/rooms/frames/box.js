// @ts-check
// Boxes about faces and points in them: pure geometry in picture pixels. Angles turn clockwise, in degrees.

/** @typedef {import("./reading.js").Box} Box */
/** @typedef {{x: number, y: number}} Point */

export const SMALLEST_SIDE = 10;

/** @param {Box} box @returns {Point[]} from the top left clockwise, as it is turned */
export function corners(box) {
  return [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => from_box(box, x / 2, y / 2));
}

/** Where the knob lies that turns the box: above its upper edge. @param {Box} box @param {number} gap in picture pixels */
export function knob(box, gap) {
  return from_box(box, 0, -0.5 - gap / box.side);
}

/** A place of the box (its side is 1, its middle 0, 0) in the picture. @param {Box} box @param {number} u @param {number} v @returns {Point} */
export function from_box(box, u, v) {
  const angle = (box.angle * Math.PI) / 180;
  const [c, s] = [Math.cos(angle) * box.side, Math.sin(angle) * box.side];
  return { x: box.x + c * u - s * v, y: box.y + s * u + c * v };
}

/** Inverse of `from_box`. @param {Box} box @param {Point} at @returns {[number, number]} */
export function to_box(box, at) {
  const angle = (box.angle * Math.PI) / 180;
  const [dx, dy] = [(at.x - box.x) / box.side, (at.y - box.y) / box.side];
  return [Math.cos(angle) * dx + Math.sin(angle) * dy, -Math.sin(angle) * dx + Math.cos(angle) * dy];
}

/** @param {Box} box @param {Point} at */
export function is_inside(box, at) {
  const [u, v] = to_box(box, at);
  return Math.abs(u) <= 0.5 && Math.abs(v) <= 0.5;
}

const NEAR = 0.65; // of a side from the middle: clearly outside is beyond it

/** Whether a place is in a box or hardly outside. @param {Box} box @param {Point} at */
export function is_near(box, at) {
  const [u, v] = to_box(box, at);
  return Math.abs(u) <= NEAR && Math.abs(v) <= NEAR;
}

/** The side after one step of the wheel: half of it by 1 up to 40, above by a tenth, 1 to 10. @param {number} side @param {1 | -1} step */
export function next_side(side, step) {
  const half = side / 2;
  const by = half <= 40 ? 1 : Math.max(1, Math.min(10, half / 10));
  return Math.max(SMALLEST_SIDE, 2 * (half + step * by));
}

/** The square that a hand draws from one place to another. @param {Point} from @param {Point} to @returns {Box} */
export function drawn_box(from, to) {
  const side = Math.max(SMALLEST_SIDE, Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return { x: from.x + (Math.sign(to.x - from.x || 1) * side) / 2, y: from.y + (Math.sign(to.y - from.y || 1) * side) / 2, side, angle: 0 };
}

/** The box as a hand at `at` holds it by a corner: its middle stays. @param {Box} box @param {Point} at @returns {Box} */
export function resized(box, at) {
  const [u, v] = to_box(box, at);
  return { ...box, side: Math.max(SMALLEST_SIDE, 2 * box.side * Math.max(Math.abs(u), Math.abs(v))) };
}

/** The box as a hand at `at` holds it by its knob. @param {Box} box @param {Point} at @returns {Box} */
export function turned(box, at) {
  return { ...box, angle: (Math.atan2(at.x - box.x, box.y - at.y) * 180) / Math.PI };
}

/** Points moved with their box. @param {number[][]} landmarks @param {Box} before @param {Box} after */
export function moved_along(landmarks, before, after) {
  return landmarks.map(([x, y]) => {
    const place = from_box(after, ...to_box(before, { x, y }));
    return [place.x, place.y];
  });
}

/** The numbers of the points between two corners. @param {number[][] | null} landmarks @param {Point} from @param {Point} to */
export function points_between(landmarks, from, to) {
  const inside = (/** @type {number} */ value, /** @type {number} */ one, /** @type {number} */ other) => value >= Math.min(one, other) && value <= Math.max(one, other);
  return new Set((landmarks ?? []).flatMap(([x, y], number) => (inside(x, from.x, to.x) && inside(y, from.y, to.y) ? [number] : [])));
}

/** The number of the point under the hand, or -1. @param {number[][] | null} landmarks @param {Point} at @param {number} reach in picture pixels */
export function point_at(landmarks, at, reach) {
  let [best, nearest] = [-1, reach];
  (landmarks ?? []).forEach(([x, y], number) => {
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance <= nearest) [best, nearest] = [number, distance];
  });
  return best;
}
