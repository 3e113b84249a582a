// @ts-check
// The bars of the room: clip, ways to look, A and B, making the rest; and below the picture where we are and how it stands.

import { button, press_down, say_key } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { fill } from "../../kit/selects.js";
import { WAY_WORDS, WAYS } from "./compare.js";
import { GRAPHS, nothing_measured, verdict } from "./graphs.js";
import { frame_of } from "./frame_kept.js";
import { STATES } from "./states.js";

/** @typedef {import("./room.js").MergeRoom} MergeRoom */

const STEP_WORDS = /** @type {Record<string, string>} */ ({ asked: "finding settings", waited: "waiting for another picture", open: "opening the shot", paint: "painting", compose: "putting it into the frame", encode: "packing" });
const TABS = { settings: "Settings", steps: "Steps", people: "People" };

/** @param {MergeRoom} room */
export function top_bar(room) {
  const actions = /** @type {NonNullable<MergeRoom["actions"]>} */ (room.actions);
  const clip = h("select", { "aria-label": "Clip", onchange: () => anew(room, { clip: clip.value }) });
  const model = h("select", { "aria-label": "Model", onchange: () => anew(room, { model: model.value }) });
  const ways = WAYS.map((way) => ({ way, made: button({ ...(way === "alpha" ? actions.alpha : actions.way), does: way === "alpha" ? actions.alpha.does : WAY_WORDS[way], run: () => room.show_way(way) }, { label: WAY_WORDS[way], pressed: false }) }));
  const flip = button(actions.flip, { label: "Before", pressed: false });
  const store_a = button(actions.store_a, { label: "Store A" });
  const store_b = button(actions.store_b, { label: "Store B" });
  const flip_ab = button(actions.flip_ab, { label: "A/B", pressed: false });
  const use = button(actions.use, { label: "Use it" });
  const undo = button(actions.undo, { label: "", icon: "↶" });
  const redo = button(actions.redo, { label: "", icon: "↷" });
  const render = button(actions.render, { label: "Make the rest", kind: "primary", busy: "Starting…" });
  const does = /** @type {Record<string, import("../../kit/keys.js").KeyAction>} */ ({ settings: actions.panel, steps: actions.steps, people: actions.people });
  const tabs = Object.entries(TABS).map(([tab, words]) => ({ tab, made: say_key(h("button", { type: "button", role: "tab", onclick: () => room.show_tab(tab) }, words), does[tab]) }));
  const element = h("div", { class: "bar top" }, clip, model, h("span", { class: "group" }, ...ways.map(({ made }) => made), flip), h("span", { class: "group" }, store_a, store_b, flip_ab, use), h("span", { class: "grow" }), undo, redo, render);

  const show = () => {
    fill(clip, room.names?.clips.map((one) => [one.name, one.name]) ?? null, room.clip, "No dst clip yet");
    fill(model, room.names?.models.map((one) => [one, one]) ?? null, room.model, "No model yet");
    for (const { way, made } of ways) press_down(made, room.compare.way === way);
    press_down(flip, room.compare.way === "before");
    const { looking_at } = room.snapshots;
    press_down(flip_ab, Boolean(looking_at));
    const label = flip_ab.querySelector("span");
    if (label) label.textContent = looking_at ? `Looking at ${looking_at}` : "A/B";
    use.hidden = !looking_at;
    const last = room.settings.changes[room.settings.changes.length - 1];
    const next = room.settings.undone[room.settings.undone.length - 1];
    undo.dataset.tip = last ? `Take back: ${last.change}` : "Nothing to take back";
    redo.dataset.tip = next ? `Make again: ${next.change}` : "Nothing to make again";
    for (const { tab, made } of tabs) made.setAttribute("aria-selected", String(room.tab === tab));
  };
  return { element, tabs: h("div", { class: "bar tabs", role: "tablist" }, ...tabs.map(({ made }) => made)), show };
}

/** @param {MergeRoom} room */
export function transport(room) {
  const actions = /** @type {NonNullable<MergeRoom["actions"]>} */ (room.actions);
  const play = button(actions.play, { label: "", icon: "▶" });
  const number = h("input", { type: "number", min: 0, "aria-label": "Frame", onchange: () => go_to(number.value) });
  number.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => event.key === "Enter" && number.blur());
  /** @param {string} words */
  const go_to = (words) => {
    const frame = Math.max(0, Math.min(room.shot.frames - 1, Math.round(Number(words)) || 0));
    number.value = String(frame);
    room.go(frame);
  };
  const clock = h("span", { class: "mono dim" });
  const state = h("span", { class: "state", role: "status" });
  const timing = h("span", { class: "dim small timing" });
  const counts = h("span", { class: "dim small counts" });
  const graph = h("select", { "aria-label": "Graph", onchange: () => room.show_graph(graph.value) }, h("option", { value: "" }, "No graph"), ...GRAPHS.map(({ name, words }) => h("option", { value: name }, words)));
  const measure = button(actions.measure, { label: "Measure", busy: "Starting…" });
  const buttons = [button(actions.start, { label: "", icon: "«" }), button(actions.before, { label: "", icon: "‹" }), play, button(actions.after, { label: "", icon: "›" }), button(actions.end, { label: "", icon: "»" })];
  const none = h("span");
  const unmeasured = h("div", { class: "graph-none", role: "status", hidden: true, onpointerdown: (/** @type {Event} */ event) => event.stopPropagation() }, none, button(actions.measure, { label: "Measure now", kind: "primary", busy: "Starting…" }));
  const element = h("div", { class: "bar transport" }, ...buttons, number, clock, state, h("span", { class: "grow" }), timing, counts, graph, measure);

  const show = () => {
    const { frame, shot, letters, why } = room;
    const icon = play.querySelector("span");
    if (icon) icon.textContent = room.player.on ? "❚❚" : "▶";
    if (document.activeElement !== number) number.value = String(frame);
    number.max = String(shot.frames - 1);
    clock.textContent = `/ ${shot.frames - 1} · ${(frame / (shot.fps || 25)).toFixed(2)} s`;
    const letter = letters[frame] ?? "";
    const reason = why[frame] ?? room.last?.reason ?? "";
    state.textContent = letter ? `${STATES[letter]}${reason ? `: ${reason}` : ""}` : reason;
    state.title = state.textContent ?? "";
    state.dataset.letter = letter;
    const { last } = room;
    timing.textContent = last && last.steps.paint !== undefined ? `picture after ${last.took_ms < 1000 ? `${Math.round(last.took_ms)} ms` : `${(last.took_ms / 1000).toFixed(1)} s`}` : "";
    timing.dataset.tip = last ? `From the change to the picture. Of it: ${Object.entries(last.steps).map(([name, ms]) => `${STEP_WORDS[name] ?? name} ${ms.toFixed(0)} ms`).join(", ")}.` : "";
    const many = (/** @type {string} */ one) => [...letters].filter((each) => each === one).length;
    const chosen = room.selected();
    const merging = room.dataset.merging ?? ""; // by whom, also in a terminal
    counts.textContent = letters ? [chosen && `frames ${chosen} selected`, `${many("m")} made`, many("s") && `${many("s")} to be made again`, many("t") && `${many("t")} not made`, many("n") + many("r") && `${many("n") + many("r")} unswapped`, merging && "being merged right now"].filter(Boolean).join(", ") : "";
    counts.title = [counts.textContent, merging].filter(Boolean).join(". ");
    graph.value = room.graph;
    measure.dataset.tip = verdict(room.measured);
    graph.dataset.tip = verdict(room.measured);
    if (room.line && unmeasured.parentElement !== room.line) room.line.append(unmeasured); // where the graph would be
    unmeasured.hidden = !room.graph || Boolean(room.measured);
    none.textContent = nothing_measured(room.graph, !letters || /[ms]/.test(letters), room.making.size > 0);
  };
  return { element, show };
}

/** @param {MergeRoom} room @param {Record<string, string>} place */
async function anew(room, place) {
  await room.settings.flush();
  room.compare.before = room.compare.after = room.compare.mask = null;
  room.keep_place({ ...place, ...(place.clip ? { frame: frame_of(place.clip) } : {}) });
  if (room.line) room.line.selection = null;
  await room.open();
}
