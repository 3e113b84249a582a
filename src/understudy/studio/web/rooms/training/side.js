// @ts-check
// What stands beside a model's pictures: its options (live ones change while it runs), its backups, its rate search.

import { get, post } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { figure_words } from "../../kit/chart.js";
import { sure } from "../../kit/dialog.js";
import { unless_gone } from "../../kit/model_menu.js";
import { toast, toast_error } from "../../kit/toast.js";
import { all_runs, start_run } from "../../kit/runs.js";
import "../../kit/form.js";
import "../../kit/runs.js";
import { size_words } from "../../kit/words.js";
import { loss_words } from "./facts.js";

/** @typedef {import("./facts.js").Model} Model */

const TABS = /** @type {const} */ (["options", "backups", "rate", "log"]);

export const NEXT_TAB = "Options, backups, rate and runs in turn";

export class Side extends StudioElement {
  /** @type {Model | null} */
  model = null;
  /** @type {typeof TABS[number]} */
  tab = /** @type {any} */ (localStorage.getItem("training side") ?? "options");

  /** What the open tab shows, so that nothing is drawn twice. @type {string} */
  shown = "";

  enter() {
    this.tabs = TABS.map((name) => h("button", { type: "button", role: "tab", "data-tab": name, "data-tip": NEXT_TAB, "data-key": "W", onclick: () => this.open(name) }, { options: "Options", backups: "Backups", rate: "Rate", log: "Runs" }[name]));
    this.state = h("p", { class: "small side-state", role: "status" });
    this.form = /** @type {any} */ (h("us-form"));
    this.form.addEventListener("change", (/** @type {CustomEvent} */ event) => this.#change(event.detail));
    this.body = h("div", { class: "side-body" });
    this.replaceChildren(h("div", { class: "side-tabs", role: "tablist" }, ...this.tabs), this.body);
    this.open(this.tab);
  }

  /** @param {typeof TABS[number]} tab */
  open(tab) {
    this.tab = tab;
    localStorage.setItem("training side", tab);
    for (const one of this.tabs ?? []) one.setAttribute("aria-selected", String(one.dataset.tab === tab));
    this.shown = "";
    this.body?.replaceChildren(...(tab === "options" ? [this.state, this.form] : []));
    this.refresh();
  }

  /** The tab behind the open one. */
  next_tab() {
    this.hidden = false;
    this.open(TABS[(TABS.indexOf(this.tab) + 1) % TABS.length]);
  }

  /** @param {Model} model */
  show(model) {
    const other = this.model?.name !== model.name;
    this.model = model;
    if (other) this.shown = "";
    this.refresh();
  }

  refresh() {
    if (!this.model || !this.body) return;
    if (this.tab === "options") this.#options(this.model).catch(unless_gone);
    else if (this.tab === "backups") this.#backups(this.model);
    else if (this.tab === "rate") this.#rate(this.model).catch(unless_gone);
    else this.#log(this.model).catch(toast_error);
  }

  /** @param {Model} model */
  async #options(model) {
    const running = Boolean(model.running);
    const key = JSON.stringify([model.name, running, Boolean(model.status), model.asked, model.kept, model.status?.stage, model.milestones.length, this.changes]);
    if (key === this.shown) return;
    this.shown = key;
    const { options } = await get(`training/options?model=${encodeURIComponent(model.name)}`);
    if (this.tab !== "options" || this.model?.name !== model.name) return;
    this.form.now = running ? "live" : model.made ? "restart" : "create";
    this.form.options = options;
    this.#tell(options, running);
  }

  /** What the training that runs has taken over, and what it has not yet. @param {any[]} options @param {boolean} running */
  #tell(options, running) {
    const waiting = options.filter((one) => "asked" in one);
    for (const row of this.form.querySelectorAll("[data-option]")) row.classList.remove("waiting", "taken");
    for (const one of options) {
      const row = this.form.querySelector(`[data-option="${one.name}"]`);
      if (!row || !("running" in one)) continue;
      row.querySelector(".now-words")?.remove();
      const other = JSON.stringify(one.in_force) !== JSON.stringify(one.running);
      const words = "asked" in one ? "asked; not taken over yet" : other ? `in force now: ${words_of(one.in_force)}, by the recipe's stage` : JSON.stringify(one.running) !== JSON.stringify(one.value) ? `runs with ${words_of(one.running)}` : "";
      if (words) row.append(h("div", { class: "now-words small info" }, words));
      row.classList.toggle("waiting", "asked" in one);
    }
    const last = this.model?.milestones.findLast((one) => one.kind === "change");
    const parts = [running ? "It trains: options marked live change at once and are kept for the next start." : "It rests: what you change counts from the next start."];
    if (waiting.length) parts.push(`Asked and not taken over yet: ${waiting.map((one) => one.name).join(", ")}.`);
    else if (running && last) parts.push(`Taken over at iteration ${last.iteration.toLocaleString("en")}: ${last.words}.`);
    this.state.textContent = parts.join(" ");
    this.state.dataset.waiting = String(waiting.length);
  }

  changes = 0;

  /** @param {{name: string, value: any}} change */
  async #change({ name, value }) {
    const model = this.model;
    if (!model) return;
    try {
      const told = await post("training/change", { model: model.name, values: { [name]: value } });
      if (told.asked.length || told.later.length) toast(told.words, { seconds: 3 });
    } catch (error) {
      toast_error(error);
    }
    this.changes += 1;
    this.refresh();
  }

  /** @param {Model} model */
  #backups(model) {
    const key = JSON.stringify([model.name, model.backups, Boolean(model.running)]);
    if (key === this.shown) return;
    this.shown = key;
    const why_not = model.running ? "Stop the training first: it would write over what is restored." : "";
    const rows = [...model.backups].reverse().map((one) =>
      h("tr", {}, h("td", { class: "number" }, one.iteration.toLocaleString("en")), h("td", { class: "number" }, loss_words(one.loss)), h("td", {}, new Date(one.made_s * 1000).toLocaleString()), h("td", { class: "number" }, size_words(one.size_bytes)), h("td", {}, h("button", { type: "button", class: "quiet", "aria-disabled": why_not ? "true" : undefined, "data-why": why_not || undefined, "data-tip": "Go back to this backup; what was learnt after it goes to the trash", onclick: () => !why_not && this.#restore(model.name, one.iteration) }, "Go back"))),
    );
    const head = h("tr", {}, ...["iteration", "loss", "made", "size", ""].map((word) => h("th", {}, word)));
    this.body.replaceChildren(rows.length ? h("table", { class: "backups" }, h("thead", {}, head), h("tbody", {}, ...rows)) : h("p", { class: "empty" }, "No backups yet. “Back up” keeps the newest state beside the checkpoints; backup_every in the options does it by itself."));
  }

  /** @param {string} model @param {number} iteration */
  async #restore(model, iteration) {
    const words = `Model ${model} goes back to iteration ${iteration.toLocaleString("en")}. Checkpoints after it go to the project's trash; the backup stays.`;
    if (!(await sure("Go back to a backup", words, "Go back"))) return;
    const told = await post("training/restore", { model, iteration }).catch(toast_error);
    if (told) toast(`Model ${model} is at iteration ${iteration.toLocaleString("en")} again.`, { kind: "good" });
  }

  async look_for_rate() {
    const model = this.model;
    if (!model || model.running) return;
    try {
      await start_run("train", { model: model.name, find_rate: true });
      toast("The search for a rate runs; its curve comes here.");
    } catch (error) {
      toast_error(error);
    }
  }

  /** @param {Model} model */
  async #rate(model) {
    const key = JSON.stringify([model.name, model.rate_version, Boolean(model.running)]);
    if (key === this.shown) return;
    this.shown = key;
    if (!this.body.childElementCount) this.body.replaceChildren(h("p", { class: "dim", role: "status" }, "Looking at the last search…"));
    const found = await get(`training/rate?model=${encodeURIComponent(model.name)}`);
    if (this.tab !== "rate") return;
    const start = h("button", { type: "button", "aria-disabled": model.running ? "true" : undefined, "data-tip": "Tries rates from tiny to far too large; afterwards the model is as it was", "data-key": "L", onclick: () => this.look_for_rate() }, "Look for a rate");
    if (!found.rates) return this.body.replaceChildren(h("p", { class: "dim" }, "No search for a learning rate was made with this model yet."), start);
    const chart = /** @type {import("../../kit/chart.js").Chart} */ (h("us-chart", { class: "rate-chart" }));
    chart.x_words = "rate";
    chart.log_x = true;
    chart.span = [found.rates[0], found.rates.at(-1)];
    chart.data = { x: found.rates, lines: [{ label: "loss", color: "--accent", mean: found.losses }], marks: [{ x: found.learning_rate, letter: "A", words: "advised", color: "--good" }, { x: found.best, letter: "L", words: found.flat ? "no harm up to here" : "lowest loss", color: "--info" }] };
    const take = h("button", { type: "button", class: "primary take-rate", "data-tip": "Train with the rate that was advised", "data-key": "U", onclick: () => this.#change({ name: "learning_rate", value: found.learning_rate }) }, `Train with ${figure_words(found.learning_rate)}`);
    this.body.replaceChildren(h("p", {}, `Advised: ${figure_words(found.learning_rate)}. ${found.flat ? `No rate lowered the loss noticeably, as where a model has learned; steps did no harm up to ${figure_words(found.best)}.` : `The loss was lowest at ${figure_words(found.best)}.`}`), chart, h("div", { class: "bar" }, take, start));
  }

  /** @param {Model} model */
  async #log(model) {
    if (!this.body.childElementCount) this.body.replaceChildren(h("p", { class: "dim", role: "status" }, "Looking at the runs…"));
    const runs = (await all_runs()).filter((run) => run.words.includes(`--model=${model.name}`)).slice(0, 8);
    const key = JSON.stringify([model.name, runs.map((run) => run.id), model.running?.process]);
    if (key === this.shown || this.tab !== "log") return;
    this.shown = key;
    const elsewhere = model.running && !runs.some((run) => run.living) ? h("p", { class: "info" }, `It is trained by ${model.running.words}, which was not started here. Everything in this room works with it all the same.`) : null;
    this.body.replaceChildren(...[elsewhere, ...runs.map((run) => h("us-run", { run }))].filter((one) => one !== null), ...(runs.length || elsewhere ? [] : [h("p", { class: "empty" }, "No run of this model was started here yet.")]));
  }
}

/** @param {any} value */
function words_of(value) {
  return value === null || value === "" ? "nothing" : typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "number" ? figure_words(value) : String(value);
}

customElements.define("us-training-side", Side);
