// @ts-check
// <us-history>: one face through a model's previews: a slider over the iterations, play, any face and column.
// Says `at` with the iteration that is shown, null when it goes, so that the curve can point at it.

import { get } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { button } from "../../kit/button.js";

const PLAY_MS = 140;
const NONE = "No previews are kept yet. Training writes one every so many iterations; “Keep a preview” makes one now.";

/** @typedef {{iteration: number, version: string, rows: string[], columns: string[]}} Sheet */

export class History extends StudioElement {
  model = "";
  /** @type {Sheet[]} */
  sheets = [];
  face = "";
  column = "dst as src";
  at = -1; // -1: the newest, also when newer ones come
  /** @type {ReturnType<typeof setInterval> | undefined} */
  playing;
  /** @type {string} of what is shown */
  key = "";
  /** @type {Map<string, HTMLImageElement>} */
  pictures = new Map();

  enter() {
    this.faces = h("select", { "aria-label": "Which face", onchange: () => ((this.face = this.faces.value), this.draw()) });
    this.columns = h("select", { "aria-label": "Which column", onchange: () => ((this.column = this.columns.value), this.draw()) });
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0, class: "grow", "aria-label": "Iteration", oninput: () => this.go(Number(this.slider.value)) });
    this.words = h("output", { class: "history-at" });
    this.play = button({ key: "y", does: "Play the history of this face", run: () => this.toggle() }, { label: "Play" });
    this.canvas = h("canvas", { class: "history-picture", width: 128, height: 128 });
    this.strip = h("div", { class: "history-strip" });
    this.none = h("p", { class: "empty", hidden: true }, NONE);
    this.body = h("div", { class: "history-body" }, this.canvas, h("div", { class: "stack grow" }, h("div", { class: "bar" }, this.play, this.faces, this.columns, this.words), h("div", { class: "bar" }, this.slider), this.strip));
    this.replaceChildren(this.body, this.none);
    this.draw();
  }

  leave() {
    this.stop();
    this.dispatchEvent(new CustomEvent("at", { detail: null }));
  }

  /** @param {string} model @param {number} count how many are kept now @param {string} version of the newest */
  async show(model, count, version) {
    const key = `${model} ${count} ${version}`;
    if (key === this.key) return;
    this.key = key;
    this.model = model;
    this.none.textContent = "Looking at the previews…";
    this.sheets = (await get(`training/sheets?model=${encodeURIComponent(model)}`)).sheets;
    this.none.textContent = NONE;
    this.draw();
  }

  /** Sheets that show this face in this column. */
  get shown() {
    return this.sheets.filter((sheet) => sheet.rows.includes(this.face) && sheet.columns.includes(this.column));
  }

  draw() {
    if (!this.body || !this.isConnected) return;
    this.none.hidden = this.sheets.length > 0;
    this.body.hidden = !this.sheets.length;
    const newest = this.sheets.at(-1);
    if (!newest) return;
    const faces = [...new Set(this.sheets.flatMap((sheet) => sheet.rows))];
    if (!faces.includes(this.face)) this.face = newest.rows[Math.floor(newest.rows.length / 2)];
    if (!newest.columns.includes(this.column)) this.column = newest.columns[0];
    fill(this.faces, faces, this.face);
    fill(this.columns, newest.columns, this.column);
    this.slider.max = String(Math.max(0, this.shown.length - 1));
    this.#draw_strip();
    this.go(this.at < 0 ? this.shown.length - 1 : Math.min(this.at, this.shown.length - 1), this.at < 0);
  }

  /** @param {number} at @param {boolean} [newest] stays with the newest one */
  async go(at, newest = false) {
    const sheet = this.shown[at];
    if (!sheet) return;
    this.at = newest || at === this.shown.length - 1 ? -1 : at;
    this.wanted = at;
    this.slider.value = String(at);
    this.words.textContent = `iteration ${sheet.iteration.toLocaleString("en")} · ${at + 1} of ${this.shown.length}`;
    this.dataset.iteration = String(sheet.iteration);
    for (const one of this.strip.children) one.classList.toggle("chosen", one.getAttribute("data-iteration") === String(sheet.iteration));
    this.dispatchEvent(new CustomEvent("at", { detail: sheet.iteration }));
    const picture = this.#picture(sheet);
    await picture.decode().catch(() => {});
    if (this.wanted !== at || !picture.naturalWidth) return;
    this.canvas.width = this.canvas.height = picture.naturalWidth;
    this.canvas.getContext("2d").drawImage(picture, 0, 0);
    const next = this.shown[at + 1];
    if (next) this.#picture(next);
  }

  /** @param {Sheet} sheet */
  #picture(sheet) {
    const words = new URLSearchParams({ model: this.model, iteration: String(sheet.iteration), v: sheet.version, face: this.face, column: this.column });
    const address = `/api/training/picture?${words}`;
    const known = this.pictures.get(address) ?? new Image();
    if (!known.src) known.src = address;
    this.pictures.delete(address);
    this.pictures.set(address, known);
    while (this.pictures.size > 160) this.pictures.delete(/** @type {string} */ (this.pictures.keys().next().value));
    return known;
  }

  /** A few of them beside each other, evenly chosen, to jump to. */
  #draw_strip() {
    const all = this.shown;
    const most = 10;
    const places = [...new Set(Array.from({ length: Math.min(most, all.length) }, (_, n) => Math.round((n * (all.length - 1)) / Math.max(1, Math.min(most, all.length) - 1))))];
    this.strip.replaceChildren(
      ...places.map((place) => {
        const sheet = all[place];
        const picture = this.#picture(sheet).cloneNode();
        return h("button", { type: "button", class: "history-cell", "data-iteration": sheet.iteration, "aria-label": `Iteration ${sheet.iteration}`, onclick: () => this.go(place) }, picture, h("span", { class: "small" }, sheet.iteration.toLocaleString("en")));
      }),
    );
  }

  /** @param {number} by */
  step(by) {
    this.stop();
    const now = this.at < 0 ? this.shown.length - 1 : this.at;
    this.go(Math.max(0, Math.min(this.shown.length - 1, now + by)));
  }

  toggle() {
    if (this.playing) return this.stop();
    let at = this.at < 0 ? 0 : this.at;
    this.#say("Pause");
    this.playing = setInterval(() => {
      if (at >= this.shown.length) this.stop();
      else this.go(at++);
    }, PLAY_MS);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = undefined;
    this.#say("Play");
  }

  /** @param {string} words */
  #say(words) {
    const label = this.play?.querySelector("span");
    if (label) label.textContent = words;
  }
}

/** @param {HTMLSelectElement} select @param {string[]} words @param {string} chosen */
function fill(select, words, chosen) {
  if (words.join("\n") !== [...select.options].map((one) => one.value).join("\n")) select.replaceChildren(...words.map((word) => h("option", { value: word }, word)));
  select.value = chosen;
}

customElements.define("us-history", History);
