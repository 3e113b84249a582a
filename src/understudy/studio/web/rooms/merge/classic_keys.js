// @ts-check
// The letters that merging by keyboard has had since 2019: pairs above each other for more and less, with Shift five steps.

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("../../kit/keys.js").KeyAction} KeyAction */

/** More, less, the option, one step, its words. A step is what one step of DeepFaceLab's is in our units, or near it. */
const STEPS = /** @type {[string, string, string, number, string][]} */ ([
  ["q", "a", "hist_match_top", 1 / 255, "histogram threshold"],
  ["w", "s", "erode", 0.002, "erode"],
  ["e", "d", "blur", 0.005, "mask blur"],
  ["r", "f", "motion_blur", 0.02, "motion blur"],
  ["t", "g", "super_resolution_power", 0.01, "super-resolution"],
  ["y", "h", "sharpen_amount", 0.1, "sharpening, or softening below zero"],
  ["u", "j", "face_scale", 0.01, "face scale"],
  ["i", "k", "plate_denoise", 0.1, "denoising of the frame"],
  ["o", "l", "plate_bicubic", 0.01, "bicubic softening of the frame"],
  ["p", ";", "color_degrade", 0.01, "colour degrading"],
]);
const MODES = ["original", "overlay", "hist-match", "hist-match-bw", "seamless", "seamless-hist-match", "raw-rgb", "raw-predict", "raw-mask", "raw-layers"];
const MASKS = ["full", "dst-hull", "learned-prd", "learned-dst", "learned-prd*learned-dst", "learned-prd+learned-dst", "seg-prd", "seg-dst", "seg-prd*seg-dst", "learned-prd*learned-dst*seg-prd*seg-dst"];

/**
 * @param {Settings} settings @param {(name: string, value: any) => void} show says the new value to the eye
 * @returns {KeyAction[]}
 */
export function classic_keys(settings, show) {
  const set = (/** @type {string} */ name, /** @type {any} */ value) => {
    show(name, value);
    return settings.try(name, value);
  };
  const step = (/** @type {string} */ name, /** @type {number} */ by) => show(name, settings.step(name, by));
  const next = (/** @type {string} */ name, /** @type {any[]} */ among) => set(name, among[(among.indexOf(settings.value(name)) + 1) % among.length]);
  const choices = (/** @type {string} */ name) => settings.option(name)?.choices ?? [];
  // With our own default among those of old, so that it is come back to.
  const masks = () => [...new Set([settings.option("mask")?.default ?? MASKS[0], ...MASKS])];
  const pairs = STEPS.flatMap(([more, less, name, by, words]) =>
    [false, true].flatMap((shift) => {
      const size = shift ? 5 * by : by;
      const much = shift ? ", five steps" : "";
      return [
        { key: more, shift, repeats: true, does: `More ${words}${much}`, run: () => step(name, size) },
        { key: less, shift, repeats: true, does: `Less ${words}${much}`, run: () => step(name, -size) },
      ];
    }),
  );
  return [
    ...pairs,
    ...MODES.map((mode, number) => ({ key: number ? String(number) : "`", does: `Mode ${mode}`, run: () => set("mode", mode) })),
    { key: "z", shift: false, does: "Where colours are compared: skin, mask, whole crop", run: () => next("color_area", choices("color_area")) },
    { key: "x", shift: false, does: "Next mask", run: () => next("mask", masks()) },
    { key: "c", shift: false, does: "Next colour transfer", run: () => next("color", choices("color")) },
    { key: "v", shift: false, does: "Super-resolution on or off", run: () => next("super_resolution", ["lanczos", "none"]) },
    { key: "b", shift: false, does: "What is kept beside frames: none, mask, all", run: () => next("layers", choices("layers")) },
    { key: "n", shift: false, does: "Next kind of sharpening", run: () => next("sharpen", choices("sharpen")) },
  ];
}
