// @ts-check
// What the connection does, in words: quiet while it stands; when it is lost, over the room, which does not move under the hand.

import { outbox } from "../kit/api.js";
import { h, StudioElement } from "../kit/element.js";
import { live } from "../kit/live.js";
import { toast } from "../kit/toast.js";

const LOST = "Connection lost; what you do is kept and sent when it is back.";
const SLOW_MORE = "The studio is asked for the answer again; nothing is done twice.";
const SLOW = `1 action takes long. ${SLOW_MORE}`;
const LOCKED = "The studio was started anew and does not know this browser yet. Open the link that it prints in this browser; what you do here is kept and sent then.";

class Connection extends StudioElement {
  enter() {
    this.setAttribute("role", "status");
    this.kept = 0;
    this.listen(live, "lost", () => this.show());
    this.listen(live, "connected", () => this.back());
    this.listen(outbox, "change", () => this.show());
    this.listen(window, "beforeunload", (event) => (outbox.waiting.length || outbox.slow.size) && event.preventDefault());
    this.show();
  }

  show() {
    const waiting = outbox.waiting.length;
    this.kept = Math.max(this.kept ?? 0, waiting);
    // Before the first connection nothing is lost yet.
    const lost = (this.stood && !live.connected) || live.locked || waiting > 0;
    this.hidden = !lost && !outbox.slow.size;
    if (this.hidden) return;
    if (!lost) {
      this.replaceChildren(h("span", { class: "busy-words" }, outbox.slow.size === 1 ? SLOW : `${outbox.slow.size} actions take long. ${SLOW_MORE}`));
      return;
    }
    const words = live.locked ? LOCKED : LOST;
    const count = waiting ? ` ${waiting === 1 ? "1 action waits." : `${waiting} actions wait.`}` : "";
    this.replaceChildren(h("span", { class: "busy-words" }, words + count));
  }

  back() {
    if (this.stood && this.kept) toast(`Connected again; ${this.kept === 1 ? "what you did was" : `${this.kept} things you did were`} sent.`, { kind: "good" });
    this.stood = true;
    this.kept = outbox.waiting.length;
    this.show();
  }
}

customElements.define("us-connection", Connection);
