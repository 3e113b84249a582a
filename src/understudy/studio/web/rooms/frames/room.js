// @ts-check
// The Frames room: the manual extractor. One frame under the hand, its face's box and points, all frames as a strip.
// What the mouse does is hand.js's, what is drawn drawing.js's, keys and words actions.js's.

import { get } from "../../kit/api.js";
import { busy } from "../../kit/busy.js";
import { press_down } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import "../../kit/frame_strip.js";
import { live } from "../../kit/live.js";
import { Room } from "../../kit/room.js";
import { styles } from "../../kit/styles.js";
import { toast, toast_error } from "../../kit/toast.js";
import "../../kit/view2d.js";
import { actions, toolbar } from "./actions.js";
import "./carrying.js";
import { draw_edit, draw_other } from "./drawing.js";
import { NOTHING, of_face, stored_of } from "./edit.js";
import "./facts.js";
import "./filters.js";
import { Hand } from "./hand.js";
import { Held } from "./held.js";
import { Keeper } from "./keeper.js";
import { Pictures, width_for } from "./pictures.js";
import { KINDS, States } from "./states.js";

const keeper = new Keeper(); // of the window: what waits goes on when the room is left

export class FramesRoom extends Room {
  view = /** @type {import("../../kit/view2d.js").View2D} */ (h("us-view2d", { "aria-label": "The frame that is drawn on", wheel_zooms: false, space_pans: false }));
  strip = /** @type {import("../../kit/frame_strip.js").FrameStrip} */ (h("us-frame-strip"));
  facts = /** @type {import("./facts.js").FramesFacts} */ (h("us-frames-facts"));
  carrying = /** @type {import("./carrying.js").Carrying} */ (h("us-frames-carrying"));
  stage = /** @type {HTMLElement} */ (h("div", { class: "frames-stage", "data-toasts": "" }, this.view));
  filters = /** @type {import("./filters.js").FramesFilters} */ (h("us-frames-filters"));
  held = new Held(this);
  hand = new Hand(this);
  does = actions(this);
  /** @type {States | null} */
  states = null;
  /** @type {any} the answer of `frames/faces` for this frame; null while it is awaited */
  told = null;
  frame = 0;
  clip = "";
  person = 0; // who is gone on with: chosen, drawn or carried last; 0 is whoever is largest
  filter = "";
  accurate = false;
  /** @type {any} */
  facts_of_clip = null;
  /** @type {Pictures | null} */
  pictures = null;
  /** @type {HTMLImageElement | null} */
  image = null;
  keeper = keeper;
  #looking = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #soon;

  get title_words() {
    return "Frames";
  }

  keys() {
    return [...Object.values(this.does), ...this.view.keys()];
  }

  get edit() {
    return this.held.edit;
  }

  get count() {
    return this.states?.count ?? 0;
  }

  /** Whether the faces of this frame are known, so that a hand may begin. */
  get is_ready() {
    return this.told !== null && !this.carrying.is_running;
  }

  /** Whether a face is in the hand, or a box in which it will be read. */
  get has_face() {
    return Boolean(this.edit.landmarks || (this.edit.locked && this.edit.unread));
  }

  get #key() {
    return Keeper.key(this.clip, this.frame);
  }

  /** Whether something is in the hand that would be lost if the frame's faces were looked at anew. */
  get is_at_work() {
    return this.edit.another || (this.edit.locked && this.edit.changed);
  }

  enter() {
    this.hidden = true;
    styles(new URL("./room.css", import.meta.url)).then(() => (this.hidden = false), toast_error);
    this.view.layers = [
      { draw: (context) => this.image && context.drawImage(this.image, 0, 0, ...this.view.size) },
      { space: "screen", draw: (context, view) => this.#draw_over(context, view) },
    ];
    this.clips = /** @type {HTMLSelectElement} */ (h("select", { "aria-label": "Clip", onchange: () => this.open(this.clips?.value ?? "", 0).catch(toast_error) }));
    this.stage.append(this.carrying);
    const tools = toolbar(this.does, this.clips);
    this.lock_button = tools.lock;
    this.accuracy_button = tools.accuracy;
    this.replaceChildren(tools.bar, this.stage, this.facts, h("div", { class: "frames-foot" }, this.filters, this.strip));
    this.hand.begin();
    // After a click Space and Enter are the room's again, not the button's.
    this.listen(this, "click", (event) => event.detail && event.target.closest("button") && /** @type {HTMLElement} */ (document.activeElement)?.blur());
    this.listen(this.strip, "frame", (event) => this.go(event.detail).catch(toast_error));
    this.listen(this.facts, "choose", (event) => this.choose(event.detail));
    this.listen(this.carrying, "carried", (event) => this.#carried(event.detail));
    this.listen(this.keeper, "kept", (event) => event.detail.frames.includes(this.frame) && !this.is_at_work && this.#look_at_faces().catch(toast_error));
    this.listen(this.keeper, "refused", ({ detail }) => detail.clip === this.clip && detail.frame === this.frame && !this.is_at_work && this.#look_at_faces().catch(toast_error));
    this.listen(this.view, "view", () => this.#show_picture().catch(() => {}));
    this.listen(live, "frames", (event) => event.detail.clip === this.clip && event.detail.frames && this.#others(event.detail.frames));
    this.listen(live, "frames", (event) => event.detail.faceset && this.#others([this.frame])); // a step went back in another room
    this.listen(live, "faces", () => this.#others(this.keeper.waiting ? [] : [this.frame])); // or by a command
    this.listen(live, "look-anew", () => (this.#others([this.frame]), this.#show_picture().catch(() => {})));
    this.begin().catch(toast_error);
  }

  leave() {
    this.keep_if_locked();
    this.held.reading.forget();
    this.#looking.abort();
  }

  async begin() {
    const clips = await busy(this.stage, "Looking at the clips…", get("frames/clips"));
    this.clips?.replaceChildren(...clips.map((/** @type {any} */ one) => h("option", { value: one.name }, `${one.name} (${one.role})`)));
    if (!clips.length) {
      this.replaceChildren(h("p", { class: "empty" }, "The project has no clips yet. Add them in the Project room."));
      return;
    }
    const name = clips.some((/** @type {any} */ one) => one.name === this.place.clip) ? this.place.clip : clips[0].name;
    await this.open(name, Number(this.place.frame) || 0);
  }

  /** @param {string} clip @param {number} frame */
  async open(clip, frame) {
    this.keep_if_locked();
    this.clip = this.carrying.clip = clip;
    if (this.clips) this.clips.value = clip;
    this.told = this.image = null;
    this.person = 0;
    await busy(this.stage, "Opening the clip…", this.#look_at_states());
    this.pictures = new Pictures(clip, this.facts_of_clip.version);
    this.view.set_size(this.facts_of_clip.width, this.facts_of_clip.height);
    this.view.fit();
    this.held.usual = { side: this.facts_of_clip.height / 3, angle: 0 };
    if (this.facts_of_clip.carrying) this.carrying.show(this.facts_of_clip.carrying);
    await this.go(Math.min(frame, this.count - 1), { keep: false });
  }

  async #look_at_states() {
    const clip = this.clip;
    const told = await get(`frames/clip?${new URLSearchParams({ clip })}`);
    if (clip !== this.clip) return;
    this.facts_of_clip = told;
    if (!this.keeper.waiting) this.keeper.can.set(clip, told.can);
    const most_error = this.states?.most_error;
    this.states = new States(told);
    if (most_error) this.states.most_error = most_error;
    this.strip.show(KINDS, this.states.kinds);
    this.set_filter(this.filter);
  }

  // --- going through the frames

  /** @param {number} index @param {{keep?: boolean}} [how] `keep`: a locked face that was changed is kept, as the manuals say */
  async go(index, { keep = true } = {}) {
    if (!this.states || index < 0 || index >= this.count) return;
    if (keep) this.keep_if_locked();
    this.held.reading.forget();
    this.#looking.abort();
    this.#looking = new AbortController();
    this.frame = index;
    this.told = null;
    Object.assign(this.hand, { point: -1, group: new Set() });
    this.held.hold(NOTHING);
    this.strip.frame = index;
    this.keep_place({ clip: this.clip, frame: String(index) });
    this.facts.show(this);
    await Promise.all([this.#show_picture(), this.#look_at_faces()]);
  }

  /** The faces of this frame; the largest stored one comes into the hand. @param {{anew?: boolean}} [how] `anew`: only where they are others by now */
  async #look_at_faces({ anew = false } = {}) {
    const { signal } = this.#looking;
    const told = await get(`frames/faces?${new URLSearchParams({ clip: this.clip, frame: String(this.frame) })}`, signal).catch((error) => {
      if (signal.aborted) return null;
      throw error;
    });
    if (!told || signal.aborted) return;
    if (anew && JSON.stringify(told) === JSON.stringify(this.told)) return;
    this.told = told;
    const newest = told.faces.find((/** @type {any} */ face) => face.name && face.name === this.keeper.newest);
    if (newest && !this.person) this.person = newest.person;
    const stored = stored_of(told.faces, this.person);
    const refused = this.keeper.refused.get(this.#key);
    const is_there = told.faces.some((/** @type {any} */ face) => face.name && face.name === refused?.name);
    if (refused) this.held.hold({ ...refused, name: is_there ? refused.name : "", locked: true, changed: true });
    else if (stored) this.held.hold(of_face(stored));
    else this.held.unlock(null);
    this.facts.show(this);
  }

  async #show_picture() {
    const { frame, pictures } = this;
    if (!pictures || !this.facts_of_clip) return;
    const width = width_for(this.facts_of_clip.width * this.view.look.zoom * devicePixelRatio, this.facts_of_clip.width);
    const image = await pictures.picture(frame, width).catch((error) => {
      if (frame === this.frame && this.image?.dataset.frame !== `${frame}`) (this.image = null), this.view.redraw(); // rather none than another frame's
      throw error;
    });
    if (frame !== this.frame || pictures !== this.pictures) return;
    this.image = image;
    this.view.redraw();
    if (frame + 1 < this.count) pictures.picture(frame + 1, width).catch(() => {});
  }

  /** One frame on in a direction, or to the next one of the filter. @param {1 | -1} step @param {{keep?: boolean}} [how] */
  async step(step, how) {
    const goal = this.filter ? (this.states?.next(this.filter, this.frame, step) ?? -1) : this.frame + step;
    if (goal < 0 || goal >= this.count) {
      if (how?.keep ?? true) this.keep_if_locked();
      toast(step > 0 ? "That was the last one." : "That was the first one.");
      return;
    }
    await this.go(goal, how);
  }

  /** To the next frame of the filter; without one, of those without a face. @param {1 | -1} step */
  async hop(step) {
    const goal = this.states?.next(this.filter || "no face", this.frame, step) ?? -1;
    if (goal < 0) toast(`No ${step > 0 ? "later" : "earlier"} frame of that kind.`);
    else await this.go(goal);
  }

  /** Show what is in the hand now. */
  show_held() {
    if (this.lock_button) press_down(this.lock_button, this.edit.locked);
    this.view.redraw();
    this.facts.show(this);
  }

  /** Another face of this frame comes into the hand. @param {number} place in the list */
  choose(place) {
    const face = this.told?.faces[place];
    if (!face) return;
    this.keep_if_locked();
    this.person = face.person;
    this.held.hold(of_face(face));
  }

  revert() {
    this.keeper.refused.delete(this.#key);
    return this.go(this.frame, { keep: false });
  }

  /** @param {boolean} on */
  async set_accurate(on) {
    this.accurate = on;
    if (this.accuracy_button) press_down(this.accuracy_button, on);
    this.facts.show(this);
    if (this.edit.changed && !this.edit.moved.size) await this.held.read();
  }

  /** The face of the frame before or after, to be kept here. @param {1 | -1} step */
  async copy(step) {
    const [clip, here, from] = [this.clip, this.frame, this.frame + step];
    if (from < 0 || from >= this.count || !this.is_ready) return;
    await this.keeper.done;
    const told = await get(`frames/faces?${new URLSearchParams({ clip, frame: String(from) })}`);
    const face = stored_of(told.faces, this.person);
    if (!face) throw new Error(`Frame ${from} has no face to copy.`);
    if (here !== this.frame || clip !== this.clip) return;
    this.held.change({ ...of_face(face), name: this.edit.name, changed: true, moved: new Set(face.landmarks.keys()) }, `Copy from frame ${from}`);
  }

  // --- keeping

  /** Keep the face, and go on. */
  async accept() {
    if (!this.is_ready) return;
    if (!this.has_face) throw new Error("There is no face in the hand yet. Draw a box, or skip with Space.");
    if (this.edit.changed) this.#keep();
    await this.step(1, { keep: false });
  }

  /** As the manuals say: going to another frame keeps a face whose box is locked. */
  keep_if_locked() {
    if (this.edit.locked && this.edit.changed && this.has_face && this.told) this.#keep();
  }

  /** Ask the server to store what is in the hand; nobody waits for it. */
  #keep() {
    const { clip, frame, edit } = this;
    if (edit.another) this.person = 0; // the server says who it is
    this.held.mark_kept();
    this.keeper.refused.delete(this.#key);
    this.keeper.draw(clip, frame, edit, this.accurate);
  }

  async remove() {
    const { name } = this.edit;
    if (!name) throw new Error("There is no stored face in the hand to remove.");
    this.held.hold(NOTHING);
    await this.keeper.remove(this.clip, [name]);
  }

  /** What is in the hand first, then what was kept. */
  async undo() {
    if (!this.held.undo()) await this.#back("undo");
  }

  async redo() {
    if (!this.held.redo()) await this.#back("redo");
  }

  /** What is drawn while it is under way is not lost. @param {"undo" | "redo"} way */
  async #back(way, { clip, edit } = this) {
    const told = await this.keeper.back(way, clip).catch((error) => {
      this.#looks_soon();
      throw error;
    });
    toast(`${way === "undo" ? "Taken back" : "Done again"}: ${told.words}`, { kind: "good" });
    if (clip !== this.clip) return;
    if (!told.frames.includes(this.frame)) await this.go(told.frames[0], { keep: this.edit !== edit });
    else if (this.edit === edit || !this.is_at_work) await this.#look_at_faces();
  }

  async quit() {
    this.keep_if_locked();
    await this.keeper.done;
    location.hash = "#/faces";
  }

  // --- carrying on

  /** @param {Record<string, any>} said options of `understudy frames carry` */
  async carry(said) {
    if (!this.is_ready) throw new Error(this.carrying.is_running ? "A face of this clip is being carried on already. Wait until that ends, or stop it." : "The faces of this frame are still being looked at. Try it again in a moment.");
    if (!this.has_face) throw new Error("There is no face in this frame to carry on.");
    await this.carrying.begin({ frame: this.frame, said: { accurate: this.accurate, ...said } }, async () => {
      const { changed, name } = await this.hand.left();
      if (changed) this.#keep();
      return this.keeper.file(this.#key, changed ? "" : name);
    });
  }

  /** @param {any} told */
  async #carried(told) {
    if (told.is_over) {
      if (told.can) this.keeper.heard(this.clip, told.was_seen ? told : { ...told, learning: [] }); // an old one is no news
      this.#looks_soon();
      if (told.error) toast(told.error, { kind: "bad" });
      else if (told.summary.stopped && told.summary.stopped !== "as asked") toast(`Stopped: ${told.summary.stopped}.`);
    }
    if (told.run) this.#looks_soon(); // a run says nothing of faces by itself
    const keep = !this.keeper.refused.has(this.#key); // what a hand drew while the carrying began; what was refused waits there
    if (this.told || told.is_over) await this.go(told.frame, { keep }).catch(toast_error);
  }

  // --- what others do, and what is seen

  /** @param {number[]} frames */
  #others(frames) {
    if (!this.clip) return; // the first one is still being opened
    this.#looks_soon();
    if (frames.includes(this.frame) && this.facts_of_clip?.clip === this.clip && !this.is_at_work && !this.carrying.is_running) this.#look_at_faces({ anew: true }).catch(() => {});
  }

  #looks_soon() {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.isConnected && this.#look_at_states().then(() => this.facts.show(this), toast_error), 120);
  }

  /** @param {string} filter */
  set_filter(filter) {
    const states = this.states;
    if (!states) return;
    this.filter = filter;
    this.strip.among = filter ? (index) => states.among(filter, index) : null;
    this.strip.redraw();
    this.filters.show(this);
  }

  /** @param {CanvasRenderingContext2D} context @param {import("../../kit/view2d.js").View2D} view */
  #draw_over(context, view) {
    for (const face of this.told?.faces ?? []) {
      if (face.name && face.name === this.edit.name) continue;
      draw_other(context, view, face, face.name ? `stored, track ${face.track}` : `found, ${Math.round(100 * face.score)} %`);
    }
    draw_edit(context, view, this.edit, this.hand);
  }
}

customElements.define("us-room-frames", FramesRoom);
