// @ts-check
// A form made from option declarations: fields with unit, range and help, back to default, what was changed, search.
// Says `change` with {name, value}; a value of null means: back to the default.

import { h, say, StudioElement } from "./element.js";
import { BY_ITSELF, field_of, shown } from "./fields.js";
import { prose } from "./prose.js";

/**
 * One option as `understudy.options.describe` lists it, with its value.
 * @typedef {object} Option
 * @property {string} name
 * @property {string} [called] words for its name, where that is none of a person's
 * @property {string} kind "choice", "yes or no", "whole number", "number", "text", or others as text
 * @property {any} default
 * @property {string} help
 * @property {number | null} [low]
 * @property {number | null} [high]
 * @property {string | null} [unit]
 * @property {"live" | "restart" | "create"} [when] a change counts while the stage runs, at its next start, or only for a new one
 * @property {string[]} [choices]
 * @property {string} [joined_by] letters that may join several choices, e.g. "*+": it is typed then
 * @property {boolean} [others] whether other words may be values too: it is typed then
 * @property {any} [value] what counts now
 * @property {boolean} [said] whether somebody said this value; without, whether it differs from the default
 * @property {string} [group] a heading
 * @property {string} [note] who says the value, e.g. "key 120"; shown beside it
 * @property {string} [note_tip] what is said of it when the hand rests there
 * @property {string} [why_idle] why a change would do nothing now; it can be changed all the same
 */

/**
 * `<us-form>`. `options` is the list; `now` says what can be changed: "live" while it runs, "restart" while it rests,
 * "create" before there is one.
 */
export class Form extends StudioElement {
  /** @type {Option[]} */
  #options = [];
  /** @type {"live" | "restart" | "create"} */
  #now = "create";
  /** Whether search and the only-what-changed switch are shown. */
  searchable = true;

  get options() {
    return this.#options;
  }

  /** A list with the same names keeps the fields, and with them the focus and what is being typed. */
  set options(list) {
    const same = list.length === this.#options.length && list.every((one, at) => one.name === this.#options[at].name);
    this.#options = list;
    if (!this.isConnected) return;
    if (same && this.rows?.size) for (const option of list) this.#refresh(option);
    else this.#build();
  }

  get now() {
    return this.#now;
  }

  set now(now) {
    this.#now = now;
    if (this.rows) for (const option of this.#options) this.#refresh(option);
  }

  /** What differs from the defaults. @returns {Record<string, any>} */
  get said() {
    return Object.fromEntries(this.#options.filter(is_said).map((one) => [one.name, one.value]));
  }

  enter() {
    this.#build();
  }

  #build() {
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    const rows = [];
    let group = "";
    for (const option of this.#options) {
      if (option.group && option.group !== group) rows.push(h("h3", { class: "group" }, (group = option.group)));
      rows.push(this.#row(option));
    }
    this.search = h("input", { type: "search", placeholder: "Search options", "aria-label": "Search options", oninput: () => this.#sift() });
    this.only = h("input", { type: "checkbox", onchange: () => this.#sift() });
    this.none = h("p", { class: "empty", hidden: true, role: "status" });
    const top = h("div", { class: "bar top" }, this.search, h("label", {}, this.only, "Only what was changed"));
    // The fields' own events stay inside; whoever listens hears of options alone.
    const inside = (/** @type {Event} */ event) => event.stopPropagation();
    this.replaceChildren(h("div", { onchange: inside, oninput: inside }, ...(this.searchable ? [top] : []), ...rows, this.none));
    this.#sift();
  }

  /** @param {Option} option @returns {HTMLElement} */
  #row(option) {
    const id = `option-${option.name}-${Math.random().toString(36).slice(2, 8)}`;
    const field = field_of(option, (value) => this.#changed(option.name, value));
    field.control.id = id;
    field.control.setAttribute("aria-describedby", `${id}-help`);
    const reset = h("button", { type: "button", class: "quiet reset", "aria-label": `${option.name}: back to the default`, "data-tip": `Back to ${shown(option.default) || (option.default == null ? BY_ITSELF : "nothing")}`, onclick: () => this.#changed(option.name, null) }, "↺");
    const label = h("label", { for: id }, option.called || option.name.replaceAll("_", " "));
    const why = h("span", { class: "why warn" });
    const note = h("span", { class: "badge note", hidden: true });
    const marked = h("span", { class: "badge", hidden: true, "data-tip": "Changes at once while it runs" }, "live");
    const help = h("div", { class: "help", id: `${id}-help` }, prose(option.help, this.#options.map((one) => one.name)), " ", h("span", { class: "range" }, range_words(option)), " ", why);
    const row = h("div", { class: "option", "data-option": option.name }, label, h("div", { class: "field" }, field.element, option.unit ? h("span", { class: "unit dim" }, option.unit) : null, note, marked, reset), help);
    this.rows?.set(option.name, { row, field, reset, why, note, marked });
    this.#refresh(option);
    return row;
  }

  /** @param {string} name @param {any} value null for the default */
  #changed(name, value) {
    const option = this.#options.find((one) => one.name === name);
    if (!option) return;
    option.value = value === null ? option.default : value;
    option.said = value !== null;
    this.#refresh(option);
    this.dispatchEvent(new CustomEvent("change", { detail: { name, value } }));
  }

  /** @param {Option} option */
  #refresh(option) {
    const parts = this.rows?.get(option.name);
    if (!parts) return;
    const why = why_not(option, this.#now);
    if (document.activeElement !== parts.field.control || !parts.field.control.matches(":invalid")) parts.field.set(option.value ?? option.default);
    parts.field.disable(Boolean(why));
    say(parts.why, why || (option.why_idle ?? ""));
    parts.note.textContent = option.note ?? "";
    parts.note.hidden = !option.note;
    parts.note.dataset.tip = option.note ? (option.note_tip ?? `Said by: ${option.note}`) : "";
    parts.marked.hidden = this.#now !== "live" || option.when !== "live";
    parts.row.classList.toggle("idle", Boolean(option.why_idle));
    parts.reset.hidden = !is_said(option) || Boolean(why);
    parts.row.classList.toggle("said", is_said(option));
  }

  /** Bring an option into view and put the focus on it. @param {string} name */
  find(name) {
    this.search.value = "";
    this.only.checked = false;
    this.#sift();
    const parts = this.rows?.get(name);
    parts?.row.scrollIntoView({ block: "center" });
    parts?.field.control.focus({ preventScroll: true });
  }

  /** Say beside its field what is wrong with a value; what is not named is right. @param {Record<string, string>} sentences by option */
  say_wrong(sentences) {
    for (const [name, { why }] of this.rows ?? []) {
      if (sentences[name] || why.classList.contains("bad")) say(why, sentences[name] ?? "");
      why.classList.toggle("bad", Boolean(sentences[name]));
    }
  }

  #sift() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let seen = 0;
    for (const option of this.#options) {
      const text = `${option.name.replaceAll("_", " ")} ${option.name} ${option.called ?? ""} ${option.help} ${(option.choices ?? []).join(" ")} ${option.group ?? ""}`.toLowerCase();
      const hidden = !words.every((/** @type {string} */ word) => text.includes(word)) || (this.only.checked && !is_said(option));
      const row = this.rows?.get(option.name)?.row;
      if (row) row.hidden = hidden;
      seen += Number(!hidden);
    }
    for (const heading of /** @type {NodeListOf<HTMLElement>} */ (this.querySelectorAll(".group"))) heading.hidden = words.length > 0 || this.only.checked;
    const waits = !this.#options.length;
    this.none.hidden = seen > 0 || !(this.searchable || waits);
    this.none.textContent = waits ? "The options are being loaded…" : this.only.checked && !words.length ? "Everything stands at its default." : "No option has these words.";
  }
}

/** @typedef {{row: HTMLElement, field: import("./fields.js").Field, reset: HTMLElement, why: HTMLElement, note: HTMLElement, marked: HTMLElement}} Row */

/** @param {Option} option */
function is_said(option) {
  return option.said ?? JSON.stringify(option.value ?? option.default) !== JSON.stringify(option.default);
}

/** @param {Option} option @param {"live" | "restart" | "create"} now */
function why_not(option, now) {
  if (option.when === "create" && now !== "create") return "Can be chosen only when it is made.";
  if (option.when === "restart" && now === "live") return "Counts at the next start; stop it first.";
  return "";
}

/** @param {Option} option */
function range_words({ low, high, unit, kind }) {
  const of = unit ? ` ${unit}` : "";
  const numbers = kind.includes("number");
  if (!numbers || (low == null && high == null)) return "";
  const number = (/** @type {number | null | undefined} */ limit) => (Math.abs(limit ?? 0) >= 10_000 ? limit?.toLocaleString("en") : limit);
  if (low != null && high != null) return `${number(low)} to ${number(high)}${of}.`;
  return low != null ? `${number(low)}${of} or more.` : `At most ${number(high)}${of}.`;
}

customElements.define("us-form", Form);
