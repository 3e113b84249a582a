// @ts-check
// What is done with the faces that are chosen, or with the current one: each is one step of the faceset's history.

import { get } from "../../kit/api.js";
import { button, forbid } from "../../kit/button.js";
import { ask_text, sure } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import { say_learns_on } from "../../kit/learns_on.js";
import { Line } from "../../kit/line.js";
import { choose } from "../../kit/menu.js";
import { toast, toast_error } from "../../kit/toast.js";
import { counted } from "../../kit/words.js";
import { compare, MOST_COMPARED } from "./compare.js";

/** @typedef {import("../../kit/keys.js").KeyAction} KeyAction */

/** Steps that made whole facesets: a key pressed once too often must not empty one unasked. */
const STAGES = ["extract", "import", "unpack"];

export class Actions {
  /** @param {any} room the Faces room */
  constructor(room) {
    this.room = room;
    this.pending = 0;
    /** Takes the message away that offers to undo. */
    this.unsay = () => {};
    /** What undo and redo would do now, by faceset, as the server told last. @type {Map<string, any>} */
    this.next = new Map();
    this.acts = 0;
    this.line = new Line();
  }

  /** @returns {KeyAction[]} */
  keys() {
    const reject = () => this.reject();
    return [
      { key: "Delete", does: "Put the chosen faces into the trash", run: reject },
      { key: "x", does: "Put the chosen faces into the trash", run: reject },
      { key: "z", ctrl: true, does: "Take back the last change", run: () => this.undo(), repeats: true },
      { key: "z", ctrl: true, shift: true, does: "Do again what was taken back", run: () => this.redo() },
      { key: "y", ctrl: true, does: "Do again what was taken back", run: () => this.redo() },
      { key: "c", does: "Compare the chosen faces side by side", run: () => this.compare() },
      { key: "k", does: "Keep the chosen faces, all others go to the trash", run: () => this.keep() },
      { key: "p", does: "Copy the chosen faces to another faceset", run: () => this.copy() },
      { key: "i", ctrl: true, does: "Choose the others instead", run: () => this.invert() },
      { key: "n", does: "Number the faces in this order, or give first names back", run: () => this.number() },
      { key: "e", does: "Measure what is not measured yet", run: () => this.measure() },
      { key: "Enter", does: "Compare the chosen faces, or show the frame of one", run: () => this.open() },
      this.new_action(),
    ];
  }

  /** @returns {KeyAction} */
  new_action() {
    return { key: "w", does: "Make a new faceset", run: () => this.make_new() };
  }

  /** @returns {KeyAction} */
  measure_action() {
    return { key: "e", does: "Measure what is not measured yet", run: () => this.measure() };
  }

  buttons() {
    const [reject, , undo, redo, , side, keep, copy] = this.keys();
    this.reject_button = button(reject, { label: "Reject", kind: "danger" });
    this.compare_button = button(side, { label: "Compare" });
    this.keep_button = button(keep, { label: "Keep only these" });
    this.copy_button = button(copy, { label: "Copy to…" });
    this.number_button = button({ key: "n", does: "Number the faces in this order, or give first names back", run: () => this.number() }, { label: "Names…" });
    this.undo_button = button(undo, { label: "Undo", icon: "↶" });
    this.redo_button = button(redo, { label: "Redo", icon: "↷" });
    return [this.compare_button, this.copy_button, this.number_button, this.keep_button, this.undo_button, this.redo_button, this.reject_button];
  }

  allow() {
    if (!this.reject_button || !this.compare_button || !this.keep_button || !this.copy_button) return;
    const some = this.room.gallery.count > 0;
    const many = this.room.chosen.size;
    forbid(this.reject_button, some ? "" : "no face is shown");
    forbid(this.compare_button, many >= 2 && many <= MOST_COMPARED ? "" : `choose 2 to ${MOST_COMPARED} faces`);
    forbid(this.keep_button, many ? "" : "choose faces first");
    forbid(this.copy_button, some ? "" : "no face is shown");
  }

  /** The chosen faces, or the current one. @returns {number[]} */
  meant() {
    const { grid } = this.room;
    if (grid.chosen.size) return [...grid.chosen].sort((a, b) => a - b);
    return grid.current >= 0 && grid.current < this.room.gallery.count ? [grid.current] : [];
  }

  /** @param {number[]} [indices] */
  names(indices = this.meant()) {
    return indices.map((index) => this.room.gallery.name(index));
  }

  /** One after the other; while one is under way, the gallery does not look anew. @param {() => Promise<any>} work @param {{needs_answers?: boolean}} [how] */
  in_line(work, how) {
    this.pending += 1;
    const done = this.line.add(work, how).catch((error) => toast_error(error));
    return done.finally(() => {
      this.pending -= 1;
      if (!this.pending) this.room.look_soon();
    });
  }

  reject() {
    return this.put_away(this.meant());
  }

  /** Faces leave the page at once and the disk a moment later. @param {number[]} indices */
  put_away(indices) {
    const { gallery, grid } = this.room;
    if (!indices.length) return;
    const names = this.names(indices);
    const gone = new Set(indices);
    const at = gone.has(grid.current) ? indices[indices.length - 1] : grid.current;
    let next = at;
    while (gone.has(next)) next += 1;
    if (next >= gallery.count) next = [...Array(gallery.count).keys()].reverse().find((index) => !gone.has(index)) ?? -1;
    this.room.current = next >= 0 ? gallery.name(next) : "";
    const away = new Set(names);
    this.room.chosen = new Set([...this.room.chosen].filter((name) => !away.has(name)));
    gallery.leave_out(gone);
    const { faceset } = gallery; // another one may be shown when it is this one's turn
    return this.in_line(async () => {
      await this.#act("reject", { faceset, names });
      this.unsay();
      this.#offer(names.length, faceset);
    });
  }

  /** Ask for a change, and hear what could be taken back now. @param {string} verb @param {{faceset: string, [name: string]: any}} facts */
  async #act(verb, facts) {
    const told = await this.room.gallery.act(verb, facts);
    this.acts += 1;
    this.next.set(facts.faceset, told.next);
    this.say_next();
    told.learning.forEach(say_learns_on);
    return told;
  }

  /** Say what went, and offer to take back that and nothing else. @param {number} count @param {string} faceset */
  #offer(count, faceset) {
    const { undo } = this.next.get(faceset);
    this.unsay = toast(`${counted(count, "face")} went to the trash.`, { label: "Undo", run: () => this.undo(faceset, undo?.step) });
  }

  /** Hear what could be taken back now, to offer it: another window or room may have done something. @param {string} faceset */
  async look_next(faceset) {
    const acts = this.acts;
    const next = await get(`faces/steps?${new URLSearchParams({ faceset })}`);
    if (acts !== this.acts) return; // something was done meanwhile, whose answer is newer
    this.next.set(faceset, next);
    this.say_next();
  }

  /** The buttons say what they would do. */
  say_next() {
    const next = this.next.get(this.room.gallery.faceset);
    if (!next || !this.undo_button || !this.redo_button) return;
    this.undo_button.dataset.tip = next.undo ? `Take back: ${next.undo.words}` : "Nothing to take back";
    this.redo_button.dataset.tip = next.redo ? `Do again: ${next.redo.words}` : "Nothing to do again";
  }

  /** @param {string} [faceset] @param {number} [step] the one that was offered */
  undo(faceset = this.room.gallery.faceset, step) {
    return this.in_line(() => this.#step("undo", faceset, step), { needs_answers: true });
  }

  /** @param {string} [faceset] */
  redo(faceset = this.room.gallery.faceset) {
    return this.in_line(() => this.#step("redo", faceset), { needs_answers: true });
  }

  /** @param {"undo" | "redo"} verb @param {string} faceset @param {number} [step] */
  async #step(verb, faceset, step) {
    this.unsay();
    if (!this.next.has(faceset)) await this.look_next(faceset);
    const next = this.next.get(faceset)[verb];
    const offered = step ?? next?.step ?? 0;
    const whole = verb === "undo" && next?.step === offered && STAGES.includes(next.verb);
    if (whole && !(await sure("Take back a whole stage", `${next.words}: all faces that it made go to the trash. Redo brings them back.`, "Take it back"))) return;
    const { words, back } = await this.#act(verb, { faceset, step: offered }).catch(async (error) => {
      await this.look_next(faceset);
      throw error;
    });
    if (back.length && faceset === this.room.gallery.faceset) {
      this.room.chosen = new Set(back);
      this.room.current = back[0];
    }
    await this.room.gallery.look();
    toast(words.join(" "));
  }

  /** @param {string[]} names none: all */
  restore(names) {
    const { faceset } = this.room.gallery;
    return this.in_line(async () => {
      const { back } = await this.#act("restore", { faceset, names });
      this.room.chosen = new Set(back);
      this.room.current = back[0] ?? this.room.current;
      toast(`${counted(back.length, "face")} came back.`);
    });
  }

  async keep() {
    const { faceset } = this.room.gallery;
    const names = this.names([...this.room.grid.chosen]);
    if (!names.length) return;
    const others = this.room.gallery.total - names.length;
    const words = `${counted(names.length, "face")} of ${this.room.gallery.faceset} stay. The other ${others.toLocaleString("en")} go to the trash, also those the filter hides; undo brings them back.`;
    if (!others || !(await sure("Keep only these", words, `Put ${counted(others, "face")} away`))) return;
    await this.in_line(async () => {
      const { gone } = await this.#act("keep", { faceset, names });
      this.#offer(gone.length, faceset);
    });
  }

  async copy() {
    const names = this.names();
    if (!names.length) return;
    const { faceset } = this.room.gallery;
    const others = this.room.facesets.filter((/** @type {any} */ one) => one.name !== faceset);
    let goal = await choose(this.copy_button ?? this.room, [...others.map((/** @type {any} */ one) => ({ label: one.name, note: counted(one.faces, "face") })), "line", { label: "A new faceset…", value: "new" }]);
    if (goal === "new") goal = await ask_text(`Copy ${counted(names.length, "face")} to a new faceset`, "PERFORMER/NAME", `${faceset.split("/")[0]}/chosen`);
    if (!goal) return;
    await this.in_line(async () => {
      await this.room.gallery.act("copy", { faceset, names, goal });
      toast(`${counted(names.length, "face")} copied to ${goal}.`, { label: "Show", run: () => this.room.open(goal) });
    });
  }

  async make_new() {
    const performer = this.room.gallery.faceset.split("/")[0];
    const name = await ask_text("A new, empty faceset", "PERFORMER/NAME", `${performer}/`);
    if (!name) return;
    await this.room.gallery.act("new", { faceset: name });
  }

  async number() {
    const { sort, backwards } = this.room.gallery.asked;
    const order = sort ? `in the order ${sort}${backwards ? ", turned round" : ""}` : "by clip and frame";
    const what = await choose(this.number_button ?? this.room, [
      { label: `Number all faces ${order}`, value: "rename", note: "00000, 00001, …" },
      { label: "Give all faces their first names again", value: "recover-names" },
    ]);
    if (what) this.#run(await this.room.gallery.act(what, what === "rename" ? { sort, backwards } : {}));
  }

  async measure() {
    const { gallery } = this.room;
    const identity = gallery.asked.sort === "identity" || /\bstranger\b/.test(gallery.asked.where + gallery.asked.sort);
    this.#run(await gallery.act("measure", { identity }));
  }

  /** Show a run above the gallery until it is over. @param {{run: string}} started */
  async #run({ run }) {
    await import("../../kit/runs.js");
    const shown = h("us-run", { run_id: run });
    const { said } = this.room;
    said.hidden = false;
    said.replaceChildren(shown);
    shown.addEventListener("state", (/** @type {CustomEvent} */ event) => {
      if (event.detail.living) return;
      if (event.detail.state === "failed") toast(event.detail.sentence, { kind: "bad" });
      said.replaceChildren();
      this.room.look_soon();
    });
  }

  invert() {
    const { grid } = this.room;
    grid.choose([...Array(grid.count).keys()].filter((index) => !grid.chosen.has(index)));
  }

  async compare() {
    const { gallery } = this.room;
    const indices = this.meant();
    if (indices.length < 2 || indices.length > MOST_COMPARED) {
      toast(`Choose 2 to ${MOST_COMPARED} faces to compare; ${indices.length} are chosen.`);
      return;
    }
    const facts = indices.map((index) => ({ name: gallery.name(index), key: gallery.key(index) }));
    await compare({ faceset: gallery.faceset, faces: facts, reject: (names) => void this.put_away(gallery.indices(names)) });
    this.room.grid.focus();
  }

  open() {
    const many = this.meant().length;
    return many > 1 && many <= MOST_COMPARED ? this.compare() : this.room.detail.show_frame();
  }
}
