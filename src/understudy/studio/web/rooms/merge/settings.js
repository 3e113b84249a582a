// @ts-check
// The settings of the frame that is looked at: what counts, what is tried and not kept yet, and keeping it. What is tried
// is kept on its own a moment after the last change, in the place that was chosen.

import { get, post } from "../../kit/api.js";
import { Line } from "../../kit/line.js";

/** @typedef {import("../../kit/form.js").Option & {note: string, overridden: string[], why_idle: string, joined_by: string}} Option */
/** @typedef {"auto" | "clip" | "here" | "shot" | "range" | "key"} Scope */
/** @typedef {{part: string, frames: string, ease?: string, options: Record<string, any>}} Part */

export const SCOPES = /** @type {Record<Scope, string>} */ ({
  auto: "Where it counts here",
  clip: "The whole clip",
  here: "From this frame on",
  shot: "This shot",
  range: "The selected frames",
  key: "A key at this frame",
});
const KEEP_AFTER_MS = 450;
const OF_THE_LIST = ["undo", "redo", "remove"];

/** Says `tried` when a value is tried, `kept` when the disk changed, `loaded` when values of a frame are there. */
export class Settings extends EventTarget {
  clip = "";
  frame = 0;
  window = "";
  /** @type {Option[]} */
  options = [];
  /** @type {Part[]} */
  parts = [];
  /** @type {{at: string, change: string}[]} */
  changes = [];
  /** Why there are no options: what is wrong with a value that is kept. */
  wrong = "";
  /** @type {{at: string, change: string}[]} */
  undone = [];
  /** @type {Scope} */
  scope = "auto";
  ease = "smooth";
  /** Whose settings are changed: a part of the cast, or everybody's. */
  part = "";
  /** The frames of scope `range`, and the shot's. @type {() => {selected: string, shot: string}} */
  stretches = () => ({ selected: "", shot: "" });
  /** @type {Record<string, any>} */
  #tried = {};
  /** @type {Record<string, any>} */
  #keeping = {};
  /** Where that is to be kept; null where it couldn't be said when it was tried. @type {object | null} */
  #at = null;
  #timer = 0;
  #line = new Line();
  #loads = 0;

  /** Of the list that this window has: nothing is taken out or back that it has not seen. */
  #version = "";
  /** @type {Promise<void>} */
  #newest = Promise.resolve();

  /** What is tried over all that is kept. */
  get tried() {
    return { ...this.#keeping, ...this.#tried };
  }

  /** Values of a frame from disk; one that is overtaken ends with the newest. @param {number} frame */
  load(frame) {
    this.frame = frame;
    return (this.#newest = this.#load(frame));
  }

  /** @param {number} frame @returns {Promise<void>} */
  async #load(frame) {
    const load = (this.#loads += 1);
    const told = await get(`merge/settings?${new URLSearchParams({ clip: this.clip, frame: String(frame), part: this.part })}`);
    if (load !== this.#loads) return this.#newest;
    this.#version = told.version;
    this.options = told.options;
    this.wrong = told.wrong;
    this.parts = told.parts;
    this.changes = told.changes;
    this.undone = told.undone;
    this.#say("loaded");
  }

  /** @param {string} name */
  option(name) {
    return this.options.find((one) => one.name === name);
  }

  /** Change somebody else's settings; what was tried is kept before. @param {string} part */
  async choose_part(part) {
    await this.flush();
    this.part = part;
    await this.load(this.frame);
  }

  /** What holds here, tried values included. @param {string} name */
  value(name) {
    return name in this.tried ? this.tried[name] : this.option(name)?.value;
  }

  /** Every value that holds here. @returns {Record<string, any>} */
  values() {
    return Object.fromEntries(this.options.filter((one) => one.name !== "plate").map((one) => [one.name, this.value(one.name)]));
  }

  /** Try a value; it is kept a moment after the last one. @param {string} name @param {any} value null: back to what is below */
  try(name, value) {
    if (value === null) {
      delete this.#tried[name];
      return this.#change("keep", { frame: this.frame, values: { [name]: null }, part: this.part });
    }
    return this.try_all({ [name]: value });
  }

  /** @param {Record<string, any>} values */
  try_all(values) {
    const at = this.#place_or_none();
    if (this.#at && JSON.stringify(at) !== JSON.stringify(this.#at)) this.#keep_soon(0); // other frames were chosen meanwhile
    this.#at = at;
    Object.assign(this.#tried, values);
    this.#say("tried");
    this.#keep_soon(KEEP_AFTER_MS);
    return Promise.resolve();
  }

  /** @param {number} after_ms 0: at once */
  #keep_soon(after_ms) {
    const keep = () => this.flush().catch((error) => this.#say("refused", error));
    clearTimeout(this.#timer);
    if (after_ms) this.#timer = setTimeout(keep, after_ms);
    else keep();
  }

  /** A step of a number within its range. @param {string} name @param {number} by @returns {any} the new value */
  step(name, by) {
    const option = this.option(name);
    if (!option) return undefined;
    const wish = Number((Number(this.value(name)) + by).toFixed(6));
    const value = Math.max(option.low ?? -Infinity, Math.min(option.high ?? Infinity, wish));
    this.try(name, value);
    return value;
  }

  /** Keep what is tried now. */
  async flush() {
    clearTimeout(this.#timer);
    if (!Object.keys(this.#tried).length) return this.#line.done;
    const place = this.#at ?? this.#place();
    const values = this.#tried;
    this.#tried = {};
    this.#at = null;
    this.#keeping = { ...this.#keeping, ...values };
    return this.#change("keep", { frame: this.frame, values, ease: this.ease, part: this.part, ...place }).finally(() => {
      for (const name of Object.keys(values)) delete this.#keeping[name];
      this.#say("tried");
    });
  }

  #place_or_none() {
    try {
      return this.#place();
    } catch {
      return null; // it is said when it would be kept
    }
  }

  #place() {
    if (this.part) return {};
    const { selected, shot } = this.stretches();
    if (this.scope === "here") return { scope: "range", frames: `${this.frame}:` };
    if (this.scope === "shot") return { scope: "range", frames: shot };
    if (this.scope === "range") {
      if (!selected) throw new Error("No frames are selected: drag over the timeline with Shift, or choose another place to keep settings.");
      return { scope: "range", frames: selected };
    }
    return { scope: this.scope };
  }

  /** @returns {Promise<string>} what was taken back */
  undo() {
    return this.flush().then(() => this.#change("undo", {}));
  }

  /** @returns {Promise<string>} what was made again */
  redo() {
    return this.#change("redo", {});
  }

  /** @param {string[]} parts */
  remove(parts) {
    return this.#change("remove", { parts });
  }

  /** @param {number} frame @param {number} to @param {string} [ease] */
  move_key(frame, to, ease) {
    return this.#change("move-key", { frame, to, ...(ease ? { ease } : {}) });
  }

  /** Give a frame's settings to others. @param {number} frame @param {string} to like "3" or "3:" */
  async copy(frame, to) {
    await this.flush();
    return this.#change("copy", { frame, to });
  }

  /** One after the other, as they were asked for. @param {string} path @param {object} facts @returns {Promise<string>} what was done, in words */
  #change(path, facts) {
    const needs_answers = OF_THE_LIST.includes(path);
    const change = async () => {
      const seen = needs_answers ? { seen: this.#version } : {};
      const { said } = await post(`merge/${path}`, { clip: this.clip, window: this.window, ...seen, ...facts });
      await this.load(this.frame);
      this.#say("kept");
      return said;
    };
    return this.#line.add(() => change().catch((error) => this.load(this.frame).catch(() => {}).then(() => Promise.reject(error))), { needs_answers });
  }

  /** @param {string} kind @param {any} [detail] */
  #say(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

/** @param {any} value */
export function value_words(value) {
  return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(4))) : String(value);
}
