// @ts-check
// Graphs along the shot, from what was measured of the merged frames.

export const GRAPHS = [
  { name: "jitter", words: "Jitter of the face", unit: "‰ of its width" },
  { name: "seam", words: "Seam along the mask's edge", unit: "ΔE" },
  { name: "edge_noise", words: "Noise in the mask's edge", unit: "levels" },
  { name: "colour_drift", words: "Colour pumping", unit: "ΔE" },
  { name: "sharpness", words: "Width of edges", unit: "px" },
];

/** @param {any} measured what merge/graphs tells @param {string} name @returns {import("../../kit/timeline.js").Graph | null} */
export function graph_of(measured, name) {
  const about = GRAPHS.find((one) => one.name === name);
  if (!about || !measured) return null;
  const columns = measured.by_frame;
  // A seam is what the swap adds to dst's own step, so dst has no line of its own.
  const lines = columns[name] ? [{ color: "--accent", words: "swap", values: columns[name] }] : [
    { color: "--dim", words: "dst", values: columns[`${name}_plate`] },
    { color: "--accent", words: "swap", values: columns[`${name}_result`] },
  ];
  return { words: about.words, unit: about.unit, frames: columns.frame, lines };
}

/** What stands where a graph would be. @param {string} name @param {boolean} merged whether a frame is @param {boolean} at_work whether a run makes or measures this clip */
export function nothing_measured(name, merged, at_work) {
  if (at_work) return "This clip is being made or measured; the graph comes by itself.";
  if (!merged) return "No frame of this clip is merged yet, so there is nothing to measure. Make the rest first.";
  return `${GRAPHS.find((one) => one.name === name)?.words ?? "This"} is known once the merged frames are measured against dst.`;
}

/** What is out of its range, in words, and whether that is of what lies there now. @param {any} measured */
export function verdict(measured) {
  if (!measured) return "Not measured yet.";
  const widest = measured.shots.map((/** @type {any} */ shot) => shot.widest_seam).filter(Boolean).sort((/** @type {any} */ a, /** @type {any} */ b) => b.delta_e - a.delta_e)[0];
  const seam = widest ? ` The widest seam is in frame ${widest.frame}, ${widest.delta_e.toFixed(1)} ΔE.` : "";
  const misses = measured.outside.map((/** @type {any} */ miss) => `${miss.measure.replaceAll("_", " ")} ${miss.ratio.toFixed(2)} (goal ${miss.goal}): ${miss.try}`);
  const words = measured.hardly_changed?.replace(/\.$/, "") || misses.join("; ") || "as steady, even and sharp as dst";
  return `${measured.current ? "" : "Frames were merged since. "}${words[0].toUpperCase()}${words.slice(1)}.${seam}`;
}
