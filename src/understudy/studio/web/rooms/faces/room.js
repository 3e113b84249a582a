// @ts-check
// Faces: a gallery of all faces of a faceset to sort, filter, compare and reject; beside it the map of directions,
// the tracks, the history, and one face large. What is done with faces: actions.js.

import { get } from "../../kit/api.js";
import { busy } from "../../kit/busy.js";
import { button } from "../../kit/button.js";
import { h, say } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { Room } from "../../kit/room.js";
import { split } from "../../kit/split.js";
import { styles } from "../../kit/styles.js";
import { toast_error } from "../../kit/toast.js";
import { virtual_grid } from "../../kit/virtual_grid.js";
import { reading_words, sorting_words, unmeasured_words } from "../../kit/under_way.js";
import { Actions } from "./actions.js";
import "./detail.js";
import "./directions.js";
import "./filter_bar.js";
import { Gallery } from "./gallery.js";
import "./history.js";
import { Thumbs } from "../../kit/thumbs.js";
import "./tracks.js";

/** @typedef {import("./gallery.js").Asked} Asked */

const LOOK_AFTER_MS = 150;
const SIZES = [64, 80, 96, 120, 144, 176, 216];
const PANES = /** @type {[string, string, string][]} */ ([
  ["directions", "Directions", "d"],
  ["tracks", "Tracks", "t"],
  ["history", "History", "y"],
]);

class FacesRoom extends Room {
  gallery = new Gallery();
  thumbs = new Thumbs(() => this.#pictures(this.grid.seen()));
  grid = virtual_grid({ label: "Faces", className: "gallery", cell_px: Number(localStorage.getItem("faces cell")) || 120 });
  filter = /** @type {import("./filter_bar.js").FilterBar} */ (document.createElement("us-faces-filter"));
  detail = /** @type {import("./detail.js").Detail} */ (document.createElement("us-face-detail"));
  directions = /** @type {import("./directions.js").Directions} */ (document.createElement("us-directions"));
  tracks = /** @type {import("./tracks.js").Tracks} */ (document.createElement("us-face-tracks"));
  history = /** @type {import("./history.js").History} */ (document.createElement("us-faces-history"));
  actions = new Actions(this);
  /** @type {{name: string, faces: number, clips: string[], roles: string[]}[]} */
  facesets = [];
  /** What is chosen, by name: it outlives another order. @type {Set<string>} */
  chosen = new Set();
  current = "";
  ready = false;

  get title_words() {
    return "Faces";
  }

  keys() {
    return [
      ...this.actions.keys(),
      this.stop_action(),
      ...this.filter.keys(),
      ...this.detail.keys(),
      ...this.directions.keys(),
      ...PANES.map(([name, words, key]) => ({ key, does: `${words} beside the gallery`, run: () => this.show_pane(name) })),
      { key: "+", does: "Larger pictures", run: () => this.#zoom(1), repeats: true },
      { key: "-", does: "Smaller pictures", run: () => this.#zoom(-1), repeats: true },
      { key: "[", does: "Previous faceset", run: () => this.#next_faceset(-1) },
      { key: "]", does: "Next faceset", run: () => this.#next_faceset(1) },
      ...this.grid.keys("faces"),
    ];
  }

  enter() {
    this.#begin().catch(toast_error);
  }

  leave() {
    this.thumbs.close();
    clearTimeout(this.look_timer);
  }

  async #begin() {
    const [options, facesets] = await busy(this, "Opening the facesets…", Promise.all([get("faces/options"), get("faces/facesets"), styles(new URL("./room.css", import.meta.url))]));
    if (!this.isConnected) return;
    this.filter.options = options;
    this.facesets = facesets;
    this.#build();
    this.#listen();
    const wish = this.place.faceset ?? "";
    const first = facesets.find((/** @type {any} */ one) => one.name === wish) ?? facesets.find((/** @type {any} */ one) => one.faces) ?? facesets[0];
    this.current = this.place.face ?? "";
    const { where = "", sort = "", limit = "", group = "" } = this.place;
    if (first) await this.open(first.name, { where, sort, limit, group, backwards: this.place.backwards === "yes" });
    else this.note.textContent = "This project has no facesets yet. Add clips and extract their faces.";
    this.ready = true;
  }

  #build() {
    this.list = h("ul", { class: "list facesets", "aria-label": "Facesets" });
    this.panes = h("div", { class: "panes" });
    this.tabs = h("div", { class: "bar tabs", role: "tablist" }, ...PANES.map(([name, words, key]) => h("button", { type: "button", role: "tab", class: "quiet", "data-pane": name, "data-tip": `${words} beside the gallery`, "data-key": key.toUpperCase(), onclick: () => this.show_pane(name) }, words)));
    this.note = h("p", { class: "empty", role: "status" });
    this.counts = h("span", { class: "counts", role: "status", "aria-live": "polite" });
    this.said = h("div", { class: "bar said", hidden: true });
    this.size = h("input", { type: "range", min: "0", max: String(SIZES.length - 1), "aria-label": "Size of the pictures", "data-tip": "Size of the pictures", "data-key": "+ -", oninput: () => this.#resize(Number(this.size.value)) });
    const left = h("aside", { class: "left" }, h("div", { class: "bar" }, h("h2", { class: "grow" }, "Facesets"), button(this.actions.new_action(), { label: "", icon: "+", kind: "quiet" })), this.list, this.tabs, this.panes);
    const middle = h("div", { class: "middle", "data-toasts": "" }, this.said, this.grid, this.note);
    const right = h("aside", { class: "right" }, this.detail);
    this.replaceChildren(this.filter, h("div", { class: "body" }, left, split({ name: "faces left", size: 300, smallest: 200 }), middle, split({ name: "faces right", size: 320, smallest: 220, behind: true }), right), h("footer", { class: "bar" }, ...this.actions.buttons(), this.counts, h("span", { class: "grow" }), this.size));
    this.size.value = String(Math.max(0, SIZES.indexOf(this.grid.cell_px)));
    this.grid.paint = (cell, index) => this.#paint(cell, index);
    this.grid.settle = (cells) => this.#pictures(cells, true);
    this.show_pane(localStorage.getItem("faces pane") ?? "directions");
  }

  #listen() {
    this.listen(this.gallery, "changed", () => this.#fill());
    this.listen(this.grid, "current", () => this.#at_current());
    this.listen(this.grid, "chosen", () => this.#at_chosen());
    this.listen(this.grid, "open", () => this.actions.open());
    this.listen(this.filter, "asked", (event) => this.ask(event.detail));
    this.listen(this.directions, "pick", (event) => this.#pick(event.detail));
    this.listen(this.tracks, "pick", (event) => this.ask({ ...this.gallery.asked, where: event.detail.where }));
    this.listen(this.history, "undo", () => this.actions.undo());
    this.listen(this.history, "redo", () => this.actions.redo());
    this.listen(this.history, "restore", (event) => this.actions.restore(event.detail.names));
    this.listen(live, "faces", (event) => (!event.detail.faceset || event.detail.faceset === this.gallery.faceset ? this.look_soon() : this.#count_soon()));
    this.listen(live, "sorting", (event) => event.detail.faceset === this.gallery.faceset && this.#sorted_so_far(event.detail));
    this.listen(live, "reading", (event) => event.detail.faceset === this.gallery.faceset && this.#read_so_far(event.detail));
    this.listen(live, "project", () => this.#count_soon());
    this.listen(live, "look-anew", () => this.ready && this.look_soon());
  }

  /** @param {string} name @param {Partial<Asked>} [asked] */
  async open(name, asked = {}) {
    this.gallery.stop_sorting().catch(() => {}); // of the one that is left
    this.gallery.sorting = this.gallery.reading = null;
    this.gallery.faceset = this.thumbs.faceset = name;
    this.chosen = new Set();
    const facts = this.facesets.find((one) => one.name === name);
    if (facts?.roles.length === 1) this.directions.role = facts.roles[0];
    this.#list();
    this.tracks.look(facts?.clips ?? []);
    if (this.history.isConnected) this.history.look(name);
    this.directions.look();
    this.actions.look_next(name).catch(toast_error);
    await this.ask({ ...this.gallery.asked, ...asked });
  }

  /** Show what is asked for. @param {Asked} asked */
  async ask(asked) {
    const before = this.gallery.shown;
    const stopped = this.gallery.stop_sorting().catch(() => {}); // one that nobody waits for any more; not the one to come
    this.gallery.sorting = null;
    this.gallery.asked = asked;
    this.filter.show(asked);
    this.directions.mark(asked.where);
    const { where, sort, limit, group } = asked;
    this.keep_place({ faceset: this.gallery.faceset, where, sort, limit, group, backwards: asked.backwards ? "yes" : "" });
    try {
      await busy(this.grid.parentElement ?? this, `Ordering the faces of ${this.gallery.faceset}…`, stopped.then(() => this.gallery.look()));
    } catch (error) {
      toast_error(error);
      this.gallery.asked = before;
      this.filter.show(before);
      if (where !== before.where) this.filter.refuse(where);
    }
  }

  /** @param {{where: string, role: string}} field */
  #pick({ where, role }) {
    const here = this.facesets.find((one) => one.name === this.gallery.faceset);
    const asked = { ...this.gallery.asked, where: this.gallery.asked.where === where ? "" : where };
    const other = here?.roles.includes(role) ? undefined : this.facesets.find((one) => one.roles.includes(role) && one.faces);
    if (other) this.open(other.name, { ...asked, where });
    else this.ask(asked);
  }

  look_timer = 0;

  look_soon() {
    clearTimeout(this.look_timer);
    this.look_timer = window.setTimeout(async () => {
      if (this.actions.pending) return;
      try {
        await this.actions.look_next(this.gallery.faceset); // before it is seen, so that what is seen can be taken back
        await this.gallery.look();
        this.#count();
        this.directions.look();
        if (this.history.isConnected) this.history.look(this.gallery.faceset);
        this.tracks.look();
      } catch (error) {
        toast_error(error);
      }
    }, LOOK_AFTER_MS);
  }

  count_timer = 0;

  #count_soon() {
    clearTimeout(this.count_timer);
    this.count_timer = window.setTimeout(() => this.#count(), LOOK_AFTER_MS);
  }

  async #count() {
    const facesets = await get("faces/facesets").catch(() => this.facesets);
    if (!this.isConnected) return;
    this.facesets = facesets;
    this.#list();
  }

  #list() {
    this.list.replaceChildren(
      ...this.facesets.map((one) =>
        h("li", { class: one.name === this.gallery.faceset ? "chosen" : "" }, h("button", { type: "button", class: "quiet", "aria-current": String(one.name === this.gallery.faceset), "data-faceset": one.name, onclick: () => this.open(one.name) }, h("span", { class: "cut grow" }, one.name), h("span", { class: "badge" }, one.roles.join(" ") || "–"), h("span", { class: "dim" }, one.faces.toLocaleString("en")))),
      ),
    );
  }

  /** @param {number} step */
  #next_faceset(step) {
    const at = this.facesets.findIndex((one) => one.name === this.gallery.faceset);
    const next = this.facesets[at + step];
    if (next) this.open(next.name);
  }

  /** @param {string} name */
  show_pane(name) {
    const pane = { directions: this.directions, tracks: this.tracks, history: this.history }[name] ?? this.directions;
    localStorage.setItem("faces pane", name);
    if (pane === this.history) this.history.faceset = this.gallery.faceset;
    if (pane !== this.panes.firstChild) this.panes.replaceChildren(pane);
    for (const tab of this.tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.pane === name));
  }

  #fill() {
    const { gallery } = this;
    const [current = -1] = this.current ? gallery.indices([this.current]) : [];
    const chosen = gallery.indices(this.chosen);
    this.grid.fill({ count: gallery.count, groups: gallery.groups, current: current < 0 && gallery.count ? 0 : current, chosen, keep_scroll: current >= 0 });
    this.chosen = new Set(chosen.map((index) => gallery.name(index)));
    this.note.hidden = gallery.count > 0;
    say(this.note, this.#none_words());
    if (!gallery.count && gallery.total && gallery.asked.where) this.#say_why(gallery.asked.where);
    this.#say_unmeasured();
    this.#at_current();
    this.#counts();
  }

  #none_words() {
    const { total, asked, sorting, faceset } = this.gallery;
    if (sorting) return "Sorting goes on; the faces come when it is done.";
    if (total && asked.where) return `No face of ${faceset} matches the filter. Press 0 to show all.`;
    return `${faceset} holds no faces yet. Extract a clip of this performer, or copy faces here.`;
  }

  /** Add what values there are to the words that no face matches. @param {string} where */
  async #say_why(where) {
    const { spread, texts } = await get(`faces/why-none?${new URLSearchParams({ faceset: this.gallery.faceset, where })}`);
    if (this.gallery.count || this.gallery.asked.where !== where) return;
    const ranges = Object.entries(spread).map(([column, [least, most]]) => `${column} goes from ${Number(least.toPrecision(3))} to ${Number(most.toPrecision(3))} here.`);
    say(this.note, [this.#none_words(), ...ranges, texts].join(" ").trim());
  }

  /** @param {any} facts of a sort of this faceset */
  #sorted_so_far(facts) {
    if (!this.gallery.sorting) return;
    if (facts.stopped) {
      this.gallery.sorting = null;
      this.ask(this.gallery.shown);
    } else {
      this.gallery.sorting = facts;
      this.#say_unmeasured();
    }
  }

  /** @param {import("../../kit/under_way.js").Reading} facts */
  #read_so_far(facts) {
    this.gallery.reading = facts.done < facts.total ? facts : null;
    this.#say_unmeasured();
  }

  #say_unmeasured() {
    const { sorting, reading } = this.gallery;
    const unmeasured = unmeasured_words(this.gallery.unmeasured);
    if (this.said.querySelector("us-run")) return;
    this.said.hidden = !unmeasured && !sorting && !reading;
    const words = sorting ? sorting_words(sorting) : reading ? reading_words(reading) : unmeasured;
    const act = sorting ? button(this.stop_action(), { label: "Stop" }) : unmeasured && !reading ? button(this.actions.measure_action(), { label: "Measure", kind: "primary" }) : "";
    const bar = sorting || reading ? h("progress", { max: 1, value: sorting ? sorting.share : (reading?.done ?? 0) / (reading?.total ?? 1), "aria-label": "how far" }) : "";
    this.said.replaceChildren(h("span", {}, words), bar, act);
  }

  /** @returns {import("../../kit/keys.js").KeyAction} */
  stop_action() {
    return { key: "x", shift: true, does: "Stop the sort that goes on; the faces stand as before", run: () => this.gallery.stop_sorting().catch(toast_error) };
  }

  /** @param {HTMLElement} cell @param {number} index */
  #paint(cell, index) {
    const { gallery } = this;
    const name = gallery.name(index);
    const value = gallery.values[index];
    const image = /** @type {HTMLImageElement} */ (cell.firstElementChild);
    const caption = /** @type {HTMLElement} */ (cell.lastElementChild);
    const stem = name.replace(/\.\w+$/, "");
    caption.textContent = value === undefined || value === null || gallery.asked.sort === "name" ? stem : `${typeof value === "number" ? Number(value.toPrecision(3)) : value} · ${stem}`;
    cell.setAttribute("aria-label", name);
    const key = gallery.key(index);
    if (cell.dataset.key === key && image.src) return;
    cell.dataset.key = key;
    const here = this.thumbs.here(key);
    if (here) image.src = here;
    else image.removeAttribute("src");
    cell.classList.toggle("broken", here === "");
  }

  /** Pictures that are here are shown, the others wished for. @param {Map<number, HTMLElement>} cells @param {boolean} [wish] */
  #pictures(cells, wish = false) {
    for (const cell of this.grid.alive.values()) {
      const image = /** @type {HTMLImageElement} */ (cell.firstElementChild);
      if (image.hasAttribute("src")) continue;
      const here = this.thumbs.here(cell.dataset.key ?? "");
      if (here) image.src = here;
      cell.classList.toggle("broken", here === "");
    }
    if (wish) this.thumbs.wish([...new Set([...cells.values(), ...this.grid.alive.values()].map((cell) => cell.dataset.key ?? ""))]);
  }

  #at_current() {
    const { current } = this.grid;
    if (current < 0 || current >= this.gallery.count) return this.detail.show_none();
    this.current = this.gallery.name(current);
    clearTimeout(this.detail_timer);
    this.detail_timer = window.setTimeout(() => {
      // What is under way may take this very face; the gallery looks anew, and comes here again, when it is done.
      if (!this.isConnected || this.actions.pending || this.grid.current !== current || current >= this.gallery.count) return;
      this.keep_place({ face: this.current });
      this.detail.show(this.gallery.faceset, this.current, this.gallery.key(current));
    }, 80);
  }

  detail_timer = 0;

  #at_chosen() {
    this.chosen = new Set([...this.grid.chosen].map((index) => this.gallery.name(index)));
    this.#counts();
  }

  #counts() {
    const { count, total } = this.gallery;
    const number = (/** @type {number} */ value) => value.toLocaleString("en");
    const shown = count === total ? `${number(total)} faces` : `${number(count)} of ${number(total)} faces`;
    this.counts.textContent = this.chosen.size ? `${shown}, ${number(this.chosen.size)} chosen` : shown;
    this.actions.allow();
  }

  /** @param {number} step */
  #zoom(step) {
    this.#resize(Math.max(0, Math.min(SIZES.length - 1, Number(this.size.value) + step)));
  }

  /** @param {number} place in SIZES */
  #resize(place) {
    this.size.value = String(place);
    localStorage.setItem("faces cell", String(SIZES[place]));
    this.grid.resize_cells(SIZES[place]);
  }
}

customElements.define("us-room-faces", FacesRoom);
