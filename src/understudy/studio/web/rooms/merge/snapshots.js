// @ts-check
// Two settings put aside to be looked at in turn: A and B. They are this window's and stay over a reload.

import { OfProject } from "../../kit/of_project.js";

/** @typedef {Record<string, any>} Values */

export class Snapshots {
  /** @type {"" | "A" | "B"} */
  looking_at = "";
  /** @type {Record<"A" | "B", Values | null>} */
  stored = { A: null, B: null };

  /** @param {string} clip */
  constructor(clip) {
    this.kept = new OfProject(`merge snapshots ${clip}`, sessionStorage);
    Object.assign(this.stored, this.kept.value);
  }

  /** @param {"A" | "B"} which @param {Values} values */
  store(which, values) {
    this.stored[which] = values;
    this.kept.keep(this.stored);
  }

  /** Look at the other one; with one alone, at it and at what counts in turn. @returns {string} what is looked at now, or "" */
  flip() {
    const { A, B } = this.stored;
    if (!A && !B) return "";
    if (A && B) this.looking_at = this.looking_at === "A" ? "B" : "A";
    else this.looking_at = this.looking_at ? "" : A ? "A" : "B";
    return this.looking_at;
  }

  /** The values that are looked at; null for what counts. */
  get values() {
    return this.looking_at ? this.stored[this.looking_at] : null;
  }

  /** What differs between A and B, in words. */
  get difference() {
    const { A, B } = this.stored;
    if (!A || !B) return "";
    const names = Object.keys(A).filter((name) => JSON.stringify(A[name]) !== JSON.stringify(B[name]));
    return names.map((name) => `${name} ${A[name]} / ${B[name]}`).join(", ") || "A and B are the same";
  }
}
