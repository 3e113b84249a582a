// @ts-check
// What is known of every frame: numbers from the server into colours, counts and filters.

/**
 * Colours from harmless to bad: where frames share a pixel of the strip the worst is seen.
 * @type {import("../../kit/frame_strip.js").Kind[]}
 */
export const KINDS = [
  { words: "not looked at yet", color: "--frames-unknown" },
  { words: "a face", color: "--frames-face" },
  { words: "by hand", color: "--frames-drawn" },
  { words: "several faces", color: "--frames-several" },
  { words: "bad score", color: "--frames-doubtful" },
  { words: "its face was deleted", color: "--frames-deleted" },
  { words: "no face", color: "--frames-none" },
  { words: "its overlay was deleted", color: "--frames-overlay" },
];

/** Filters in the order of their keys: words for the button, and which frames. @type {{name: string, words: string, says: string}[]} */
export const FILTERS = [
  { name: "", words: "All", says: "Go through all frames" },
  { name: "no face", words: "No face", says: "Only frames without a face in the faceset" },
  { name: "overlay", words: "Overlay deleted", says: "Only frames whose overlay you deleted" },
  { name: "several", words: "Several", says: "Only frames with several faces" },
  { name: "bad", words: "Bad score", says: "Only frames whose face is doubted, or whose points may be off" },
  { name: "drawn", words: "By hand", says: "Only frames drawn or corrected by hand" },
];

/** Bytes or 16-bit numbers in Base64. @param {string} text */
function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The frames of a clip, as the server says. */
export class States {
  /** @param {any} told the answer of `frames/clip` */
  constructor(told) {
    this.bits = told.bits;
    this.flags = new Uint16Array(bytes(told.flags).buffer);
    this.error = bytes(told.error);
    this.count = told.count;
    /** Frames whose points are off by more than this share of the face count as bad; in thousandths. */
    this.most_error = 40;
    this.kinds = Uint8Array.from(this.flags, (_, index) => this.kind(index));
  }

  /** @param {number} index */
  kind(index) {
    const [flags, bits] = [this.flags[index], this.bits];
    if (flags & bits.OVERLAY_DELETED) return 7;
    if (!(flags & bits.STORED)) {
      if (flags & bits.WRITTEN) return 5;
      if (flags & bits.DOUBTFUL) return 4;
      return flags & bits.SEARCHED ? 6 : 0;
    }
    if (flags & bits.SEVERAL) return 3;
    if (flags & bits.DRAWN) return 2;
    return flags & bits.DOUBTFUL ? 4 : 1;
  }

  /** @param {string} filter @param {number} index */
  among(filter, index) {
    const [flags, bits] = [this.flags[index], this.bits];
    if (filter === "no face") return !(flags & bits.STORED);
    if (filter === "overlay") return Boolean(flags & bits.OVERLAY_DELETED);
    if (filter === "several") return Boolean(flags & bits.SEVERAL);
    if (filter === "bad") return Boolean(flags & bits.DOUBTFUL) || (this.error[index] !== 255 && this.error[index] > this.most_error);
    if (filter === "drawn") return Boolean(flags & bits.DRAWN);
    return true;
  }

  /** How many frames a filter has. @param {string} filter */
  number(filter) {
    let number = 0;
    for (let index = 0; index < this.count; index += 1) number += Number(this.among(filter, index));
    return number;
  }

  /** The next frame of a filter in a direction, or -1. @param {string} filter @param {number} from @param {1 | -1} step */
  next(filter, from, step) {
    for (let index = from + step; index >= 0 && index < this.count; index += step) if (this.among(filter, index)) return index;
    return -1;
  }
}
