// @ts-check
// What runs, waits and ran: the newest runs, each with its bar, its log and how it ended.

import { ConnectionLost } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { keep_queue, move_run, RunElement, runs_and_queue } from "../../kit/runs.js";
import { toast_error } from "../../kit/toast.js";

const SHOWN = 6;
const LOOK_AGAIN_MS = 3000; // at what a terminal does: its end is told by nobody

/** The list keeps itself up to date. Says `ended` when a run is over, with the run. */
export class RunList extends StudioElement {
  /** @type {import("../../kit/runs.js").Run[]} */
  runs = [];
  all = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  soon;

  enter() {
    this.list = h("div", { class: "runs" });
    this.more = h("button", { type: "button", class: "quiet", hidden: true, "data-tip": "Show earlier runs, or only the newest", "data-key": "Shift+R", onclick: () => this.show_all() }, "Earlier runs");
    this.failing = h("select", { onchange: () => keep_queue(this.failing.value).catch(toast_error) });
    this.queue_row = h("label", { class: "queue dim small", hidden: true }, "When a run fails: ", this.failing);
    this.elsewhere = h("div", { class: "elsewhere dim", role: "status" });
    this.replaceChildren(h("h2", {}, "Runs"), this.elsewhere, this.list, this.more, this.queue_row);
    // A run that is known keeps itself up to date; only a new one, or one that changed its state, is news here.
    this.listen(live, "runs", (event) => {
      const known = this.runs.find((run) => run.id === event.detail.id);
      if (known?.state !== event.detail.state) this.load();
    });
    for (const topic of ["training", "merge", "faces"]) this.listen(live, topic, (event) => this.is_of_a_run(event.detail) || this.load_soon());
    this.listen(live, "look-anew", () => this.load());
    this.load();
  }

  show_all() {
    this.all = !this.all;
    this.show();
  }

  leave() {
    clearTimeout(this.soon);
  }

  /** Whether news are those of a run that is shown: a terminal's training is of no run here. @param {{model?: string, clip?: string}} news */
  is_of_a_run({ model, clip }) {
    const living = this.runs.filter((run) => run.state === "running" || run.state === "stopping");
    return living.some(({ words }) => words.includes(`--model=${model}`) || words[0] === "extract" || (clip && words[0] === "merge"));
  }

  load_soon() {
    this.soon ??= setTimeout(() => {
      this.soon = undefined;
      if (this.isConnected) this.load();
    }, LOOK_AGAIN_MS);
  }

  async load() {
    if (this.loading) {
      this.again = true;
      return;
    }
    this.loading = true;
    const before = new Map(this.runs.map((run) => [run.id, run]));
    this.lost = false;
    try {
      const told = await runs_and_queue();
      this.runs = told.runs;
      this.show_queue(told.queue);
      this.show_elsewhere(told.elsewhere ?? []);
    } catch (error) {
      this.lost = error instanceof ConnectionLost;
      if (!this.lost) this.runs = []; // no project is open
    }
    this.loading = false;
    if (!this.isConnected) return;
    this.show();
    for (const run of this.runs) if (before.get(run.id)?.living && !run.living) this.dispatchEvent(new CustomEvent("ended", { detail: run, bubbles: true }));
    this.dispatchEvent(new CustomEvent("runs", { detail: this.runs, bubbles: true }));
    if (this.again) {
      this.again = false;
      await this.load();
    }
  }

  /** @param {string[]} sentences of what terminals do, which has no buttons here */
  show_elsewhere(sentences) {
    this.elsewhere.replaceChildren(...sentences.map((one) => h("p", {}, one)));
    if (sentences.length) this.load_soon();
  }

  /** @param {{if_one_fails: string, choices: Record<string, string>} | null} queue */
  show_queue(queue) {
    this.queue_row.hidden = !queue || !this.runs.length;
    if (!queue || document.activeElement === this.failing) return; // not under somebody's hand
    this.failing.replaceChildren(...Object.entries(queue.choices).map(([value, words]) => h("option", { value }, words)));
    this.failing.value = queue.if_one_fails;
  }

  /** What waits here, in the order in which it begins. */
  get queue() {
    return this.runs.filter((run) => run.state === "queued" && !run.from_elsewhere).reverse();
  }

  /** Let a run begin before the one above it, or after the one below. @param {string} id @param {number} by */
  async move(id, by) {
    const waiting = this.queue.map((run) => run.id);
    const at = waiting.indexOf(id);
    const before = by < 0 ? waiting[at - 1] : waiting[at + 2] ?? "";
    await move_run(id, before).catch(toast_error);
    await this.load();
  }

  show() {
    const { queue } = this;
    const living = [...this.runs.filter((run) => run.living && !queue.includes(run)), ...queue];
    const over = this.runs.filter((run) => !run.living);
    const shown = [...living, ...(this.all ? over : over.slice(0, Math.max(1, SHOWN - living.length)))];
    const there = new Map([...this.list.children].map((one) => [/** @type {RunElement} */ (one).run_id, one]));
    const rows = shown.map((run) => {
      const known = /** @type {RunElement | undefined} */ (there.get(run.id));
      const row = known ?? Object.assign(new RunElement(), { run_id: run.id });
      row.run = run;
      row.moves = queue.length > 1 ? [-1, 1].filter((by) => queue.includes(run) && queue[queue.indexOf(run) + by]) : [];
      row.move = (by) => this.move(run.id, by);
      if (known) row.show();
      return row;
    });
    if (rows.length !== this.list.children.length || rows.some((row, at) => this.list.children[at] !== row)) this.list.replaceChildren(...rows);
    const none = this.lost ? "The studio can't be reached. What runs goes on." : "Nothing has run yet. What is started here goes on when this window, or the whole studio, is closed.";
    if (!rows.length) this.list.replaceChildren(h("p", { class: "dim" }, none));
    const left = over.length + living.length - shown.length;
    this.more.hidden = left <= 0 && !this.all;
    this.more.textContent = this.all ? "Only the newest" : `${left} earlier`;
  }
}

customElements.define("us-run-list", RunList);
