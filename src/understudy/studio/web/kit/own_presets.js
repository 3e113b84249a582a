// @ts-check
// Presets of one's own, kept and taken out the same way in every room that has some. Not here: choosing one (the rooms).

import { post } from "./api.js";
import { ask } from "./dialog.js";
import { h } from "./element.js";
import { toast, toast_error } from "./toast.js";

/** @typedef {{name: string, origin: string, says: string, options: Record<string, any>}} Preset as `understudy preset list` has it */

/**
 * Ask for a name and keep options under it.
 * @param {"encode" | "merge"} stage @param {string} title @param {Preset | null | undefined} own the one that is chosen, if it is one's own
 * @param {() => Record<string, any>} said
 * @returns {Promise<string>} its name; empty where nothing was kept
 */
export async function save_preset(stage, title, own, said) {
  const name = h("input", { type: "text", required: true, size: 24, value: own?.name ?? "" });
  const says = h("input", { type: "text", size: 48, value: own?.says ?? "", placeholder: "What it is for, in a sentence" });
  const whose = h("select", {}, h("option", { value: "project" }, "this project"), h("option", { value: "user", selected: own?.origin === "user" }, "all my projects"));
  const fields = h("div", { class: "fields" }, h("label", {}, h("span", {}, "Name"), name), h("label", {}, h("span", {}, "It is for"), says), h("label", {}, h("span", {}, "Kept for"), whose));
  const save = async () => toast((await post(`presets/${stage}/save`, { name: name.value.trim(), whose: whose.value, says: says.value, said: said() })).words, { kind: "good" });
  if (!(await ask({ title, content: fields, choices: [{ label: "Cancel", value: false }, { label: "Save", value: true, kind: "primary" }], attempt: save }))) return "";
  return name.value.trim();
}

/**
 * Take a preset out; the message offers to bring it back.
 * @param {"encode" | "merge"} stage @param {Preset} preset @param {(name: string) => unknown} came_back
 */
export async function remove_preset(stage, { name, origin, says, options }, came_back) {
  const told = await post(`presets/${stage}/remove`, { name, whose: origin });
  const again = () => post(`presets/${stage}/save`, { name, whose: origin, says, said: options }).then(() => came_back(name)).catch(toast_error);
  toast(told.words, { label: "Undo", run: again });
}
