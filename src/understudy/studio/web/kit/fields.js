// @ts-check
// The control for one option: a switch, a list, a number with its range, or text.

import { new_id } from "./api.js";
import { h } from "./element.js";

/**
 * @typedef {object} Field
 * @property {HTMLElement} element
 * @property {HTMLInputElement | HTMLSelectElement} control what has the focus
 * @property {(value: any) => void} set
 * @property {(off: boolean) => void} disable
 */

/** A value in words. @param {any} value */
export function shown(value) {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/** What an option without a value does, in words: the same as in the reference. */
export const BY_ITSELF = "by itself";

/** A number in as many digits as anybody reads; what is kept stays exact until somebody types. @param {any} value */
function rounded(value) {
  return typeof value === "number" && !Number.isInteger(value) ? String(Number(value.toPrecision(6))) : shown(value);
}

/** @param {import("./form.js").Option} option @param {(value: any) => void} changed @returns {Field} */
export function field_of(option, changed) {
  if (option.kind === "yes or no") return a_switch(changed);
  if (option.choices?.length && (option.joined_by || option.others)) return a_name(option.choices, option.joined_by ?? "", changed);
  if (option.choices?.length) return a_list(option, changed);
  if (option.kind === "number" || option.kind === "whole number") return a_number(option, changed);
  return a_text(option, changed);
}

/** @param {(value: any) => void} changed @returns {Field} */
function a_switch(changed) {
  const control = h("input", { type: "checkbox", onchange: () => changed(control.checked) });
  return { element: control, control, set: (value) => (control.checked = Boolean(value)), disable: (off) => (control.disabled = off) };
}

/** @param {import("./form.js").Option} option @param {(value: any) => void} changed @returns {Field} */
function a_list(option, changed) {
  // Nothing said is a choice too where it is the default, and no blank.
  /** @type {(string | null)[]} */
  const choices = [...(option.default == null ? [null] : []), ...(option.choices ?? [])];
  const control = h("select", { onchange: () => changed(choices[control.selectedIndex]) }, ...choices.map((choice) => h("option", {}, choice === null ? BY_ITSELF : shown(choice))));
  return { element: control, control, set: (value) => (control.selectedIndex = choices.indexOf(value ?? null)), disable: (off) => (control.disabled = off) };
}

/** @param {import("./form.js").Option} option @param {(value: any) => void} changed @returns {Field} */
function a_number(option, changed) {
  const whole = option.kind === "whole number";
  const { low, high } = option;
  const limits = { ...(low != null && { min: low }), ...(high != null && { max: high }) };
  const control = h("input", { type: "number", step: whole ? 1 : "any", required: option.default != null, ...limits });
  // A slider over more than a few decades picks nothing that anybody means.
  const slider = low != null && high != null && high > low && high - low <= 10_000 ? h("input", { type: "range", step: whole ? 1 : (high - low) / 200, tabIndex: -1, "aria-hidden": "true", ...limits }) : null;
  control.addEventListener("change", () => {
    if (!control.reportValidity()) return;
    if (slider) slider.value = control.value;
    changed(control.value === "" ? null : control.valueAsNumber);
  });
  slider?.addEventListener("input", () => {
    // 200 steps from end to end make long binary fractions; nobody means them.
    control.value = String(Number(Number(slider.value).toPrecision(4)));
    slider.classList.remove("unsaid");
    changed(control.valueAsNumber);
  });
  const set = (/** @type {any} */ value) => {
    const words = rounded(value);
    if (control.value !== words) control.value = words;
    if (slider && slider.value !== shown(value)) slider.value = shown(value);
    slider?.classList.toggle("unsaid", value === null || value === undefined);
  };
  const disable = (/** @type {boolean} */ off) => {
    control.disabled = off;
    if (slider) slider.disabled = off;
  };
  return { element: h("span", { class: "number" }, slider, control), control, set, disable };
}

/**
 * A name of a list, another word, or several joined: as one of them is typed, names that begin so are offered for it.
 * @param {string[]} choices @param {string} joined_by letters that join names @param {(value: any) => void} changed @returns {Field}
 */
function a_name(choices, joined_by, changed) {
  const list = h("datalist", { id: `names-${new_id()}` });
  const offer = () => {
    const words = control.value;
    const at = Math.max(...[...joined_by].map((letter) => words.lastIndexOf(letter)), -1) + 1;
    const before = at ? words.slice(0, at) : "";
    list.replaceChildren(...choices.map((choice) => h("option", { value: before + choice })));
  };
  const control = h("input", { type: "text", size: 18, spellcheck: false, autocomplete: "off", list: list.id, oninput: offer, onfocus: offer, onchange: () => changed(joined_by ? control.value.replaceAll(" ", "") : control.value.trim()) });
  return { element: h("span", { class: "name" }, control, list), control, set: (value) => (control.value = shown(value)), disable: (off) => (control.disabled = off) };
}

/** @param {import("./form.js").Option} option @param {(value: any) => void} changed @returns {Field} */
function a_text(option, changed) {
  const list = Array.isArray(option.default) || option.kind === "array";
  const numbers = option.kind.includes("number");
  const read = () => {
    if (list) return control.value.split(",").map((/** @type {string} */ part) => part.trim()).filter(Boolean);
    if (numbers && control.value.trim() !== "" && Number.isFinite(Number(control.value))) return Number(control.value);
    return control.value === "" && option.default === null ? null : control.value;
  };
  const control = h("input", { type: "text", size: 18, spellcheck: false, onchange: () => changed(read()) });
  return { element: control, control, set: (value) => (control.value = shown(value)), disable: (off) => (control.disabled = off) };
}
