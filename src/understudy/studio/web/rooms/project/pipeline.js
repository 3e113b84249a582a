// @ts-check
// The five steps from clips to a finished shot, with pictures, and the one thing to do next.

import { button, forbid } from "../../kit/button.js";
import { h } from "../../kit/element.js";

/** What each step is called, what doing it is called, and the room for its details. */
export const STEPS = {
  add: { title: "Clips", does: "Add clips", room: "" },
  extract: { title: "Faces", does: "Find faces", room: "faces" },
  train: { title: "Training", does: "Train", room: "training" },
  merge: { title: "Merge", does: "Merge", room: "merge" },
  encode: { title: "Deliver", does: "Encode", room: "deliver" },
};

/** @typedef {keyof typeof STEPS} StepName */

/** What doing a step next means, to somebody who has never done it. */
const NEWCOMER = {
  add: "Two clips are all it needs: src shows the face, dst receives it.",
  extract: "Every frame is searched for faces; they become the pictures a model learns from.",
  train: "A model learns both faces from them. Watch it in the Training room, and stop whenever it is good.",
  merge: "The model paints the src face into every frame of dst.",
  encode: "The frames become a movie with dst's sound and timing, signed as what it is.",
};

/**
 * @param {any} state @param {Record<string, import("../../kit/keys.js").KeyAction>} actions by step name, and `swap`
 * @param {string} running the stage that runs now, or ""
 */
export function next_panel(state, actions, running) {
  const step = /** @type {StepName | null} */ (state.next_stage);
  if (running) return h("section", { class: "panel next", "aria-label": "Next" }, h("h2", {}, "At work"), h("p", {}, running));
  if (!step) {
    const why = state.train_on;
    const words = why ? `Everything that was asked is done, but ${why}` : "Everything that was asked is done. Train on, change the merge, or add another clip.";
    const row = h("div", { class: "bar" }, button(actions.train, { label: "Train on", kind: why ? "primary" : "" }), button(actions.add));
    return h("section", { class: "panel next done", "aria-label": "Next" }, h("h2", {}, why ? "Next: train on" : "Nothing left to do"), h("p", {}, words), row);
  }
  const both = ["src", "dst"].every((role) => state.clips.some((/** @type {any} */ clip) => clip.role === role));
  const row = h("div", { class: "bar" }, button(actions[step], { kind: "primary" }));
  const refused = state.performers.filter((/** @type {any} */ one) => one.consent.status === "refused").map((/** @type {any} */ one) => one.name);
  const why_not = refused.length ? `The consent of ${refused.join(" and ")} is refused, so no finished shot is made.` : "";
  if (both) row.append(button(actions.swap, { label: "Do it all", why_not }));
  const by = state.next_model ? ` Model ${state.next_model} does it.` : "";
  const clips = state.next_clips ?? [];
  const about = clips.length ? ` This is about ${clips.length > 1 ? "clips" : "clip"} ${clips.join(", ")} alone.` : "";
  const why = `${state.next_why[0].toUpperCase()}${state.next_why.slice(1)}.${by}${about}`;
  return h("section", { class: "panel next", "aria-label": "Next" }, h("h2", {}, `Next: ${STEPS[step].does.toLowerCase()}`), h("p", {}, why), h("p", { class: "dim" }, NEWCOMER[step]), row);
}

/**
 * @param {any} state @param {Record<string, import("../../kit/keys.js").KeyAction>} actions
 * @returns {HTMLElement}
 */
export function pipeline(state, actions) {
  return h("ol", { class: "pipeline", "aria-label": "From clips to the finished shot" }, state.steps.map((/** @type {any} */ step, /** @type {number} */ at) => card(state, step, at, actions)));
}

/** @param {any} state @param {any} step @param {number} at @param {Record<string, any>} actions */
function card(state, step, at, actions) {
  const name = /** @type {StepName} */ (step.stage);
  const facts = STEPS[name];
  const mark = h("span", { class: "mark", "aria-hidden": "true" }, step.state === "done" ? "✓" : String(at + 1));
  const said = { done: "done", next: "next", waits: "waits for the steps before it" }[/** @type {"done"} */ (step.state)];
  const title = facts.room ? h("a", { href: `#/${facts.room}`, "data-tip": `Open the ${facts.room} room` }, facts.title) : facts.title;
  const does = button(actions[name], { label: facts.does, kind: step.state === "next" ? "primary" : "" });
  const lacks = why_not(state, name);
  if (lacks) forbid(does, lacks);
  return h(
    "li",
    { class: `step ${step.state}`, "data-step": name },
    h("div", { class: "head" }, mark, h("h3", {}, title), h("span", { class: "unseen" }, said)),
    pictures(state, name),
    h("p", { class: "words" }, step.words || "nothing yet"),
    does,
  );
}

/** @param {any} state @param {StepName} name @returns {string} why it can't be done now */
export function why_not(state, name) {
  if (name === "extract" && !state.clips.length) return "Add clips first.";
  const faces = state.facesets.some((/** @type {any} */ faceset) => faceset.faces);
  if (name === "train" && !faces) return "Find faces first.";
  const learnt = state.models.some((/** @type {any} */ model) => model.iteration);
  if (name === "merge" && !learnt) return "Train a model first.";
  if (name === "encode" && !state.merged.some((/** @type {any} */ merged) => merged.frames)) return "Merge a clip first.";
  return "";
}

/** @param {any} state @param {StepName} name */
function pictures(state, name) {
  const clips = (/** @type {string} */ role) => state.clips.filter((/** @type {any} */ clip) => clip.role === role && clip.there).slice(0, 1);
  if (name === "add") {
    const both = [...clips("src"), ...clips("dst")].map((clip) => figure(`pictures/clip/${encodeURIComponent(clip.name)}?width=480&v=${clip.size_bytes}`, `${clip.role}: ${clip.name}`));
    return h("div", { class: "pictures" }, both.length ? both : blank());
  }
  if (name === "extract") return h("div", { class: "pictures" }, ["src", "dst"].map((role) => faces_of(state, role)));
  if (name === "train") {
    const model = newest(state.models);
    if (!model?.iteration) return h("div", { class: "pictures" }, blank());
    return h("div", { class: "pictures one" }, figure(`pictures/preview/${encodeURIComponent(model.name)}?width=480&v=${model.iteration}`, "src, dst, swap"));
  }
  if (name === "encode") {
    const film = newest(state.outputs);
    if (!film) return h("div", { class: "pictures" }, blank());
    return h("div", { class: "pictures one" }, figure(`pictures/finished?name=${encodeURIComponent(film.path)}&width=480&v=${Date.parse(film.changed) || 0}`, film.path));
  }
  const merged = newest(state.merged.filter((/** @type {any} */ one) => one.frames));
  if (!merged) return h("div", { class: "pictures" }, blank());
  const address = `pictures/merged/${encodeURIComponent(merged.clip)}/${encodeURIComponent(merged.model)}?width=480&v=${Date.parse(merged.changed) || 0}`;
  return h("div", { class: "pictures one" }, figure(address, `merged: ${merged.clip} by ${merged.model}`));
}

/** @param {any[]} made @returns {any} */
function newest(made) {
  return [...made].sort((one, other) => String(other.changed ?? "").localeCompare(String(one.changed ?? "")))[0];
}

/** @param {any} state @param {string} role */
function faces_of(state, role) {
  const faces = state.clips.filter((/** @type {any} */ clip) => clip.role === role).reduce((/** @type {number} */ sum, /** @type {any} */ clip) => sum + clip.faces, 0);
  if (faces) return figure(`pictures/face/${role}?width=240&v=${faces}`, `${role}: ${faces.toLocaleString("en")}`);
  return h("div", { class: "number" }, h("strong", {}, "0"), h("span", { class: "dim" }, role));
}

/** @param {string} address @param {string} words */
function figure(address, words) {
  const image = h("img", { src: `/api/project/${address}`, alt: words, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(blank()));
  return h("figure", {}, image, h("figcaption", { class: "cut", title: words }, words));
}

function blank() {
  return h("div", { class: "blank", "aria-hidden": "true" });
}
