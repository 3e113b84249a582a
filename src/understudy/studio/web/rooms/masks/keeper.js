// @ts-check
// Keeps what is drawn: every change is sent at once, one request a face at a time, the newest last. What can't be sent
// waits here, and the kit's outbox sends it when the connection is back. The browser remembers it with its project: where
// the window is closed meanwhile, the next one of that project offers it (`shell/left.js`).

import { new_id, outbox, post, Refused } from "../../kit/api.js";
import { live } from "../../kit/live.js";

/** @typedef {{faceset: string, face: string, size_px: number, regions: object[], painted: string | null, mark: string, revision: string, visit: string}} Wish */

const BUSY = ["FolderUnwritable", "DiskFull"]; // which pass: another stage is changing the faces, or the disk is full
const AGAIN_MS = 3000;

/** Says `state` when something waits or was kept, `kept` {face, revision} and `refused` {face, error}. */
export class Keeper extends EventTarget {
  /** @type {Map<string, Wish>} */
  waiting = new Map();
  /** @type {Map<string, string>} the newest revision we made, by face */
  revisions = new Map();
  sending = "";
  requests = 0;
  /** Why it is tried again in a while, in the server's words. */
  busy = "";

  /** What the browser remembers as not sent, by face. @type {Map<string, string>} */
  remembered = new Map();

  constructor() {
    super();
    outbox.addEventListener("change", () => this.#tell());
    live.addEventListener("connected", () => this.#tell());
  }

  /** Whether the connection is lost, and what is drawn waits for it. */
  get lost() {
    return Boolean(this.sending) && outbox.waiting.length > 0;
  }

  /** @param {Wish} wish */
  keep(wish) {
    this.waiting.set(key(wish), wish);
    this.#remember(wish);
    this.send();
  }

  /** Whether a face has changes that are not on disk. @param {string} faceset @param {string} face */
  has(faceset, face) {
    const which = key({ faceset, face });
    return this.waiting.has(which) || this.sending === which;
  }

  get words() {
    const count = this.waiting.size + (this.sending && !this.waiting.has(this.sending) ? 1 : 0);
    if (!count) return "All kept";
    if (this.busy) return `Not kept yet, and tried again: ${this.busy}`;
    return this.lost ? `Not kept yet: the connection is lost, ${count} ${count === 1 ? "face waits" : "faces wait"}` : "Keeping…";
  }

  async send() {
    if (this.sending || this.busy) return;
    const next = this.waiting.entries().next().value;
    if (!next) return;
    const [which, wish] = next;
    this.waiting.delete(which);
    this.sending = which;
    this.#tell();
    const facts = { faceset: wish.faceset, face: wish.face };
    try {
      this.requests += 1;
      const kept = await post("masks/drawing", this.#as_sent(wish));
      this.revisions.set(which, kept.revision);
      this.dispatchEvent(new CustomEvent("kept", { detail: { ...facts, revision: kept.revision } }));
    } catch (error) {
      if (error instanceof Refused && BUSY.includes(error.kind)) this.#try_again(which, wish, error.message);
      else this.dispatchEvent(new CustomEvent("refused", { detail: { ...facts, error } }));
    }
    this.sending = "";
    this.#remember(this.waiting.get(which), which); // what is newer is a drawing over the one that is kept now
    this.#tell();
    this.send();
  }

  /** It goes in front again, unless something newer waits. @param {string} which @param {Wish} wish @param {string} why */
  #try_again(which, wish, why) {
    this.waiting = new Map([[which, this.waiting.get(which) ?? wish], ...this.waiting]);
    this.busy = why;
    setTimeout(() => {
      this.busy = "";
      this.send();
    }, AGAIN_MS);
  }

  /** @param {Wish} wish */
  #as_sent(wish) {
    return { ...wish, revision: this.revisions.get(key(wish)) ?? wish.revision };
  }

  /** In place of what was remembered of the face before. @param {Wish | undefined} wish undefined where nothing waits */
  #remember(wish, which = wish ? key(wish) : "") {
    const before = this.remembered.get(which);
    this.remembered.delete(which);
    if (wish) {
      const id = new_id();
      this.remembered.set(which, id);
      outbox.remember({ id, path: "masks/drawing", body: JSON.stringify(this.#as_sent(wish)), project: outbox.project });
    }
    if (before) outbox.forget(before);
  }

  #tell() {
    this.dispatchEvent(new Event("state"));
  }
}

/** @param {{faceset: string, face: string}} wish */
function key({ faceset, face }) {
  return `${faceset}/${face}`;
}
