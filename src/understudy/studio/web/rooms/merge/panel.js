// @ts-check
// The settings beside the picture: where a change is kept, the form, and the list of all that the clip keeps.

import { get } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import "../../kit/form.js";
import { choose } from "../../kit/menu.js";
import { toast_error } from "../../kit/toast.js";
import "./presets.js";
import { SCOPES, value_words } from "./settings.js";

const FIRST = ["mode", "mask", "erode", "blur", "color", "face_scale"]; // what is changed most, first

/** `<us-merge-panel>`; give it `settings`. Says `seek` {frame} for a key in the list, `compare` with a preset. */
export class MergePanel extends StudioElement {
  /** @type {import("./settings.js").Settings} */
  // @ts-ignore: given before it enters
  settings;

  enter() {
    const { settings } = this;
    this.scope = h("select", { id: "merge-scope", "aria-label": "Where a change is kept", onchange: () => ((settings.scope = this.scope.value), this.#ease()) }, ...Object.entries(SCOPES).map(([value, words]) => h("option", { value }, words)));
    this.ease = h("select", { "aria-label": "How numbers go on to the next key", "data-tip": "How numbers go on to the next key", onchange: () => (settings.ease = this.ease.value) }, ...["smooth", "linear", "hold"].map((value) => h("option", { value }, value)));
    this.form = /** @type {import("../../kit/form.js").Form} */ (h("us-form", {}));
    this.kept = h("ul", { class: "list kept" });
    this.said = h("p", { class: "dim small kept-words", role: "status" });
    this.whose = h("select", { "aria-label": "Whose settings are changed", onchange: () => settings.choose_part(this.whose.value).then(() => this.#ease(), toast_error) });
    this.whose_row = h("label", { class: "whose", hidden: true }, "Settings of", this.whose);
    this.keep_row = h("div", { class: "bar scope" }, h("label", {}, "Keep in", this.scope), this.ease);
    this.presets = /** @type {import("./presets.js").MergePresets} */ (h("us-merge-presets", { settings }));
    this.listen(this.presets, "compare", (event) => this.dispatchEvent(new CustomEvent("compare", { detail: event.detail })));
    this.replaceChildren(this.whose_row, this.keep_row, this.presets, this.said, this.form, h("h3", {}, "Kept for this clip"), this.kept);
    this.listen(this.form, "change", (event) => event.detail && this.#change(event.detail).catch(toast_error));
    for (const kind of ["loaded", "tried", "kept"]) this.listen(settings, kind, () => this.show());
    this.listen(settings, "refused", (event) => toast_error(event.detail));
    this.#ease();
    this.show();
  }

  /** A formula is tried once it can be read; until then its sentence stands beside it. @param {{name: string, value: any}} change */
  async #change({ name, value }) {
    const formula = value !== null && this.settings.option(name)?.joined_by;
    if (formula) {
      const { wrong } = await get(`merge/check?${new URLSearchParams({ name, value })}`);
      this.form?.say_wrong(wrong ? { [name]: wrong } : {});
      if (wrong) return;
    }
    await this.settings.try(name, value);
  }

  /** How a number goes on to the next key is asked where there are keys; where to keep, unless it is one person's alone. */
  #ease() {
    const { scope, parts, part } = this.settings;
    this.ease.hidden = scope !== "key" && !(scope === "auto" && parts.some((one) => one.ease));
    this.keep_row.hidden = Boolean(part);
  }

  /** Whose settings can be changed: with a cast, everybody's or one part's. @param {Record<string, string>} cast models by part */
  show_cast(cast) {
    const parts = Object.entries(cast);
    if (this.settings.part && !(this.settings.part in cast)) this.settings.part = "";
    this.whose.replaceChildren(h("option", { value: "" }, "everybody"), ...parts.map(([part, model]) => h("option", { value: part }, `${part}, painted by ${model}`)));
    this.whose.value = this.settings.part;
    this.whose_row.hidden = !parts.length;
    this.#ease();
  }

  /** @param {import("./settings.js").Scope} scope */
  choose_scope(scope) {
    this.settings.scope = scope;
    this.scope.value = scope;
    this.#ease();
  }

  show() {
    const { settings } = this;
    const { tried } = settings;
    this.#ease();
    const place = (/** @type {string} */ name) => (FIRST.includes(name) ? FIRST.indexOf(name) : 99);
    const form = this.form;
    if (!form) return;
    form.hidden = Boolean(settings.wrong); // it would be "loaded" for ever
    this.said.classList.toggle("bad", form.hidden);
    form.options = settings.options
      .map((one) => ({
        ...one,
        group: place(one.name) < 99 ? "Most used" : one.group,
        value: name_in(tried, one.name) ? tried[one.name] : one.value,
        said: one.said || name_in(tried, one.name),
        note: name_in(tried, one.name) ? "trying" : one.note === "default" ? "" : one.note,
      }))
      .sort((a, b) => place(a.name) - place(b.name) || order(a.group) - order(b.group));
    const waits = Object.keys(tried).length;
    const last = settings.changes[settings.changes.length - 1];
    this.said.textContent = settings.wrong ? `${settings.wrong} Take it out below, or mend it there.` : waits ? `Trying ${Object.keys(tried).join(", ")}; kept in a moment.` : last ? `Last: ${last.change}.` : "Nothing was changed yet.";
    this.kept.replaceChildren(...settings.parts.map((part) => this.#part(part)));
    if (!settings.parts.length) this.kept.append(h("li", { class: "dim" }, "Only defaults."));
  }

  /** @param {import("./settings.js").Part} part */
  #part(part) {
    const words = Object.entries(part.options).map(([name, value]) => `${name} ${value_words(value)}`).join(", ");
    const frame = part.part.startsWith("key ") ? Number(part.part.slice(4)) : null;
    const name = frame === null ? h("strong", {}, part.part) : h("button", { type: "button", class: "quiet", "data-tip": "Go to this key", onclick: () => this.dispatchEvent(new CustomEvent("seek", { detail: { frame } })) }, part.part);
    const more = h("button", { type: "button", class: "quiet", "aria-label": `${part.part}: more`, onclick: () => this.menu(part, more) }, "⋯");
    return h("li", { "data-part": part.part }, h("div", { class: "bar" }, name, h("span", { class: "dim small grow" }, part.frames === "all" ? "all frames" : `frames ${part.frames}`, part.ease ? `, ${part.ease}` : ""), more), h("div", { class: "small" }, words));
  }

  /** What can be done with a part. @param {import("./settings.js").Part} part @param {Element | {x: number, y: number}} at */
  async menu(part, at) {
    const frame = part.part.startsWith("key ") ? Number(part.part.slice(4)) : null;
    const eases = frame === null ? [] : ["smooth", "linear", "hold"].map((ease) => ({ label: `Go on ${ease} to the next key`, value: `ease ${ease}`, checked: part.ease === ease }));
    const options = Object.keys(part.options);
    const each = options.length > 1 ? options.map((name) => ({ label: `Take out ${name}`, value: `out ${name}` })) : [];
    const wish = await choose(at, [...eases, ...each, { label: `Take out ${part.part}`, value: "out" }]);
    if (!wish) return;
    const { settings } = this;
    try {
      const now = settings.parts.find((one) => one.part === part.part); // ranges are numbered, and another window may have taken one out
      if (JSON.stringify(now) !== JSON.stringify(part)) throw new Error(`${part.part} was changed elsewhere while you chose, so it stays as it is. Look at it, and choose again.`);
      if (wish.startsWith("ease") && frame !== null) await settings.move_key(frame, frame, wish.slice(5));
      else await settings.remove([`${part.part}${wish.slice(3)}`]);
    } catch (error) {
      toast_error(error);
    }
  }
}

/** @param {Record<string, any>} values @param {string} name */
function name_in(values, name) {
  return Object.hasOwn(values, name);
}

/** @param {string | undefined} group */
function order(group) {
  return ["Mode", "Mask", "Colour", "Face", "Effects"].indexOf(group ?? "");
}

customElements.define("us-merge-panel", MergePanel);
