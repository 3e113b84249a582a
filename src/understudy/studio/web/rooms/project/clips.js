// @ts-check
// The clips of the project, and adding some: chosen from the studio's machine, or dropped from this one.

import { get, post } from "../../kit/api.js";
import { button } from "../../kit/button.js";
import { ask, sure } from "../../kit/dialog.js";
import { h, say } from "../../kit/element.js";
import { toast, toast_error } from "../../kit/toast.js";
import { rate_button } from "./rate.js";
import { send_clip } from "./sending.js";
import { counted, size_words } from "../../kit/words.js";
import { waited } from "../../kit/waiting.js";

/** Which clips are being searched for faces now. @param {any} state @param {import("../../kit/runs.js").Run[]} runs @returns {string[]} */
export function searched_now(state, runs) {
  const searches = runs.filter((run) => ["running", "stopping"].includes(run.state) && ["extract", "swap"].includes(run.words[0]));
  const names = state.clips.map((/** @type {any} */ clip) => clip.name);
  return names.filter((/** @type {string} */ name) => searches.some((run) => !run.words.some((word) => names.includes(word)) || run.words.includes(name)));
}

/** @param {any} state @param {Record<string, import("../../kit/keys.js").KeyAction>} actions @param {string[]} searching names of clips */
export function clips_panel(state, actions, searching) {
  const sides = /** @type {["src", "dst"]} */ (["src", "dst"]).map((role) => side(state, role, actions[role], searching));
  return h("section", { class: "panel clips", "aria-label": "Clips" }, h("h2", {}, "Clips"), h("div", { class: "sides" }, sides));
}

/** @param {any} state @param {"src" | "dst"} role @param {import("../../kit/keys.js").KeyAction} add @param {string[]} searching */
function side(state, role, add, searching) {
  const clips = state.clips.filter((/** @type {any} */ clip) => clip.role === role);
  const says = role === "src" ? "the performer whose face is shown" : "the footage that receives it";
  const zone = h(
    "div",
    { class: "side drop", "data-role": role },
    h("div", { class: "bar" }, h("h3", { class: "grow" }, role, h("span", { class: "dim" }, ` ${says}`)), button(add, { label: "Add…" })),
    h("ul", { class: "list rows" }, clips.map((/** @type {any} */ clip) => row(clip, searching.includes(clip.name)))),
    clips.length ? null : h("p", { class: "empty" }, `Drop a ${role} clip here, or add one from this machine.`),
  );
  zone.addEventListener("dragover", (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (/** @type {DragEvent} */ event) => {
    event.preventDefault();
    zone.classList.remove("over");
    send_files([...(event.dataTransfer?.files ?? [])], role).catch(toast_error);
  });
  return zone;
}

/** @param {any} clip @param {boolean} searching */
function row(clip, searching) {
  const now = searching && !clip.searched;
  const faces = clip.there ? (clip.faces ? counted(clip.faces, "face") : now ? "" : clip.searched ? "no faces" : "not searched") : "the file is gone";
  const left = now ? `${clip.faces ? " so far, " : ""}being searched…` : clip.faces && !clip.searched ? ", not to its end" : "";
  const about = h("div", { class: clip.there ? "dim small" : "bad small" }, `${faces}${left} · ${size_words(clip.size_bytes)}${clip.fps ? ` · ${clip.fps} frames a second` : ""}`);
  const picture = clip.there ? h("img", { class: "thumb", src: `/api/project/pictures/clip/${encodeURIComponent(clip.name)}?width=240&v=${clip.size_bytes}`, alt: "", loading: "lazy" }) : h("div", { class: "thumb" });
  const out = h("button", { type: "button", class: "quiet", "aria-label": `Take ${clip.name} out`, "data-tip": "Take out of the project; what was made for it goes to the trash", onclick: () => take_out(clip) }, "×");
  const rate = clip.there && clip.images ? rate_button(clip) : null;
  return h("li", { "data-clip": clip.name }, picture, h("span", { class: "grow cut", title: clip.path }, h("strong", {}, clip.name), about), rate, out);
}

/** @param {any} clip */
async function take_out(clip) {
  const words = `Its merged frames and what was found in it go to the project's trash. Its ${counted(clip.faces, "face")} stay in the faceset, and a file outside of the project stays where it is.`;
  if (!(await sure(`Take ${clip.name} out of the project?`, words, "Take out"))) return;
  const told = await post(`project/clips/${encodeURIComponent(clip.name)}/remove`, {}, `Taking ${clip.name} out…`);
  toast(told.words, { kind: "good" });
}

/** The clips on the studio's machine to choose from. @param {any[]} clips @param {string} none what is said without any */
function places_list(clips, none) {
  /** @type {Set<string>} */
  const chosen = new Set();
  const count = h("span", { class: "grow dim", role: "status" });
  const choose = (/** @type {{id: string, box: HTMLInputElement}} */ { id, box }) => {
    if (box.checked) chosen.add(id);
    else chosen.delete(id);
    say(count, chosen.size ? `${counted(chosen.size, "clip")} chosen.` : "");
  };
  const row_of = (/** @type {any} */ clip) => {
    const box = h("input", { type: "checkbox", onchange: () => choose({ id: clip.id, box }) });
    const picture = h("img", { class: "thumb", src: `/api/${clip.picture}`, alt: "", loading: "lazy" });
    picture.addEventListener("error", () => picture.replaceWith(h("div", { class: "thumb" })));
    const row = h("li", { "data-place": clip.name }, h("label", {}, box, picture, h("span", {}, clip.name, h("div", { class: "dim small" }, `${clip.folder}${clip.kind === "images" ? " · images" : ` · ${size_words(clip.size_bytes)}`}`), clip.is_in ? h("div", { class: "small info" }, `in the project as ${clip.is_in}`) : null)));
    return { ...clip, row, box };
  };
  // One image is a clip of one frame; a folder full of pictures is rarely meant so, and would bury the films.
  const films = clips.filter((clip) => clip.kind !== "image").map(row_of);
  const singles = clips.filter((clip) => clip.kind === "image").map(row_of);
  const sift = () => [...films, ...singles].forEach(({ row }) => (row.hidden = !row.textContent?.toLowerCase().includes(search.value.toLowerCase())));
  const search = h("input", { type: "search", placeholder: "Search clips", "aria-label": "Search clips", oninput: sift });
  const choose_all = () => {
    const meant = films.filter(({ row, is_in }) => !row.hidden && !is_in); // what the project has is rarely meant again
    const checked = meant.some(({ box }) => !box.checked);
    for (const one of meant) {
      one.box.checked = checked;
      choose(one);
    }
  };
  const all = h("button", { type: "button", "data-tip": "Every clip that is listed here and not in the project yet, or none of them", onclick: choose_all }, "All or none");
  const element = h("div", { class: "stack places" }, h("h3", {}, "On the studio's machine"), films.length > 6 ? search : null, films.length > 1 ? h("div", { class: "bar" }, count, all) : null, films.length ? h("ul", { class: "list scrolls" }, films.map(({ row }) => row)) : h("p", { class: "dim" }, none), singles.length ? h("details", {}, h("summary", {}, `Single images: ${singles.length}, each a clip of one frame`), h("ul", { class: "list scrolls" }, singles.map(({ row }) => row))) : null);
  return { chosen, element };
}

/** Choose clips from the studio's machine or send one from here. @param {"src" | "dst"} role */
export async function add_clips(role) {
  const { clips, folders, endings } = await waited("Looking for clips…", get("places/clips"));
  const picker = h("input", { type: "file", accept: endings.join(","), multiple: true });
  const none = folders.length ? "There are no clips in the folders that the studio may look into." : "This studio may look into no folder. Start it with `--clips FOLDER` to choose clips without sending them.";
  const { chosen, element } = places_list(clips, none);
  const there = h("label", { class: "stack" }, h("h3", {}, "Or from this computer"), picker);
  const choices = [{ label: "Cancel", value: false }, { label: "Add", value: true, kind: /** @type {"primary"} */ ("primary") }];
  const attempt = () => {
    if (!chosen.size && !picker.files.length) throw new Error("No clip is chosen. Choose at least one, here or on this computer.");
  };
  if (!(await ask({ attempt, title: `Add ${role} clips`, words: role === "src" ? "Footage of the performer whose face will be shown." : "The footage that receives the face.", content: [element, there], choices, wide: true }))) return;
  if (chosen.size) await add_places([...chosen], role);
  await send_files([...picker.files], role);
}

/** @param {string[]} places @param {"src" | "dst"} role */
async function add_places(places, role) {
  const { names, warnings } = await post("project/clips/add", { role, places }, `Looking into the ${role} clips…`);
  toast(`Added ${names.join(", ")} as ${role}.`, { kind: "good" });
  for (const words of warnings) toast(words, { seconds: 0 }); // until it is closed
}

/** @param {File[]} files @param {"src" | "dst"} role */
export async function send_files(files, role) {
  for (const file of files) {
    const place = await send_clip(file, role);
    if (place) await add_places([place], role);
  }
}
