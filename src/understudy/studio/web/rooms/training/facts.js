// @ts-check
// What the server tells of models, and its figures in words. Asks nothing and draws nothing.

import { clock_words } from "../../kit/runs.js";
import { size_words } from "../../kit/words.js";

/**
 * What a training says of itself while it runs.
 * @typedef {object} Status
 * @property {number} iteration @property {number} done @property {number | null} total @property {number | null} seconds_left
 * @property {number} rate @property {number | null} loss @property {number} waiting_share @property {number} memory_bytes
 * @property {number | null} plan_share @property {string} stage @property {string} device @property {boolean} settles
 * @property {{src: number, dst: number}} faces @property {boolean} bfloat16
 */

/**
 * @typedef {object} Milestone
 * @property {number} iteration @property {string} kind @property {string} words @property {number} at_s
 */

/**
 * @typedef {object} Model
 * @property {string} name @property {string} preset @property {boolean} made @property {number} iterations
 * @property {number | null} loss @property {any} plan
 * @property {{process: number, host: string, since: string, command: string, words: string} | null} running
 * @property {Status | null} status @property {Record<string, any>} asked
 * @property {Record<string, any>} kept options that are said for the next start
 * @property {{src: string[], dst: string[]}} facesets
 * @property {{iteration: number, made_s: number, size_bytes: number, loss: number | null}[]} backups
 * @property {Milestone[]} milestones @property {string[]} stages
 * @property {{iteration: number, version: string} | null} sheet @property {number} sheets @property {string} rate_version
 */

/** Letter, and colour, of what happened on a model's way. @type {Record<string, [string, string]>} */
export const MARKS = {
  start: ["▸", "--dim"],
  stage: ["S", "--info"],
  backup: ["B", "--good"],
  change: ["C", "--accent"],
  setback: ["!", "--bad"],
  finish: ["F", "--info"],
  end: ["■", "--dim"],
};

/** @param {number | null | undefined} rate iterations a second */
export function rate_words(rate) {
  if (!rate) return "–";
  return rate >= 1 ? `${rate.toPrecision(3)} it/s` : `${(1 / rate).toPrecision(3)} s/it`;
}

/** @param {number | null | undefined} loss */
export function loss_words(loss) {
  return loss === null || loss === undefined ? "–" : loss.toFixed(4);
}

/** @param {number} count */
export function count_words(count) {
  return count.toLocaleString("en");
}

/** What a model does now, in a few words. @param {Model} model */
export function state_words(model) {
  if (model.running) return model.status ? (model.status.settles ? "finishing" : "training") : "starting";
  if (!model.iterations) return model.made ? "nothing learnt yet" : "not made yet";
  return model.plan && !model.plan.finished ? "stopped" : "at rest";
}

/** The figures of a model, name by name. @param {Model} model @returns {[string, string, string][]} name, words, why it matters */
export function figures(model) {
  const now = model.status;
  if (!now && model.running) {
    // The same places as in a moment, so that nothing jumps then.
    const [iteration, loss] = [count_words(model.iterations), loss_words(model.loss)];
    return [["iteration", iteration, "Steps learnt so far"], ["speed", "–", "Known after the first iterations"], ["src + dst loss", loss, "Before this training"], ["waiting", "–", "Known after the first iterations"], ["memory", "–", "Known after the first iterations"], ["stage", "starting", "Faces are read and the network is built"], ["left", "–", "Known after the first iterations"], ["device", "–", model.running.words]];
  }
  if (!now) {
    return [
      ["iteration", count_words(model.iterations), "Steps learnt so far"],
      ["src + dst loss", loss_words(model.loss), "src's and dst's loss together"],
      ["preset", model.preset, "What the model was made of"],
      ["learns from", [...model.facesets.src, ...model.facesets.dst].join(", ") || "–", "Its facesets"],
    ];
  }
  return [
    ["iteration", count_words(now.iteration), "Steps learnt so far"],
    ["speed", rate_words(now.rate), "Iterations per second over the last seconds"],
    ["src + dst loss", loss_words(now.loss), "src's and dst's loss together, mean of the last stretch"],
    ["waiting", `${(100 * now.waiting_share).toFixed(1)} %`, "Share of the time that the learner stood idle because no faces were ready"],
    ["memory", size_words(now.memory_bytes), `The most it has taken on ${now.device}`],
    ["stage", now.stage || "one stage", "Where the recipe stands"],
    ["left", now.seconds_left === null ? "no end" : clock_words(now.seconds_left), "Until the planned end"],
    ["device", `${now.device}${now.bfloat16 ? " · bf16" : ""}`, `${now.faces.src} src faces, ${now.faces.dst} dst faces`],
  ];
}
