// @ts-check
// Project: what is done, the one thing to do next, every stage to start, and what runs.

import { ConnectionLost, get } from "../../kit/api.js";
import { button } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { bring_back } from "../../kit/model_menu.js";
import { ask_for_model } from "../../kit/new_model.js";
import { one_look } from "../../kit/one_look.js";
import { Room } from "../../kit/room.js";
import { start_run, stop_run } from "../../kit/runs.js";
import { draw } from "../../kit/slot.js";
import { styles } from "../../kit/styles.js";
import { toast_error } from "../../kit/toast.js";
import { add_clips, clips_panel, searched_now } from "./clips.js";
import { advice_panel, machine_panel, notices_panel } from "./machine.js";
import { models_panel } from "./models.js";
import { change_consent, performers_panel } from "./performers.js";
import { next_panel, pipeline, why_not } from "./pipeline.js";
import { duplicate_project, make_project, no_project, open_project } from "./projects.js";
import { RunList } from "./run_list.js";
import { start_stage } from "./start.js";
import { start_swap } from "./swap.js";

/** @typedef {import("../../kit/keys.js").KeyAction} KeyAction */

class ProjectRoom extends Room {
  giving_up = new AbortController();
  /** @type {any} */
  state = null;
  /** @type {any} */
  machine = null;
  /** Null while they are not known. @type {{models: any[], away: any[]} | null} */
  models = null;
  /** @type {import("../../kit/runs.js").Run[]} */
  runs = [];
  /** Keeps what is asked for before the project is known. @type {Promise<void>} */
  ready = new Promise((done) => (this.is_ready = done));
  head = h("header", { class: "project-head" });
  next = h("div", { class: "slot", "data-toasts": "" });
  steps = h("div", { class: "slot" });
  list = new RunList();
  main_slots = { clips: h("div"), models: h("div") };
  side_slots = { performers: h("div"), machine: h("div"), advice: h("div"), notices: h("div") };

  get title_words() {
    return "Project";
  }

  /** @type {Record<string, KeyAction>} */
  actions = {
    add: { key: "a", does: "Add clips", run: () => this.guarded(() => add_clips(this.missing_role())) },
    extract: { key: "e", does: "Find faces", run: () => this.start("extract") },
    train: { key: "t", does: "Train", run: () => this.start("train") },
    merge: { key: "m", does: "Merge", run: () => this.start("merge") },
    encode: { key: "d", does: "Encode", run: () => this.start("encode") },
    swap: { key: "w", does: "Do it all: from clips to the finished shot", run: () => this.guarded(() => start_swap(this.state, this.devices)) },
    src: { key: "s", does: "Add a src clip", run: () => this.add("src") },
    dst: { key: "s", shift: true, does: "Add a dst clip", run: () => this.add("dst") },
    consent: { key: "c", does: "Change what a performer agreed to", run: () => this.guarded(() => change_consent(this.state)) },
    better: { key: "l", does: "Look for what could be better", run: () => this.guarded(() => start_run("advise")) },
    earlier: { key: "r", shift: true, does: "Show earlier runs, or only the newest", run: () => this.list.show_all() },
    back: { key: "b", does: "Bring a model back from the trash", run: () => this.guarded(bring_back) },
    next: { key: "Enter", does: "The next thing to do", run: () => this.do_next() },
    stop: { key: "x", does: "Stop what runs", run: () => this.stop() },
    model: { key: "n", does: "New model", run: () => this.guarded(() => ask_for_model()) },
    make: { key: "n", shift: true, does: "New project", run: () => this.guarded(make_project) },
    open: { key: "o", does: "Open another project", run: () => this.guarded(open_project) },
    duplicate: { key: "d", shift: true, does: "Duplicate this project", run: () => this.guarded(() => duplicate_project(this.state)) },
    look: { key: "r", does: "Look anew", run: () => this.load() },
  };

  keys() {
    return Object.values(this.actions);
  }

  get devices() {
    return (this.machine?.devices ?? []).map((/** @type {any} */ device) => device.name);
  }

  async enter() {
    this.run_panel = h("section", { class: "panel run-panel", "aria-label": "Runs" }, this.list);
    this.body = h("div", { class: "project-body" }, h("div", { class: "main" }, this.next, this.steps, h("div", { class: "sendings" }), this.run_panel, this.main_slots.clips, this.main_slots.models), h("aside", {}, Object.values(this.side_slots)));
    this.welcome = h("div", { hidden: true });
    await styles(new URL("./room.css", import.meta.url));
    if (!this.isConnected) return;
    this.replaceChildren(this.head, this.welcome, this.body);
    this.listen(live, "project", () => this.load_soon());
    this.listen(live, "faces", () => this.load_soon());
    this.listen(live, "look-anew", () => (this.give_up(), this.load_soon(), this.look_at_machine())); // it may be another machine's studio now
    this.listen(this, "runs", (event) => this.have_runs(event.detail));
    this.listen(this, "ended", () => this.load_soon());
    this.load();
    this.look_at_machine();
  }

  leave() {
    clearTimeout(this.timer);
    this.give_up();
  }

  load_soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), 150);
  }

  /** Looking at a large project takes its time, so it is not asked for again before it has answered. */
  load = one_look(() => this.#look(this.giving_up.signal));
  load_models = one_look(() => this.#look_at_models(this.giving_up.signal));

  /** What is asked for now may be on a connection that died; nobody waits for it any more. */
  give_up() {
    this.giving_up.abort();
    this.giving_up = new AbortController();
  }

  /** @param {string} path @param {AbortSignal} given_up @returns {Promise<any>} null where it can't be known now */
  #asked(path, given_up) {
    return get(path, given_up).catch((error) => {
      if (!given_up.aborted && !(error instanceof ConnectionLost)) throw error;
      return null;
    });
  }

  /** @param {AbortSignal} given_up */
  async #look(given_up) {
    if (!this.state) this.head?.replaceChildren(h("p", { class: "dim", role: "status" }, "Looking at the project…"));
    const state = await this.#asked("project/state", given_up);
    if (given_up.aborted || !this.isConnected) return;
    if (!state) {
      // What was known stays; all is asked again when the studio is back.
      if (!this.state) this.head?.replaceChildren(h("p", { class: "warn", role: "status" }, "The studio can't be reached. The project is shown as soon as it can."));
      return;
    }
    const other = this.state && this.state.folder !== state.folder;
    if (other) this.models = null;
    this.state = state;
    this.show();
    this.is_ready?.();
    if (other) this.list.load();
    this.show_advice();
    if (state.open) this.load_models(); // their figures take the networks themselves, which take seconds to import once
  }

  /** @param {AbortSignal} given_up */
  async #look_at_models(given_up) {
    const { folder } = this.state;
    const models = await this.#asked("project/models", given_up);
    if (!models || given_up.aborted || !this.isConnected || folder !== this.state.folder) return;
    this.models = models;
    this.show_models();
  }

  async look_at_machine() {
    if (this.looking) return;
    this.looking = true;
    const asked = get("project/machine").finally(() => (this.looking = false));
    const machine = await asked.catch((error) => {
      if (!(error instanceof ConnectionLost)) throw error;
    });
    if (!machine || !this.isConnected) return; // asked again when the studio is back
    this.machine = machine;
    if (this.state?.open) this.show_machine();
  }

  /** What the project's own panels show; how full the disk is, which changes all the time, the machine's alone. */
  get shown() {
    const { disk, size_bytes, trash_bytes, ...shown } = this.state;
    return shown;
  }

  show() {
    const state = this.state;
    this.body.hidden = !state.open;
    this.welcome.hidden = state.open;
    if (!state.open) {
      this.head.replaceChildren();
      const buttons = [button(this.actions.make, { kind: "primary" }), button(this.actions.open)];
      this.welcome.replaceChildren(no_project(state.can_make, this.keys(), buttons));
      return;
    }
    const places = state.can_make ? [button(this.actions.open, { label: "Open…", kind: "quiet" }), button(this.actions.make, { label: "New…", kind: "quiet" }), button(this.actions.duplicate, { label: "Duplicate…", kind: "quiet" })] : [];
    this.head.replaceChildren(h("h1", { class: "cut" }, state.name || state.id), h("span", { class: "dim cut grow", title: state.folder }, state.folder), ...places);
    this.show_next();
    draw(this.steps, this.shown, () => pipeline(state, this.actions));
    this.show_clips();
    this.show_models();
    draw(this.side_slots.performers, this.shown, () => performers_panel(state));
    this.show_machine();
  }

  show_machine() {
    const { state, machine } = this;
    draw(this.side_slots.machine, [state, machine], () => machine_panel(state, machine));
  }

  show_clips() {
    const searching = searched_now(this.state, this.runs);
    draw(this.main_slots.clips, [this.shown, searching], () => clips_panel(this.state, this.actions, searching));
  }

  show_models() {
    const { models, state } = this;
    const waits = () => h("section", { class: "panel models", "aria-label": "Models" }, h("h2", {}, "Models"), h("p", { class: "dim", role: "status" }, "Looking at the models…"));
    draw(this.main_slots.models, [models, this.shown], () => (models ? models_panel(models, state, this.actions) : waits()));
  }

  show_next() {
    const running = this.runs.filter((run) => run.state === "running" || run.state === "stopping");
    const words = running.length ? `${running.map((run) => run.title).join(" and ")}. It goes on when this window is closed.` : "";
    draw(this.next, [this.shown, words], () => next_panel(this.state, this.actions, words));
  }

  /** @param {import("../../kit/runs.js").Run[]} runs */
  have_runs(runs) {
    this.runs = runs;
    if (!this.state?.open) return;
    this.show_next();
    this.show_clips();
    this.show_advice();
  }

  async show_advice() {
    if (!this.state?.open) return;
    const turn = (this.advice_turn = (this.advice_turn ?? 0) + 1);
    const [advice, notices] = await Promise.all([advice_panel(this.runs, this.state, this.actions.better), notices_panel(this.runs)]);
    if (turn !== this.advice_turn || !this.isConnected) return;
    const written = new XMLSerializer();
    for (const [slot, panel] of /** @type {const} */ ([[this.side_slots.advice, advice], [this.side_slots.notices, notices]])) {
      draw(slot, written.serializeToString(panel), () => panel);
    }
  }

  /** @returns {"src" | "dst"} the side that lacks a clip */
  missing_role() {
    const clips = this.state?.clips ?? [];
    return clips.some((/** @type {any} */ clip) => clip.role === "src") ? "dst" : "src";
  }

  /** @param {"src" | "dst"} role */
  add(role) {
    return this.guarded(() => add_clips(role));
  }

  /** @param {"extract" | "train" | "merge" | "encode"} stage */
  start(stage) {
    return this.guarded(async () => {
      const lacks = why_not(this.state, stage);
      if (lacks) throw new Error(lacks);
      const made = stage === "train" && !this.state.models.length ? await ask_for_model({ train: false }) : "";
      if (made === null) return;
      const state = made ? await get("project/state") : this.state; // ours does not know the new model yet
      const { next_model: model, next_clips: clips } = stage === state.next_stage ? state : { next_model: "", next_clips: [] };
      await start_stage(stage, state, this.devices, made || model, clips);
    });
  }

  async do_next() {
    await this.ready;
    const step = /** @type {"add" | null} */ (this.state?.next_stage);
    if (step) this.actions[step].run(/** @type {any} */ (null));
  }

  stop() {
    return this.guarded(async () => {
      const run = this.runs.find((one) => one.state === "running");
      if (!run) throw new Error("Nothing runs.");
      await stop_run(run.id);
    });
  }

  /** @param {() => Promise<any>} work what a person asked for; a refusal is said in its own words */
  async guarded(work) {
    try {
      await this.ready;
      await work();
    } catch (error) {
      toast_error(error);
    }
    this.load_soon();
  }
}

customElements.define("us-room-project", ProjectRoom);
