// @ts-check
// Playing a shot: as fast as pictures come, never faster than the clip. Merged frames are read from disk, the next ones
// in advance; others are made on the way.

const AHEAD = 3;

export class Player {
  on = false;
  shown = 0;
  /**
   * @param {object} room
   * @param {() => {at: number, first: number, last: number, fps: number}} room.place
   * @param {(frame: number) => Promise<boolean>} room.show shows a frame and answers when it is seen; false to stop
   * @param {(frame: number) => void} room.prepare has a frame read in advance
   * @param {() => void} room.changed
   */
  constructor({ place, show, prepare, changed }) {
    this.place = place;
    this.show = show;
    this.prepare = prepare;
    this.changed = changed;
  }

  toggle() {
    if (this.on) this.stop();
    else this.#play();
  }

  stop() {
    if (!this.on) return;
    this.on = false;
    this.changed();
  }

  async #play() {
    this.on = true;
    this.shown = 0;
    this.changed();
    try {
      while (this.on) {
        const { at, first, last, fps } = this.place();
        const next = at >= last || at < first ? first : at + 1;
        const began = performance.now();
        for (let ahead = 1; ahead <= AHEAD; ahead += 1) if (next + ahead <= last) this.prepare(next + ahead);
        if (!(await this.show(next))) break;
        this.shown += 1;
        const left_ms = 1000 / (fps || 25) - (performance.now() - began);
        await new Promise((done) => setTimeout(done, Math.max(0, left_ms)));
      }
    } finally {
      this.stop();
    }
  }
}
