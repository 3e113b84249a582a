// @ts-check
// The question before a training: how long, where, from which facesets, and whose weights; with the memory and time it will take.

import { get } from "../../kit/api.js";
import { ask } from "../../kit/dialog.js";
import { h, say } from "../../kit/element.js";
import { how_long, Learning } from "../../kit/learning.js";
import { outlook_words } from "../../kit/new_model.js";
import { start_run } from "../../kit/runs.js";
import { toast } from "../../kit/toast.js";
import { waited } from "../../kit/waiting.js";

/** @typedef {import("./facts.js").Model} Model */

/** Ask, and start. @param {Model} model */
export async function ask_to_start(model) {
  const choices = await waited("Looking at facesets and devices…", get("training/choices"));
  const long = how_long(model.plan);
  const learning = new Learning(choices, model.name);
  const outlook = h("p", { class: "small dim outlook", role: "status" }, "Working out memory and time…");
  const look_ahead = async () => say(outlook, (await outlook_words(`model=${encodeURIComponent(model.name)}`, learning.device.value)).text);
  learning.device.addEventListener("change", look_ahead);
  look_ahead();
  const content = h("div", { class: "stack" }, long.element, learning.element, outlook);
  /** @type {any} */
  let run = null;
  const attempt = async () => (run = await start_run("train", { model: model.name, ...learning.facts, said: long.said() }));
  const agreed = await ask({ title: `${model.iterations ? "Go on with" : "Start"} ${model.name}`, content, choices: [{ label: "Cancel", value: false }, { label: "Train", value: true, kind: "primary" }], attempt });
  if (agreed) toast(`${run.title} starts.`, { seconds: 3 });
}
