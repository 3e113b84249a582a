// @ts-check
// How frames stand, in letters and words, and frames in words of the command line.

export const STATES = /** @type {Record<string, string>} */ ({ m: "made", s: "to be made again", t: "not made yet", r: "can't be painted", n: "no face" });
export const STATE_COLORS = { m: "--good", s: "--warn", t: "--edge", r: "--bad" };

/** Stretches of frames in words of the command line, ends included. @param {string} words @param {number} frames @returns {[number, number][]} */
export function stretches_of(words, frames) {
  return words.split(",").map((part) => {
    const [first, last] = part.includes(":") ? part.split(":") : [part, part];
    return [Number(first || 0), last === "" ? frames - 1 : Number(last)];
  });
}
