// @ts-check
// Making the rest of the shot and measuring it, in the background: runs that go on without this page.

import { h } from "../../kit/element.js";
import { all_runs, queue_run, start_run } from "../../kit/runs.js";
import { toast } from "../../kit/toast.js";

/** @typedef {import("./room.js").MergeRoom} MergeRoom */

/** @type {WeakMap<MergeRoom, Set<string>>} what was said in a room already */
const said = new WeakMap();

/** What a merge would say of the clip's footage: it stays until it is closed. @param {MergeRoom} room @param {string[]} footage */
export function say_footage(room, footage) {
  const known = said.get(room) ?? new Set();
  for (const words of footage) if (!known.has(words)) toast(words, { seconds: 0 });
  said.set(room, new Set([...known, ...footage]));
}

/** @type {WeakMap<MergeRoom, Map<string, string>>} how runs stood when that was told last */
const stood = new WeakMap();

/** A run is new or stands otherwise, or one of this clip got further; how far others are changes nothing here. @param {MergeRoom} room @param {{id: string, state: string}} news */
export function heard_of_run(room, { id, state }) {
  const states = stood.get(room) ?? new Map();
  stood.set(room, states);
  if (states.get(id) !== state) look_at_runs(room);
  else if (room.making.has(id)) room.look_at_states();
  states.set(id, state);
}

/** Show the runs that make or measure this clip. @param {MergeRoom} room */
export async function look_at_runs(room) {
  if (!room.clip || !room.isConnected || !room.runs) return;
  const runs = (await all_runs()).filter((run) => run.words.includes(room.clip) || run.words.includes(`--clip=${room.clip}`));
  const living = runs.filter((run) => run.living && ["merge", "measure"].includes(run.words[0]));
  const before = room.making;
  room.making = new Set(living.map((run) => run.id));
  for (const old of /** @type {HTMLElement[]} */ ([...room.runs.children])) if (!room.making.has(old.dataset.id ?? "")) old.remove();
  for (const run of living) if (!before.has(run.id)) room.runs.append(h("us-run", { run, "data-id": run.id }));
  if ([...before].some((id) => !room.making.has(id))) await Promise.all([room.look_at_states(), room.look_at_graphs()]);
  else if (room.making.size) await room.look_at_states();
}

/** Make what is not made yet. @param {MergeRoom} room @param {string} [frames] */
export async function make_the_rest(room, frames = "") {
  await room.settings.flush();
  await start_run("merge", { clips: [room.clip], model: room.model, ...(frames ? { frames } : {}) });
  await room.look_at_runs();
}

/** Measure what is merged; after a merge that runs. @param {MergeRoom} room */
export async function measure(room) {
  const ask = room.making.size ? queue_run : start_run;
  await ask("measure", { clip: room.clip, model: room.model });
  if (!room.graph) room.show_graph("jitter");
  toast("What is merged is being measured; the graphs come by themselves.");
  await room.look_at_runs();
}
