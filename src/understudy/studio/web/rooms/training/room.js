// @ts-check
// Training: the models of the project, one or several of them watched side by side, and what may be asked of them.

import { get } from "../../kit/api.js";
import { button } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { model_menu } from "../../kit/model_menu.js";
import { ask_for_model } from "../../kit/new_model.js";
import { Room } from "../../kit/room.js";
import { styles } from "../../kit/styles.js";
import { toast_error } from "../../kit/toast.js";
import { count_words, loss_words, rate_words, state_words } from "./facts.js";
import "./model_panel.js";
import { NEXT_TAB } from "./side.js";

/** @typedef {import("./facts.js").Model} Model */
/** @typedef {import("./model_panel.js").ModelPanel} ModelPanel */

const RUNNING_MS = 1000;
const RESTING_MS = 4000;
const MOST_BESIDE = 4;

// A name may have a comma, so each is escaped in the address.
const to_place = (/** @type {string[]} */ names) => names.map(encodeURIComponent).join(",");
const from_place = (/** @type {string} */ words) => words.split(",").map(unescaped);

/** One that somebody typed with a bare % stands for itself. @param {string} word */
function unescaped(word) {
  try {
    return decodeURIComponent(word);
  } catch {
    return word;
  }
}

await styles(new URL("./room.css", import.meta.url));

class TrainingRoom extends Room {
  /** @type {Model[]} */
  models = [];
  /** @type {Map<string, ModelPanel>} */
  panels = new Map();
  side = /** @type {import("./side.js").Side} */ (h("us-training-side"));

  get title_words() {
    return "Training";
  }

  /** Models that are shown, the current one first. */
  get shown() {
    const names = from_place(this.place.models ?? "").filter((name) => this.models.some((model) => model.name === name));
    if (names.length) return names;
    const first = this.models.find((model) => model.running) ?? this.models[0];
    return first ? [first.name] : [];
  }

  /** @returns {ModelPanel | undefined} */
  get current() {
    return this.panels.get(this.shown[0]);
  }

  enter() {
    this.list = h("ul", { class: "list models", "aria-label": "Models" });
    this.new_button = button(this.act_new, { label: "New model", icon: "+" });
    this.look_every = h("select", { "aria-label": "Refresh the preview", "data-tip": "How often a preview is painted while you watch; it takes a moment of training each time" }, ...[["5", "every 5 s"], ["15", "every 15 s"], ["60", "every minute"], ["0", "only when training keeps one"]].map(([value, words]) => h("option", { value }, words)));
    this.look_every.value = localStorage.getItem("training look") ?? "15";
    this.look_every.addEventListener("change", () => localStorage.setItem("training look", this.look_every.value));
    this.middle = h("div", { class: "panels", "data-toasts": "" });
    this.replaceChildren(h("aside", { class: "models-pane" }, h("div", { class: "bar" }, this.new_button), this.list, h("label", { class: "small look-every" }, "Preview", this.look_every)), this.middle, this.side);
    this.side.hidden = localStorage.getItem("training side hidden") === "yes";
    for (const topic of ["training", "runs", "project", "look-anew"]) this.listen(live, topic, () => this.refresh());
    this.listen(document, "visibilitychange", () => this.refresh());
    this.middle.replaceChildren(h("p", { class: "empty", role: "status" }, "Looking at the models…"));
    this.refresh();
  }

  leave() {
    clearTimeout(this.timer);
    this.panels.clear();
  }

  async refresh() {
    clearTimeout(this.timer);
    if (this.asking) return void (this.again = true);
    this.asking = true;
    try {
      this.models = (await get("training/watch")).models;
      if (this.isConnected) this.#draw();
    } catch (error) {
      if (live.connected && !this.told) toast_error(error);
      this.told = true;
    } finally {
      this.asking = false;
    }
    if (!this.isConnected || document.hidden) return;
    const soon = this.again ? 50 : this.models.some((model) => model.running) ? RUNNING_MS : RESTING_MS;
    this.again = false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), soon);
    this.#look();
  }

  /** Ask for a fresh preview of what is watched, so often as was chosen. */
  #look() {
    const every_ms = 1000 * Number(this.look_every.value);
    if (!every_ms) return;
    for (const name of this.shown) {
      const model = this.models.find((one) => one.name === name);
      const panel = this.panels.get(name);
      if (!model?.status || !panel || panel.tab !== "now" || Date.now() - panel.looked < every_ms) continue;
      panel.looked = Date.now();
      panel.wish("look", "", () => {}); // nobody asked; a training that ended just now is no error
    }
  }

  #draw() {
    const shown = this.shown;
    this.list.replaceChildren(...this.models.map((model) => this.#entry(model, shown)));
    this.classList.toggle("several", shown.length > 1);
    for (const name of [...this.panels.keys()]) if (!shown.includes(name)) this.panels.delete(name);
    for (const name of shown) if (!this.panels.has(name)) this.panels.set(name, /** @type {ModelPanel} */ (h("us-training-model", { "data-model": name })));
    const panels = shown.map((name) => /** @type {ModelPanel} */ (this.panels.get(name)));
    for (const [at, panel] of panels.entries()) panel.model ??= /** @type {Model} */ (this.models.find((one) => one.name === shown[at]));
    if ([...this.middle.children].some((child, at) => child !== panels[at]) || this.middle.childElementCount !== panels.length) this.middle.replaceChildren(...panels);
    for (const panel of panels) panel.show(/** @type {Model} */ (this.models.find((one) => one.name === panel.dataset.model)));
    if (!shown.length) this.middle.replaceChildren(h("div", { class: "empty" }, h("p", {}, "This project has no model yet. A model learns one performer's face and paints it over another's."), button(this.act_new, { label: "New model", kind: "primary" })));
    const current = this.models.find((one) => one.name === shown[0]);
    if (current) this.side.show(current);
    this.side.classList.toggle("nothing", !current);
  }

  /** @param {Model} model @param {string[]} shown */
  #entry(model, shown) {
    const chosen = shown.includes(model.name);
    const beside = h("input", { type: "checkbox", checked: chosen, "aria-label": `Show ${model.name} beside the others`, "data-tip": "Show it beside the others", onclick: (/** @type {Event} */ event) => (event.stopPropagation(), this.beside(model.name)) });
    const words = model.status ? `${count_words(model.status.iteration)} · ${rate_words(model.status.rate)}` : `${count_words(model.iterations)} · loss ${loss_words(model.loss)}`;
    const name = h("button", { type: "button", class: "quiet model-entry", "aria-current": String(shown[0] === model.name), onclick: () => this.choose(model.name) }, h("span", { class: "dot", "data-running": String(Boolean(model.running)) }), h("span", { class: "stack" }, h("b", { class: "cut" }, model.name), h("span", { class: "small dim" }, words), h("span", { class: "small dim" }, `${model.preset} · ${state_words(model)}`)));
    const open_menu = () => (this.choose(model.name), this.act_more.run());
    const more = h("button", { type: "button", class: "quiet more", "data-more": model.name, "aria-label": `More for ${model.name}`, "data-tip": this.act_more.does, "data-key": "Shift+M", onclick: open_menu }, "⋯");
    return h("li", { class: chosen ? "chosen" : "" }, beside, name, more);
  }

  /** @param {string} name */
  choose(name) {
    this.keep_place({ models: to_place([name]) });
    this.#draw();
  }

  /** @param {string} name */
  beside(name) {
    const shown = this.shown;
    const next = shown.includes(name) ? shown.filter((one) => one !== name) : [...shown, name].slice(-MOST_BESIDE);
    this.keep_place({ models: to_place(next.length ? next : [name]) });
    this.#draw();
  }

  /** @param {number} by */
  go(by) {
    const at = this.models.findIndex((model) => model.name === this.shown[0]);
    const next = this.models[Math.max(0, Math.min(this.models.length - 1, at + by))];
    if (next) this.choose(next.name);
  }

  act_new = {
    key: "m",
    does: "Make a new model",
    run: () => this.#changed(ask_for_model()),
  };
  act_more = {
    key: "m",
    shift: true,
    does: "Rename, copy or put away this model, or bring one back",
    run: () => {
      const model = this.models.find((one) => one.name === this.shown[0]);
      const at = this.list.querySelector(`[data-more="${CSS.escape(model?.name ?? "")}"]`) ?? this.new_button;
      if (model) return this.#changed(model_menu(at, { name: model.name, in_use: Boolean(model.running), made: model.iterations > 0 }), model.name);
    },
  };

  /** Show the model that a dialog ended with. @param {Promise<string | null>} dialog its name, "" where it is away @param {string} [before] */
  async #changed(dialog, before) {
    try {
      const name = await dialog;
      if (name !== null && name !== before) this.keep_place({ models: to_place([name]) });
    } catch (error) {
      toast_error(error);
    }
    await this.refresh();
  }

  toggle_side() {
    this.side.hidden = !this.side.hidden;
    localStorage.setItem("training side hidden", this.side.hidden ? "yes" : "no");
  }

  keys() {
    const asks = ["start", "look", "preview", "save", "backup", "finish", "stop"];
    const template = /** @type {ModelPanel} */ (document.createElement("us-training-model")).acts();
    const of_model = asks.map((name) => ({ ...template[name], run: () => this.current?.acts()[name].run(/** @type {any} */ (null)) }));
    const chart_keys = /** @type {import("../../kit/chart.js").Chart} */ (document.createElement("us-chart")).keys();
    const of_chart = chart_keys.map((action, at) => ({ ...action, run: (/** @type {any} */ event) => this.current?.chart?.keys()[at].run(event) }));
    const history = (/** @type {(one: import("./scrubber.js").History) => void} */ what) => () => {
      const panel = this.current;
      if (!panel?.history) return;
      if (panel.tab !== "history") panel.open("history");
      what(panel.history);
    };
    return [
      ...of_model,
      this.act_new,
      this.act_more,
      { key: "ArrowUp", does: "The model above", run: () => this.go(-1) },
      { key: "ArrowDown", does: "The model below", run: () => this.go(1) },
      { key: "o", does: "Show or hide options, backups and rate", run: () => this.toggle_side() },
      { key: "w", does: NEXT_TAB, run: () => this.side.next_tab() },
      { key: "l", does: "Look for a learning rate", run: () => this.side.look_for_rate() },
      { key: "u", does: "Train with the rate that was advised", run: () => /** @type {HTMLElement | null} */ (this.side.querySelector(".take-rate"))?.click() },
      ...Array.from({ length: 8 }, (_, at) => ({ key: String(at + 1), does: `Show or hide column ${at + 1} of the preview`, run: () => this.current?.previews?.turn(at) })),
      { key: "h", does: "Preview of now, or through the iterations", run: () => this.current?.open(this.current.tab === "now" ? "history" : "now") },
      { key: ",", does: "An earlier preview", run: history((one) => one.step(-1)), repeats: true },
      { key: ".", does: "A later preview", run: history((one) => one.step(1)), repeats: true },
      { key: "y", does: "Play the previews", run: history((one) => one.toggle()) },
      { key: "g", does: "Logarithmic scale, on or off", run: () => this.current?.toggle_log() },
      { key: "e", does: "Both losses, or every loss by itself", run: () => this.current?.show_series(this.current.view === "terms" ? "sides" : "terms") },
      { key: "[", does: "Smooth the curve less", run: () => this.current?.soften(this.current.smooth - 1) },
      { key: "]", does: "Smooth the curve more", run: () => this.current?.soften(this.current.smooth + 1) },
      ...of_chart,
    ];
  }
}

customElements.define("us-room-training", TrainingRoom);
