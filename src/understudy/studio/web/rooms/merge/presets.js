// @ts-check
// Named settings: kept under a name, used in another shot, looked at beside what counts (A and B), removed.

import { get } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { remove_preset, save_preset } from "../../kit/own_presets.js";
import { fill } from "../../kit/selects.js";
import { toast, toast_error } from "../../kit/toast.js";

/** @typedef {{name: string, origin: "project" | "user", says: string, options: Record<string, any>}} Preset */

/** `<us-merge-presets>`; give it `settings`. Says `compare` with a preset's values, to be looked at in turn with what counts. */
export class MergePresets extends StudioElement {
  /** @type {import("./settings.js").Settings} */
  // @ts-ignore: given before it enters
  settings;
  /** @type {Preset[] | null} */
  presets = null;
  chosen = "";

  enter() {
    this.select = h("select", { "aria-label": "Preset", onchange: () => ((this.chosen = this.select?.value ?? ""), this.show()) });
    this.use = h("button", { type: "button", "data-tip": "Use the preset here; kept where changes are kept", "data-key": "Ctrl+Enter", onclick: () => this.#use().catch(toast_error) }, "Use");
    this.compare = h("button", { type: "button", "data-tip": "Look at what counts (A) and at the preset (B) in turn, with ]", "data-key": "Ctrl+[", onclick: () => this.preset && this.dispatchEvent(new CustomEvent("compare", { detail: this.preset })) }, "A/B");
    this.save = h("button", { type: "button", "data-tip": "Keep the settings of this frame under a name", "data-key": "Ctrl+S", onclick: () => this.#save().catch(toast_error) }, "Save…");
    this.remove_button = h("button", { type: "button", class: "quiet", "data-tip": "Take this preset out; it goes to the trash", "data-key": "Ctrl+Delete", onclick: () => this.#remove().catch(toast_error) }, "Remove");
    this.replaceChildren(h("div", { class: "bar" }, h("label", {}, "Preset", this.select), this.use, this.compare, this.save, this.remove_button));
    this.show();
    this.load().catch(toast_error);
  }

  async load() {
    this.presets = (await get("merge/presets")).presets;
    if (!this.preset) this.chosen = this.presets?.[0]?.name ?? "";
    this.show();
  }

  get preset() {
    return this.presets?.find((one) => one.name === this.chosen);
  }

  show() {
    if (!this.select) return;
    fill(/** @type {HTMLSelectElement} */ (this.select), this.presets?.map((one) => [one.name, one.origin === "user" ? `${one.name} (in all projects)` : one.name]) ?? null, this.chosen, "None kept yet");
    this.select.dataset.tip = this.preset?.says ?? "";
    for (const made of [this.use, this.compare, this.remove_button]) /** @type {HTMLElement} */ (made).hidden = !this.preset;
  }

  async #use() {
    const { preset, settings } = this;
    if (!preset) return;
    const changed = Object.fromEntries(Object.entries(preset.options).filter(([name, value]) => settings.option(name) && settings.value(name) !== value));
    if (!Object.keys(changed).length) return void toast(`${preset.name} is what counts here already.`);
    await settings.try_all(changed);
  }

  async #save() {
    const kept = await save_preset("merge", "Keep these settings under a name", this.preset, () => this.settings.values());
    if (!kept) return;
    this.chosen = kept;
    await this.load();
  }

  async #remove() {
    const { preset } = this;
    if (!preset) return;
    await remove_preset("merge", preset, (name) => ((this.chosen = name), this.load()));
    await this.load();
  }
}

customElements.define("us-merge-presets", MergePresets);
