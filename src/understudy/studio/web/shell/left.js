// @ts-check
// <us-left>: what a closed window did not send. Actions can be sent, looked at and dropped; a file goes on where it was
// when it is chosen again. Each action has the id it had, so that one that was sent after all is not done twice.

import { outbox } from "../kit/api.js";
import { ask, sure } from "../kit/dialog.js";
import { h, StudioElement } from "../kit/element.js";
import { forget, left, windows } from "../kit/kept.js";
import { live } from "../kit/live.js";
import { fingerprint } from "../kit/pieces.js";
import { toast, toast_error } from "../kit/toast.js";
import { counted } from "../kit/words.js";
import { go_there } from "./places.js";

/** @typedef {import("../kit/kept.js").Entry} Entry */

const SHOWN_LETTERS = 600;
/** What tells a person nothing: which window it was, and which drawing it was made over. */
const UNTOLD = ["visit", "revision"];

export class Left extends StudioElement {
  /** @type {Entry[]} */
  actions = [];
  /** @type {Entry[]} */
  uploads = [];

  enter() {
    this.hidden = true;
    this.setAttribute("role", "status");
    this.listen(windows, "changed", () => this.look());
    this.look();
  }

  /** Newest wins: looking takes as long as other windows have to answer. */
  async look() {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (!outbox.project) return;
    const [actions, uploads] = await Promise.all([left("actions", outbox.project), left("uploads", outbox.project)]);
    if (turn !== this.turn) return;
    [this.actions, this.uploads] = [actions, uploads];
    this.show();
  }

  show() {
    this.hidden = !this.actions.length && !this.uploads.length;
    const act = (/** @type {string} */ label, /** @type {() => any} */ run) => h("button", { type: "button", onclick: () => Promise.resolve(run()).catch(toast_error) }, label);
    const rows = [];
    if (this.actions.length) {
      const noun = this.actions.every(({ path }) => path === "masks/drawing") ? "drawing" : "action";
      const words = h("span", { class: "grow" }, `${counted(this.actions.length, noun)} ${this.actions.length === 1 ? "was" : "were"} not sent before the window was closed or loaded anew.`);
      rows.push(h("div", { class: "bar" }, words, act("Send", () => this.send()), act("Look…", () => this.show_actions()), act("Drop", () => this.drop())));
    }
    for (const upload of this.uploads) {
      const words = h("span", { class: "grow cut" }, `${upload.name} was not sent to its end. Choose it again, and it goes on where it was.`);
      rows.push(h("div", { class: "bar" }, words, act("Choose…", () => this.choose(upload)), act("Drop", () => this.drop_upload(upload))));
    }
    this.replaceChildren(...rows);
  }

  /** In the order they were done, with their ids. */
  async send() {
    const actions = this.actions;
    this.actions = [];
    this.show();
    let refused = 0;
    const sent = actions.map(({ id, path, body, project }) => new Promise((done) => outbox.keep({ id, path, body, project, done, failed: (error) => (refused++, toast_error(error), done(null)) }, true)));
    await outbox.send();
    await Promise.all(sent); // where the connection is lost again, they wait with the others
    live.tell("look-anew", {});
    if (refused < actions.length) toast(`${counted(actions.length - refused, "action")} sent.`, { kind: "good" });
  }

  async show_actions() {
    const rows = this.actions.map((entry) => h("li", {}, h("div", {}, h("b", {}, words_of(entry.path)), h("span", { class: "dim" }, ` ${new Date(entry.order / 1000).toLocaleString()}`)), h("div", { class: "small dim" }, facts_of(entry.body))));
    const choices = [{ label: "Drop", value: "drop", kind: /** @type {"danger"} */ ("danger") }, { label: "Later", value: null }, { label: "Send", value: "send", kind: /** @type {"primary"} */ ("primary") }];
    const answer = await ask({ title: "Not sent", words: "These were done in a window that was closed or loaded anew before the studio heard of them.", content: h("ul", { class: "list left-actions" }, rows), choices, wide: true });
    if (answer === "send") await this.send();
    if (answer === "drop") await this.drop();
  }

  async drop() {
    const actions = this.actions;
    if (!(await sure("Drop what was not sent?", "It is as if it had never been done.", `Drop ${counted(actions.length, "action")}`))) return;
    await Promise.all(actions.map(({ id }) => forget("actions", id)));
    this.#changed();
  }

  /** @param {Entry} upload */
  async choose(upload) {
    const picker = h("input", { type: "file" });
    const chosen = new Promise((done) => (picker.addEventListener("change", done), picker.addEventListener("cancel", done)));
    picker.click();
    await chosen;
    const [file] = picker.files;
    if (!file) return;
    if ((await fingerprint(file)) !== upload.print) throw new Error(`This is not the file ${upload.name} that was being sent, or it has changed since.`);
    await go_there({ room: "project", title: "the Project room", words: "" }); // there one sees it go, and what is said of it
    const { send_files } = await import("../rooms/project/clips.js");
    await forget("uploads", upload.id);
    this.#changed();
    await send_files([file], upload.role);
  }

  /** @param {Entry} upload */
  async drop_upload(upload) {
    await forget("uploads", upload.id);
    this.#changed();
  }

  #changed() {
    windows.tell();
    this.look();
  }
}

/** An address as words, e.g. "Masks: drawing". @param {string} path */
function words_of(path) {
  const [room, ...rest] = path.split("?")[0].split("/").map(decodeURIComponent);
  return `${room[0].toUpperCase()}${room.slice(1)}: ${rest.join(" ").replaceAll("-", " ")}`;
}

/** What an action says, as "face: a.jpg, regions: 2". @param {string} body */
function facts_of(body) {
  const plain = (/** @type {string} */ name, /** @type {any} */ value) => {
    if (value === null || value === "") return "none";
    if (name === "painted") return "yes"; // its value is the picture itself
    if (Array.isArray(value)) return value.every((one) => typeof one !== "object") ? value.join(" ") : value.length;
    return value && typeof value === "object" ? JSON.stringify(value) : value;
  };
  const told = Object.entries(JSON.parse(body)).filter(([name]) => !UNTOLD.includes(name));
  const facts = told.map(([name, value]) => `${name.replaceAll("_", " ")}: ${plain(name, value)}`);
  const words = facts.join(", ");
  return words.length > SHOWN_LETTERS ? `${words.slice(0, SHOWN_LETTERS)}…` : words;
}

customElements.define("us-left", Left);
