// @ts-check
// Frames of a clip as pictures, some kept, the next ones asked for before they are looked at.

import { get } from "../../kit/api.js";

const KEPT = 24;

/** Pictures of one clip. */
export class Pictures {
  /** @param {string} clip @param {string} version changes with what the clip shows */
  constructor(clip, version) {
    this.clip = clip;
    this.version = version;
    /** @type {Map<string, HTMLImageElement>} */
    this.kept = new Map();
  }

  /** @param {number} frame @param {number} width @returns {Promise<HTMLImageElement>} drawn at once when it comes; fails with why it does not */
  async picture(frame, width) {
    const words = new URLSearchParams({ clip: this.clip, frame: String(frame), width: String(width), v: this.version });
    const address = `/api/frames/picture?${words}`;
    let image = this.kept.get(address);
    this.kept.delete(address);
    if (!image) {
      image = new Image();
      image.src = address;
      image.dataset.frame = String(frame);
    }
    this.kept.set(address, image);
    for (const old of [...this.kept.keys()].slice(0, -KEPT)) this.kept.delete(old);
    await image.decode().catch(async (error) => {
      this.kept.delete(address);
      await get(`frames/picture?${words}`); // an image says nothing of why: a lost connection, or what the studio refused
      throw new Error(`Frame ${frame} can't be shown: it may be damaged.`, { cause: error });
    });
    return image;
  }
}

/** The width to ask for: enough for the screen, in steps, so that a little zoom asks nothing anew. @param {number} needed @param {number} whole */
export function width_for(needed, whole) {
  const steps = [480, 720, 960, 1280, 1920, 2560, 3840].filter((step) => step < whole);
  return steps.find((step) => step >= needed) ?? Math.max(16, Math.min(whole, 8192));
}
