// @ts-check
// Fields of what a training takes beside its options: facesets, device, processes, another model's weights, how long.

import { h } from "./element.js";

/**
 * What `training/choices` tells.
 * @typedef {object} Choices
 * @property {{name: string, roles: string[], faces: number}[]} facesets
 * @property {{name: string, words: string}[]} devices
 * @property {string[]} models
 * @property {Record<string, {src: string[], dst: string[], made: boolean}>} learns by model: from which facesets, and whether it is made
 */

/** @param {Choices} choices @returns {HTMLSelectElement} */
export function device_choice({ devices }) {
  const made = h("select", { "data-tip": "Where it is computed" }, h("option", { value: "auto" }, "the best there is"), devices.map((one) => h("option", { value: one.name }, `${one.name}: ${one.words}`)));
  const before = localStorage.getItem("training device") ?? "auto";
  made.value = devices.some((one) => one.name === before) ? before : "auto";
  return made;
}

/** @param {Choices} choices @param {string} [but] @returns {HTMLSelectElement} */
export function source_choice({ models, learns }, but = "") {
  const others = models.filter((name) => name !== but && learns[name]?.made);
  return h("select", { "data-tip": "Takes over all weights that fit" }, h("option", { value: "" }, others.length ? "nothing" : "nothing: no other model has learnt yet"), others.map((name) => h("option", { value: name }, name)));
}

/**
 * Boxes to choose facesets of one side. `said` is empty where nothing differs from what holds anyway.
 * @param {Choices} choices @param {"src" | "dst"} role @param {string[]} [chosen] what holds now; without, all
 */
export function faceset_boxes({ facesets }, role, chosen) {
  const mine = facesets.filter((one) => one.roles.includes(role) || (!one.roles.length && one.name.startsWith(`${role}/`)) || chosen?.includes(one.name));
  const boxes = mine.map((one) => h("input", { type: "checkbox", value: one.name, checked: !chosen || chosen.includes(one.name) }));
  const before = boxes.filter((box) => box.checked).map((box) => box.value).join();
  const element = h("fieldset", {}, h("legend", {}, `Learn ${role} from`), h("div", { class: "bar" }, mine.map((one, at) => h("label", {}, boxes[at], `${one.name} (${one.faces.toLocaleString("en")} faces)`)), mine.length ? null : h("span", { class: "warn" }, `There is no faceset of ${role} yet.`)));
  const said = () => {
    const names = boxes.filter((box) => box.checked).map((box) => box.value);
    if (mine.length && !names.length) throw new Error(`Choose at least one faceset of ${role} to learn from.`);
    return names.join() === before ? [] : names;
  };
  return { element, said };
}

/**
 * How long: {element, said()}. What is not asked is said as null, against what the project keeps.
 * @param {any} plan what was asked before
 */
export function how_long(plan) {
  const kept = plan && !plan.finished ? plan : null;
  const kinds = [["minutes", "minutes"], ["iterations", "iterations"], ["endless", "until I stop it"]];
  const kind = h("select", { "aria-label": "How long" }, ...kinds.map(([value, words]) => h("option", { value }, words)));
  const number = h("input", { type: "number", min: 1, step: "any", value: 60, "aria-label": "How much" });
  kind.value = kept ? (kept.minutes ? "minutes" : kept.iterations ? "iterations" : "endless") : "minutes";
  if (kept) number.value = String(kept.minutes ?? kept.iterations ?? 60);
  const sift = () => (number.hidden = kind.value === "endless");
  kind.addEventListener("change", sift);
  sift();
  const both = kept?.minutes && kept?.iterations ? ` That one also ends after ${kept.iterations.toLocaleString("en")} iterations.` : "";
  const note = kept ? `The same wish goes on with the plan that was interrupted; another one begins a new plan.${both}` : "A planned end settles by itself, which looks better than a stop.";
  const said = () => {
    const asked = number.valueAsNumber;
    if (kind.value === "minutes") return { minutes: asked, iterations: kept?.minutes === asked ? (kept.iterations ?? null) : null };
    return { minutes: null, iterations: kind.value === "iterations" ? Math.round(asked) : null };
  };
  return { element: h("div", {}, h("label", {}, "Train for", number, kind), h("p", { class: "dim small" }, note)), said };
}

/** All of it for one model, as facts of a run. */
export class Learning {
  /** @param {Choices} choices @param {string} model */
  constructor(choices, model) {
    this.choices = choices;
    this.device = device_choice(choices);
    this.processes = h("input", { type: "number", min: 1, max: 64, step: 1, value: 1, "data-tip": "One for each GPU, for example; a batch is shared out among them" });
    this.sets = h("div", { class: "learning-sets" });
    this.element = h("div", { class: "learning" }, h("div", { class: "bar which" }, h("label", {}, "On", this.device), h("label", {}, "Processes", this.processes)), this.sets);
    this.of(model);
  }

  /** Another model: its facesets; weights of another only while it is not made. @param {string} model */
  of(model) {
    const { learns } = this.choices;
    const here = learns[model];
    this.sides = { src: faceset_boxes(this.choices, "src", here?.src), dst: faceset_boxes(this.choices, "dst", here?.dst) };
    this.source = here?.made ? null : source_choice(this.choices, model);
    this.sets.replaceChildren(this.sides.src.element, this.sides.dst.element, ...(this.source ? [h("label", {}, "Begin with what", this.source, "has learnt")] : []));
  }

  /** @returns {Record<string, any>} */
  get facts() {
    const [src, dst] = [this.sides?.src.said() ?? [], this.sides?.dst.said() ?? []];
    const processes = this.processes.valueAsNumber;
    localStorage.setItem("training device", this.device.value);
    return { device: this.device.value, ...(processes > 1 && { processes: Math.round(processes) }), ...(src.length && { src_faceset: src }), ...(dst.length && { dst_faceset: dst }), ...(this.source?.value && { start_from: this.source.value }) };
  }
}
