// @ts-check
// At how many frames a second a clip of images is shown: what was said of it, and saying it.

import { get, post } from "../../kit/api.js";
import { ask } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import { toast, toast_error } from "../../kit/toast.js";
import { waited } from "../../kit/waiting.js";

/** @param {any} clip of images */
export function rate_button(clip) {
  return h("button", { type: "button", class: "quiet", "data-tip": "Say how many of its images are shown in a second", onclick: () => ask_for_rate(clip).catch(toast_error) }, "Rate…");
}

/** @param {any} clip */
async function ask_for_rate(clip) {
  const { pace, assumed_rate } = await waited(`Looking into ${clip.name}…`, get(`project/clips/${encodeURIComponent(clip.name)}/info`));
  const known = clip.fps ? `${pace} frames a second is what was said of them.` : assumed_rate ? `These images say no rate, so ${pace} frames a second is taken.` : `These images say ${pace} frames a second themselves.`;
  const words = `${known} The rate counts for the finished movie and for all times that are shown; faces and frames stay.`;
  const field = h("input", { type: "text", inputmode: "decimal", value: clip.fps ?? "", placeholder: "24 or 23.976", size: 12, autofocus: true });
  const content = [h("label", {}, "Frames a second", field), h("p", { class: "dim small" }, "Left empty, it is as the images say.")];
  const choices = [{ label: "Cancel", value: false }, { label: "Keep", value: true, kind: /** @type {"primary"} */ ("primary") }];
  await ask({ title: `How fast ${clip.name} is shown`, words, content, choices, attempt: () => say_rate(clip.name, number_in(field.value)) });
}

/** @param {string} text */
function number_in(text) {
  const number = Number(text.trim().replace(",", "."));
  if (Number.isNaN(number)) throw new Error(`${text} is no number. Say how many images are shown in a second, like 24 or 23.976.`);
  return number;
}

/** @param {string} name @param {number} fps 0 takes back what was said */
async function say_rate(name, fps) {
  const { before, pace } = await post(`project/clips/${encodeURIComponent(name)}/rate`, { fps });
  if (before === fps) return;
  const undo = () => void say_rate(name, before).catch(toast_error);
  toast(`${name} is shown at ${pace} frames a second.`, { kind: "good", label: "Undo", run: undo });
}
