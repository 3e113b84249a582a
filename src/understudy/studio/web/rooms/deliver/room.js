// @ts-check
// Deliver: what will be written and what its marks will say, before it is made; then the files, verify, the ledger.

import { get } from "../../kit/api.js";
import { button, forbid } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { live } from "../../kit/live.js";
import { OfProject } from "../../kit/of_project.js";
import { Room } from "../../kit/room.js";
import { all_runs, start_run } from "../../kit/runs.js";
import { fill } from "../../kit/selects.js";
import { styles } from "../../kit/styles.js";
import { toast, toast_error } from "../../kit/toast.js";
import "../../kit/form.js";
import { copy_credits, credits_pane, finished_pane, ledger_pane } from "./panes.js";
import { Purposes } from "./purposes.js";
import { VerifyPane } from "./verify.js";

const kept = new OfProject("deliver said");
const stretch = new OfProject("deliver frames", sessionStorage); // of the clip that this window shows
const ASKED_EACH_TIME = ["closed_production", "closed_production_by"]; // a file without marks is decided for itself
const AGAIN_MS = 200;
const NO_CLIP = "No dst clip yet";
const NO_MODEL = "No model yet";
const TABS = /** @type {const} */ (["finished", "verify", "ledger", "credits"]);
const LOADING = "What would be written is being looked at…";

await styles(new URL("./room.css", import.meta.url));

class DeliverRoom extends Room {
  /** Options that are said, by name. @type {Record<string, any>} */
  said = {};
  /** @type {any} */
  state = null;
  /** @type {any} */
  outlook = null;
  named = false; // whether a person chose the file's name
  /** What is drawn, so that nothing is drawn twice. */
  drawn = "";
  runs_key = "";
  /** How runs stood when that was last told. @type {Map<string, string>} */
  states = new Map();
  /** @type {HTMLButtonElement} */
  deliver = h("button");
  verify = /** @type {VerifyPane} */ (h("us-verify"));

  get title_words() {
    return "Deliver";
  }

  get clip() {
    return this.place.clip ?? this.state?.shots[0]?.clip ?? "";
  }

  get model() {
    const shot = this.state?.shots.find((/** @type {any} */ one) => one.clip === this.clip);
    return this.place.model ?? shot?.merged[0] ?? shot?.models[0] ?? "main";
  }

  enter() {
    this.clips = h("select", { "aria-label": "Clip", onchange: () => this.choose({ clip: this.clips.value }) });
    this.models = h("select", { "aria-label": "Painted by", onchange: () => this.choose({ model: this.models.value }) });
    fill(this.clips, null, "", NO_CLIP);
    fill(this.models, null, "", NO_MODEL);
    this.name = h("input", { type: "text", placeholder: "from clip and model", onchange: () => this.rename() });
    this.purposes = /** @type {Purposes} */ (h("us-purposes"));
    this.purposes.said = () => this.said;
    this.purposes.choose = (name) => this.choose_purpose(name);
    this.form = /** @type {any} */ (h("us-form"));
    this.form.addEventListener("change", (/** @type {CustomEvent} */ event) => this.changed(event.detail));
    this.deliver = button(this.act_deliver, { label: "Deliver", kind: "primary", why_not: LOADING });
    this.blocks = h("div", { class: "blocks", role: "status" });
    this.behind = h("div", { class: "behind", role: "status" });
    const wait = () => h("p", { class: "dim" }, LOADING);
    this.file = h("div", { class: "file-facts" }, wait());
    this.says = h("div", { class: "says" }, wait());
    this.consents = h("div", { class: "consents" }, wait());
    this.runs = h("div", { class: "stack" });
    this.tabs = TABS.map((name) => h("button", { type: "button", role: "tab", "data-tab": name, "data-tip": { finished: "Finished files", verify: "Verify a file of anybody", ledger: "The ledger of everything that was finished", credits: "Words for the credits" }[name], "data-key": { finished: "F", verify: "V", ledger: "L", credits: "C" }[name], onclick: () => this.open(name) }, { finished: "Finished files", verify: "Verify a file", ledger: "Ledger", credits: "Credits" }[name]));
    this.pane = h("div", { class: "pane" });
    const left = h("section", { class: "deliver-options", "aria-label": "What to write" }, h("label", {}, "Clip", this.clips), h("label", {}, "Painted by", this.models), h("label", {}, "File name", this.name), this.purposes, this.form);
    const middle = h("section", { class: "deliver-outlook", "data-toasts": "", "aria-label": "What will be written" }, h("div", { class: "bar" }, h("h2", {}, "What will be written"), h("span", { class: "grow" }), this.deliver), this.blocks, this.behind, this.file, h("h2", {}, "What its credentials will say"), this.says, h("h2", {}, "Who agreed"), this.consents, this.runs);
    const right = h("section", { class: "deliver-files" }, h("div", { class: "deliver-tabs", role: "tablist" }, ...this.tabs), this.pane);
    this.replaceChildren(left, middle, right);
    for (const topic of ["project", "merge", "look-anew"]) this.listen(live, topic, () => this.refresh());
    this.listen(live, "runs", ({ detail }) => {
      if (this.states.get(detail.id) === detail.state) return; // progress alone changes nothing here
      this.states.set(detail.id, detail.state);
      this.refresh();
    });
    this.listen(kept, "change", () => this.heard_elsewhere().catch(toast_error));
    this.open(/** @type {any} */ (this.place.tab ?? "finished"));
    this.said = { ...kept.value, ...(stretch.value.clip === this.place.clip && stretch.value.said) };
    this.begin().catch(toast_error);
  }

  async begin() {
    await this.load_options().catch(async (error) => {
      if (!(await this.forgot_purpose())) throw error;
    });
    await this.refresh();
  }

  /** Whether the purpose that is said is a preset that is gone since; it is forgotten then. */
  async forgot_purpose() {
    const { purpose, ...said } = this.said;
    if (!purpose) return false;
    const { presets } = await get("deliver/options");
    if (purpose !== this.said.purpose || presets.some((/** @type {any} */ one) => one.name === purpose)) return false;
    this.said = said;
    this.keep_said();
    toast(`The purpose ${purpose} is gone, so none is chosen now.`);
    await this.load_options();
    return true;
  }

  /** The form's options with the values of the purpose below what is said. */
  async load_options() {
    const { purpose } = this.said;
    const told = await get(`deliver/options${purpose === undefined ? "" : `?purpose=${encodeURIComponent(purpose)}`}`);
    this.form.options = told.options.map((/** @type {any} */ one) => (one.name in this.said ? { ...one, value: this.said[one.name], said: true } : { ...one, said: false }));
    Object.assign(/** @type {Purposes} */ (this.purposes), { presets: told.presets, chosen: told.purpose }).show();
  }

  /** What the purpose says comes in place of what was said of the same before. @param {string} purpose */
  async choose_purpose(purpose) {
    this.said.purpose = purpose;
    await this.load_options();
    for (const name of Object.keys(this.purposes?.preset?.options ?? {})) delete this.said[name];
    this.keep_said();
    await this.load_options();
    await this.look();
  }

  keep_said() {
    const { frames, ...said } = this.said;
    for (const name of ASKED_EACH_TIME) delete said[name];
    kept.keep(said);
    stretch.keep({ clip: this.place.clip, said: frames === undefined ? {} : { frames } });
  }

  /** Another window of this project said something else; what is this window's own stays. */
  async heard_elsewhere() {
    const own = Object.entries(this.said).filter(([name]) => name === "frames" || ASKED_EACH_TIME.includes(name));
    this.said = { ...kept.value, ...Object.fromEntries(own) };
    await this.begin();
  }

  async refresh() {
    if (this.asking) return void (this.again = true);
    this.asking = true;
    try {
      this.state = await get(`deliver/state?use=${encodeURIComponent(this.said.use ?? "")}`);
      if (this.isConnected) this.draw();
      this.look_at_frames();
      await this.look();
      await this.show_runs();
    } catch (error) {
      if (live.connected) toast_error(error);
    } finally {
      this.asking = false;
    }
    if (this.again) (this.again = false), setTimeout(() => this.isConnected && this.refresh(), AGAIN_MS);
  }

  draw() {
    const told = (/** @type {any} */ shot, /** @type {string} */ model) => (shot.merged.includes(model) ? "" : shot.partly[model] ? ` (frames ${shot.partly[model]} merged)` : " (not merged yet)");
    fill(this.clips, this.state.shots.map((/** @type {any} */ one) => [one.clip, `${one.clip}${one.merged.length ? "" : told(one, Object.keys(one.partly)[0] ?? "")}`]), this.clip, NO_CLIP);
    const shot = this.state.shots.find((/** @type {any} */ one) => one.clip === this.clip);
    fill(this.models, (shot?.models ?? []).map((/** @type {string} */ one) => [one, `${one}${told(shot, one)}`]), this.model, NO_MODEL);
    this.draw_pane();
  }

  /** @param {Record<string, string>} place */
  choose(place) {
    if (place.clip && "frames" in this.said) {
      delete this.said.frames; // they were those of another clip
      this.keep_said();
      this.load_options().catch(toast_error);
    }
    this.keep_place(place);
    this.draw();
    this.look();
    this.look_at_frames();
  }

  /** Say how many merged frames are not as the settings kept now make them. */
  async look_at_frames() {
    const { clip, model } = this;
    const shot = this.state.shots.find((/** @type {any} */ one) => one.clip === clip);
    const stretch = this.said.frames ?? "";
    const merged = shot && (shot.merged.includes(model) || (stretch && shot.partly[model]));
    const place = new URLSearchParams({ clip, model }).toString();
    const told = merged ? await get(`deliver/frames?${place}&stretch=${encodeURIComponent(stretch)}`).catch((error) => ({ words: error.kind === "OptionInvalid" ? "" : `How its frames stand is not known: ${error.message}` })) : { words: "" };
    if (clip !== this.clip || model !== this.model || stretch !== (this.said.frames ?? "")) return;
    this.behind.replaceChildren(...(told.words ? [h("p", { class: "warn" }, told.words, " ", h("a", { href: `#/merge?${place}` }, "Look at them in Merge"))] : []));
  }

  /** @param {{name: string, value: any}} change */
  changed({ name, value }) {
    if (value === null) delete this.said[name];
    else this.said[name] = value;
    this.keep_said();
    if (name === "frames") this.look_at_frames();
    if (name === "use") this.refresh();
    else this.look();
  }

  /** A person gave another name, or took it away. */
  rename() {
    this.name.value = this.name.value.trim();
    this.named = Boolean(this.name.value);
    return this.look();
  }

  /** The name that a person gave; without one it follows from what is chosen. */
  get file_name() {
    return this.named ? this.name.value : "";
  }

  /** Ask what would be written; the newest wish counts. @returns {Promise<void>} */
  async look() {
    if (!this.clip) return this.show_nothing();
    const wish = (this.wish = Symbol());
    const place = new URLSearchParams({ clip: this.clip, model: this.model, name: this.file_name, said: JSON.stringify(this.said) });
    const told = await get(`deliver/outlook?${place}`).catch((error) => ({ refused: error.message, kind: error.kind }));
    if (wish !== this.wish) return;
    this.outlook = told;
    if (told.refused) {
      // What is no matter of presets says nothing of the purpose, so it isn't asked about.
      if (told.kind === "PresetInvalid" && (await this.forgot_purpose().catch(() => false))) return this.look();
      this.blocks.replaceChildren(h("p", { class: "bad block" }, told.refused));
      forbid(this.deliver, told.refused);
      for (const place of [this.file, this.says]) place.replaceChildren(h("p", { class: "dim" }, "Known once that is mended."));
      if (this.state) this.show_consents(this.state.consents);
      return;
    }
    this.blocks.replaceChildren(...told.blocks.map((/** @type {string} */ one) => h("p", { class: "bad block" }, one)));
    forbid(this.deliver, told.blocks.join(" "));
    this.file.replaceChildren(facts_of(told));
    this.name.placeholder = this.named ? "as the clip and the model" : told.file.name;
    this.says.replaceChildren(...(told.says.length ? told.says.map((/** @type {string} */ one) => h("p", {}, one)) : [h("p", { class: "dim" }, "Known once the clip is merged.")]));
    this.show_consents(told.consents);
    this.show_idle(told.idle);
    this.dataset.looked = told.file.name;
  }

  show_nothing() {
    this.file.replaceChildren(h("p", { class: "empty" }, "There is no dst clip yet. Add one in the Project room; merge it, and it can be delivered here."));
    for (const place of [this.says, this.consents]) place.replaceChildren(h("p", { class: "dim" }, "Known once there is one."));
    forbid(this.deliver, "There is no dst clip yet.");
  }

  /** @param {any[]} consents */
  show_consents(consents) {
    // Why a consent stops the file stands above, among what stops it; here is what was agreed.
    this.consents.replaceChildren(
      ...consents.map((one) => h("p", { class: one.problem ? "bad" : "" }, h("span", { "aria-hidden": "true" }, one.problem ? "✗ " : one.status === "not stated" ? "– " : "✓ "), h("b", {}, one.who || one.performer), `: ${one.words}.`)),
      h("p", { class: "small dim" }, "Consent is recorded in the Project room, or with “understudy consent”."),
    );
  }

  /** Say beside an option that was chosen why it would do nothing. @param {Record<string, string>} idle */
  show_idle(idle) {
    for (const old of this.form.querySelectorAll(".idle-words")) old.remove();
    for (const name of Object.keys(this.said)) {
      if (!(name in idle)) continue;
      this.form.querySelector(`[data-option="${name}"]`)?.append(h("div", { class: "idle-words small warn" }, `Would do nothing: ${idle[name]}.`));
    }
  }

  async show_runs() {
    const runs = (await all_runs()).filter((run) => run.words[0] === "encode").slice(0, 3);
    const key = runs.map((run) => run.id).join();
    if (key === this.runs_key) return;
    this.runs_key = key;
    this.runs.replaceChildren(...runs.map((run) => h("us-run", { run, onstate: () => this.refresh() })));
  }

  act_deliver = {
    key: "d",
    does: "Write the finished file, sign it and enter it into the ledger",
    run: async () => {
      if (this.deliver.dataset.why) throw new Error(this.deliver.dataset.why); // a key is not held up by the button
      const idle = Object.keys(this.outlook.idle);
      const said = Object.fromEntries(Object.entries(this.said).filter(([name]) => !idle.includes(name)));
      const run = await start_run("encode", { clips: [this.clip], model: this.model, name: this.file_name, said }).catch(toast_error);
      if (run) {
        toast(`${this.outlook.file.name} is being written.`, { seconds: 3 });
        for (const name of ASKED_EACH_TIME) delete this.said[name];
        await this.load_options();
      }
      await this.refresh();
    },
  };

  /** @param {typeof TABS[number]} tab */
  open(tab) {
    this.tab = tab;
    this.keep_place({ tab });
    for (const one of this.tabs ?? []) one.setAttribute("aria-selected", String(one.dataset.tab === tab));
    this.drawn = "";
    this.draw_pane();
  }

  /** Drawn anew only where something changed, so that what is read there stays. */
  draw_pane() {
    if (!this.state || !this.pane) return;
    const key = JSON.stringify([this.tab, this.tab === "finished" ? this.state.finished : this.tab === "ledger" ? this.state.ledger : ""]);
    if (key === this.drawn) return;
    this.drawn = key;
    const made = { finished: () => finished_pane(this.state.finished), verify: () => this.verify, ledger: () => ledger_pane(this.state.ledger), credits: () => credits_pane() }[/** @type {typeof TABS[number]} */ (this.tab)]();
    this.pane.replaceChildren(made);
  }

  /** @param {number} by */
  go(by) {
    const shots = this.state?.shots ?? [];
    const at = shots.findIndex((/** @type {any} */ one) => one.clip === this.clip);
    const next = shots[Math.max(0, Math.min(shots.length - 1, at + by))];
    if (next) this.choose({ clip: next.clip });
  }

  keys() {
    return [
      this.act_deliver,
      { key: "ArrowUp", does: "The clip above", run: () => this.go(-1) },
      { key: "ArrowDown", does: "The clip below", run: () => this.go(1) },
      { key: "s", does: "Keep these options under a name, for this project or for all of yours", run: () => this.purposes?.keep() },
      { key: "y", does: "Copy the words for the credits", run: () => (this.open("credits"), copy_credits()) },
      { key: "f", does: "Finished files", run: () => this.open("finished") },
      { key: "v", does: "Verify a file of anybody", run: () => (this.open("verify"), this.verify.choose()) },
      { key: "l", does: "The ledger of everything that was finished", run: () => this.open("ledger") },
      { key: "c", does: "Words for the credits", run: () => this.open("credits") },
    ];
  }
}

/** @param {any} told */
function facts_of({ file, replaces }) {
  const rate = file.rate ? ` at ${Number(file.rate.toFixed(3))} frames a second` : "";
  const rows = [
    ["file", `${file.name}${replaces ? "; the file of that name goes to the project's trash" : ""}`],
    ["kind", file.kind],
    ["picture", `${file.width} × ${file.height} px, ${file.frames.toLocaleString("en")} frames${rate}${file.content === "picture" ? "" : `, the ${file.content} alone`}`],
    file.codec ? ["codec", `${file.codec}: ${file.codec_words}`] : ["images", file.images],
    ["alpha", file.alpha ? "yes" : "no"],
    ...(file.codec ? [["sound", file.sound_tracks ? `${file.sound_tracks} track${file.sound_tracks > 1 ? "s" : ""} of dst, as it is` : "none"]] : []),
    ...(file.size_bytes ? [["size", `about ${(file.size_bytes / 1e6).toFixed(1)} MB`]] : []),
    ["marks", file.marks.length ? file.marks.join(", ") : "none: a closed production"],
    ...(file.credentials_in ? [["credentials", `in ${file.credentials_in}`]] : []),
    ...(file.label ? [["label", `“${file.label}”`]] : []),
  ];
  return h("table", { class: "facts" }, h("tbody", {}, ...rows.map(([name, words]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, words)))));
}

customElements.define("us-room-deliver", DeliverRoom);
