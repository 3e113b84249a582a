// @ts-check
// The map of directions: how many faces of src and of dst look where, and what src lacks. A click shows a field's faces.

import { get } from "../../kit/api.js";
import { busy } from "../../kit/busy.js";
import { h, StudioElement } from "../../kit/element.js";
import { toast_error } from "../../kit/toast.js";

/** Event `pick` with detail {where, role, words} for a field. */
export class Directions extends StudioElement {
  role = "src";
  /** @type {any} */
  map = null;
  where = "";

  // Made at once: another pane may be the one that is shown, and what is marked here is told all the same.
  table = h("table", { class: "directions", role: "grid", "aria-label": "Faces by direction: turn across, nod down" });
  words = h("ul", { class: "list small" }, h("li", { class: "dim", role: "status" }, "Counting the faces by direction…"));
  roles = h("div", { class: "bar" }, ...["src", "dst"].map((role) => h("button", { type: "button", class: "quiet", "data-tip": `Count the faces of ${role}`, "data-key": "V", "data-role": role, onclick: () => this.#turn(role) }, role)));

  enter() {
    this.replaceChildren(this.roles, this.table, this.words);
    this.look();
  }

  /** @returns {import("../../kit/keys.js").KeyAction[]} */
  keys() {
    return [{ key: "v", does: "Count the faces of src, or of dst, on the map", run: () => this.#turn(this.role === "src" ? "dst" : "src") }];
  }

  /** @param {string} role */
  #turn(role) {
    this.role = role;
    this.#draw();
  }

  async look() {
    if (!this.isConnected) return; // it looks when it is shown
    try {
      const asked = get("faces/coverage");
      this.map = await (this.map ? asked : busy(this, "Looking at the faces of src and dst…", asked));
      this.#draw();
    } catch (error) {
      toast_error(error);
    }
  }

  /** Mark the field that the filter is about. @param {string} where */
  mark(where) {
    this.where = where;
    for (const field of this.table.querySelectorAll("button")) field.setAttribute("aria-pressed", String(field.dataset.where === where && where !== ""));
  }

  #draw() {
    const { map, role } = this;
    if (!map) return;
    const counts = map[role].counts;
    const most = Math.max(1, ...counts.flat());
    for (const one of this.roles.children) one.setAttribute("aria-pressed", String(one.dataset.role === role));
    const head = h("tr", {}, h("th", {}), ...map.yaw_deg.map((/** @type {number} */ yaw) => h("th", { scope: "col" }, yaw % 45 ? "" : `${yaw}°`)));
    const rows = map.pitch_deg.map((/** @type {number} */ pitch, /** @type {number} */ row) =>
      h("tr", {}, h("th", { scope: "row" }, pitch % 30 ? "" : `${pitch}°`), ...map.yaw_deg.map((/** @type {number} */ yaw, /** @type {number} */ column) => h("td", {}, this.#field(row, column, counts[row][column], most)))),
    );
    this.table.replaceChildren(h("thead", {}, head), h("tbody", {}, ...rows));
    this.words.replaceChildren(...map.words.map((/** @type {string} */ words) => h("li", {}, words)), ...(map.unmeasured ? [h("li", { class: "dim" }, `${map.unmeasured.toLocaleString("en")} faces are not measured, so blur and light are not compared. E measures those of this faceset.`)] : []));
    this.mark(this.where);
  }

  /** @param {number} row @param {number} column @param {number} count @param {number} most */
  #field(row, column, count, most) {
    const where = field_where(this.map, row, column);
    const words = `${direction_words(this.map.yaw_deg[column], this.map.pitch_deg[row])}: ${this.map.src.counts[row][column]} of src, ${this.map.dst.counts[row][column]} of dst`;
    const lacks = this.map.dst.counts[row][column] > 0 && this.map.src_near_dst[row][column] < Math.min(40, this.map.dst.counts[row][column]) / 2;
    const made = h("button", { type: "button", "data-where": where, "data-tip": words + (lacks ? ". src has too few here" : ""), "aria-label": words, class: lacks ? "lacks" : "", onclick: () => this.dispatchEvent(new CustomEvent("pick", { detail: { where, role: this.role, words } })) });
    made.style.setProperty("--share", count ? String(0.15 + 0.85 * Math.sqrt(count / most)) : "0");
    made.tabIndex = count ? 0 : -1;
    return made;
  }
}

/** The filter of one field of the map; the outer fields take all beyond. @param {any} map @param {number} row @param {number} column */
export function field_where(map, row, column) {
  const half = map.step_deg / 2;
  const [yaws, pitches] = [map.yaw_deg, map.pitch_deg];
  const parts = [];
  if (column > 0) parts.push(`yaw_deg >= ${yaws[column] - half}`);
  if (column < yaws.length - 1) parts.push(`yaw_deg < ${yaws[column] + half}`);
  if (row < pitches.length - 1) parts.push(`pitch_deg >= ${pitches[row] - half}`);
  if (row > 0) parts.push(`pitch_deg < ${pitches[row] + half}`);
  return parts.join(" and ");
}

/** @param {number} yaw @param {number} pitch */
function direction_words(yaw, pitch) {
  const parts = [yaw && `${Math.abs(yaw)}° ${yaw < 0 ? "left" : "right"}`, pitch && `${Math.abs(pitch)}° ${pitch < 0 ? "down" : "up"}`].filter(Boolean);
  return parts.join(", ") || "straight ahead";
}

customElements.define("us-directions", Directions);
