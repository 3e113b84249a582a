// @ts-check
// What lies over the frame: the box with its handles, the points with their expected errors, the other faces.

import { corners, knob } from "./box.js";

/** @typedef {import("../../kit/view2d.js").View2D} View2D */

export const KNOB_PX = 26; // of the screen, above the box
/** Lines through the 68 points, as first and last, and whether the line closes. @type {[number, number, boolean][]} */
const LINES = [[0, 16, false], [17, 21, false], [22, 26, false], [27, 30, false], [31, 35, false], [36, 41, true], [42, 47, true], [48, 59, true], [60, 67, true]];
const SURE = 0.02; // expected error over the face's side
const DOUBTED = 0.05;

/**
 * Colours of what is drawn over pictures: they must be seen on any picture, so they are the same in both themes.
 * @type {Record<string, string>}
 */
export const COLORS = { box: "#4aa8ff", free: "#ffd23f", sure: "#5dff8f", doubted: "#ffc23d", off: "#ff5a4f", other: "#d0d0d0", moved: "#ff7bf0", dark: "rgb(0 0 0 / 0.65)" };

/**
 * @param {CanvasRenderingContext2D} context in CSS pixels of the view
 * @param {View2D} view
 * @param {import("./edit.js").Edit} edit
 * @param {{point: number, group: ReadonlySet<number>, frame: [{x: number, y: number}, {x: number, y: number}] | null}} look which point is under the hand, which are chosen, and what they are being chosen from
 */
export function draw_edit(context, view, edit, look) {
  if (edit.box) draw_box(context, view, edit);
  if (edit.landmarks) draw_points(context, view, edit, look);
  if (look.frame) draw_frame(context, look.frame.map((corner) => view.to_screen(corner)));
}

/** @param {CanvasRenderingContext2D} context @param {View2D} view @param {import("./edit.js").Edit} edit */
function draw_box(context, view, edit) {
  const box = /** @type {import("./reading.js").Box} */ (edit.box);
  const at = corners(box).map((corner) => view.to_screen(corner));
  const top = view.to_screen(knob(box, KNOB_PX / view.look.zoom));
  const middle = { x: (at[0].x + at[1].x) / 2, y: (at[0].y + at[1].y) / 2 };
  for (const [width, color] of /** @type {[number, string][]} */ ([[4, COLORS.dark], [2, edit.locked ? COLORS.box : COLORS.free]])) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.setLineDash(edit.locked ? [] : [6, 4]);
    context.beginPath();
    at.forEach((corner, number) => (number ? context.lineTo(corner.x, corner.y) : context.moveTo(corner.x, corner.y)));
    context.closePath();
    if (edit.locked) {
      context.moveTo(middle.x, middle.y);
      context.lineTo(top.x, top.y);
    }
    context.stroke();
  }
  context.setLineDash([]);
  if (!edit.locked) return;
  for (const corner of at) handle(context, corner, false);
  handle(context, top, true);
}

/** @param {CanvasRenderingContext2D} context @param {{x: number, y: number}} at @param {boolean} round */
function handle(context, at, round) {
  context.beginPath();
  if (round) context.arc(at.x, at.y, 5, 0, 2 * Math.PI);
  else context.rect(at.x - 4.5, at.y - 4.5, 9, 9);
  context.fillStyle = "#ffffff";
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = "#003a70";
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {View2D} view @param {import("./edit.js").Edit} edit @param {{point: number, group: ReadonlySet<number>}} look */
function draw_points(context, view, edit, look) {
  const points = /** @type {number[][]} */ (edit.landmarks).map(([x, y]) => view.to_screen({ x, y }));
  draw_lines(context, points, "rgb(255 255 255 / 0.75)");
  const side = edit.box?.side || 1;
  points.forEach((point, number) => {
    const error = edit.spread?.[number];
    const color = edit.moved.has(number) ? COLORS.moved : error === undefined ? COLORS.box : error < SURE * side ? COLORS.sure : error < DOUBTED * side ? COLORS.doubted : COLORS.off;
    if (error !== undefined && error >= SURE * side && !edit.moved.has(number)) {
      context.beginPath();
      context.arc(point.x, point.y, Math.max(3, error * view.look.zoom), 0, 2 * Math.PI);
      context.lineWidth = 1;
      context.globalAlpha = 0.55;
      context.strokeStyle = color;
      context.stroke();
      context.globalAlpha = 1;
    }
    const is_chosen = look.group.has(number);
    const radius = number === look.point ? 5 : is_chosen ? 4 : 2.6;
    context.beginPath();
    context.arc(point.x, point.y, radius + (is_chosen ? 2.4 : 1.2), 0, 2 * Math.PI);
    context.fillStyle = is_chosen ? "#ffffff" : COLORS.dark;
    context.fill();
    context.beginPath();
    context.arc(point.x, point.y, radius, 0, 2 * Math.PI);
    context.fillStyle = color;
    context.fill();
  });
}

/** Where points are being chosen. @param {CanvasRenderingContext2D} context @param {{x: number, y: number}[]} corners on the screen */
function draw_frame(context, [from, to]) {
  for (const [width, color, dash] of /** @type {[number, string, number[]][]} */ ([[3, COLORS.dark, []], [1.2, "#ffffff", [5, 4]]])) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.setLineDash(dash);
    context.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  }
  context.setLineDash([]);
}

/** @param {CanvasRenderingContext2D} context @param {{x: number, y: number}[]} points @param {string} color */
function draw_lines(context, points, color) {
  for (const [width, stroke] of /** @type {[number, string][]} */ ([[3, "rgb(0 0 0 / 0.45)"], [1.2, color]])) {
    context.lineWidth = width;
    context.strokeStyle = stroke;
    context.beginPath();
    for (const [first, last, closes] of LINES) {
      context.moveTo(points[first].x, points[first].y);
      for (let number = first + 1; number <= last; number += 1) context.lineTo(points[number].x, points[number].y);
      if (closes) context.closePath();
    }
    context.stroke();
  }
}

/**
 * A face that is not in the hand: its box and a word.
 * @param {CanvasRenderingContext2D} context @param {View2D} view @param {any} face of `frames/faces` @param {string} words
 */
export function draw_other(context, view, face, words) {
  const at = corners(face.square).map((corner) => view.to_screen(corner));
  context.setLineDash(face.name ? [] : [4, 4]);
  for (const [width, color] of /** @type {[number, string][]} */ ([[3, COLORS.dark], [1.2, COLORS.other]])) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.beginPath();
    at.forEach((corner, number) => (number ? context.lineTo(corner.x, corner.y) : context.moveTo(corner.x, corner.y)));
    context.closePath();
    context.stroke();
  }
  context.setLineDash([]);
  context.font = "12px system-ui, sans-serif";
  const wide = context.measureText(words).width + 10;
  const [left, top] = [Math.min(...at.map((corner) => corner.x)), Math.min(...at.map((corner) => corner.y))];
  context.fillStyle = COLORS.dark;
  context.fillRect(left, top - 20, wide, 18);
  context.fillStyle = "#ffffff";
  context.fillText(words, left + 5, top - 7);
}
