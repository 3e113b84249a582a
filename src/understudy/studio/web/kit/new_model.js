// @ts-check
// The form of a new model: a preset by its figures, every option of its network, what it learns from, and what it will need.
// What is refused is said in the form, and what was typed stays.

import { get, new_id, post } from "./api.js";
import { ask } from "./dialog.js";
import { h, say } from "./element.js";
import { Form } from "./form.js";
import { device_choice, faceset_boxes, how_long, source_choice } from "./learning.js";
import { clock_words, start_run } from "./runs.js";
import { toast } from "./toast.js";
import { waited } from "./waiting.js";
import { size_words } from "./words.js";

/** @typedef {{name: string, help: string, architecture: string, size_px: number, face_type: string, parameters: number}} Preset */

const FACE_TYPES = ["half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align", "mark-only"];

/**
 * Ask what it is to be, and make it.
 * @param {{train?: boolean}} [how] `train`: it can be trained at once
 * @returns {Promise<string | null>} its name
 */
export async function ask_for_model({ train = true } = {}) {
  const [{ presets }, choices] = await waited("Looking at the presets…", Promise.all([get("project/presets"), get("training/choices")]));
  const wish = new Wish(presets, choices, train);
  const make = { label: train ? "Only make it" : "Make", value: "make", kind: /** @type {"" | "primary"} */ (train ? "" : "primary") };
  const buttons = [{ label: "Cancel", value: null }, make, ...(train ? [{ label: "Make and train", value: "train", kind: /** @type {"primary"} */ ("primary") }] : [])];
  const answer = await ask({ title: "New model", content: wish.element, wide: true, choices: buttons, attempt: () => wish.make() });
  if (!answer) return null;
  const { name } = wish;
  if (answer === "train") await start_run("train", { model: name, device: wish.device.value, said: wish.long.said() });
  toast(answer === "train" ? `Train ${name} starts.` : `Model ${name} is noted; training makes it.`, { kind: "good" });
  return name;
}

class Wish {
  /** @type {Record<string, any>} */
  network = {};
  /** @type {HTMLInputElement[]} */
  radios = [];

  /** @param {Preset[]} presets @param {import("./learning.js").Choices} choices @param {boolean} train */
  constructor(presets, choices, train) {
    this.presets = presets;
    const free = ["main", ...Array.from({ length: 99 }, (_, at) => `model${at + 2}`)].find((name) => !choices.models.includes(name)) ?? "";
    this.field = h("input", { type: "text", value: free, required: true, size: 18 });
    this.device = device_choice(choices);
    this.device.addEventListener("change", () => this.look_ahead());
    this.face = h("select", {}, h("option", { value: "" }, "as the preset has it"), FACE_TYPES.map((name) => h("option", {}, name)));
    this.source = source_choice(choices);
    this.sides = { src: faceset_boxes(choices, "src"), dst: faceset_boxes(choices, "dst") };
    this.long = how_long(null);
    this.outlook = h("p", { class: "small dim outlook", role: "status" });
    this.wrong = h("p", { class: "bad", role: "alert", hidden: true });
    this.form = new Form();
    this.form.addEventListener("change", (event) => this.#change(/** @type {CustomEvent} */ (event).detail));
    const network = h("details", {}, h("summary", {}, "Options of its network; they can't change later"), this.form);
    const top = h("div", { class: "bar which" }, h("label", {}, "Name", this.field), h("label", {}, "Face", this.face), h("label", {}, "On", this.device));
    const learns = h("div", { class: "learning-sets" }, this.sides.src.element, this.sides.dst.element, h("label", {}, "Begin with what", this.source, "has learnt"));
    this.element = h("div", { class: "new-model stack" }, top, this.#table(), this.outlook, network, learns, train ? this.long.element : null, this.wrong);
    this.pick(presets.some((one) => one.name === "quick") ? "quick" : presets[0].name);
  }

  get name() {
    return this.field.value.trim();
  }

  /** All presets, under a count, in a box that shows that it goes on. */
  #table() {
    const group = `preset-${new_id()}`;
    this.radios = this.presets.map((one) => h("input", { type: "radio", name: group, value: one.name, onchange: () => this.pick(one.name) }));
    const { radios } = this;
    const rows = this.presets.map((one, at) => h("tr", { "data-preset": one.name }, h("td", {}, h("label", {}, radios[at], h("strong", {}, one.name))), h("td", { class: "number" }, `${one.size_px} px`), h("td", {}, one.face_type), h("td", { class: "number" }, `${(one.parameters / 1e6).toFixed(1)} M`), h("td", { class: "small" }, one.architecture), h("td", { class: "small" }, one.help)));
    const search = h("input", { type: "search", placeholder: "Search presets", "aria-label": "Search presets", oninput: () => sift() });
    const count = h("span", { class: "dim small", role: "status" });
    const sift = () => {
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(search.value.toLowerCase());
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} presets`;
    };
    sift();
    const head = h("tr", {}, [["Preset", ""], ["Size", "number"], ["Face", ""], ["Weights", "number"], ["Network", ""], ["What it is for", ""]].map(([words, kind]) => h("th", { class: kind }, words)));
    return h("div", {}, h("div", { class: "bar" }, search, count), h("div", { class: "presets scrolls", tabIndex: 0, role: "region", "aria-label": "Presets" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows))));
  }

  /** @param {string} preset */
  async pick(preset) {
    this.preset = preset;
    this.network = {};
    for (const radio of this.radios) {
      radio.checked = radio.value === preset;
      radio.closest("tr")?.classList.toggle("chosen", radio.checked);
    }
    this.look_ahead();
    const { options } = await get(`project/forms/network?of=${encodeURIComponent(preset)}`);
    if (this.preset === preset) this.form.options = options;
  }

  /** Memory and time, as `understudy plan` has them. */
  async look_ahead() {
    const { preset } = this;
    const device = this.device.value;
    this.outlook.textContent = `Working out memory and time of ${preset}…`;
    const words = await outlook_words(`preset=${encodeURIComponent(preset ?? "")}`, device);
    if (preset !== this.preset || device !== this.device.value) return;
    say(this.outlook, words.text);
    this.outlook.classList.toggle("bad", !words.fits);
  }

  /** @param {{name: string, value: any}} change */
  async #change({ name, value }) {
    if (value === null) delete this.network[name];
    else this.network[name] = value;
    const { errors } = await post("project/forms/network/check", { of: this.preset, values: this.network });
    this.form.say_wrong(errors);
    this.refused(errors[""] ?? "");
  }

  /** @param {string} words "" for nothing */
  refused(words) {
    say(this.wrong, words);
    this.wrong.hidden = !words;
  }

  async make() {
    await post("training/new", { name: this.name, preset: this.preset, network: this.network, face_type: this.face.value || null, start_from: this.source.value, src: this.sides.src.said(), dst: this.sides.dst.said() }, `Making ${this.name}…`);
  }
}

/**
 * What a training will need, in words.
 * @param {string} of "model=…" or "preset=…" @param {string} device
 * @returns {Promise<{text: string, fits: boolean}>}
 */
export async function outlook_words(of, device) {
  try {
    const plan = await get(`training/plan?${of}&device=${encodeURIComponent(device)}`);
    const each = plan.seconds_each;
    const text = `Batch of ${plan.batch_size} on ${plan.device}: ${size_words(plan.device_bytes)} of memory, ${plan.fits ? "fits" : "does NOT fit"} into the ${size_words(plan.free_bytes)} that are free. ${each >= 1 ? `${each.toPrecision(3)} s an iteration` : `${(1 / each).toPrecision(3)} iterations a second`}, ${clock_words(1000 * each)} for 1000. Estimates, from ${plan.seconds_from}.`;
    return { text, fits: plan.fits };
  } catch (error) {
    return { text: error instanceof Error ? error.message : String(error), fits: true };
  }
}
