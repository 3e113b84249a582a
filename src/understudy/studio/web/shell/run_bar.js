// @ts-check
// What runs now, in the bar of every room: its name, how far, how long still. The Project room has the rest.

import { get } from "../kit/api.js";
import { h, say, StudioElement } from "../kit/element.js";
import { live } from "../kit/live.js";
import { short_words, standing_words } from "../kit/runs.js";
import { toast } from "../kit/toast.js";

export class RunBar extends StudioElement {
  /** Whether a project is open; without, nothing runs. */
  open = false;
  /** @type {Set<string>} what was seen running, so that its end is said */
  #seen = new Set();
  /** @type {import("../kit/runs.js").Run[]} the newest first, as they were told last */
  runs = [];
  /** The one that is shown. */
  shown = "";
  /** What is asked for once more: one run, all for "", nothing for null. @type {string | null} */
  again = null;

  enter() {
    this.bar = h("progress", { max: 1, "aria-label": "How far it is" });
    this.title_words = h("span", { class: "cut" });
    this.words = h("span", { class: "how-far cut" });
    this.link = h("a", { href: "#/project", "data-tip": "What runs now; the Project room has its log and stops it", "data-key": "Shift+1" }, h("span", { class: "words" }, this.title_words, this.words), this.bar);
    this.replaceChildren(this.link);
    this.hidden = true;
    this.listen(live, "runs", (event) => this.#heard(event.detail));
    this.listen(live, "look-anew", () => this.refresh());
  }

  /** Which run got further is no news but of the one that is shown. @param {{id: string, state: string}} news */
  #heard({ id, state }) {
    if (this.runs.find((run) => run.id === id)?.state !== state) this.refresh();
    else if (id === this.shown) this.refresh(id);
  }

  /** One request at a time; what came meanwhile asks once more. @param {string} [id] that run alone */
  async refresh(id = "") {
    if (!this.open) return;
    if (this.asking) {
      this.again = this.again === null || this.again === id ? id : "";
      return;
    }
    this.asking = true;
    try {
      if (id) {
        const now = await get(`project/runs/${id}`);
        this.runs = this.runs.map((run) => (run.id === id ? now : run));
      } else this.runs = (await get("project/runs")).runs;
      this.show(this.runs);
    } finally {
      this.asking = false;
      const { again } = this;
      this.again = null;
      if (again !== null) this.refresh(again);
    }
  }

  /** @param {import("../kit/runs.js").Run[]} runs the newest first */
  show(runs) {
    for (const run of runs) this.#say_end(run);
    const living = runs.filter((run) => run.living);
    const [run] = living.filter((one) => one.state !== "queued").concat(living);
    this.hidden = !run;
    this.shown = run?.id ?? "";
    if (!run) return;
    const more = living.length > 1 ? ` (+${living.length - 1})` : "";
    say(this.title_words, `${run.title}${more}`);
    say(this.words, short_words(run));
    const share = run.standing?.total ? run.standing.done / run.standing.total : null;
    if (share === null) this.bar.removeAttribute("value");
    else this.bar.value = share;
  }

  /** @param {import("../kit/runs.js").Run} run */
  #say_end(run) {
    if (run.living) this.#seen.add(run.id);
    else if (this.#seen.delete(run.id)) toast(`${run.title}: ${standing_words(run)}`, { kind: run.state === "done" ? "good" : run.state === "stopped" ? "info" : "bad" });
  }
}

customElements.define("us-run-bar", RunBar);
