// @ts-check
// From two clips to a finished shot with one button: minutes to train, what the performers agreed to, and the preset.

import { get, post } from "../../kit/api.js";
import { ask } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import { start_run } from "../../kit/runs.js";
import { toast } from "../../kit/toast.js";
import { short_count } from "../../kit/words.js";
import { waited } from "../../kit/waiting.js";

const STATUS = { "not stated": "not stated: it will say so in the marks", agreed: "agreed", fictional: "fictional: a rendered person", refused: "refused" };

/** Ask, and start the whole job. @param {any} state @param {string[]} devices */
export async function start_swap(state, devices) {
  const { presets } = await waited("Looking at the presets…", get("project/presets"));
  const known = state.models[0];
  const minutes = h("input", { type: "number", min: 0.1, step: "any", value: 10, required: true });
  const preset = h("select", {}, presets.map((/** @type {any} */ one) => h("option", { value: one.name, selected: one.name === "quick" }, `${one.name} — ${one.size_px} px, ${one.face_type}, ${short_count(one.parameters)} weights`)));
  const about = h("p", { class: "dim" });
  const tell = () => (about.textContent = presets.find((/** @type {any} */ one) => one.name === preset.value)?.help ?? "");
  preset.addEventListener("change", tell);
  tell();
  const device = h("select", {}, ["auto", ...devices].map((name) => h("option", { value: name }, name)));
  const consents = state.performers.map((/** @type {any} */ person) => ({ person, field: consent_field(person.consent.status), recorded: person.consent.status }));
  const rows = h(
    "div",
    { class: "fields" },
    label("Train for", minutes, "minutes; more is better, and it can go on later"),
    known ? null : label("Model", preset, ""),
    label("Device", device, ""),
    consents.map((/** @type {any} */ one) => label(`${one.person.name} has`, one.field, "")),
  );
  const words = "Finds the faces, trains, merges and encodes. It can be stopped at any time; started again, it goes on where it was.";
  const choices = [{ label: "Cancel", value: false }, { label: "Start", value: true, kind: /** @type {"primary"} */ ("primary") }];
  /** @type {any} */
  let run = null;
  const attempt = async () => {
    for (const one of consents) {
      const { person, field } = one;
      if (field.value === one.recorded) continue;
      await post(`project/performers/${encodeURIComponent(person.name)}/consent`, { values: { status: field.value } });
      one.recorded = field.value;
    }
    run = await start_run("swap", { model: known?.name ?? "main", preset: known ? undefined : preset.value, device: device.value, said: { minutes: Number(minutes.value) } });
  };
  if (!(await ask({ title: "From clips to the finished shot", words, content: [rows, known ? h("p", { class: "dim" }, `Goes on with model ${known.name}.`) : about], choices, attempt }))) return null;
  toast(`${run.title}: started.`);
  return run;
}

/** @param {string} status */
export function consent_field(status) {
  return h("select", {}, Object.entries(STATUS).map(([value, words]) => h("option", { value, selected: value === status }, words)));
}

/** @param {string} words @param {HTMLElement} field @param {string} behind */
function label(words, field, behind) {
  return h("label", {}, h("span", {}, words), field, behind ? h("span", { class: "dim" }, behind) : null);
}
