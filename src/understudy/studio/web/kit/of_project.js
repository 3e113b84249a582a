// @ts-check
// What a room remembers in this browser of the project that is open, under that project's id: projects share one address.
// What is of the person, as the theme and the width of a panel, is kept where it is used, without a project.

import { outbox } from "./api.js";

/** A few words under a name. Says `change` when another window of this project kept others. */
export class OfProject extends EventTarget {
  /** @param {string} name @param {Storage} [where] localStorage is of all windows, sessionStorage of this one alone */
  constructor(name, where = localStorage) {
    super();
    this.name = name;
    this.where = where;
    if (where === localStorage) window.addEventListener("storage", ({ key }) => key === this.key && this.dispatchEvent(new Event("change")));
  }

  get key() {
    return `${this.name} of ${outbox.project}`;
  }

  /** @returns {Record<string, any>} nothing where nothing is kept, or a hand edited it */
  get value() {
    try {
      return JSON.parse(this.where.getItem(this.key) ?? "{}") ?? {};
    } catch {
      return {};
    }
  }

  /** @param {Record<string, any>} value */
  keep(value) {
    try {
      this.where.setItem(this.key, JSON.stringify(value));
    } catch (error) {
      console.info("This browser keeps nothing:", error); // a private window, or one that is full
    }
  }
}
