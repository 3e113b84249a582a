// @ts-check
// <us-training-model>: one model: its figures, curve, previews, and what may be asked of it. Several stand side by side.

import { get, post } from "../../kit/api.js";
import { button, forbid } from "../../kit/button.js";
import "../../kit/chart.js";
import { sure } from "../../kit/dialog.js";
import { h, StudioElement } from "../../kit/element.js";
import { unless_gone } from "../../kit/model_menu.js";
import { toast, toast_error } from "../../kit/toast.js";
import { MARKS, figures, state_words } from "./facts.js";
import "./preview_grid.js";
import "./scrubber.js";
import { ask_to_start } from "./start.js";

/** @typedef {import("./facts.js").Model} Model */
/** @typedef {import("../../kit/chart.js").Line} Line */

// What is asked before the first step would be taken for a wish of an earlier training.
const BEGINS = "The training only begins; this can be asked for as soon as it learns.";
const SIDES = ["loss_src", "loss_dst"];
const COLORS = ["--warn", "--accent", "--good", "--info", "--bad", "--text"];
const DASHES = [undefined, [6, 3], [2, 3], [8, 3, 2, 3]];
const NOT_LOSSES = ["loss_src", "loss_dst", "learning_rate", "seconds", "waiting", "rate"];
const OTHER_WORDS = { learning_rate: "learning rate", waiting: "share waiting for faces", rate: "iterations per second" };
export const SMOOTH = [1, 3, 9, 27, 81, 243];

export class ModelPanel extends StudioElement {
  /** @type {Model | null} */
  model = null;
  /** What the curve shows: "sides", "terms", or the name of one other figure. */
  view = localStorage.getItem("training curve") ?? "sides";
  smooth = Number(localStorage.getItem("training smooth") ?? 2);
  version = "";
  /** @type {string[]} */
  names = [];
  /** @type {Record<string, HTMLButtonElement>} */
  actions = {};
  /** How many marks are drawn, and when a preview was last asked for. */
  marked = -1;
  looked = 0;

  enter() {
    this.chart = /** @type {import("../../kit/chart.js").Chart} */ (h("us-chart", { class: "loss-chart" }));
    this.chart.log = localStorage.getItem("training log") !== "no";
    this.listen(this.chart, "zoom", () => this.refresh_curve(true));
    this.name = h("h2", { class: "model-name" });
    this.state = h("span", { class: "badge", "data-state": "" });
    this.actions = this.#actions();
    this.figures = h("dl", { class: "figures" });
    this.bar = h("progress", { max: 1, "aria-label": "How much of the plan is done", hidden: true });
    this.series = h("select", { "aria-label": "What the curve shows", onchange: () => this.show_series(this.series.value) });
    this.soft = h("select", { "aria-label": "Smoothing", onchange: () => this.soften(Number(this.soft.value)) }, ...SMOOTH.map((over, at) => h("option", { value: at }, at ? `smoothed over ${over * 20} iterations` : "not smoothed")));
    this.soft.value = String(this.smooth);
    this.log = h("button", { type: "button", "aria-pressed": String(this.chart.log), "data-tip": "Logarithmic scale", "data-key": "G", onclick: () => this.toggle_log() }, "log");
    this.whole = h("button", { type: "button", class: "quiet", "data-tip": "Show the whole curve", "data-key": "0", onclick: () => this.chart?.show(null) }, "whole course");
    this.marks = h("div", { class: "marks-key small dim" }, ...Object.entries({ stage: "stage", backup: "backup", change: "option changed", start: "start", setback: "went back", finish: "finish", end: "end" }).map(([kind, words]) => h("span", { "data-kind": kind, "data-tip": words, hidden: true }, h("b", {}, MARKS[kind][0]), h("span", { class: "mark-words" }, ` ${words}`))));
    this.previews = /** @type {import("./preview_grid.js").PreviewGrid} */ (h("us-preview-grid"));
    this.history = /** @type {import("./scrubber.js").History} */ (h("us-history"));
    this.listen(this.history, "at", (event) => this.tab === "history" && this.chart?.point_at(event.detail));
    this.tab = localStorage.getItem("training pictures") ?? "now";
    this.tabs = h("div", { class: "side-tabs", role: "tablist" }, ...[["now", "Preview"], ["history", "Through the iterations"]].map(([name, words]) => h("button", { type: "button", role: "tab", "data-tab": name, "data-tip": "Preview of now, or through the iterations", "data-key": "H", onclick: () => this.open(name) }, words)));
    this.pictures = h("div", { class: "pictures" });
    const curve_head = h("div", { class: "bar curve-head" }, this.series, this.soft, this.log, this.whole, h("span", { class: "grow" }), this.marks);
    this.#fill_series();
    this.replaceChildren(h("div", { class: "bar model-head" }, this.name, this.state, h("span", { class: "grow" }), ...Object.values(this.actions)), this.bar, this.figures, curve_head, this.chart, this.tabs, this.pictures);
    this.open(this.tab);
    if (this.model) this.show(this.model);
  }

  #actions() {
    const acts = this.acts();
    const looks = /** @type {Record<string, import("../../kit/button.js").ButtonLook>} */ ({ start: { kind: "primary", label: "Start" }, look: { label: "Look now" }, preview: { label: "Keep a preview", kind: "quiet" }, save: { label: "Save", kind: "quiet" }, backup: { label: "Back up", kind: "quiet" }, finish: { label: "Finish" }, stop: { label: "Stop", kind: "danger" } });
    return Object.fromEntries(Object.entries(looks).map(([name, look]) => [name, button(acts[name], look)]));
  }

  /** @returns {Record<string, import("../../kit/keys.js").KeyAction>} */
  acts() {
    return {
      start: { key: "t", does: "Train: start it, or go on where it stopped", run: () => this.start() },
      look: { key: "n", does: "Paint a preview now, without keeping it", run: () => this.wish("look") },
      preview: { key: "p", does: "Paint a preview now and keep it in the history", run: () => this.wish("preview", "A preview is painted.") },
      save: { key: "s", does: "Save a checkpoint now", run: () => this.wish("save", "A checkpoint is saved.") },
      backup: { key: "b", does: "Keep the state of now as a backup", run: () => this.wish("backup", "The state of now is kept as a backup.") },
      finish: { key: "f", does: "Let it settle and end by itself", run: () => this.finish() },
      stop: { key: "q", does: "Stop after this step; everything is saved", run: () => this.wish("stop", "It stops after this step and saves.") },
    };
  }

  /** @param {string} wish @param {string} [words] @param {(error: unknown) => void} [refused] */
  async wish(wish, words = "", refused = toast_error) {
    if (!this.model) return;
    if (this.model.running && !this.model.status) return void toast(BEGINS);
    try {
      await post("training/ask", { model: this.model.name, wish });
      if (words) toast(words, { seconds: 3 });
    } catch (error) {
      refused(error);
    }
  }

  async finish() {
    if (await sure("Finish the training", "The model settles with ever smaller steps for a tenth of what it has learnt, saves and ends. That looks better than a stop.", "Finish")) await this.wish("finish", "It settles now and ends by itself.");
  }

  async start() {
    if (this.model && !this.model.running) await ask_to_start(this.model);
  }

  /** @param {string} tab */
  open(tab) {
    this.tab = tab;
    localStorage.setItem("training pictures", tab);
    for (const one of this.tabs.children) one.setAttribute("aria-selected", String(one.dataset.tab === tab));
    if (tab === "history" && this.history) this.history.at = -1;
    if (tab !== "history") this.chart?.point_at(null);
    this.pictures.replaceChildren(tab === "now" ? this.previews : this.history);
    this.#show_pictures();
  }

  /** @param {Model} model */
  show(model) {
    if (this.model?.name !== model.name) this.version = "";
    this.model = model;
    if (!this.chart) return;
    const running = Boolean(model.running);
    this.name.textContent = model.name;
    this.state.textContent = state_words(model);
    this.state.dataset.state = running ? "running" : "rest";
    this.state.title = model.running?.words ?? "";
    for (const [name, made] of Object.entries(this.actions)) made.hidden = name === "start" ? running : !running && name !== "backup";
    const label = this.actions.start.querySelector("span");
    if (label) label.textContent = model.iterations ? "Go on" : "Start";
    forbid(this.actions.backup, running || model.iterations ? "" : "Nothing is learnt yet.");
    const begins = running && !model.status;
    for (const name of ["look", "preview", "save", "finish", "stop"]) forbid(this.actions[name], begins ? BEGINS : "");
    if (begins) forbid(this.actions.backup, BEGINS);
    const share = model.status?.plan_share;
    this.bar.hidden = !running || share === null || share === undefined;
    this.bar.value = share ?? 0;
    this.figures.replaceChildren(...figures(model).map(([name, words, why]) => h("div", { "data-tip": why, "data-figure": name }, h("dt", {}, name), h("dd", { class: "cut", title: words }, words))));
    this.refresh_curve(false);
    this.#show_pictures();
  }

  #show_pictures() {
    const model = this.model;
    if (!model) return;
    const state = model.status ? "runs" : model.running ? "starts" : "rests";
    if (this.chart) this.chart.empty_words = { starts: "The training begins: faces are read, the network is built.", runs: "No losses yet. The first come with the first iteration.", rests: "No losses yet. The curve begins with the training." }[state];
    if (this.tab === "now") this.previews?.show(model.name, model.sheet?.version ?? "none", state).catch(unless_gone);
    else this.history?.show(model.name, model.sheets, model.sheet?.version ?? "").catch(unless_gone);
  }

  /** Figures that the open view asks for. */
  get #asked() {
    if (this.view === "sides") return SIDES;
    if (this.view === "terms") return this.names.filter((name) => !NOT_LOSSES.includes(name));
    return [this.view];
  }

  /** Ask for the curve as the screen can show it; a long history comes in stretches. @param {boolean} anew */
  async refresh_curve(anew) {
    if (anew) this.version = "";
    if (this.asking || !this.model || !this.chart?.place) return void (this.again = this.asking);
    this.asking = true;
    try {
      let more = true;
      while (more && this.isConnected) more = await this.#curve(this.model);
    } catch (error) {
      unless_gone(error);
    } finally {
      this.asking = false;
    }
    if (this.again) this.again = false, this.refresh_curve(false);
  }

  /** @param {Model} model @returns {Promise<boolean>} whether there is more to come */
  async #curve(model) {
    const chart = /** @type {import("../../kit/chart.js").Chart} */ (this.chart);
    const [first, last] = chart.shown ?? [];
    const places = Math.min(4000, Math.max(200, Math.round(chart.clientWidth * devicePixelRatio)));
    const asked = this.#asked;
    const words = new URLSearchParams({ model: model.name, series: asked.join(","), places: String(places), smooth: String(SMOOTH[this.smooth] ?? 1), ...(this.version && { have: this.version }) });
    // Somewhat beyond what is seen, so that lines go on to the edges.
    const beyond = first === undefined ? 0 : Math.max(25, ((last ?? 0) - first) / 20);
    if (first !== undefined) words.set("first", String(Math.max(0, Math.floor(first - beyond)))), words.set("last", String(Math.ceil((last ?? 0) + beyond)));
    const told = await get(`training/curve?${words}`);
    if (this.model?.name !== model.name || asked.join() !== this.#asked.join()) return true;
    const new_names = told.names.join() !== this.names.join();
    this.names = told.names;
    if (new_names) this.#fill_series();
    if (new_names && this.view === "terms") return true;
    this.version = told.version;
    if (!told.same) this.#draw(told, asked);
    chart.data.marks = this.#marks(model);
    if (told.same && this.marked !== model.milestones.length) chart.plot?.redraw(false);
    this.marked = model.milestones.length;
    for (const one of this.marks.children) one.hidden = !model.milestones.some(({ kind }) => kind === one.dataset.kind);
    return told.more;
  }

  /** @param {any} told @param {string[]} asked */
  #draw(told, asked) {
    const chart = /** @type {import("../../kit/chart.js").Chart} */ (this.chart);
    // What happened since the newest figures has its mark on the curve too.
    const newest = Math.max(told.span[1], ...(this.model?.milestones.map((one) => one.iteration) ?? []));
    chart.span = [told.span[0], newest];
    const lines = asked.map((name, at) => ({ label: series_words(name), color: COLORS[at % COLORS.length], dash: DASHES[Math.floor(at / COLORS.length) % DASHES.length], ...told[name] }));
    chart.data = { x: told.iteration, lines, marks: chart.data.marks, at: chart.data.at };
    chart.dataset.points = String(told.iteration.length);
    chart.dataset.last = String(told.span[1]);
  }

  /** @param {Model} model */
  #marks(model) {
    return model.milestones.map((one) => ({ x: one.iteration, letter: MARKS[one.kind]?.[0] ?? "·", color: MARKS[one.kind]?.[1] ?? "--dim", words: one.words }));
  }

  #fill_series() {
    const others = this.names.filter((name) => name in OTHER_WORDS);
    const list = [["sides", "losses of src and dst"], ["terms", "every loss by itself"], ...others.map((name) => [name, series_words(name)])];
    this.series.replaceChildren(...list.map(([value, words]) => h("option", { value }, words)));
    this.series.value = this.view;
  }

  /** @param {string} view */
  show_series(view) {
    this.view = view;
    localStorage.setItem("training curve", view);
    this.series.value = view;
    this.refresh_curve(true);
  }

  /** @param {number} at of SMOOTH */
  soften(at) {
    this.smooth = Math.max(0, Math.min(SMOOTH.length - 1, at));
    localStorage.setItem("training smooth", String(this.smooth));
    this.soft.value = String(this.smooth);
    this.refresh_curve(true);
  }

  toggle_log() {
    if (!this.chart) return;
    this.chart.log = !this.chart.log;
    localStorage.setItem("training log", this.chart.log ? "yes" : "no");
    this.log.setAttribute("aria-pressed", String(this.chart.log));
  }
}

/** @param {string} name */
function series_words(name) {
  return /** @type {Record<string, string>} */ (OTHER_WORDS)[name] ?? name.replace(/^loss_/, "").replaceAll("_", " ");
}

customElements.define("us-training-model", ModelPanel);
