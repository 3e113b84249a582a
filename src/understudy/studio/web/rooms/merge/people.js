// @ts-check
// Who is in the shot and which model paints whom.

import { post } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { toast_error } from "../../kit/toast.js";

/** `<us-merge-people>`; give it `shot` (what merge/shot tells) and `models`. Says `changed`. */
export class MergePeople extends StudioElement {
  /** @type {any} */
  shot = { tracks: [], cast: {} };
  /** @type {string[]} */
  models = [];
  window = "";

  enter() {
    this.show();
  }

  show() {
    if (!this.isConnected) return;
    const people = [...new Set(this.shot.tracks.map((/** @type {any} */ row) => row.person))];
    const rows = people.flatMap((person) => {
      const tracks = this.shot.tracks.filter((/** @type {any} */ row) => row.person === person);
      return [this.#row(`person ${person}`, tracks), ...(tracks.length > 1 ? tracks.map((/** @type {any} */ row) => this.#row(`track ${row.track}`, [row])) : [])];
    });
    const table = h("table", {}, h("thead", {}, h("tr", {}, ...["Who", "Frames", "Faces", "Painted by"].map((words) => h("th", {}, words)))), h("tbody", {}, ...rows));
    const words = "Everybody the list gives no model of their own is painted by the clip's model. A track counts more than its person.";
    this.replaceChildren(rows.length ? table : h("p", { class: "empty" }, "No faces of this clip are stored yet. Find them in the Project room first."), h("p", { class: "dim small" }, words));
  }

  /** @param {string} part @param {any[]} tracks */
  #row(part, tracks) {
    const said = this.shot.cast[part] ?? "";
    const gone = said && !this.models.includes(said) ? [said] : []; // put away since: it is told, and can be taken out
    const names = ["", ...this.models, ...gone];
    const choice = h("select", { "aria-label": `Model of ${part}`, onchange: () => this.#change(part, names[choice.selectedIndex]) }, ...names.map((name) => h("option", { selected: name === said }, gone.includes(name) ? `${name}, which is gone` : name || "as the clip")));
    const first = Math.min(...tracks.map((row) => row.first_frame));
    const last = Math.max(...tracks.map((row) => row.last_frame));
    const faces = tracks.reduce((sum, row) => sum + row.faces, 0);
    return h("tr", { class: part.startsWith("track") ? "track" : "" }, h("td", {}, part), h("td", { class: "number" }, `${first}–${last}`), h("td", { class: "number" }, faces), h("td", {}, choice));
  }

  /** @param {string} part @param {string} model */
  async #change(part, model) {
    try {
      await post("merge/cast", { clip: this.shot.clip, window: this.window, words: [`${part}=${model}`] });
      this.dispatchEvent(new Event("changed"));
    } catch (error) {
      toast_error(error);
      this.show();
    }
  }
}

customElements.define("us-merge-people", MergePeople);
