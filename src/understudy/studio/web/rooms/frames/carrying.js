// @ts-check
// A face that the server carries on, by itself or as a run: where it is, how it ended, and any key stops it.

import { get, post } from "../../kit/api.js";
import { h, StudioElement } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { toast_error } from "../../kit/toast.js";

/** `<us-frames-carrying>`: a line over the frame. Says `carried` (detail: what the server told, and `was_seen`: that it went on until now) at each frame and at the end. */
export class Carrying extends StudioElement {
  clip = "";
  /** @type {any} */
  told = null;
  is_stopping = false;
  /** Whether the face that is to be carried on is being stored: the hand rests, so that it goes on as it is then. */
  is_beginning = false;

  enter() {
    this.hidden = true;
    this.setAttribute("role", "status");
    this.words = h("span");
    this.bar = /** @type {HTMLProgressElement} */ (h("progress", { max: 1, value: 0, "aria-label": "Frames carried" }));
    this.replaceChildren(this.words, this.bar, h("button", { type: "button", onclick: () => this.stop() }, "Stop"));
    this.listen(live, "frames", (event) => event.detail.clip === this.clip && event.detail.carrying && this.show(event.detail.carrying));
    this.listen(live, "runs", (event) => this.told?.run && event.detail.id === this.told.run && this.look().catch(() => {}));
    this.listen(live, "look-anew", () => this.look().catch(() => {}));
    this.listen(document, "keydown", (event) => this.#any_key(event), { capture: true });
  }

  get is_running() {
    return this.is_beginning || this.#goes;
  }

  get #goes() {
    return Boolean(this.told && !this.told.is_over);
  }

  /**
   * Answers when it goes, or when a key took it back before.
   * @param {object} wish what `frames/carry` takes beside the clip and the face @param {() => Promise<string>} stored the face's file, once it is stored
   */
  async begin(wish, stored) {
    const { clip } = this;
    this.is_stopping = false;
    this.is_beginning = true;
    this.hidden = false;
    if (this.bar) this.bar.value = 0;
    if (this.words) this.words.textContent = "The face is stored first, then carried on. Any key takes that back.";
    try {
      const face = await stored();
      if (this.is_stopping) return;
      this.show((await post("frames/carry", { clip, face, ...wish })).carrying);
    } finally {
      this.is_beginning = false;
      this.hidden = !this.#goes;
    }
    this.#watch().catch(toast_error);
  }

  /** A short one may be over before this window hears of it. */
  async #watch() {
    while (this.#goes && this.isConnected) {
      await new Promise((done) => setTimeout(done, 400));
      await this.look();
    }
  }

  async look() {
    if (this.#goes) this.show((await get(`frames/carrying?${new URLSearchParams({ clip: this.clip })}`)).carrying);
  }

  stop() {
    this.is_stopping = true;
    if (this.is_beginning) return;
    if (this.words) this.words.textContent = "Stopping after this frame…";
    post("frames/stop", { clip: this.clip }).catch(toast_error);
  }

  /** @param {any} told */
  show(told) {
    const was_over = this.told?.is_over ?? true;
    if (told?.is_over && was_over && this.told?.number === told.number) return; // told twice
    this.told = told;
    this.hidden = !told || told.is_over;
    if (!told) return;
    if (this.bar) this.bar.value = told.total ? told.done / told.total : 0;
    if (this.words && !this.is_stopping) this.words.textContent = `Carrying the face on: frame ${told.frame}, ${told.done} of ${told.total}. Any key stops it.`;
    this.dispatchEvent(new CustomEvent("carried", { detail: { ...told, was_seen: !was_over } }));
  }

  /** @param {KeyboardEvent} event */
  #any_key(event) {
    if (!this.is_running || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!this.is_stopping && !event.repeat) this.stop();
  }
}

customElements.define("us-frames-carrying", Carrying);
