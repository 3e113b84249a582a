// @ts-check
// The face that is in the hand just now: a document that is never changed in place, so that each change can be taken back.

/**
 * @typedef {object} Edit
 * @property {import("./reading.js").Box | null} box
 * @property {number[][] | null} landmarks 68 points in frame pixels
 * @property {number[] | null} spread expected error of each, where it is known
 * @property {number} score 0..1
 * @property {boolean} locked the mouse leaves it alone
 * @property {boolean} changed differs from what is stored
 * @property {string} name the stored face it comes from, or ""
 * @property {ReadonlySet<number>} moved points dragged by hand
 * @property {boolean} unread the points are still those of another box
 * @property {boolean} drawn what is stored of it was drawn or corrected by hand
 * @property {boolean} another a new face, to be kept beside those that the frame has
 */

/** @type {Edit} */
export const NOTHING = { box: null, landmarks: null, spread: null, score: 0, locked: false, changed: false, name: "", moved: new Set(), unread: false, drawn: false, another: false };

/** A stored or found face, as it lies. @param {any} face of `frames/faces` @returns {Edit} */
export function of_face(face) {
  return {
    box: face.square,
    landmarks: face.landmarks,
    spread: face.spread.length ? face.spread : null,
    score: face.score,
    locked: true,
    changed: !face.name,
    name: face.name,
    moved: new Set(),
    unread: false,
    drawn: Boolean(face.drawn),
    another: false,
  };
}

/** The stored face to go on with: of this person, else the largest. @param {any[]} faces of `frames/faces` @param {number} person */
export function stored_of(faces, person) {
  return faces.find((face) => face.name && face.person === person) ?? faces.find((face) => face.name);
}

/** Another box; the points are read anew. @param {Edit} edit @param {import("./reading.js").Box} box @returns {Edit} */
export function with_box(edit, box) {
  return { ...edit, box, changed: true, moved: new Set(), unread: true };
}

/** A face beside those that the frame has; it begins with a box. @param {import("./reading.js").Box} box @returns {Edit} */
export function beside(box) {
  return { ...NOTHING, box, changed: true, unread: true, another: true };
}

/** What was read in a box; `unread` where the box is another one by now. @param {Edit} edit @param {import("./reading.js").Reading} reading @param {boolean} unread @returns {Edit} */
export function with_reading(edit, reading, unread) {
  return { ...edit, landmarks: reading.landmarks, spread: reading.spread, score: reading.score, changed: true, moved: new Set(), unread };
}

/** One point at another place. @param {Edit} edit @param {number} number @param {{x: number, y: number}} at @returns {Edit} */
export function with_point(edit, number, at) {
  const landmarks = (edit.landmarks ?? []).map((point, index) => (index === number ? [at.x, at.y] : point));
  return { ...edit, landmarks, changed: true, moved: new Set([...edit.moved, number]), unread: false };
}

/** Several points moved together. @param {Edit} edit @param {ReadonlySet<number>} numbers @param {number} dx @param {number} dy in picture pixels @returns {Edit} */
export function with_points_moved(edit, numbers, dx, dy) {
  const landmarks = (edit.landmarks ?? []).map(([x, y], index) => (numbers.has(index) ? [x + dx, y + dy] : [x, y]));
  return { ...edit, landmarks, changed: true, moved: new Set([...edit.moved, ...numbers]), unread: false };
}

const HAND_PX = 0.5; // how far a hand that places a point is off

/** What is stored of it beside its points: the error that the network expects of each, a hand's where one placed it, and its score. @param {Edit} edit */
export function said_of(edit) {
  const is_read = edit.spread !== null && edit.moved.size < edit.spread.length;
  return is_read ? { spread: edit.spread?.map((error, number) => (edit.moved.has(number) ? HAND_PX : error)), score: edit.score } : {};
}

/** Mean expected error of the points as a share of the face's side; null where it is not known. @param {Edit} edit */
export function error_share(edit) {
  if (!edit.spread || !edit.box) return null;
  return edit.spread.reduce((sum, one) => sum + one, 0) / edit.spread.length / edit.box.side;
}
