// @ts-check
// What is chosen beside the picture: faceset, order, which faces, what is looked at and how strongly.

import { h, StudioElement } from "../../kit/element.js";

/** What a hand can ask the faces to be ordered by: a label, and the server's words. */
export const ORDERS = {
  "as in the clips": {},
  "40 that differ most": { sort: "final", limit: "40" },
  "by yaw": { sort: "yaw_deg" },
  "by pitch": { sort: "pitch_deg" },
  "least sure first": { sort: "score" },
  "sharpest first": { sort: "sharpness", backwards: "true" },
};
/** Which faces A and D stop at, by what was done on them: a label, and the server's word. @type {Record<string, string>} */
export const WHICH = { "all faces": "all", "nothing drawn": "undrawn", "drawn, not confirmed": "unconfirmed", confirmed: "confirmed", "drawn or confirmed": "drawn", skipped: "skipped" };

/** `<us-mask-side>`: says `choose` with {name, value}. */
export class MaskSide extends StudioElement {
  /** @type {any} */ faceset;
  /** @type {any} */ order;
  /** @type {any} */ which;
  /** @type {any} */ looked_at;
  /** @type {any} */ opacity;
  /** @type {any} */ radius;
  /** @type {any} */ classic;

  enter() {
    const say = (/** @type {string} */ name, /** @type {any} */ value) => this.dispatchEvent(new CustomEvent("choose", { detail: { name, value } }));
    const select = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string[]} */ choices = []) => {
      const field = h("select", { name, onchange: () => (say(name, field.value), field.blur()) }, ...choices.map((choice) => h("option", { value: choice }, choice)));
      this[/** @type {"faceset"} */ (name)] = field;
      return h("label", {}, label, field);
    };
    const range = (/** @type {string} */ name, /** @type {string} */ label, /** @type {object} */ how) => {
      const field = h("input", { type: "range", name, oninput: () => say(name, Number(field.value)), ...how });
      this[/** @type {"faceset"} */ (name)] = field;
      return h("label", {}, label, field);
    };
    const check = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string} */ tip) => {
      const field = h("input", { type: "checkbox", name, onchange: () => say(name, field.checked) });
      this[/** @type {"faceset"} */ (name)] = field;
      return h("label", { class: "mask-check", "data-tip": tip }, field, label);
    };
    this.replaceChildren(
      select("faceset", "Faceset"),
      select("order", "Order", Object.keys(ORDERS)),
      select("which", "Stop at", Object.keys(WHICH)),
      h("hr"),
      select("looked_at", "Compare"),
      range("opacity", "Strength", { min: 0.05, max: 1, step: 0.05, value: 0.5 }),
      range("radius", "Brush", { min: 0, max: 1, step: 0.01, value: 0.4 }),
      check("classic", "Hands of 2019", "Left and right click include and exclude, the wheel takes points back, with Ctrl all of them, Q Z E C W X R as in the old mask editor, with Shift for ten faces"),
    );
  }

  /** @param {any} desk @param {string} faceset @param {string} looked_at */
  show(desk, faceset, looked_at) {
    const rows = desk.facesets.filter((/** @type {any} */ one) => one.faces);
    fill(this.faceset, rows.map((/** @type {any} */ one) => [one.faceset, `${one.faceset} · ${one.drawn_on === null ? one.faces : `${one.drawn_on}/${one.faces}`}`]), faceset);
    const stored = Object.keys(rows.find((/** @type {any} */ one) => one.faceset === faceset)?.masks ?? {});
    const looks = [
      ["", "with nothing"],
      ...stored.map((name) => [name, `${name}, as applied`]),
      ...desk.segmenters.filter((/** @type {any} */ one) => !("has_learned" in one) || one.iou !== null).map((/** @type {any} */ one) => [`seg:${one.name}`, `${one.name}, seen now`]),
      ...desk.models.map((/** @type {string} */ name) => [`learned:${name}`, `learned by model ${name}`]),
      ["hull", "hull of the landmarks"],
    ];
    fill(this.looked_at, /** @type {[string, string][]} */ (looks), looked_at);
  }
}

/** @param {any} select @param {[string, string][]} choices @param {string} chosen */
function fill(select, choices, chosen) {
  const same = select.options.length === choices.length && choices.every(([value, label], at) => select.options[at].value === value && select.options[at].textContent === label);
  if (!same) select.replaceChildren(...choices.map(([value, label]) => h("option", { value }, label)));
  select.value = chosen;
}

customElements.define("us-mask-side", MaskSide);
