// @ts-check
// Runs of stages: start, queue, stop, and <us-run>, which shows one: bar, rate, time left, stop, log.
// What a run says is the server's; every window sees the same.

import { get, post, Refused } from "./api.js";
import { h, say, StudioElement } from "./element.js";
import { live } from "./live.js";

/**
 * Where a run stands.
 * @typedef {object} Standing
 * @property {string} stage @property {string} unit @property {string} why @property {string} clip @property {number} done
 * @property {number | null} total @property {number | null} rate @property {number | null} seconds_left
 * @property {number | null} loss @property {string} note @property {boolean} finished
 * @property {{iteration?: number}} [details]
 */

/**
 * @typedef {object} Run
 * @property {string} id @property {string} title @property {string} typed @property {string[]} words
 * @property {"queued" | "running" | "stopping" | "done" | "failed" | "stopped" | "lost"} state
 * @property {number} created @property {number | null} started @property {number | null} ended
 * @property {number | null} exit_code @property {string} sentence @property {boolean} living
 * @property {Standing | null} standing @property {boolean} from_elsewhere @property {number} ahead how many have to be over before it begins
 */

/**
 * Start a command beside whatever runs. Refused with the library's sentence.
 * @param {string} command "extract", "train", "merge", "encode", "swap", "advise", "masks-train"
 * @param {object} [facts] e.g. {clips: ["a"], model: "main", said: {minutes: 5}}
 * @returns {Promise<Run>}
 */
export function start_run(command, facts = {}) {
  return post("project/runs", { command, facts }, "Starting…");
}

/**
 * The same when all that runs now is over.
 * @param {string} command @param {object} [facts] @returns {Promise<Run>}
 */
export function queue_run(command, facts = {}) {
  return post("project/runs", { command, facts, queue: true }, "Queueing…");
}

/**
 * Ask a run to end after its present step, or end it at once.
 * @param {string} id @param {boolean} [at_once] @returns {Promise<Run>}
 */
export function stop_run(id, at_once = false) {
  return post(`project/runs/${id}/stop`, { at_once }, "Asking it to stop…");
}

/** Let a run that waits begin before another one, or after all. @param {string} id @param {string} [before] @returns {Promise<Run>} */
export function move_run(id, before = "") {
  return post(`project/runs/${id}/move`, { before }, "Moving it in the queue…");
}

/** Let a run begin that waits from elsewhere. @param {string} id @returns {Promise<Run>} */
export function accept_run(id) {
  return post(`project/runs/${id}/accept`, {}, "Starting…");
}

/**
 * The runs, the newest first, and what becomes of those that wait when one fails: the choice, and all choices in words.
 * `elsewhere` are sentences of what terminals do in the project.
 * @returns {Promise<{runs: Run[], queue: {if_one_fails: string, choices: Record<string, string>} | null, elsewhere?: string[]}>}
 */
export function runs_and_queue() {
  return get("project/runs");
}

/** @returns {Promise<Run[]>} the newest first */
export async function all_runs() {
  return (await runs_and_queue()).runs;
}

/** @param {string} if_one_fails one of the choices */
export function keep_queue(if_one_fails) {
  return post("project/runs/queue", { if_one_fails });
}

/** Seconds as a clock shows them, in words for a bar. @param {number} seconds */
export function clock_words(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** What is said of where a run stands. @param {Run} run */
export function standing_words(run) {
  if (!run.living) return run.sentence || end_words(run);
  if (run.from_elsewhere) return `came with the project and was not asked for here: ${run.typed}`;
  if (run.state === "queued") return run.ahead ? `waits until ${run.ahead === 1 ? "what is before it is" : `the ${run.ahead} before it are`} over` : "starts";
  const now = run.standing;
  if (!now?.stage) return run.state === "stopping" ? "stops after this step" : "starts";
  const parts = [...of_clip(now), progress_words(now)];
  if (now.rate) parts.push(rate_words(now.rate));
  if (now.loss !== null && now.loss !== undefined) parts.push(`loss ${now.loss.toFixed(4)}`);
  if (now.seconds_left !== null && now.seconds_left !== undefined) parts.push(`${clock_words(now.seconds_left)} left`);
  return `${run.state === "stopping" ? "stops after this step · " : ""}${now.stage} · ${parts.join(" · ")}`;
}

/** What takes longer than two seconds is told by the seconds of each: 0.0/s would be none. @param {number} rate a second */
function rate_words(rate) {
  if (rate < 0.5) return `${(1 / rate).toPrecision(3)} s each`;
  return `${rate >= 10 ? rate.toFixed(0) : rate.toFixed(1)}/s`;
}

/** How much of a run is done and how long it still takes, where little room is. @param {Run} run */
export function short_words(run) {
  const now = run.standing;
  if (run.state !== "running" || run.from_elsewhere || !now?.stage) return standing_words(run);
  const parts = [...of_clip(now), now.total ? `${Math.floor((100 * now.done) / now.total)} %` : progress_words(now)];
  if (parts.length === 1 && now.seconds_left !== null && now.seconds_left !== undefined) parts.push(`${clock_words(now.seconds_left)} left`);
  return parts.join(" · ");
}

/** Which of several clips the figures are of: those of the others come after it. @param {Standing} now */
const of_clip = (now) => (now.clip ? [now.clip] : []);

/** How far it is. A training says where its model stands, as everywhere else, and then how much of this run is done. @param {Standing} now */
function progress_words({ done, total, unit, details }) {
  const number = (/** @type {number} */ count) => count.toLocaleString("en");
  const one = unit.replace(/(?<=ss)es$|s$/, "");
  const several = unit === "" || unit.endsWith("s") ? unit : `${unit}s`;
  const units = (/** @type {number} */ count) => `${number(count)} ${count === 1 ? one : several}`.trim();
  if (details?.iteration === undefined) return total ? `${number(done)} of ${units(total)}` : units(done);
  return `iteration ${number(details.iteration)}${total ? ` · ${number(done)} of ${number(total)} in this run` : ""}`;
}

/** @param {Run} run */
function end_words(run) {
  const took = run.started && run.ended ? ` in ${clock_words(run.ended - run.started)}` : "";
  return { done: `done${took}`, stopped: "stopped; start it again to go on", failed: "failed", lost: "lost" }[/** @type {"done"} */ (run.state)] ?? run.state;
}

/** One run. Give it `run` (what the server told) or `run_id`; it keeps itself up to date. */
export class RunElement extends StudioElement {
  /** @type {Run | null} */
  run = null;
  run_id = "";
  /** Where in the queue it may go from here, -1 sooner and 1 later; who shows the queue says it, and `move` does it. @type {number[]} */
  moves = [];
  /** @type {((by: number) => unknown) | undefined} */
  move;

  enter() {
    this.run_id ||= this.run?.id ?? "";
    this.bar = h("progress", { max: 1, "aria-label": "how far" });
    this.words = h("span", { class: "run-words", role: "status" });
    this.name = h("span", { class: "run-title" });
    this.stop = h("button", { type: "button", class: "run-stop", onclick: () => this.ask_to_stop() }, "Stop");
    this.sooner = h("button", { type: "button", class: "run-sooner", hidden: true, "data-tip": "Let it begin before the one above it", onclick: () => this.move?.(-1) }, "Sooner");
    this.later = h("button", { type: "button", class: "run-later", hidden: true, "data-tip": "Let it begin after the one below it", onclick: () => this.move?.(1) }, "Later");
    this.accept = h("button", { type: "button", class: "run-accept", onclick: () => this.let_begin(), title: "Carry out this command here" }, "Let it begin");
    this.log = h("button", { type: "button", class: "run-log", onclick: () => this.toggle_log() }, "Log");
    this.lines = h("div", { class: "run-lines", hidden: true, tabIndex: 0 });
    this.place = 0;
    this.replaceChildren(h("div", { class: "run-head" }, this.name, this.words, this.log, this.sooner, this.later, this.accept, this.stop), this.bar, this.lines);
    this.listen(live, "runs", (event) => this.is_about(event.detail) && this.refresh());
    this.listen(live, "look-anew", () => this.refresh());
    if (this.run) this.show();
    else this.refresh();
  }

  /** Whether news are about this run: how many are before one that waits changes with those. @param {{id: string, state: string}} news */
  is_about({ id, state }) {
    return id === this.run_id || (this.run?.state === "queued" && state !== "running");
  }

  /** One request at a time; what came meanwhile asks once more. */
  async refresh() {
    if (this.asking) {
      this.again = true;
      return;
    }
    this.asking = true;
    try {
      this.run = await get(`project/runs/${this.run_id}`);
      this.show();
      if (!this.lines.hidden) await this.read_log();
    } catch (error) {
      if (error instanceof Refused && error.kind === "RunUnknown") this.remove(); // it went to the trash
    } finally {
      this.asking = false;
    }
    if (this.again && this.isConnected) {
      this.again = false;
      this.refresh();
    }
  }

  show() {
    const run = this.run;
    if (!run) return;
    const before = this.dataset.state;
    this.dataset.state = run.state;
    this.name.textContent = run.title;
    this.name.title = run.typed;
    say(this.words, standing_words(run));
    const share = run.standing?.total ? run.standing.done / run.standing.total : null;
    this.bar.hidden = !run.living;
    if (share === null || run.state === "queued") this.bar.removeAttribute("value");
    else this.bar.value = share;
    this.accept.hidden = !run.from_elsewhere;
    this.sooner.hidden = !this.moves.includes(-1) || run.state !== "queued";
    this.later.hidden = !this.moves.includes(1) || run.state !== "queued";
    this.stop.hidden = !run.living;
    this.stop.textContent = { queued: "Take out", stopping: "End at once" }[/** @type {"queued"} */ (run.state)] ?? "Stop";
    this.stop.title = run.state === "stopping" ? "End the process now; what was finished before is kept" : "End after this step and keep what is done";
    if (before !== run.state) this.dispatchEvent(new CustomEvent("state", { detail: run, bubbles: true }));
  }

  async ask_to_stop() {
    if (!this.run) return;
    this.run = await stop_run(this.run.id, this.run.state === "stopping");
    this.show();
  }

  async let_begin() {
    if (!this.run) return;
    this.run = await accept_run(this.run.id);
    this.show();
  }

  async toggle_log() {
    this.lines.hidden = !this.lines.hidden;
    if (!this.lines.hidden) await this.read_log();
  }

  async read_log() {
    const at_end = this.lines.scrollTop + this.lines.clientHeight >= this.lines.scrollHeight - 8;
    for (let more = true; more; ) { // a long log comes in parts
      const since = this.place;
      const { events, next } = await get(`project/runs/${this.run_id}/events?since=${since}`);
      if (since !== this.place) return; // another look at it has gone on meanwhile
      this.place = next;
      more = next > since;
      for (const event of events) {
        const words = event_words(event);
        if (words) this.lines.append(h("div", { class: event.level === "warning" ? "warning" : "" }, words));
      }
    }
    if (this.run && !this.run.living && !this.told_output) {
      this.told_output = true;
      const { text } = await get(`project/runs/${this.run_id}/output`);
      for (const line of text.split("\n").filter(Boolean)) this.lines.append(h("div", { class: "output" }, line));
    }
    while (this.lines.childElementCount > 2000) this.lines.firstChild?.remove();
    if (at_end) this.lines.scrollTop = this.lines.scrollHeight;
  }
}

/** One event as a line of a log; progress is what the bar shows, so it has none. @param {any} event */
export function event_words(event) {
  const at = event.at ? `${new Date(event.at * 1000).toLocaleTimeString()}  ` : "";
  switch (event.event) {
    case "StageStarted":
      return `${at}${event.stage}: ${[event.clip, event.why].filter(Boolean).join("; ") || (event.total ? `${event.done} of ${event.total} ${event.unit}` : "begins")}`;
    case "StageFinished":
      return `${at}${event.stage}: ${event.skipped ? "nothing left to do" : "done"}`;
    case "Notice":
      return `${at}${event.level === "warning" ? "warning: " : ""}${event.text}`;
    case "Made":
      return `${at}made ${event.what}: ${event.path}`;
    case "Line":
      return event.text;
    default:
      return "";
  }
}

customElements.define("us-run", RunElement);
