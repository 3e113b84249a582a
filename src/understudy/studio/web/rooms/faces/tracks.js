// @ts-check
// The tracks of the faceset's clips: who is seen when. Each has a name people give it, and can be said to be the one meant.

import { get, post } from "../../kit/api.js";
import { ask_text, sure } from "../../kit/dialog.js";
import { h, StudioElement } from "../../kit/element.js";
import { choose } from "../../kit/menu.js";
import { toast, toast_error } from "../../kit/toast.js";

/** Event `pick` with detail {where} to see a track's faces. */
export class Tracks extends StudioElement {
  /** @type {string[]} */
  clips = [];

  enter() {
    this.look();
  }

  /** @param {string[]} [clips] */
  async look(clips = this.clips) {
    this.clips = clips;
    if (!this.childElementCount) this.replaceChildren(h("p", { class: "dim small", role: "status" }, "Looking at the tracks…"));
    const told = await Promise.all(clips.map((clip) => get(`faces/tracks?${new URLSearchParams({ clip })}`).catch((error) => ({ clip, error: error.message }))));
    if (this.clips !== clips) return;
    this.replaceChildren(...(told.length ? told.map((one) => this.#clip(one)) : [h("p", { class: "dim small" }, "This faceset holds no clip, so it has no tracks.")]));
  }

  /** @param {any} told */
  #clip(told) {
    if (told.error) return h("section", {}, h("h3", {}, told.clip), h("p", { class: "dim small" }, told.error));
    if (!told.tracks) return h("section", {}, h("h3", {}, told.clip, h("span", { class: "dim" }, ` ${told.role}`)), h("p", { class: "dim small" }, "This clip's faces were not extracted yet, so who is seen in it when is not known. ", h("a", { href: "#/project" }, "Extract them in the Project room"), "."));
    const changed = told.changed ? h("p", { class: "warn small" }, "The tracks were edited since; extract the clip again.") : null;
    const said = told.said.length ? h("p", { class: "dim small" }, `Said: ${told.said.join(", ")}`) : null;
    return h("section", {}, h("h3", {}, told.clip, h("span", { class: "dim" }, ` ${told.role}`)), changed, said, ...told.tracks.map((/** @type {any} */ track) => this.#card(told, track)));
  }

  /** @param {any} told @param {any} track */
  #card(told, track) {
    const { clip, role, names } = told;
    const name = names[String(track.track)] ?? "";
    const chosen = told.said.some((/** @type {string} */ words) => new RegExp(`^choose:(.*,)?${track.track}(,|$)`).test(words));
    const out = Boolean(track.fate) && track.fate !== "" && !track.fate.startsWith("with");
    const picture = h("img", { alt: "", loading: "lazy", src: `/api/faces/tracks/${encodeURIComponent(clip)}/${track.track}?v=${track.faces}`, onerror: () => picture.remove() });
    const title = h("button", { type: "button", class: "quiet name", "data-tip": "Give this track a name", onclick: () => this.#name(clip, track.track, name) }, name || `Track ${track.track}`);
    const facts = `frames ${track.first_frame}–${track.last_frame}, ${track.faces} faces${track.filled ? `, ${track.filled} placed by neighbours` : ""}${track.fate ? `, ${track.fate}` : ""}`;
    const meant = h("button", { type: "button", "data-tip": `Only this track is the ${role} of ${clip}; the faces of the others go to the trash and can come back`, "aria-pressed": String(chosen), onclick: () => this.#mean(told, track.track) }, chosen ? `This is the ${role}` : `This is the ${role}…`);
    const see = h("button", { type: "button", class: "quiet", "data-tip": "Show its faces", onclick: () => this.dispatchEvent(new CustomEvent("pick", { detail: { where: `clip == '${clip.replaceAll("'", "\\'")}' and track == ${track.track}` } })) }, "Show");
    const more = h("button", { type: "button", class: "quiet", "aria-label": "More", "data-tip": "Leave out, join, split", onclick: () => this.#more(more, told, track) }, "⋯");
    return h("article", { class: `track${out ? " out" : ""}`, "data-track": String(track.track) }, picture, h("div", {}, title, h("p", { class: "dim small" }, facts), h("div", { class: "bar" }, meant, see, more)));
  }

  /** @param {string} clip @param {number} track @param {string} name */
  async #name(clip, track, name) {
    const words = await ask_text(`Track ${track} of ${clip}`, "Name", name);
    if (words === null) return;
    try {
      await post("faces/tracks/name", { clip, track, name: words });
    } catch (error) {
      toast_error(error);
    }
    this.look();
  }

  /** @param {any} told @param {number} track */
  async #mean({ clip, role }, track) {
    const words = `Track ${track} alone is the ${role} of ${clip}. The clip is extracted again; what was found is known, so this is quick. Faces of other tracks go to the trash, and undo brings them back.`;
    if (await sure(`This is the ${role}`, words, `Take track ${track}`)) await this.#edit(clip, ["none", `choose:${track}`]);
  }

  /** @param {HTMLElement} at @param {any} told @param {any} track */
  async #more(at, told, track) {
    const others = told.tracks.filter((/** @type {any} */ one) => one.track !== track.track);
    const edit = await choose(at, [
      { label: "Leave this track out", value: `drop:${track.track}`, note: `drop:${track.track}` },
      ...others.slice(0, 12).map((/** @type {any} */ one) => ({ label: `The same person as track ${one.track}`, value: `merge:${track.track}+${one.track}`, note: `merge:${track.track}+${one.track}` })),
      { label: "Split at a frame…", value: "split", note: "split" },
      "line",
      { label: "Forget all that was said", value: "none", note: "none", why_not: told.said.length ? "" : "nothing was said" },
    ]);
    if (!edit) return;
    if (edit !== "split") return this.#edit(told.clip, [edit]);
    const frame = await ask_text(`Split track ${track.track}`, "The later part begins at frame", String(Math.round((track.first_frame + track.last_frame) / 2)));
    if (frame) await this.#edit(told.clip, [`split:${track.track}@${frame.trim()}`]);
  }

  /** @param {string} clip @param {string[]} edits */
  async #edit(clip, edits) {
    try {
      await post("faces/tracks/edit", { clip, edits });
      toast(`Extracting ${clip} again with ${edits.join(", ")}.`);
    } catch (error) {
      toast_error(error);
    }
  }
}

customElements.define("us-face-tracks", Tracks);
