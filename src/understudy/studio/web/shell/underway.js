// @ts-check
// What was asked of the studio and takes longer than 0.3 s, in words, in the bar of every room. Quiet where the room says it
// itself, and without a connection, where the connection's own bar says it.

import { outbox, underway } from "../kit/api.js";
import { WORDS_AFTER_MS } from "../kit/busy.js";
import { h, StudioElement } from "../kit/element.js";

class UnderwayWords extends StudioElement {
  enter() {
    this.setAttribute("role", "status");
    this.hidden = true;
    this.listen(underway, "change", () => this.look());
    this.look();
  }

  look() {
    if (!underway.now.size) {
      clearInterval(this.timer);
      this.timer = undefined;
      this.hidden = true;
    } else this.timer ??= setInterval(() => this.show(), WORDS_AFTER_MS); // what a room said itself may be over before
    if (!this.hidden) this.show();
  }

  show() {
    const words = [...underway.now.values()][0];
    const said = outbox.waiting.length > 0 || document.querySelector(".busy-over") !== null;
    this.hidden = !words || said;
    if (!this.hidden) this.replaceChildren(h("span", { class: "busy-words cut" }, words ?? ""));
  }

  leave() {
    clearInterval(this.timer);
  }

  /** @type {ReturnType<typeof setInterval> | undefined} */
  timer;
}

customElements.define("us-underway", UnderwayWords);
