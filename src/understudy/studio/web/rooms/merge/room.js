// @ts-check
// The Merge room: one frame before and after under any settings, settings over time on a timeline, and the rest made in
// the background. This file puts the parts together and moves from frame to frame.

import { get } from "../../kit/api.js";
import { busy } from "../../kit/busy.js";
import { h } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { Room } from "../../kit/room.js";
import { split } from "../../kit/split.js";
import { styles } from "../../kit/styles.js";
import "../../kit/timeline.js";
import { toast_error } from "../../kit/toast.js";
import "../../kit/view2d.js";
import { room_actions } from "./actions.js";
import { top_bar, transport } from "./bars.js";
import { Compare, WAYS } from "./compare.js";
import { frame_of, keep_frame } from "./frame_kept.js";
import { GRAPHS, graph_of } from "./graphs.js";
import "./layers.js";
import { heard_of_run, look_at_runs, say_footage } from "./making.js";
import "./panel.js";
import "./people.js";
import { Pictures } from "./pictures.js";
import { Player } from "./playing.js";
import { Settings, value_words } from "./settings.js";
import { Snapshots } from "./snapshots.js";
import { STATE_COLORS, stretches_of } from "./states.js";

await styles(new URL("./room.css", import.meta.url));

const STATES_AGAIN_MS = 1500;

export class MergeRoom extends Room {
  get title_words() {
    return "Merge";
  }

  frame = 0;
  clip = "";
  model = "";
  /** @type {any} */
  shot = { frames: 1, width: 0, height: 0, fps: 25, cuts: [], tracks: [], cast: {} };
  /** None is known before the room is open. @type {{clips: {name: string}[], models: string[]} | null} */
  names = null;
  letters = "";
  /** @type {Record<string, string>} */
  why = {};
  /** @type {any} */
  measured = null;
  graph = "";
  pictures = new Pictures();
  settings = new Settings();
  compare = new Compare();
  snapshots = new Snapshots("");
  player = new Player({ place: () => this.stretch(), show: (frame) => this.play_frame(frame), prepare: (frame) => this.prepare(frame), changed: () => this.played() });
  /** @type {ReturnType<typeof room_actions> | undefined} */
  actions;
  /** Runs that make or measure this clip now. @type {Set<string>} */
  making = new Set();
  #states_at = 0;
  #states_timer = 0;

  keys() {
    this.actions ??= room_actions(this);
    return this.actions.all;
  }

  enter() {
    this.keys();
    this.view = /** @type {import("../../kit/view2d.js").View2D} */ (h("us-view2d", { class: "picture", "aria-label": "The frame" }));
    this.view.space_pans = false;
    this.view.layers = [this.compare];
    this.hud = h("div", { class: "hud", "aria-live": "polite" });
    this.line = /** @type {import("../../kit/timeline.js").Timeline} */ (h("us-timeline", {}));
    this.panel = /** @type {import("./panel.js").MergePanel} */ (h("us-merge-panel", { settings: this.settings, "data-tab": "settings" }));
    this.layers = /** @type {import("./layers.js").MergeLayers} */ (h("us-merge-layers", { "data-tab": "steps", ask: () => this.ask() }));
    this.people = /** @type {import("./people.js").MergePeople} */ (h("us-merge-people", { "data-tab": "people", window: this.pictures.window }));
    this.runs = h("div", { class: "runs" });
    this.side = h("div", { class: "side" });
    this.top_bar = top_bar(this);
    this.transport = transport(this);
    const stage = h("div", { class: "stage", "data-toasts": "" }, this.view, this.hud);
    this.replaceChildren(this.top_bar.element, h("div", { class: "middle" }, stage, split({ name: "merge side", size: 390, smallest: 260, behind: true }), h("div", { class: "aside" }, this.top_bar.tabs, this.side)), this.transport.element, this.line, this.runs);
    this.show_tab(this.place.tab ?? "settings");
    this.#listen();
    busy(this, "Opening the clip…", this.open()).catch(toast_error);
  }

  leave() {
    this.player.stop();
    clearTimeout(this.#states_timer);
    this.settings.flush().catch((error) => {
      const names = Object.keys(this.settings.tried).join(", ");
      toast_error(names ? new Error(`What was tried of ${names} is not kept. ${error.message}`) : error);
    });
  }

  #listen() {
    const { line, view, settings } = this;
    if (!line || !view) return;
    this.listen(view, "pointerdown", (event) => this.compare.grab(view, event));
    this.listen(view, "dblclick", () => view.fit());
    this.listen(view, "view", () => this.#fit_width());
    this.listen(line, "seek", (event) => this.go(event.detail.frame));
    this.listen(line, "select", () => this.show_facts());
    this.listen(line, "move-key", (event) => settings.move_key(event.detail.frame, event.detail.to).catch(toast_error));
    this.listen(line, "key-menu", (event) => this.#part_menu(`key ${event.detail.frame}`, event.detail));
    this.listen(line, "range-menu", (event) => this.#part_menu(event.detail.words, event.detail));
    this.listen(/** @type {HTMLElement} */ (this.panel), "seek", (event) => this.go(event.detail.frame));
    this.listen(/** @type {HTMLElement} */ (this.panel), "compare", (event) => this.actions?.compare(event.detail.options));
    this.listen(/** @type {HTMLElement} */ (this.layers), "show", (event) => this.show_step(event.detail));
    this.listen(/** @type {HTMLElement} */ (this.people), "changed", () => this.look_anew());
    this.listen(settings, "tried", () => this.redo_picture());
    this.listen(settings, "loaded", () => this.show_settings());
    this.listen(settings, "kept", () => this.#settings_changed());
    settings.stretches = () => ({ selected: this.selected(), shot: `${this.stretch(true).first}:${this.stretch(true).last}` });
    this.listen(live, "merge", (event) => event.detail.window !== this.pictures.window && event.detail.clip === this.clip && this.look_anew());
    for (const topic of ["faces", "masks", "frames", "look-anew"]) this.listen(live, topic, () => this.look_anew());
    this.listen(live, "runs", (event) => heard_of_run(this, event.detail));
  }

  /** Find clips and models, and open what the address says. */
  async open() {
    const names = (this.names = /** @type {NonNullable<MergeRoom["names"]>} */ (await get("merge/room")));
    const clips = names.clips.map((clip) => clip.name);
    this.clip = clips.includes(this.place.clip) ? this.place.clip : clips[0] ?? "";
    this.model = names.models.includes(this.place.model) ? this.place.model : names.models[0] ?? "";
    this.top_bar?.show();
    if (!this.clip || !this.model) {
      const words = this.clip ? "There is no model yet. Train one in the Training room, or say `understudy train`." : "There is no dst clip yet. Choose one in the Project room.";
      this.replaceChildren(h("p", { class: "empty" }, words));
      return;
    }
    Object.assign(this.pictures, { clip: this.clip, model: this.model });
    Object.assign(this.settings, { clip: this.clip, window: this.pictures.window });
    this.snapshots = new Snapshots(this.clip);
    this.shot = await get(`merge/shot?${this.query()}`);
    this.frame = Math.max(0, Math.min(this.shot.frames - 1, Number(this.place.frame ?? frame_of(this.clip)) || 0));
    this.graph = this.place.graph ?? "";
    this.view?.set_size(this.shot.width, this.shot.height);
    this.#fit_width();
    Object.assign(this.people ?? {}, { shot: this.shot, models: names.models });
    this.people?.show();
    this.settings.part = "";
    this.panel?.show_cast(this.shot.cast);
    if (this.line) Object.assign(this.line, { frames: this.shot.frames, cuts: this.shot.cuts, at: this.frame, fps: this.shot.fps, state_colors: STATE_COLORS });
    await Promise.all([this.settings.load(this.frame), this.redo_picture(), this.look_at_states(), this.look_at_graphs()]);
    if (this.tab === "steps") this.layers?.refresh();
    this.look_at_runs();
  }

  query() {
    return new URLSearchParams({ clip: this.clip, model: this.model }).toString();
  }

  /** What a request about this frame says. @returns {Record<string, string>} */
  ask() {
    const said = this.snapshots.values ?? this.settings.tried;
    return { clip: this.clip, model: this.model, frame: String(this.frame), window: this.pictures.window, said: JSON.stringify(said), part: this.settings.part };
  }

  /** Go to a frame; what is tried is kept before. @param {number} frame */
  async go(frame) {
    const to = Math.max(0, Math.min(this.shot.frames - 1, frame));
    if (to === this.frame) return;
    const flushed = this.settings.flush();
    this.#stand_at(to);
    this.settings.frame = to; // what is tried from here on is of this frame, also while the one before is still being kept
    flushed.catch(toast_error);
    await Promise.all([flushed.catch(() => {}).then(() => (this.frame === to ? this.settings.load(to) : undefined)), this.redo_picture()]);
    if (this.tab === "steps") this.layers?.refresh();
  }

  /** @param {number} frame */
  #stand_at(frame) {
    this.frame = frame;
    if (this.line) {
      this.line.at = frame;
      this.line.reveal(frame);
      this.line.redraw();
    }
    keep_frame(this.clip, frame);
    this.keep_place({ clip: this.clip, model: this.model, frame: String(frame) });
    this.show_facts();
  }

  /** Show the frame under what is tried, or under what is looked at. */
  async redo_picture() {
    if (!this.clip || this.player.on) return;
    const { frame } = this;
    const said = this.snapshots.values ?? this.settings.tried;
    const { version } = this.pictures;
    try {
      const wish = { frame, said, part: this.settings.part };
      const wishes = [this.pictures.want("after", wish)];
      const { beside } = this.compare;
      if (beside) wishes.push(this.pictures.want(beside, wish));
      const all = Promise.all(wishes);
      const [after, other] = await (this.compare.after ? all : busy(/** @type {HTMLElement} */ (this.view?.parentElement), "Loading the model…", all));
      if (frame !== this.frame || version !== this.pictures.version || !after) return;
      this.show_pictures(after, beside, other ?? null);
    } catch (error) {
      toast_error(error);
    }
  }

  /** @param {import("./pictures.js").Picture} after @param {"before" | "mask" | null} beside @param {import("./pictures.js").Picture | null} other */
  show_pictures(after, beside, other) {
    this.compare.after = after.bitmap;
    this.compare.why = after.reason;
    if (beside && other) this.compare[beside] = other.bitmap;
    this.last = after;
    this.dataset.shown = `${this.frame} ${JSON.stringify(this.snapshots.values ?? this.settings.tried)}`;
    this.view?.redraw();
    this.show_facts();
  }

  /** Another width once the picture is larger on screen than what was asked for. */
  #fit_width() {
    const { view, shot } = this;
    if (!view || !shot.width) return;
    const needed = shot.width * view.look.zoom * devicePixelRatio;
    const width = [640, 1280, 1920].find((one) => one >= needed && one < shot.width) ?? 0;
    if (width === this.pictures.width || (this.pictures.width && width && width < this.pictures.width) || (!this.pictures.width && this.compare.after)) return;
    this.pictures.width = width;
    if (this.compare.after) this.redo_picture();
  }

  /** Frames to play or keep: the selection, the shot, or all. @param {boolean} [shot] */
  stretch(shot = false) {
    const { cuts, frames, fps } = this.shot;
    const from = shot ? Math.max(0, ...cuts.filter((/** @type {number} */ cut) => cut <= this.frame)) : 0;
    const to = shot ? Math.min(frames, ...cuts.filter((/** @type {number} */ cut) => cut > this.frame)) - 1 : frames - 1;
    const picked = !shot && this.line?.selection && this.line.selection.last > this.line.selection.first ? this.line.selection : { first: from, last: to };
    return { at: this.frame, fps, first: picked.first, last: picked.last };
  }

  /** The selected frames in words of the command line. */
  selected() {
    const chosen = this.line?.selection;
    return chosen ? (chosen.first === chosen.last ? String(chosen.first) : `${chosen.first}:${chosen.last}`) : "";
  }

  /** @param {number} frame @returns {Promise<boolean>} */
  async play_frame(frame) {
    const kind = this.letters[frame] === "m" && !this.snapshots.values ? "made" : this.letters[frame] === "n" ? "before" : "after";
    const wish = { frame, said: this.snapshots.values ?? undefined, part: this.settings.part };
    const wishes = [this.pictures.want(kind, wish)];
    const { beside } = this.compare;
    if (beside && kind !== beside) wishes.push(this.pictures.want(beside, wish));
    try {
      const [after, other] = await Promise.all(wishes);
      if (!this.player.on || !this.isConnected) return false;
      this.#stand_at(frame);
      if (after) this.show_pictures(after, beside, kind === beside ? after : other ?? null);
      return true;
    } catch (error) {
      toast_error(error);
      return false;
    }
  }

  /** @param {number} frame */
  prepare(frame) {
    if (this.letters[frame] === "m" && !this.snapshots.values && !this.pictures.ready("made", { frame })) this.pictures.want("made", { frame }).catch(() => {});
  }

  played() {
    this.top_bar?.show();
    this.transport?.show();
    if (!this.player.on && this.clip) this.settings.load(this.frame).then(() => this.redo_picture(), toast_error);
  }

  /** @param {import("./compare.js").Way} way */
  show_way(way) {
    this.compare.way = way;
    if (this.view) this.view.columns = way === "side" ? 2 : 1;
    if (this.view?.fitted) this.view.fit();
    this.top_bar?.show();
    this.redo_picture();
    this.view?.redraw();
  }

  next_way() {
    this.show_way(WAYS[(WAYS.indexOf(this.compare.way) + 1) % WAYS.length]);
  }

  /** @param {{bitmap: CanvasImageSource, name: string} | null} step */
  show_step(step) {
    this.compare.instead = step?.bitmap ?? null;
    this.view?.redraw();
    this.say(step ? step.name : "");
  }

  /** @param {string} tab */
  show_tab(tab) {
    this.tab = tab;
    const parts = { settings: this.panel, steps: this.layers, people: this.people };
    const shown = parts[/** @type {"settings"} */ (tab)] ?? this.panel;
    if (tab !== "steps") this.show_step(null);
    this.side?.replaceChildren(/** @type {Node} */ (shown));
    this.keep_place({ tab });
    this.top_bar?.show();
  }

  /** Words over the picture for a moment: what a key did. @param {string} words @param {any} [value] */
  say(words, value) {
    const { hud } = this;
    if (!hud) return;
    hud.textContent = value === undefined ? words : `${words.replaceAll("_", " ")} ${value_words(value)}`;
    hud.classList.toggle("on", Boolean(words));
    clearTimeout(this.hud_timer);
    if (words) this.hud_timer = setTimeout(() => hud.classList.remove("on"), 1400);
  }

  /** A change of this window is on disk. */
  #settings_changed() {
    this.pictures.version += 1;
    this.redo_picture();
    this.look_at_states();
    if (this.tab === "steps") this.layers?.refresh();
  }

  show_settings() {
    const { line, settings } = this;
    if (!line) return;
    line.keys = settings.parts.filter((part) => part.ease).map((part) => ({ frame: Number(part.frames), ease: part.ease ?? "smooth", words: Object.keys(part.options).join(", ") }));
    line.ranges = settings.parts.filter((part) => part.part.startsWith("range")).flatMap((part) => stretches_of(part.frames, this.shot.frames).map(([first, last]) => ({ first, last, words: part.part })));
    line.redraw();
    this.top_bar?.show();
  }

  /** @param {string} name @param {{x: number, y: number}} at */
  #part_menu(name, at) {
    const part = this.settings.parts.find((one) => one.part === name);
    if (part) this.panel?.menu(part, at);
  }

  /** Somebody else changed something. */
  async look_anew() {
    if (!this.clip || !this.model) return;
    this.pictures.version += 1;
    this.pictures.plate_version += 1;
    this.shot = await get(`merge/shot?${this.query()}`);
    Object.assign(this.people ?? {}, { shot: this.shot, models: this.names?.models ?? [] });
    this.people?.show();
    this.panel?.show_cast(this.shot.cast);
    await Promise.all([this.settings.load(this.frame), this.redo_picture(), this.look_at_states(), this.look_at_graphs()]);
  }

  /** How frames stand, at most so often while a run makes them. */
  look_at_states() {
    clearTimeout(this.#states_timer);
    const wait_ms = Math.max(0, this.#states_at + STATES_AGAIN_MS - performance.now());
    return new Promise((done) => {
      this.#states_timer = setTimeout(async () => {
        this.#states_at = performance.now();
        try {
          const told = await get(`merge/states?${this.query()}`);
          Object.assign(this, { letters: told.letters, why: told.why });
          say_footage(this, told.footage);
          if (this.line) Object.assign(this.line, { letters: told.letters }).redraw();
          Object.assign(this.dataset, { letters: told.letters, merging: told.merging });
          this.show_facts();
        } catch (error) {
          if (this.isConnected) toast_error(error);
        }
        done(undefined);
      }, wait_ms);
    });
  }

  async look_at_graphs() {
    this.measured = (await get(`merge/graphs?${this.query()}`)).measured;
    this.show_graph(this.graph);
  }

  /** @param {string} name one of `GRAPHS`, or "" */
  show_graph(name) {
    this.graph = GRAPHS.some((one) => one.name === name) ? name : "";
    if (this.line) {
      this.line.graph = graph_of(this.measured, this.graph);
      this.line.classList.toggle("with-graph", Boolean(this.graph));
      this.line.redraw();
    }
    this.keep_place({ graph: this.graph });
    this.transport?.show();
  }

  look_at_runs() {
    return look_at_runs(this);
  }

  show_facts() {
    this.transport?.show();
  }
}

customElements.define("us-room-merge", MergeRoom);
