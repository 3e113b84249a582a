// @ts-check
// One face large: its picture, landmarks and mask over it, what is known of it, and its frame.

import { ConnectionLost, get, Refused } from "../../kit/api.js";
import { button, press_down } from "../../kit/button.js";
import { h, StudioElement } from "../../kit/element.js";
import { toast_error } from "../../kit/toast.js";

/** Lines between the landmarks: jaw, brows, nose, eyes, lips. */
const LINES = [[0, 16], [17, 21], [22, 26], [27, 30], [31, 35], [36, 41, "closed"], [42, 47, "closed"], [48, 59, "closed"], [60, 67, "closed"]];
const FACTS = /** @type {[string, string, (value: any) => string][]} */ ([
  ["clip", "Clip", String],
  ["frame", "Frame", String],
  ["yaw_deg", "Turn", (value) => degrees(value, "left", "right")],
  ["pitch_deg", "Nod", (value) => degrees(value, "down", "up")],
  ["roll_deg", "Tilt", (value) => `${value.toFixed(1)}°`],
  ["sharpness", "Sharpness", (value) => `${(100 * value).toFixed(0)} %`],
  ["brightness", "Brightness", (value) => `${(100 * value).toFixed(0)} %`],
  ["source_size_px", "Size in the frame", (value) => `${value.toFixed(0)} px`],
  ["score", "Detector's confidence", (value) => `${(100 * value).toFixed(0)} %`],
  ["face_type", "Face type", String],
  ["size_px", "Crop", (value) => `${value} px`],
  ["person", "Person", String],
  ["track", "Track", String],
  ["faces_in_frame", "Faces in the frame", String],
  ["distance", "From the mean face", (value) => value.toFixed(3)],
  ["eyes_open", "Eyes open by", (value) => value.toFixed(3)],
  ["mouth_open", "Mouth open by", (value) => value.toFixed(3)],
  ["stranger", "Unlike the usual person", (value) => value.toFixed(2)],
  ["source_name", "Frame's file", String],
]);

/** @param {number} value @param {string} below @param {string} above */
function degrees(value, below, above) {
  return Math.abs(value) < 0.5 ? "straight" : `${Math.abs(value).toFixed(0)}° ${value < 0 ? below : above}`;
}

/** The address of a face's file. @param {string} faceset @param {string} name @param {string} key */
export function picture_of(faceset, name, key) {
  return `/api/faces/picture?${new URLSearchParams({ faceset, name, v: key })}`;
}

/** Draw landmarks and regions over a face. @param {HTMLCanvasElement} canvas @param {any} face */
export function draw_landmarks(canvas, face) {
  const [width] = face.picture_size;
  const scale = canvas.width / width;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.clearRect(0, 0, canvas.width, canvas.height);
  const at = (/** @type {number[]} */ [x, y]) => /** @type {[number, number]} */ ([x * scale, y * scale]);
  const line = (/** @type {number[][]} */ points, /** @type {string} */ color, /** @type {boolean} */ closed) => {
    context.beginPath();
    points.forEach((point, n) => (n ? context.lineTo(...at(point)) : context.moveTo(...at(point))));
    if (closed) context.closePath();
    context.strokeStyle = color;
    context.stroke();
  };
  context.lineWidth = Math.max(1, canvas.width / 400);
  for (const [first, last, closed] of LINES) line(face.landmarks.slice(first, Number(last) + 1), "#5ee08a", Boolean(closed));
  for (const region of face.regions) line(region.points, region.kind === "include" ? "#ffd84d" : "#ff6b6b", true);
  context.fillStyle = "#ffffff";
  for (const point of face.landmarks) context.fillRect(at(point)[0] - 1, at(point)[1] - 1, 2, 2);
}

export class Detail extends StudioElement {
  faceset = "";
  name = "";
  landmarks = localStorage.getItem("faces landmarks") === "on";
  mask = localStorage.getItem("faces mask") === "on";
  /** @type {any} */
  face = null;
  #asking = new AbortController();

  enter() {
    this.picture = h("img", { alt: "", class: "large", draggable: false });
    this.tint = h("img", { alt: "", class: "over", hidden: true });
    this.canvas = h("canvas", { class: "over", hidden: true });
    this.stage = h("div", { class: "stage" }, this.picture, this.tint, this.canvas);
    this.facts = h("div", { class: "facts" });
    const [points, tint, frame] = this.keys();
    this.points_button = button(points, { label: "Landmarks", pressed: this.landmarks });
    this.mask_button = button(tint, { label: "Mask", pressed: this.mask });
    this.frame_button = button(frame, { label: "Frame", busy: "Reading…" });
    this.empty = h("p", { class: "empty" }, "Choose a face to see it large.");
    this.replaceChildren(this.empty, this.stage, h("div", { class: "bar" }, this.points_button, this.mask_button, this.frame_button), this.facts);
    this.show_none();
  }

  leave() {
    this.#asking.abort();
  }

  /** @returns {import("../../kit/keys.js").KeyAction[]} */
  keys() {
    return [
      { key: "l", does: "Landmarks over the face", run: () => this.#switch("landmarks") },
      { key: "m", does: "The mask over the face", run: () => this.#switch("mask") },
      { key: "o", does: "The whole frame of the face", run: () => this.show_frame() },
      { key: "j", does: "Open this frame in the Frames room", run: () => this.facts.querySelector("a")?.click() },
    ];
  }

  show_none() {
    this.face = null;
    this.name = "";
    for (const child of this.children) /** @type {HTMLElement} */ (child).hidden = child !== this.empty;
  }

  /** @param {string} faceset @param {string} name @param {string} key */
  async show(faceset, name, key) {
    if (faceset === this.faceset && name === this.name && key === this.key) return;
    Object.assign(this, { faceset, name, key });
    this.#asking.abort();
    this.#asking = new AbortController();
    for (const child of this.children) /** @type {HTMLElement} */ (child).hidden = child === this.empty;
    this.picture.src = picture_of(faceset, name, key);
    this.picture.alt = name;
    this.canvas.hidden = this.tint.hidden = true;
    try {
      const face = await get(`faces/face?${new URLSearchParams({ faceset, name })}`, this.#asking.signal);
      if (name !== this.name) return;
      this.face = face;
      this.#tell();
      this.#overlay();
    } catch (error) {
      const gone = error instanceof Refused && error.kind === "FacesUnknown"; // the gallery is told
      if (name === this.name && !gone) toast_error(error);
    }
  }

  key = "";

  /** @param {"landmarks" | "mask"} what */
  #switch(what) {
    this[what] = !this[what];
    localStorage.setItem(`faces ${what}`, this[what] ? "on" : "off");
    press_down(/** @type {HTMLButtonElement} */ (what === "mask" ? this.mask_button : this.points_button), this[what]);
    this.#overlay();
  }

  #overlay() {
    if (!this.face) return;
    this.canvas.hidden = !this.landmarks;
    if (this.landmarks) {
      this.canvas.width = Math.round((this.stage.clientWidth || 256) * devicePixelRatio);
      this.canvas.height = Math.round((this.canvas.width * this.face.picture_size[1]) / this.face.picture_size[0]);
      draw_landmarks(this.canvas, this.face);
    }
    this.tint.hidden = !this.mask;
    if (this.mask) this.tint.src = `/api/faces/mask?${new URLSearchParams({ faceset: this.faceset, name: this.name, v: this.face.key })}`;
  }

  #tell() {
    const { columns, masks, regions, person_name, original_name } = this.face;
    const rows = FACTS.filter(([column]) => columns[column] !== null && columns[column] !== "").map(([column, label, words]) => h("tr", { "data-tip": column }, h("th", {}, label), h("td", {}, words(columns[column]))));
    const marks = [columns.filled ? "placed by its neighbours" : "", masks.length ? `masks: ${masks.join(", ")}` : "", regions.length ? `${regions.length} drawn regions` : "", person_name && `called ${person_name}`, original_name && `came as ${original_name}`].filter(Boolean);
    const clip = new URLSearchParams({ clip: columns.clip, frame: String(columns.frame) });
    const link = this.face.clip_is_here ? h("a", { href: `#/frames?${clip}`, "data-tip": "Open this frame in the Frames room", "data-key": "J" }, "Open in Frames") : null;
    this.facts.replaceChildren(h("h3", { class: "cut", "data-tip": this.name }, this.name), h("table", {}, h("tbody", {}, ...rows)), ...marks.map((mark) => h("p", { class: "dim small" }, mark)), link ?? "");
  }

  async show_frame() {
    if (!this.face) return;
    const { ask } = await import("../../kit/dialog.js");
    const image = h("img", { alt: `Frame ${this.face.columns.frame} of ${this.face.columns.clip}` });
    const box = h("div", { class: "face-box" });
    const address = `/api/faces/frame?${new URLSearchParams({ faceset: this.faceset, name: this.name })}`;
    const answer = await fetch(address).catch(() => {
      throw new ConnectionLost();
    });
    if (!answer.ok) throw new Error((await answer.json()).error);
    image.src = URL.createObjectURL(await answer.blob());
    await image.decode();
    const [left, top, right, bottom] = this.face.box;
    const { naturalWidth: width, naturalHeight: height } = image;
    const frame = h("div", { class: "whole-frame" }, image, box);
    frame.style.setProperty("--aspect", String(width / height));
    Object.assign(box.style, { left: `${(100 * left) / width}%`, top: `${(100 * top) / height}%`, width: `${(100 * (right - left)) / width}%`, height: `${(100 * (bottom - top)) / height}%` });
    await ask({ title: `${this.face.columns.clip}, frame ${this.face.columns.frame}`, content: frame, choices: [{ label: "Close", value: true, kind: "primary" }], wide: true });
    URL.revokeObjectURL(image.src);
  }
}

customElements.define("us-face-detail", Detail);
