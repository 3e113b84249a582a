// @ts-check
// Undo without limit over documents that are never changed in place: a change is a new document.

/** @template T */
export class Undo extends EventTarget {
  /** @param {T} document_now never changed in place */
  constructor(document_now) {
    super();
    /** @type {T} */
    this.now = document_now;
    /** @type {{before: T, does: string}[]} */
    this.past = [];
    /** @type {{after: T, does: string}[]} */
    this.future = [];
    /** @type {T} */
    this.saved = document_now;
  }

  /** Whether there is something that was not saved. */
  get changed() {
    return this.now !== this.saved;
  }

  /**
   * Go on with a new document. Changes with the same `merge` in a row (a drag) are one step.
   * @param {T} document_now @param {string} does words, e.g. "Move a point" @param {{merge?: string}} [how]
   */
  change(document_now, does, { merge } = {}) {
    if (document_now === this.now) return;
    if (!merge || merge !== this.merging) this.past.push({ before: this.now, does });
    this.merging = merge;
    this.future = [];
    this.now = document_now;
    this.#tell();
  }

  /**
   * Take what somebody else did into every document of the past and the future, so that going back takes nothing of theirs.
   * @param {(document: T) => T} take
   */
  take_in(take) {
    this.now = take(this.now);
    for (const step of this.past) step.before = take(step.before);
    for (const step of this.future) step.after = take(step.after);
    this.settle();
    this.#tell();
  }

  /** Where it began. */
  get first() {
    return this.past[0]?.before ?? this.now;
  }

  /** End a row of merged changes, e.g. when the pointer is let go. */
  settle() {
    this.merging = undefined;
  }

  /** @returns {string} what was undone, "" where nothing was */
  undo() {
    const step = this.past.pop();
    if (!step) return "";
    this.future.push({ after: this.now, does: step.does });
    this.now = step.before;
    this.settle();
    this.#tell();
    return step.does;
  }

  /** @returns {string} what was done again, "" where nothing was */
  redo() {
    const step = this.future.pop();
    if (!step) return "";
    this.past.push({ before: this.now, does: step.does });
    this.now = step.after;
    this.settle();
    this.#tell();
    return step.does;
  }

  /** The document as it is now is on disk. */
  mark_saved() {
    this.saved = this.now;
    this.#tell();
  }

  /** The two keys every editor has. @returns {import("./keys.js").KeyAction[]} */
  keys() {
    return [
      { key: "z", ctrl: true, repeats: true, does: "Undo", run: () => this.undo() },
      { key: "z", ctrl: true, shift: true, repeats: true, does: "Do again", run: () => this.redo() },
      { key: "y", ctrl: true, repeats: true, does: "Do again", run: () => this.redo() },
    ];
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
