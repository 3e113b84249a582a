// @ts-check
// The models of the project with their figures: made from presets, copied, renamed, put away and brought back.

import { button } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { model_menu } from "../../kit/model_menu.js";
import { toast_error } from "../../kit/toast.js";
import { short_count, size_words, when_words } from "../../kit/words.js";

/** @param {{models: any[], away: any[]}} told @param {any} state @param {Record<string, import("../../kit/keys.js").KeyAction>} actions */
export function models_panel(told, state, actions) {
  const progress = Object.fromEntries(state.models.map((/** @type {any} */ one) => [one.name, one]));
  const head = h("tr", {}, ["Name", "Network", "Iteration", "Loss", "Size", "Trained", ""].map((words) => h("th", { class: ["Iteration", "Loss", "Size"].includes(words) ? "number" : "" }, words)));
  const rows = told.models.map((model) => row(model, progress[model.name]));
  const bar = h("div", { class: "bar" }, h("h2", { class: "grow" }, "Models"), told.away.length ? button(actions.back, { kind: "quiet", label: `${told.away.length} put away` }) : null, button(actions.model, { label: "New model…" }));
  const empty = h("p", { class: "dim" }, "None yet. Training makes `main` from the preset quick; make one here to choose another.");
  return h("section", { class: "panel models", "aria-label": "Models" }, bar, rows.length ? h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, rows))) : empty);
}

/** @param {any} model @param {any} progress */
function row(model, progress) {
  const said = model.in_use ? h("span", { class: "badge good", title: `In use by ${model.in_use}` }, "training") : model.complaint ? h("span", { class: "bad small" }, model.complaint) : when_words(model.trained_last);
  const about = `${model.preset} · ${model.size_px} px ${model.face_type} · ${short_count(model.parameters)}`;
  const more = h("button", { type: "button", class: "quiet", "aria-label": `More for ${model.name}`, onclick: () => model_menu(more, { name: model.name, in_use: Boolean(model.in_use), made: model.made }).catch(toast_error) }, "⋯");
  return h(
    "tr",
    { "data-model": model.name },
    h("td", {}, h("strong", {}, model.name), model.origin?.source ? h("div", { class: "dim small" }, `from ${model.origin.source}`) : null),
    h("td", { class: "small", title: `${model.architecture}, ${model.parameters.toLocaleString("en")} weights` }, about),
    h("td", { class: "number" }, model.iterations.toLocaleString("en"), progress?.progress && !progress.trained ? h("div", { class: "warn small" }, progress.progress) : null),
    h("td", { class: "number" }, model.loss === null ? "–" : model.loss.toFixed(3)),
    h("td", { class: "number" }, size_words(model.size_bytes)),
    h("td", {}, said),
    h("td", {}, more),
  );
}
