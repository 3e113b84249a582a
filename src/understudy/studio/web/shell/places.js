// @ts-check
// What can be found in the rooms by its words, beside what has a key: panels, forms and every option of a stage.
// Going there opens the room, brings the thing into view and puts the focus on it. What the palette shows: palette.js.

import { get } from "../kit/api.js";
import { busy } from "../kit/busy.js";
import { all_keys, run_action } from "../kit/keys.js";
import { toast_error } from "../kit/toast.js";

/**
 * @typedef {object} Place
 * @property {string} title
 * @property {string} room
 * @property {string} words by which it is found, beside its title
 * @property {string} [does] what is done in the room first, as its key says it
 * @property {string} [press] what is pressed first, where it is not open
 * @property {string} [at] where it is then, as a CSS selector
 */

/** @type {[room: string, title: string, words: string, how: {does?: string, press?: string, at?: string}][]} */
const PANELS = [
  ["project", "Performers and consent", "who agreed refused fictional not stated until uses evidence responsible permission", { at: "[aria-label=Performers]" }],
  ["project", "Clips of the project", "footage src dst add drop take out remove", { at: "[aria-label=Clips]" }],
  ["project", "Models of the project", "network rename copy duplicate put away trash bring back size loss", { at: "[aria-label=Models]" }],
  ["project", "Runs", "log queue stop progress time left error output", { at: "[aria-label=Runs]" }],
  ["project", "Machine: disk, memory, devices", "gpu cuda cpu free space trash", { at: "[aria-label=Machine]" }],
  ["project", "What could be better", "advice rules measure tips", { at: "[aria-label=Advice]" }],
  ["project", "Find faces with options", "extract detector landmarks", { does: "Find faces" }],
  ["project", "Make the whole shot", "swap all steps wizard", { does: "Do it all: from clips to the finished shot" }],
  ["project", "Open, make or duplicate a project", "folder copy", { at: ".project-head button" }],
  ["faces", "Map of directions", "coverage yaw pitch angles missing turn nod", { does: "Directions beside the gallery", at: "us-directions" }],
  ["faces", "Tracks and their names", "person people who is the dst meant join split", { does: "Tracks beside the gallery", at: "us-face-tracks" }],
  ["faces", "History and trash of faces", "undo restore bring back rejected deleted", { does: "History beside the gallery", at: "us-faces-history" }],
  ["faces", "Filter faces", "where search blur score yaw", { does: "Write a filter" }],
  ["faces", "Order of the faces", "sort blur similarity brightness", { does: "Choose the order" }],
  ["faces", "Facesets", "src dst new copy", { at: ".facesets button" }],
  ["frames", "Frames by what was found in them", "filter no face overlay deleted several bad score by hand manual extractor", { at: "us-frames-filters button" }],
  ["frames", "The face in the hand", "box landmarks points lock accuracy score", { at: "us-frames-facts" }],
  ["masks", "Teach a segmenter", "train xseg segmentation learn minutes", { at: "us-mask-teach" }],
  ["masks", "Masks in faces", "apply segmenter copy drawn take out remove", { at: "us-mask-teach select" }],
  ["masks", "Compare masks", "overlay learned segmented strength tint", { at: "us-mask-side select" }],
  ["training", "Loss curve", "graph smoothing zoom logarithmic", { at: "us-chart" }],
  ["training", "Preview of the model", "swap faces grid sheet", { press: "[data-tab=now]", at: "us-preview-grid" }],
  ["training", "Previews through the iterations", "history scrubber play timeline", { press: "[data-tab=history]", at: "us-history" }],
  ["training", "Backups of a model", "go back restore state", { press: "[data-tab=backups]", at: "us-training-side" }],
  ["training", "Search for a learning rate", "find rate", { press: "[data-tab=rate]", at: "us-training-side" }],
  ["training", "Runs of a model and their log", "output error", { press: "[data-tab=log]", at: "us-training-side" }],
  ["training", "New model: preset, network, facesets, start from another", "make create architecture weights", { does: "Make a new model" }],
  ["merge", "Who is painted by whom", "people cast several persons model", { does: "Who is painted by whom" }],
  ["merge", "Every step of this frame", "layers mask crop raw", { does: "Every step of this frame" }],
  ["merge", "Settings of the merge", "options keys range clip", { press: "[role=tab]", at: "us-form input" }],
  ["merge", "Jitter and seam along the shot", "graph measure edges flicker", { at: "[aria-label=Graph]" }],
  ["merge", "Compare two settings: A and B", "store wipe before after difference", { at: "[data-key='Shift+Z']" }],
  ["deliver", "Who agreed", "consent performers refused fictional permission", { at: ".consents" }],
  ["deliver", "What its credentials will say", "c2pa content credentials signed marks provenance", { at: ".says" }],
  ["deliver", "Finished files", "report download movie", { press: "[data-tab=finished]", at: ".pane" }],
  ["deliver", "Verify a file", "check credentials watermark marks", { press: "[data-tab=verify]", at: ".pane" }],
  ["deliver", "Ledger", "everything that was finished list", { press: "[data-tab=ledger]", at: ".pane" }],
  ["deliver", "Words for the credits", "end titles disclosure language", { press: "[data-tab=credits]", at: ".pane" }],
];

/** Where the options of a stage stand. @type {Record<string, {room: string, form: string, of?: string, does?: string, press?: string}>} */
const FORMS = {
  extract: { room: "project", form: "Find faces", does: "Find faces" },
  train: { room: "training", form: "Options of training", press: "us-training-side [data-tab=options]" },
  network: { room: "training", form: "Network of a new model", does: "Make a new model", press: "dialog details:not([open]) > summary" },
  merge: { room: "merge", form: "Merge", press: "[role=tab]" },
  encode: { room: "deliver", form: "Deliver" },
};

/** @returns {Place[]} */
export function panels() {
  return PANELS.map(([room, title, words, how]) => ({ room, title, words, ...how }));
}

/** Every option of every stage, as the library declares it. @returns {Promise<Place[]>} */
export async function option_places() {
  const told = await Promise.allSettled(
    Object.entries(FORMS).map(async ([stage, { room, form, ...how }]) => {
      const { options } = await get(`project/forms/${stage}`);
      return options.map((/** @type {import("../kit/form.js").Option} */ one) => ({ room, title: `${one.name.replaceAll("_", " ")} – ${form}`, words: `${one.name} ${one.help} option ${(one.choices ?? []).join(" ")}`, at: `us-form [data-option="${one.name}"]`, ...how }));
    }),
  );
  // Those of the other stages are found also where one of them can't be told.
  return told.flatMap((one) => (one.status === "fulfilled" ? one.value : (toast_error(one.reason), [])));
}

/** Pages of the guide, where this studio has them. @returns {Promise<{place: string, title: string, words: string}[]>} */
export async function guide_pages() {
  return (await get("guide")).pages;
}

/** Open its room and bring it into view. @param {Place} place */
export async function go_there(place) {
  if (document.querySelector("us-shell main > [data-room]")?.getAttribute("data-room") !== place.room) location.hash = `#/${place.room}`;
  const main = /** @type {HTMLElement} */ (document.querySelector("us-shell main"));
  await busy(main, `Going to ${place.title}…`, open(place));
}

/** @param {Place} place */
async function open(place) {
  await there(`us-room-${place.room}`);
  if (place.does) {
    const action = await until(() => all_keys().flatMap(({ actions }) => actions).find((one) => one.does === place.does));
    let ended = false;
    run_action(action, new KeyboardEvent("keydown", { key: action.key })).then(() => (ended = true));
    await until(() => ended || document.querySelector("dialog[open]")); // where it asks something, it ends with the answer
  }
  if (place.press) (await until(() => seen(/** @type {string} */ (place.press)) ?? (place.at && seen(place.at)))).click();
  if (place.at) show(await there(place.at));
}

/** @param {string} selector @returns {HTMLElement | undefined} in the dialog that is open, else in the room */
function seen(selector) {
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  const within = dialog ?? document.querySelector("us-shell main");
  const all = /** @type {NodeListOf<HTMLElement>} */ ((within ?? document).querySelectorAll(selector.startsWith("dialog ") ? selector.slice(7) : selector));
  return [...all].find((one) => one.checkVisibility()) ?? (selector.startsWith("us-room") ? /** @type {HTMLElement} */ (document.querySelector(selector)) ?? undefined : undefined);
}

/** @param {string} selector */
function there(selector) {
  return until(() => seen(selector));
}

/** @template T @param {() => T | undefined | "" | null} look @returns {Promise<T>} */
async function until(look) {
  for (let tries = 0; tries < 300; tries++) {
    const found = look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("It is not to be found in this room now: what it needs is not there yet.");
}

/** @param {HTMLElement} thing */
function show(thing) {
  for (let fold = thing.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
  const form = /** @type {import("../kit/form.js").Form | null} */ (thing.closest("us-form"));
  const option = thing.dataset.option;
  if (form && option) form.find(option);
  else {
    if (thing.tabIndex < 0) thing.tabIndex = -1;
    thing.scrollIntoView({ block: "nearest" });
    thing.focus();
  }
  thing.classList.add("found");
  setTimeout(() => thing.classList.remove("found"), 2000);
}
