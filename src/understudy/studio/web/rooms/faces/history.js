// @ts-check
// Every change of the faceset, newest first, and what lies in the trash and can come back.

import { get } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { toast_error } from "../../kit/toast.js";

const SHOWN = 200;

/** Events `undo`, `redo`, and `restore` with detail {names}. */
export class History extends StudioElement {
  faceset = "";

  enter() {
    this.steps = h("ol", { class: "history small" }, h("li", { class: "dim", role: "status" }, "Looking at what was done…"));
    this.trash = h("details", { class: "small" });
    const tell = (/** @type {string} */ kind) => () => this.dispatchEvent(new CustomEvent(kind));
    this.replaceChildren(h("div", { class: "bar" }, h("button", { type: "button", "data-tip": "Take back the last change", "data-key": "Ctrl+Z", onclick: tell("undo") }, "Undo"), h("button", { type: "button", "data-tip": "Do again what was taken back", "data-key": "Ctrl+Shift+Z", onclick: tell("redo") }, "Redo")), this.steps, this.trash);
    this.look(this.faceset);
  }

  /** @param {string} faceset */
  async look(faceset) {
    this.faceset = faceset;
    if (!faceset) return;
    try {
      const words = new URLSearchParams({ faceset });
      const [steps, rejected] = await Promise.all([get(`faces/history?${words}`), get(`faces/rejected?${words}`)]);
      if (faceset === this.faceset) this.#draw(steps, rejected);
    } catch (error) {
      toast_error(error);
    }
  }

  /** @param {any[]} steps @param {string[]} rejected */
  #draw(steps, rejected) {
    const line = (/** @type {any} */ step) => h("li", { class: step.undone ? "undone" : "" }, h("span", {}, step.words), h("time", { class: "dim" }, ` ${new Date(step.when).toLocaleString()}${step.undone ? ", taken back" : ""}`));
    this.steps.replaceChildren(...(steps.length ? steps.slice(0, SHOWN).map(line) : [h("li", { class: "dim" }, "Nothing has been changed yet.")]));
    const back = (/** @type {string} */ name) => h("li", {}, h("button", { type: "button", class: "quiet cut", "data-tip": `Bring ${name} back`, onclick: () => this.dispatchEvent(new CustomEvent("restore", { detail: { names: [name] } })) }, name));
    this.trash.hidden = !rejected.length;
    this.trash.replaceChildren(h("summary", {}, `${rejected.length.toLocaleString("en")} faces in the trash can come back`), h("button", { type: "button", onclick: () => this.dispatchEvent(new CustomEvent("restore", { detail: { names: [] } })) }, "Bring all back"), h("ul", { class: "list" }, ...rejected.slice(0, SHOWN).map(back)));
  }
}

customElements.define("us-faces-history", History);
