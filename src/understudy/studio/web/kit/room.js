// @ts-check
// What a room is to the shell: an element with a title, keys, and its place in the address.

import { StudioElement } from "./element.js";
import { forget_keys, have_keys } from "./keys.js";

export class Room extends StudioElement {
  /** What stands in the address after the room's name, e.g. {faceset: "src/main"}; survives a reload. @type {Record<string, string>} */
  place = {};

  /** @returns {string} */
  get title_words() {
    return "";
  }

  /** @returns {import("./keys.js").KeyAction[]} */
  keys() {
    return [];
  }

  connectedCallback() {
    super.connectedCallback();
    have_keys(this, this.title_words, this.keys());
  }

  disconnectedCallback() {
    forget_keys(this);
    super.disconnectedCallback();
  }

  /** Keep where we are in the address without a new step in the history. @param {Record<string, string>} place */
  keep_place(place) {
    this.place = { ...this.place, ...place };
    // Somebody may be on the way to another room while this one still finishes; the address is no longer its own.
    if (!this.isConnected || (location.hash.match(/^#\/(\w+)/)?.[1] ?? this.dataset.room) !== this.dataset.room) return;
    const words = new URLSearchParams(this.place).toString();
    history.replaceState(null, "", `#/${this.dataset.room}${words ? `?${words}` : ""}`);
  }
}
