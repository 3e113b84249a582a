// @ts-check
// What is done with a whole model, wherever one is listed: another name, a copy, into the trash and back from there.

import { get, post, Refused } from "./api.js";
import { ask, ask_text, sure } from "./dialog.js";
import { choose } from "./menu.js";
import { toast, toast_error } from "./toast.js";
import { waited } from "./waiting.js";

/** @typedef {{name: string, in_use: boolean, made: boolean}} ModelHere */

/**
 * A menu at a button. Answers the name under which the model is found then, "" where it was put away.
 * @param {Element} at @param {ModelHere} model
 */
export async function model_menu(at, model) {
  const in_use = model.in_use ? "It is being trained; stop that first." : "";
  const made = model.made ? "" : "It has learnt nothing yet.";
  const wish = await choose(at, [{ label: "Rename…", value: "rename", why_not: in_use }, { label: "Copy…", value: "copy", why_not: in_use || made }, "line", { label: "Put away…", value: "away", why_not: in_use }, { label: "Bring one back…", value: "back" }]);
  if (wish === "rename" || wish === "copy") return another_name(model.name, wish);
  if (wish === "away") return put_away(model.name);
  if (wish === "back") return (await bring_back()) || model.name;
  return model.name;
}

/** @param {string} name @param {"rename" | "copy"} wish */
async function another_name(name, wish) {
  const new_name = (await ask_text(wish === "copy" ? `Copy ${name}` : `Rename ${name}`, "Name", wish === "copy" ? `${name}-2` : name))?.trim();
  if (!new_name || new_name === name) return name;
  await post(`project/models/${encodeURIComponent(name)}/${wish}`, { name: new_name }, wish === "copy" ? `Copying ${name}…` : `Renaming ${name}…`);
  toast(wish === "copy" ? `${new_name} is a copy of ${name}.` : `${name} is called ${new_name} now.`, { kind: "good" });
  return new_name;
}

/** @param {string} name */
async function put_away(name) {
  if (!(await sure(`Put ${name} away?`, "The model and what it merged go to the project's trash, and can be brought back from here.", "Put away"))) return name;
  await post(`project/models/${encodeURIComponent(name)}/put-away`, {}, `Putting ${name} away…`);
  toast(`${name} is put away.`, { label: "Bring back", run: () => void come_back(name) });
  return "";
}

/** Choose one of those in the trash. @returns {Promise<string>} its name */
export async function bring_back() {
  const { away } = await waited("Looking into the trash…", get("project/models-away"));
  if (!away.length) {
    toast("No model is in the trash.");
    return "";
  }
  const rows = away.map((/** @type {any} */ model) => ({ label: `${model.name}, ${Math.max(1, Math.round(model.size_bytes / 1e6)).toLocaleString("en")} MB`, value: model.name }));
  const name = await ask({ title: "Models in the trash", words: "Choose one to bring back.", choices: [...rows, { label: "Close", value: null }] });
  if (name) await come_back(name);
  return name ?? "";
}

/** A model that was just renamed or put away is no error: the list says so in a moment. @param {unknown} error */
export function unless_gone(error) {
  if (!(error instanceof Refused && error.kind === "ModelUnknown")) toast_error(error);
}

/** @param {string} name */
async function come_back(name) {
  const told = await post(`project/models/${encodeURIComponent(name)}/bring-back`, {}, `Bringing ${name} back…`);
  for (const words of told.notices) toast(words);
  toast(`${name} is back.`, { kind: "good" });
}
