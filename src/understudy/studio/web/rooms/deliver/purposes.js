// @ts-check
// What the finished file is for: the presets of encoding to choose from, what each is for, one's own kept and removed.

import { h, StudioElement } from "../../kit/element.js";
import { remove_preset, save_preset } from "../../kit/own_presets.js";
import { toast_error } from "../../kit/toast.js";

/** @typedef {{name: string, origin: "understudy" | "project" | "user", says: string, options: Record<string, any>}} Preset */

const NONE = "None: as the options say";
const WHOSE = { understudy: "By purpose", project: "Of this project", user: "Yours, in all projects" };

/** `<us-purposes>`; give it `said` and `choose`. */
export class Purposes extends StudioElement {
  /** @type {Preset[]} */
  presets = [];
  chosen = "";
  /** The options that are said, to be kept as a preset. @type {() => Record<string, any>} */
  said = () => ({});
  /** What the room does with the name that was chosen, "" for none. @type {(name: string) => Promise<void>} */
  choose = async () => {};

  enter() {
    if (this.select) return;
    this.select = h("select", { "aria-label": "Purpose", onchange: () => this.choose(this.select?.value ?? "").catch(toast_error) });
    this.words = h("p", { class: "dim small purpose-words" });
    this.save = h("button", { type: "button", "data-tip": "Keep these options under a name, for this project or for all of yours", "data-key": "S", onclick: () => this.keep() }, "Save as preset…");
    this.remove_button = h("button", { type: "button", class: "quiet", "data-tip": "Take this preset of your own out; it goes to the trash", onclick: () => this.#remove().catch(toast_error) }, "Remove");
    this.replaceChildren(h("label", {}, "Purpose", this.select), this.words, h("div", { class: "bar" }, this.save, this.remove_button));
    this.show();
  }

  keep() {
    return this.#save().catch(toast_error);
  }

  show() {
    const { select, presets, chosen } = this;
    if (!select || !this.words || !this.remove_button) return;
    const key = JSON.stringify(presets.map((one) => [one.name, one.origin]));
    if (select.dataset.has !== key) {
      const groups = /** @type {const} */ (["understudy", "project", "user"]).map((origin) => ({ origin, own: presets.filter((one) => one.origin === origin) }));
      select.replaceChildren(h("option", { value: "" }, NONE), ...groups.filter(({ own }) => own.length).map(({ origin, own }) => h("optgroup", { label: WHOSE[origin] }, ...own.map((one) => h("option", { value: one.name }, one.name)))));
      select.dataset.has = key;
    }
    select.value = chosen;
    const preset = this.preset;
    const values = Object.entries(preset?.options ?? {}).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
    this.words.textContent = preset ? [preset.says, values.join(", ")].filter(Boolean).join(" ") : "";
    this.remove_button.hidden = !preset || preset.origin === "understudy";
  }

  get preset() {
    return this.presets.find((one) => one.name === this.chosen);
  }

  async #save() {
    const { preset } = this;
    const own = preset && preset.origin !== "understudy" ? preset : null;
    const kept = await save_preset("encode", "Save these options as a preset", own, () => this.said());
    if (kept) await this.choose(kept);
  }

  async #remove() {
    const { preset } = this;
    if (!preset || preset.origin === "understudy") return;
    await this.choose(""); // first, since the room looks anew as soon as the preset is gone
    await remove_preset("encode", preset, this.choose).catch((error) => this.choose(preset.name).then(() => Promise.reject(error)));
  }
}

customElements.define("us-purposes", Purposes);
