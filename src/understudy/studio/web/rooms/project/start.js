// @ts-check
// Starting a stage: which clips and model, its options, now or after what runs, and what it would do.

import { get, post } from "../../kit/api.js";
import { ask } from "../../kit/dialog.js";
import { h, say } from "../../kit/element.js";
import { shown } from "../../kit/fields.js";
import { Form } from "../../kit/form.js";
import { Learning } from "../../kit/learning.js";
import { queue_run, start_run } from "../../kit/runs.js";
import { toast } from "../../kit/toast.js";
import { outlook_words } from "../../kit/new_model.js";
import { waited } from "../../kit/waiting.js";

/** @typedef {"extract" | "train" | "merge" | "encode"} Stage */

const BETWEEN = "\n"; // names of clips that are chosen together; no name has one
const TITLES = { extract: "Find faces", train: "Train", merge: "Merge", encode: "Encode" };
/** Options that are asked for most stand above the rest. */
const FIRST = {
  extract: ["detector", "landmarker", "frame_step", "size_px", "min_score"],
  train: ["minutes", "iterations", "batch_size", "learning_rate", "recipe"],
  merge: ["mask", "erode", "blur", "color", "super_resolution"],
  encode: ["codec", "crf", "label", "label_language", "use"],
};

/**
 * Ask how, and start. Answers the run, or null where nothing was started.
 * @param {Stage} stage @param {any} state the project's @param {string[]} devices
 * @param {string} [model] chosen at first @param {string[]} [clips] chosen at first; none are all
 */
export async function start_stage(stage, state, devices, model = "", clips = []) {
  const choice = new Choice(stage, state, devices);
  choice.choose_clips(clips);
  const chosen = model || "main"; // the one that commands mean unsaid
  if (state.models.some((/** @type {any} */ one) => one.name === chosen)) choice.model.value = chosen;
  await waited("Looking at the options…", choice.begin());
  const choices = [
    { label: "Cancel", value: null },
    ...(stage === "merge" ? [{ label: "Only count", value: "dry", key: "y" }] : []),
    { label: "Queue", value: "queue", key: "q" },
    { label: "Start", value: "start", kind: /** @type {"primary"} */ ("primary") },
  ];
  /** @type {any} */
  let run = null;
  const attempt = async (/** @type {string} */ how) => {
    const facts = choice.facts;
    if (how === "dry") facts.dry_run = true;
    if (choice.keep.checked && Object.keys(choice.changed).length) {
      const { words } = await post(`project/forms/${stage}/keep`, { of: choice.of, values: choice.changed });
      toast(words, { kind: "good" });
    }
    run = await (how === "queue" ? queue_run(stage, facts) : start_run(stage, facts));
  };
  const how = await ask({ title: TITLES[stage], content: choice.content, choices, wide: true, attempt });
  if (!how) return null;
  toast(how === "queue" && run.state === "queued" ? `${run.title}: waits in the queue.` : `${run.title}: started.`);
  return run;
}

class Choice {
  /** @param {Stage} stage @param {any} state @param {string[]} devices */
  constructor(stage, state, devices) {
    this.stage = stage;
    this.state = state;
    /** @type {Record<string, any>} what a hand changed here; null is back to the default */
    this.changed = {};
    this.model = h("select", { onchange: () => this.load() }, names(state.models));
    const clips = state.clips.filter((/** @type {any} */ clip) => stage === "extract" || clip.role === "dst");
    this.clips = h("select", { onchange: () => this.stage === "merge" && this.load() }, h("option", { value: "" }, stage === "extract" ? "all clips" : "all dst clips"), names(clips));
    if (stage === "merge" && clips.length === 1) this.clips.value = clips[0].name; // its own options are those that count
    this.device = h("select", {}, ["auto", ...devices].map((name) => h("option", { value: name }, name)));
    this.frames = h("input", { type: "text", placeholder: "all, or 120:160", size: 14 });
    this.changed_only = h("input", { type: "checkbox" });
    this.keep = h("input", { type: "checkbox" });
    this.keep_words = h("span", {});
    this.form = new Form();
    this.form.addEventListener("change", (event) => this.#change(/** @type {CustomEvent} */ (event).detail));
    this.wrong = h("p", { class: "bad", role: "alert", hidden: true });
    this.outlook = h("p", { class: "dim outlook", role: "status" });
    this.which = h("div", { class: "bar which" }, ...this.#which());
    this.content = h("div", { class: "start" }, this.which, this.outlook, this.form, this.wrong, h("label", { class: "keep" }, this.keep, this.keep_words));
  }

  /** What the options are about: a model, one clip, or all. */
  get of() {
    if (this.stage === "train") return this.model.value;
    return this.stage === "merge" && this.chosen_clips.length === 1 ? this.clips.value : "";
  }

  /** @returns {string[]} none where all are meant */
  get chosen_clips() {
    return this.clips.value ? this.clips.value.split(BETWEEN) : [];
  }

  /** Choose these clips at first; several of them stand as one line among the others. @param {string[]} clips */
  choose_clips(clips) {
    if (!clips.length) return;
    const value = clips.join(BETWEEN);
    if (clips.length > 1) this.clips.firstElementChild?.after(h("option", { value }, clips.join(", ")));
    this.clips.value = value;
  }

  /** @returns {Record<string, any>} */
  get facts() {
    const said = Object.fromEntries(Object.entries(this.changed).map(([name, value]) => [name, value ?? this.#unsaid(name)]));
    /** @type {Record<string, any>} */
    const facts = { device: this.device.value, ...this.learning?.facts, said };
    if (this.stage !== "extract") facts.model = this.model.value || "main";
    if (this.stage !== "train" && this.chosen_clips.length) facts.clips = this.chosen_clips;
    if (this.stage === "merge" && this.frames.value.trim()) facts.frames = this.frames.value.trim();
    if (this.stage === "merge" && this.changed_only.checked) facts.changed = true;
    return facts;
  }

  /** All that is asked before the dialog opens. */
  async begin() {
    if (this.stage === "train") this.#learn_from(await get("training/choices"));
    await this.load();
  }

  /** @param {import("../../kit/learning.js").Choices} choices */
  #learn_from(choices) {
    const learning = (this.learning = new Learning(choices, this.model.value));
    this.which.after(h("details", {}, h("summary", {}, "Where it computes, and what it learns from"), learning.element));
    learning.device.addEventListener("change", () => this.#look_ahead());
    this.model.addEventListener("change", () => learning.of(this.model.value));
  }

  async load() {
    const told = await get(`project/forms/${this.stage}?of=${encodeURIComponent(this.of)}`);
    const first = FIRST[this.stage];
    const place = (/** @type {any} */ option) => (first.includes(option.name) ? first.indexOf(option.name) : first.length);
    const mine = (/** @type {any} */ option) => (option.name in this.changed ? { ...option, value: this.changed[option.name] ?? option.default, said: this.changed[option.name] !== null } : { ...option, ...own_note(option.name, told.own ?? {}, this.chosen_clips) });
    const sorted = told.options.map((/** @type {any} */ option) => ({ ...mine(option), group: first.includes(option.name) ? "Most asked for" : "All others" }));
    this.form.options = sorted.sort((/** @type {any} */ one, /** @type {any} */ other) => place(one) - place(other));
    this.form.now = this.state.models.some((/** @type {any} */ one) => one.name === this.model.value && one.iteration) ? "restart" : "create";
    say(this.keep_words, `Keep these options ${this.#kept_where()}`);
    if (this.stage === "train") this.#look_ahead();
  }

  #kept_where() {
    if (this.stage === "train") return "for this model";
    if (this.stage !== "merge") return "in the project";
    return this.of ? `for ${this.of}` : "in the project, for clips that keep none of their own";
  }

  /** @returns {HTMLElement[]} */
  #which() {
    const field = (/** @type {string} */ label, /** @type {HTMLElement} */ control) => h("label", {}, label, control);
    const rows = [];
    if (this.stage !== "train") rows.push(field("Clips", this.clips));
    if (this.stage !== "extract") rows.push(field("Model", this.model));
    if (this.stage === "merge") rows.push(field("Frames", this.frames), field("Only what a change touches", this.changed_only));
    if (this.stage !== "encode" && this.stage !== "train") rows.push(field("Device", this.device));
    return rows;
  }

  /** @param {{name: string, value: any}} change */
  async #change({ name, value }) {
    this.changed[name] = value;
    this.form.options = this.form.options.map((option) => (option.name === name ? { ...option, note: "" } : option)); // it counts for all clips now
    const { errors } = await post(`project/forms/${this.stage}/check`, { of: this.of, values: this.changed });
    this.form.say_wrong(errors);
    say(this.wrong, errors[""] ?? "");
    this.wrong.hidden = !errors[""];
  }

  /** @param {string} name */
  #unsaid(name) {
    return this.form.options.find((option) => option.name === name)?.default;
  }

  /** Memory and time, as `understudy plan` has them. */
  async #look_ahead() {
    const model = this.model.value;
    const device = this.learning?.device.value ?? "auto";
    this.outlook.textContent = "Working out memory and time…";
    const words = await outlook_words(`model=${encodeURIComponent(model)}`, device);
    if (model === this.model.value && device === (this.learning?.device.value ?? "auto")) say(this.outlook, words.text);
  }
}

/**
 * Which of the clips that are meant keep another value of an option for themselves: it is theirs that counts.
 * @param {string} name @param {Record<string, Record<string, any>>} own by clip @param {string[]} chosen none are all
 */
function own_note(name, own, chosen) {
  const clips = Object.keys(own).filter((clip) => name in own[clip] && (!chosen.length || chosen.includes(clip)));
  if (!clips.length) return {};
  const note = clips.length > 3 ? `${clips.length} clips keep their own` : clips.map((clip) => `${clip}: ${shown(own[clip][name])}`).join(", ");
  return { note, note_tip: "Kept for this clip alone, and counts there unless you change it here" };
}

/** @param {any[]} things */
function names(things) {
  return things.map((one) => h("option", { value: one.name }, one.name));
}
