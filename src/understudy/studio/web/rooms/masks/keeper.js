// @ts-check
// Keeps what is drawn: every change is sent at once, one request a face at a time, the newest last. What can't be sent
// waits here, and the kit's outbox sends it when the connection is back. The browser remembers it with its project: where
// the window is closed meanwhile, the next one of that project offers it (`shell/left.js`). What is refused stays here
// and with the browser until it is sent again, or something newer is drawn on that face.

import { new_id, outbox, post, Refused } from "../../kit/api.js";
import { live } from "../../kit/live.js";
import { toast } from "../../kit/toast.js";
import { counted } from "../../kit/words.js";

/** @typedef {{faceset: string, face: string, size_px: number, regions: object[], painted: string | null, mark: string, revision: string, visit: string}} Wish */

const BUSY = ["FolderUnwritable", "DiskFull"]; // which pass: another stage is changing the faces, or the disk is full
const CHANGED = "DrawingChanged"; // somebody else drew on it: theirs comes on top of ours
const AGAIN_MS = 3000;

/** Says `state` when something waits or was kept, `kept` {face, revision} and `changed` {face, error}. */
export class Keeper extends EventTarget {
  /** @type {Map<string, Wish>} */
  waiting = new Map();
  /** @type {Map<string, string>} the newest revision we made, by face */
  revisions = new Map();
  /** What was refused, by face, and why in the server's words. @type {Map<string, {wish: Wish, why: string}>} */
  refused = new Map();
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
    this.refused.delete(key(wish));
    this.#remember(wish);
    this.send();
  }

  /** Send once more what was refused. */
  again() {
    for (const [which, { wish }] of this.refused) this.waiting.set(which, wish);
    this.refused.clear();
    this.send();
  }

  /** Whether a face has changes that are not on disk. @param {string} faceset @param {string} face */
  is_unsaved(faceset, face) {
    return this.has(faceset, face) || this.refused.has(key({ faceset, face }));
  }

  /** Whether a face has changes that are on their way. @param {string} faceset @param {string} face */
  has(faceset, face) {
    const which = key({ faceset, face });
    return this.waiting.has(which) || this.sending === which;
  }

  /** Whether something is not kept that should be by now. */
  get is_late() {
    return this.lost || this.busy !== "" || this.refused.size > 0;
  }

  get words() {
    const count = this.waiting.size + (this.sending && !this.waiting.has(this.sending) ? 1 : 0);
    if (this.refused.size) return `${counted(this.refused.size, "face")} not kept: ${[...this.refused.values()].at(-1)?.why}`;
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
    const { faceset, face } = wish;
    try {
      this.requests += 1;
      const kept = await post("masks/drawing", this.#as_sent(wish));
      this.revisions.set(which, kept.revision);
      this.dispatchEvent(new CustomEvent("kept", { detail: { faceset, face, revision: kept.revision } }));
    } catch (error) {
      const kind = error instanceof Refused ? error.kind : "";
      if (BUSY.includes(kind)) this.#try_again(which, wish, /** @type {Error} */ (error).message);
      else if (kind === CHANGED) this.dispatchEvent(new CustomEvent("changed", { detail: { faceset, face, error } }));
      else if (!this.waiting.has(which)) this.#refuse(which, wish, error instanceof Error ? error.message : String(error));
    }
    this.sending = "";
    if (!this.refused.has(which)) this.#remember(this.waiting.get(which), which); // what is newer is a drawing over the one that is kept now
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

  /** @param {string} which @param {Wish} wish @param {string} why */
  #refuse(which, wish, why) {
    this.refused.set(which, { wish, why });
    toast(`What was drawn on ${wish.face} is not kept; this browser remembers it. ${why}`, { kind: "bad", label: "Send it again", run: () => this.again() });
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
