// @ts-check
// Two to eight faces side by side over the page, with what differs between them. The weaker ones can be rejected from here.

import { get } from "../../kit/api.js";
import { h } from "../../kit/element.js";
import { forget_keys, have_keys } from "../../kit/keys.js";
import { draw_landmarks, picture_of } from "./detail.js";

export const MOST_COMPARED = 8;
const COLUMNS = /** @type {[string, string, (value: number) => string][]} */ ([
  ["sharpness", "Sharpness", (value) => `${(100 * value).toFixed(0)} %`],
  ["brightness", "Brightness", (value) => `${(100 * value).toFixed(0)} %`],
  ["yaw_deg", "Turn", (value) => `${Math.round(value) + 0}°`],
  ["pitch_deg", "Nod", (value) => `${Math.round(value) + 0}°`],
  ["source_size_px", "In the frame", (value) => `${value.toFixed(0)} px`],
  ["score", "Confidence", (value) => `${(100 * value).toFixed(0)} %`],
  ["distance", "From the mean", (value) => value.toFixed(3)],
]);
const LARGEST_IS_BEST = new Set(["sharpness", "source_size_px", "score"]);

/**
 * @param {{faceset: string, faces: {name: string, key: string}[], reject: (names: string[]) => void}} facts
 * @returns {Promise<void>} when it is closed
 */
export async function compare({ faceset, faces, reject }) {
  const told = await Promise.all(faces.map(({ name }) => get(`faces/face?${new URLSearchParams({ faceset, name })}`)));
  const dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "compare", "aria-label": "Compare faces", tabIndex: -1 }));
  const best = Object.fromEntries(COLUMNS.map(([column]) => [column, Math.max(...told.map((face) => face.columns[column] ?? -Infinity))]));
  let points = false;
  let out = 0;
  const cards = told.map((face, n) => card(faceset, faces[n].key, face, best, () => put_out(n)));
  const grid = h("div", { class: faces.length > 4 ? "compared many" : "compared" }, ...cards);
  const rows = faces.length <= 4 ? 1 : 2;
  grid.style.setProperty("--columns", String(Math.ceil(faces.length / rows)));
  grid.style.setProperty("--rows", String(rows));
  const put_out = (/** @type {number} */ n) => {
    if (!cards[n] || cards[n].classList.contains("out")) return;
    cards[n].classList.add("out");
    out += 1;
    reject([told[n].name]);
    if (out === cards.length) dialog.close();
  };
  const draw = () => {
    points = !points;
    cards.forEach((one, n) => {
      const canvas = one.querySelector("canvas");
      canvas.hidden = !points;
      canvas.width = Math.round(canvas.clientWidth * devicePixelRatio);
      canvas.height = Math.round(canvas.clientHeight * devicePixelRatio);
      if (points) draw_landmarks(canvas, told[n]);
    });
  };
  const close = { key: "Escape", does: "Close", run: () => dialog.close() };
  const numbers = told.map((_, n) => ({ key: String(n + 1), does: `Put face ${n + 1} into the trash`, run: () => put_out(n) }));
  have_keys(dialog, "Compare faces", [close, { ...close, key: "c" }, { key: "l", does: "Landmarks over the faces", run: draw }, ...numbers], { alone: true });
  dialog.append(h("h2", {}, `${faces.length} faces side by side`, h("span", { class: "dim small" }, "  number: to the trash · L: landmarks · Esc: close")), grid);
  document.body.append(dialog);
  dialog.showModal();
  dialog.focus(); // not on the first button, which rejects
  await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
  forget_keys(dialog);
  dialog.remove();
}

/** @param {string} faceset @param {string} key @param {any} face @param {Record<string, number>} best @param {() => void} put_out */
function card(faceset, key, face, best, put_out) {
  const rows = COLUMNS.filter(([column]) => face.columns[column] !== null).map(([column, label, words]) => {
    const value = face.columns[column];
    return h("tr", {}, h("th", {}, label), h("td", { class: LARGEST_IS_BEST.has(column) && words(value) === words(best[column]) ? "good" : "" }, words(value)));
  });
  return h("figure", {}, h("div", { class: "stage" }, h("img", { src: picture_of(faceset, face.name, key), alt: face.name }), h("canvas", { class: "over", hidden: true })), h("figcaption", {}, h("div", { class: "bar" }, h("strong", { class: "cut grow", "data-tip": face.name }, face.name), h("button", { type: "button", "data-tip": "Put this face into the trash", onclick: put_out }, "Reject")), h("table", {}, h("tbody", {}, ...rows))));
}
