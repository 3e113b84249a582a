// @ts-check
// Segmenters beside the drawing: train one on what is drawn, apply it, copy the drawn faces, take masks out. Each is a run.

import { get, post } from "../../kit/api.js";
import { button } from "../../kit/button.js";
import { ask, sure } from "../../kit/dialog.js";
import { h, StudioElement } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { OfProject } from "../../kit/of_project.js";
import { all_runs } from "../../kit/runs.js";
import { toast, toast_error } from "../../kit/toast.js";
import { waited } from "../../kit/waiting.js";
import "../../kit/form.js";

const last = new OfProject("segmenter"); // the one that was taught last

/** `<us-mask-teach>`: needs `faceset`; says `learned` with a segmenter's name when its training has ended. */
export class MaskTeach extends StudioElement {
  faceset = "";
  /** @type {Record<string, any>} */
  said = {};
  /** @type {any} */
  desk = null;

  /** @type {Record<string, import("../../kit/keys.js").KeyAction>} */
  does = {
    train: { key: "t", does: "Teach a segmenter with what is drawn", run: () => this.#when_known(() => this.train()) },
    options: { key: "o", does: "How a segmenter learns", run: () => this.#when_known(() => this.options()) },
    apply: { key: "y", does: "Let the segmenter mask all faces here", run: () => this.#when_known(() => this.apply()) },
    fetch: { key: "v", does: "Copy the drawn faces into a faceset of their own", run: () => this.#when_known(() => this.fetch()) },
    out: { key: "n", does: "Take masks of a segmenter out of all faces here", run: () => this.#when_known(() => this.take_out()) },
  };

  /** @param {() => Promise<any>} run */
  #when_known(run) {
    if (!this.desk) throw new Error("The masks of this project are still being looked at. Try again in a moment.");
    return run();
  }

  enter() {
    this.name = h("input", { type: "text", value: last.value.segmenter ?? "mine", maxLength: 60, spellcheck: false, "aria-label": "Segmenter's name" });
    this.minutes = h("input", { type: "number", value: 5, min: 0.05, max: 10000, step: "any", "aria-label": "Minutes to learn" });
    this.counts = h("p", { class: "dim small" });
    this.list = h("select", { "aria-label": "Segmenter to apply" });
    this.runs = h("div", { class: "stack" });
    const does = this.does;
    const act = (/** @type {string} */ name, /** @type {string} */ label, kind = /** @type {"" | "primary"} */ ("")) => button(does[name], { label, kind });
    this.replaceChildren(
      h("h3", {}, "Teach a segmenter"),
      this.counts,
      h("div", { class: "bar" }, this.name, this.minutes, h("span", { class: "dim" }, "minutes")),
      h("div", { class: "bar" }, act("train", "Train on what is drawn", "primary"), act("options", "Options…")),
      this.runs,
      h("h3", {}, "Masks in faces"),
      h("div", { class: "bar" }, this.list, act("apply", "Apply to all")),
      h("div", { class: "bar" }, act("fetch", "Copy faces…"), act("out", "Take masks out…")),
    );
    this.acts = /** @type {HTMLButtonElement[]} */ ([...this.querySelectorAll("button")]);
    for (const one of this.acts) one.disabled = true; // until it is known what there is
    this.listen(live, "look-anew", () => this.refresh());
    this.listen(live, "masks", () => this.refresh_soon());
    this.refresh();
    this.#find_runs().catch(() => {}); // without a connection they are looked for when the room is opened again
  }

  /** Those that were begun before the page was loaded, or in another window. */
  async #find_runs() {
    const living = (await all_runs()).filter((run) => run.living && run.words[0] === "masks");
    for (const { id, words: [, verb, , name] } of living.reverse()) {
      if (verb === "train") this.follow(id, () => this.#learned(name));
      else this.follow(id, verb === "fetch" ? undefined : () => this.changed(name));
    }
  }

  refresh_soon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.isConnected && this.refresh(), 1000);
  }

  async refresh() {
    this.desk = await get("masks/desk").catch(() => this.desk);
    if (!this.desk) return;
    for (const one of this.acts ?? []) one.disabled = false;
    const here = this.desk.facesets.find((/** @type {any} */ one) => one.faceset === this.faceset);
    const known = this.desk.facesets.filter((/** @type {any} */ one) => one.learned_from !== null);
    const learned = known.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.learned_from, 0);
    const where = known.length === this.desk.facesets.length ? "in the project" : "in the facesets that are open, and from those in others";
    this.counts.textContent = here && here.drawn_on !== null ? `${here.drawn_on} of ${here.faces} faces here are drawn on. A segmenter learns from ${learned} ${where}, drawn on or confirmed; 20 to 50 that differ teach a shot.` : "";
    const chosen = this.list.value;
    this.list.replaceChildren(...this.desk.segmenters.map((/** @type {any} */ one) => h("option", { value: one.name }, `${one.name} – ${one.what}`)));
    if (chosen) this.list.value = chosen;
    this.dispatchEvent(new CustomEvent("desk", { detail: this.desk }));
  }

  /** @param {string} id @param {() => void} [ended] */
  follow(id, ended) {
    if ([...(this.runs?.children ?? [])].some((one) => /** @type {import("../../kit/runs.js").RunElement} */ (one).run_id === id)) return;
    const run = h("us-run", { run_id: id });
    run.addEventListener("state", (/** @type {CustomEvent} */ event) => {
      if (event.detail.living) return;
      this.refresh();
      if (event.detail.exit_code === 0) ended?.();
    });
    this.runs.prepend(run);
    while (this.runs.childElementCount > 3) this.runs.lastElementChild?.remove();
  }

  async train() {
    const segmenter = this.name.value.trim();
    last.keep({ segmenter });
    const said = { minutes: Number(this.minutes.value), ...this.said };
    const { id } = await post("masks/train", { segmenter, facesets: [], said });
    this.follow(id, () => this.#learned(segmenter));
  }

  /** @param {string} segmenter */
  #learned(segmenter) {
    this.dispatchEvent(new CustomEvent("learned", { detail: segmenter }));
  }

  async options() {
    const declared = (await waited("Looking at the options…", get("masks/train-options"))).options;
    const form = h("us-form", { options: declared.map((/** @type {any} */ one) => ({ ...one, value: this.said[one.name] ?? one.default })) });
    form.addEventListener("change", (/** @type {CustomEvent} */ event) => {
      if (!event.detail) return;
      const { name, value } = event.detail;
      if (value === null) delete this.said[name];
      else this.said[name] = value;
      form.options = declared.map((/** @type {any} */ one) => ({ ...one, value: this.said[one.name] ?? one.default }));
    });
    await ask({ title: "How it learns", content: form, wide: true });
  }

  async apply() {
    const segmenter = this.list.value;
    const { faceset } = this;
    const { id } = await post("masks/apply", { faceset, segmenter });
    this.follow(id, () => this.changed(faceset));
  }

  async fetch() {
    const into = h("input", { type: "text", value: `${this.faceset.split("/")[0]}/drawn`, size: 30 });
    const which = h("select", {}, ...[["", "drawn on"], ["confirmed", "confirmed"], ["skipped", "skipped"]].map(([value, label]) => h("option", { value }, label)));
    const choices = [{ label: "Cancel", value: false }, { label: "Copy", value: true, kind: /** @type {"primary"} */ ("primary") }];
    const content = [h("label", {}, "Faces that are", which), h("label", {}, "Faceset", into)];
    const { faceset } = this;
    const attempt = async () => this.follow((await post("masks/fetch", { faceset, into: into.value, mark: which.value })).id);
    await ask({ title: "Copy faces by what was done on them", words: "They go into a faceset of their own, to be used again. Those here stay.", content, choices, attempt });
  }

  async take_out() {
    const here = this.desk?.facesets.find((/** @type {any} */ one) => one.faceset === this.faceset);
    const names = Object.keys(here?.masks ?? {});
    if (!names.length) return void toast("No face here has a mask of a segmenter.");
    const which = h("select", {}, ...names.map((name) => h("option", {}, name)));
    const choices = [{ label: "Cancel", value: false }, { label: "Take out", value: true, kind: /** @type {"primary"} */ ("primary") }];
    if (!(await ask({ title: "Take masks out of all faces here", content: h("label", {}, "Masks of", which), choices }))) return;
    if (!(await sure("Take these masks out?", "What is drawn stays, and the history of the faceset can take it back.", `Take out ${which.value}`))) return;
    const { faceset } = this;
    const { id } = await post("masks/remove", { faceset, name: which.value });
    this.follow(id, () => this.changed(faceset));
  }

  /** A run has changed faces: look anew, and offer to take back that step and no other. @param {string} faceset */
  async changed(faceset) {
    this.dispatchEvent(new Event("applied"));
    const { undo } = await get(`faces/steps?${new URLSearchParams({ faceset })}`);
    if (!undo) return;
    const back = () => post("masks/undo", { faceset, step: undo.step }).then(({ said }) => toast(said.join(" ")), toast_error);
    toast(`Done in ${faceset}: ${undo.words}.`, { label: "Undo", run: back });
  }
}

customElements.define("us-mask-teach", MaskTeach);
