// @ts-check
// The masks room: one face after the other under the hand, kept as it is drawn, and segmenters that learn from it.
// What a click does is editor.js's, what is asked of the server faces_of.js's and keeper.js's.

import { ConnectionLost, get } from "../../kit/api.js";
import { busy } from "../../kit/busy.js";
import { forbid, press_down } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { Room } from "../../kit/room.js";
import { styles } from "../../kit/styles.js";
import { toast, toast_error } from "../../kit/toast.js";
import "../../kit/view2d.js";
import { classic_middle, counting_actions, look_buttons, say_keys, tool_actions, tool_buttons, toolbar, wheel } from "./actions.js";
import { Editor } from "./editor.js";
import { doc_of, mask_of, picture_of, words } from "./faces_of.js";
import { Keeper } from "./keeper.js";
import { known, opened } from "./known.js";
import { LineUp } from "./line_up.js";
import { draw_regions, Looks } from "./looks.js";
import { ORDERS, WHICH } from "./side.js";
import { STATES } from "./strip.js";
import "./teach.js";

const keeper = new Keeper(); // of the window: what waits goes on when the room is left
const [OPEN_MS, LOOK_AFTER_MS] = [20_000, 200]; // when a face that is not here is given up; messages that come together are one look
const visit = Math.random().toString(36).slice(2);
export class MasksRoom extends Room {
  line_up = new LineUp("", {}, () => false);
  at = -1;
  looked_at = "";
  last_drawn = "";
  look_timer = /** @type {any} */ (0);
  opening = new AbortController();
  shown = { faceset: "", face: "" }; // the one on the canvas: all that a hand does is done to it
  heading = ""; // the face that is on its way
  nothing_yet = "The faces are being loaded…";
  view = /** @type {import("../../kit/view2d.js").View2D} */ (h("us-view2d", { "aria-label": "The face that is drawn on", space_pans: false, shift_holds_middle: true }));
  editor = new Editor(this.view);
  looks = new Looks(1);
  stage = /** @type {HTMLElement} */ (h("div", { class: "mask-stage", "data-toasts": "" }, this.view));
  side = /** @type {import("./side.js").MaskSide} */ (h("us-mask-side", { class: "stack" }));
  keeper = keeper;
  teach = /** @type {import("./teach.js").MaskTeach} */ (h("us-mask-teach"));
  strip = /** @type {import("./strip.js").MaskStrip} */ (h("us-mask-strip"));
  status = /** @type {HTMLElement} */ (h("span", { class: "grow cut", role: "status" }));
  kept = /** @type {HTMLElement} */ (h("span", { class: "dim", role: "status" }));
  tools = tool_actions(this);
  buttons = tool_buttons(this.tools);
  looks_at = look_buttons(this);

  /** With holes where a face is not here. */
  get faces() {
    return this.line_up.faces;
  }

  get open_name() {
    return `${this.shown.faceset}/${this.shown.face}`;
  }

  get title_words() {
    return "Masks";
  }

  keys() {
    return counting_actions(this);
  }

  enter() {
    this.view.layers = [
      { draw: (context) => this.looks.draw_masks(context, this.editor) },
      { space: "screen", draw: (context, view) => draw_regions(context, view, this.editor) },
    ];
    this.hidden = true;
    styles(new URL("./room.css", import.meta.url)).then(() => (this.hidden = false), toast_error);
    this.replaceChildren(
      toolbar(this.buttons),
      this.stage,
      h("div", { class: "mask-side scrolls" }, h("div", { class: "bar mask-looks", role: "toolbar", "aria-label": "What is seen" }, ...Object.values(this.looks_at)), this.side, h("hr"), this.teach),
      h("div", { class: "mask-foot" }, h("div", { class: "mask-status" }, this.status, this.kept), this.strip),
    );
    this.set_classic(localStorage.getItem("understudy masks classic") === "yes");
    this.hear();
    this.show_state();
    this.show_kept();
    this.begin().catch(toast_error);
  }

  hear() {
    const { editor, view } = this;
    this.listen(view, "pointerdown", (event) => editor.pressed(event));
    this.listen(view, "pointermove", (event) => editor.ready && editor.hovered(event));
    this.listen(view, "pointerleave", () => ((editor.pointer_spot = editor.hover = null), view.redraw()));
    this.listen(view, "contextmenu", (event) => event.preventDefault());
    this.listen(view, "wheel", (event) => wheel(this, event), { passive: false });
    this.listen(this.stage, "pointerdown", (event) => classic_middle(this, event), { capture: true });
    this.listen(editor, "change", () => this.keep());
    this.listen(editor, "state", () => this.show_state());
    this.listen(keeper, "state", () => this.show_kept());
    this.listen(keeper, "kept", (event) => this.was_kept(event.detail));
    this.listen(keeper, "changed", (event) => this.was_changed(event.detail));
    this.listen(this.side, "choose", (event) => this.chosen(event.detail).catch(toast_error));
    this.listen(this.strip, "pick", (event) => this.go_to(event.detail));
    this.listen(this.teach, "desk", (event) => this.side.show(event.detail, this.place.faceset ?? "", this.looked_at));
    this.listen(this.teach, "learned", (event) => this.look_with(`seg:${event.detail}`));
    this.listen(this.teach, "applied", () => this.list_faces().catch(toast_error));
    this.listen(live, "masks", (event) => this.others_drew(event.detail));
    this.listen(live, "faces", (event) => event.detail.faceset === this.place.faceset && this.look_soon());
    this.listen(live, "look-anew", () => this.list_faces().catch(() => {}));
  }

  async begin() {
    const desk = await busy(this, "Looking at the faces…", get("masks/desk"));
    const there = desk.facesets.filter((/** @type {any} */ one) => one.faces).map((/** @type {any} */ one) => one.faceset);
    if (!there.length) {
      this.nothing_yet = "There are no faces yet.";
      this.show_state();
      this.stage.replaceChildren(h("p", { class: "empty" }, "There are no faces yet. Find them in the Project room first; then draw on 20 to 50 that differ, and teach a segmenter."));
      return;
    }
    if (!there.includes(this.place.faceset)) this.place.faceset = there.find((/** @type {string} */ name) => name.startsWith("dst")) ?? there[0];
    this.looked_at = this.place.look ?? "";
    this.side.show(desk, this.place.faceset, this.looked_at);
    if (this.place.order && this.place.order in ORDERS) this.side.order.value = this.place.order;
    this.teach.faceset = this.place.faceset;
    await this.list_faces();
    this.teach.refresh(); // what is drawn on the faces is known of a faceset that is open
  }

  /** Put the faces in order anew. */
  async list_faces(faceset = this.place.faceset) {
    if (!faceset) return;
    const order = ORDERS[/** @type {"by yaw"} */ (this.side.order.value)] ?? {};
    const now = this.shown.faceset ? this.shown.face : (this.place.face ?? "");
    const line_up = new LineUp(faceset, order, (face) => keeper.is_unsaved(faceset, face), (words) => (this.status.textContent = words));
    const place = await busy(this.stage, "Putting the faces in order…", line_up.ask({ around: now }));
    if (line_up.unmeasured) toast(`${line_up.unmeasured.toLocaleString("en")} faces are not measured yet, so they come last in this order. Measure them in the Faces room.`);
    const same = place >= 0 && this.open_name === `${faceset}/${now}`;
    if (!same) return this.go_to(Math.max(place, 0), line_up);
    this.line_up = line_up;
    this.at = place;
    this.show_strip();
  }

  /** What was done on the faces around this one, soon, in the order that is gone through. */
  look_soon() {
    clearTimeout(this.look_timer);
    this.look_timer = setTimeout(() => this.look_again().catch(() => {}), LOOK_AFTER_MS);
  }

  async look_again() {
    const { line_up, shown } = this;
    if (!this.isConnected || !shown.faceset || line_up.faceset !== shown.faceset) return;
    const place = await line_up.ask({ around: shown.face, first: this.at });
    if (line_up !== this.line_up || shown !== this.shown) return;
    if (line_up.gone && line_up.total) return this.go_to(Math.min(this.at, line_up.total - 1));
    this.at = place;
    this.show_strip();
  }

  // --- from face to face

  /** @param {number} by */
  step(by) {
    return this.walk(by, WHICH[/** @type {"all faces"} */ (this.side.which.value)] ?? "all");
  }

  /** @param {number} by @param {string} which */
  async walk(by, which) {
    if (this.editor.stroke || this.editor.dragging || !this.faces.length) return; // the hand is still on this one
    const from = this.line_up.places.get(this.heading) ?? this.at;
    const { line_up } = this;
    const found = line_up.stepped(from, by, which);
    const goal = typeof found === "number" ? found : await busy(this.stage, "Looking for the next face…", found);
    if (line_up !== this.line_up) return; // another order is gone through by now, with other places
    if (goal === from) toast(by > 0 ? "That was the last face of this order." : "That was the first face of this order.", { seconds: 2 });
    else await this.go_to(goal);
  }

  /** The face that is shown stays, with its name, until the other one is here. @param {number} at */
  async go_to(at, line_up = this.line_up) {
    this.editor.ready = false; // the hand waits, so that nothing lands on a face that is about to go
    this.opening.abort();
    const { signal } = (this.opening = new AbortController());
    const { faceset } = line_up;
    try {
      if (!line_up.faces[at]) await busy(this.stage, "Opening the face…", line_up.ask({ first: at }, signal));
      const face = line_up.faces[at];
      if (!face) return this.stay();
      this.heading = face.name;
      const in_time = AbortSignal.any([signal, AbortSignal.timeout(OPEN_MS)]);
      const load = Promise.all([picture_of(faceset, face, in_time), opened(keeper, faceset, face.name), mask_of(faceset, face.name, "base", in_time)]);
      const [picture, found, base] = await busy(this.stage, "Opening the face…", load);
      if (signal.aborted) return;
      this.stay();
      this.editor.close_open();
      this.line_up = line_up;
      this.show_face(faceset, face, picture, found, base);
      await this.load_overlay(signal);
    } catch (error) {
      if (signal.aborted) return;
      this.stay();
      const is_away = error instanceof ConnectionLost || /** @type {any} */ (error)?.name === "TimeoutError";
      if (is_away) toast("This face can't be shown until the connection is back.", { kind: "bad", seconds: 6 });
      else toast_error(error);
    }
  }

  /** The face that is shown is under the hand again. */
  stay() {
    this.heading = "";
    this.editor.ready = this.shown.face !== "";
  }

  /** @param {string} faceset @param {import("./strip.js").Face} face @param {ImageBitmap} picture @param {import("./known.js").Known} found @param {ImageBitmap} base */
  show_face(faceset, face, picture, found, base) {
    this.shown = { faceset, face: face.name };
    this.at = this.line_up.places.get(face.name) ?? -1;
    this.keep_place(this.shown);
    this.editor.base = base;
    this.editor.overlay = null;
    if (this.looks.size_px !== found.size_px) this.looks = new Looks(found.size_px);
    this.view.picture = picture;
    this.editor.open_face(found.undo, found.size_px);
    this.show_strip();
    if (this.teach.faceset === faceset) return;
    this.teach.faceset = faceset;
    this.teach.refresh();
  }

  // --- keeping

  keep() {
    const { faceset, face } = this.shown;
    const one = known.get(this.open_name);
    if (!one || !this.editor.ready || this.editor.undo !== one.undo) return;
    const { doc, layer } = this.editor;
    this.last_drawn = doc.regions.length || !layer.is_empty ? face : this.last_drawn;
    if (doc === one.undo.saved && !keeper.is_unsaved(faceset, face)) return;
    keeper.keep({ faceset, face, size_px: one.size_px, regions: doc.regions, painted: layer.png_base64(), mark: doc.mark, revision: one.revision, visit });
    one.undo.saved = doc;
    this.set_state(face, doc.mark || (doc.regions.length || !layer.is_empty ? "drawn" : one.masks.length ? "applied" : "none"));
  }

  /** @param {string} name @param {any} state */
  set_state(name, state) {
    if (this.line_up.set_state(name, state)) this.show_strip();
  }

  /** @param {{faceset: string, face: string, revision: string}} what */
  was_kept({ faceset, face, revision }) {
    const one = known.get(`${faceset}/${face}`);
    if (one) one.revision = revision;
  }

  /** @param {{faceset: string, face: string, error: any}} what */
  async was_changed({ faceset, face, error }) {
    toast_error(error);
    const one = known.get(`${faceset}/${face}`);
    if (!one) return;
    one.revision = ""; // theirs comes on top, and Ctrl+Z brings ours back
    await opened(keeper, faceset, face);
  }

  /** @param {{faceset: string, face?: string, visit?: string, sorted?: boolean}} what */
  others_drew({ faceset, face, visit: whose, sorted }) {
    if (faceset !== this.place.faceset || whose === visit || sorted) return;
    this.look_soon();
    const here = this.shown.face;
    // A face that is on its way here brings what is drawn by itself.
    if (this.open_name === `${faceset}/${here}` && (face === undefined || face === here)) opened(keeper, faceset, here).catch((error) => error.kind === "FacesUnknown" || toast_error(error)); // one that is gone is left soon
  }

  /** @param {"" | "confirmed" | "skipped"} mark */
  mark(mark) {
    if (this.editor.ready && this.editor.doc.mark !== mark) this.editor.change({ mark }, mark ? `Mark as ${mark}` : "Take the mark off");
  }

  confirm() {
    if (!this.editor.ready) return;
    if (this.editor.doc.open && !this.editor.classic) return this.editor.close_open();
    this.leave_with("confirmed");
  }

  /** @param {"confirmed" | "skipped"} mark */
  leave_with(mark) {
    if (!this.editor.ready) return;
    this.editor.close_open();
    this.mark(mark);
    this.step(1);
  }

  async apply_last() {
    const face = this.faces[this.at];
    const before = await this.line_up.stepped(this.at, -1, "drawn");
    const giver = this.last_drawn && this.last_drawn !== face?.name ? this.last_drawn : before === this.at ? "" : this.faces[before].name;
    if (!face || !giver) return void toast("Draw on another face first; R puts its drawing here.");
    const { faceset } = this.place;
    while (keeper.has(faceset, giver) && !keeper.lost) await new Promise((go_on) => keeper.addEventListener("state", go_on, { once: true }));
    const carried = await doc_of(await get(`masks/carried?${words({ faceset, giver, face: face.name })}`));
    if (this.faces[this.at]?.name !== face.name) return;
    const { regions, paint } = carried;
    this.editor.change({ regions, paint, open: null }, "Put the last drawing here");
  }

  // --- looking

  /** @param {{name: string, value: any}} what */
  async chosen({ name, value }) {
    if (name === "opacity") this.editor.opacity = value;
    if (name === "radius") this.editor.radius = Math.max(0.5, (this.editor.layer.size_px / 4) * value ** 2);
    if (name === "classic") this.set_classic(value);
    if (name === "looked_at") await this.look_with(value);
    if (name === "faceset") {
      await this.list_faces(value).finally(() => (this.side.faceset.value = this.place.faceset));
    }
    if (name === "order") {
      this.keep_place({ order: value });
      await this.list_faces();
    }
    this.view.redraw();
  }

  /** @param {string} name of the mask that is looked at */
  async look_with(name) {
    this.looked_at = name;
    this.keep_place({ look: name });
    if (this.teach.desk) this.side.show(this.teach.desk, this.place.faceset, name);
    this.editor.overlay_on = true;
    await this.load_overlay(this.opening.signal);
  }

  /** @param {AbortSignal} signal */
  async load_overlay(signal) {
    const face = this.faces[this.at];
    const name = this.looked_at;
    this.editor.overlay = null;
    if (name && face) {
      const one = known.get(`${this.place.faceset}/${face.name}`);
      const is_stored = !name.includes(":") && name !== "hull";
      if (!is_stored || one?.masks.includes(name)) {
        const seen = await busy(this.stage, `Looking at the mask of ${name.split(":").at(-1)}…`, mask_of(this.place.faceset, face.name, name, signal)).catch(toast_error);
        if (signal.aborted || this.looked_at !== name) return;
        this.editor.overlay = seen ?? null;
      }
    }
    this.editor.shown();
  }

  /** @param {import("./looks.js").Look} look */
  look_at(look) {
    this.editor.look = look;
    this.editor.shown();
  }

  toggle_overlay() {
    if (!this.looked_at) return void this.look_with("seg:dense");
    this.editor.overlay_on = !this.editor.overlay_on;
    this.editor.shown();
  }

  /** @param {boolean} on */
  set_classic(on) {
    this.editor.classic = on;
    localStorage.setItem("understudy masks classic", on ? "yes" : "no");
    this.editor.set_tool(this.editor.tool);
    if (this.side.classic) this.side.classic.checked = on;
    say_keys(this);
  }

  // --- what is told

  show_strip() {
    this.strip.show(this.line_up.faceset, this.faces, this.at);
    this.show_state();
    if (!this.line_up.is_near(this.at)) this.look_soon();
  }

  show_state() {
    const { editor, buttons, faces, at } = this;
    for (const tool of ["polygon", "brush", "eraser"]) press_down(buttons[tool], editor.tool === tool);
    for (const kind of ["include", "exclude"]) press_down(buttons[kind], editor.kind === kind);
    for (const [look, made] of Object.entries(this.looks_at)) press_down(made, look === "compare" ? editor.overlay_on && this.looked_at !== "" : editor.look === look);
    press_down(buttons.confirm, editor.doc.mark === "confirmed");
    press_down(buttons.skip, editor.doc.mark === "skipped");
    const face = faces[at];
    for (const made of Object.values(buttons)) forbid(made, face ? "" : this.nothing_yet);
    if (!face) return void (this.status.textContent = this.nothing_yet);
    const state = editor.doc.mark || face.state;
    this.status.textContent = `${at + 1} of ${faces.length} · ${face.clip}, frame ${face.frame} · ${STATES[/** @type {"none"} */ (state)]} · ${this.line_up.done} drawn or confirmed`;
  }

  show_kept() {
    this.kept.textContent = keeper.words;
    this.kept.classList.toggle("warn", keeper.is_late);
  }
}

customElements.define("us-room-masks", MasksRoom);
