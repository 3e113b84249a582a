// @ts-check
// Which project is open: make, open or duplicate one. Projects are named by their folder on the studio's machine.

import { get, post } from "../../kit/api.js";
import { ask, ask_text } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import { toast } from "../../kit/toast.js";
import { counted } from "../../kit/words.js";
import { waited } from "../../kit/waiting.js";

/** Where another project was opened: a studio keeps the one it has. @param {{name: string, link: string | null}} answer */
async function go_to({ name, link }) {
  if (!link) return;
  const port = new URL(link).port;
  const words = `This studio keeps its project. ${name} has one of its own now, at port ${port}. Through a tunnel, forward that port too: ssh -L ${port}:localhost:${port}`;
  const choices = [{ label: "Stay here", value: false }, { label: `Go to ${name}`, value: true, kind: /** @type {"primary"} */ ("primary") }];
  if (await ask({ title: name, words, choices })) window.open(link, "_blank", "noopener");
}

/** Make a project and open it. */
export async function make_project() {
  /** @type {any} */
  let made = null;
  await ask_text("New project", "Name of its folder", "", async (name) => {
    if (!name.trim()) throw new Error("A project needs a name: that of its folder.");
    made = await post("project/projects/create", { name: name.trim() }, "Making the project…");
  });
  if (made) await go_to(made);
}

/** Choose one of those there are. */
export async function open_project() {
  const { projects, folder } = await waited("Looking for projects…", get("project/projects"));
  if (!projects.length) {
    toast(`There is no project in ${folder || "the studio's folder"} yet.`);
    return;
  }
  const choices = projects.map((/** @type {any} */ one) => ({ label: `${one.name}${one.title === one.name ? "" : ` “${one.title}”`} — ${one.complaint || `${counted(one.clips, "clip")}, ${counted(one.models, "model")}`}${one.open ? ", open now" : ""}`, value: one.name }));
  /** @type {any} */
  let opened = null;
  const attempt = async (/** @type {string} */ name) => (opened = await post("project/projects/open", { name }, `Opening ${name}…`));
  await ask({ title: "Open a project", words: `Those in ${folder}. What runs in the project that is open now goes on.`, choices: [...choices, { label: "Cancel", value: null }], attempt });
  if (opened) await go_to(opened);
}

/** @param {any} state */
export async function duplicate_project(state) {
  const name = await ask_text(`Duplicate ${state.id}`, "Name of the copy's folder", `${state.id}-2`, async (name) => {
    if (!name.trim()) throw new Error("A copy needs a name: that of its folder.");
    await post("project/projects/duplicate", { name: name.trim() }, `Copying ${state.id}…`);
  });
  if (name === null) return;
  toast(`${name.trim()} is a copy of ${state.id}.`, { kind: "good", label: "Open it", run: () => void post("project/projects/open", { name: name.trim() }, `Opening ${name.trim()}…`).then(go_to) });
}

/** What a newcomer sees. @param {boolean} can_make @param {import("../../kit/keys.js").KeyAction[]} actions @param {HTMLElement[]} buttons */
export function no_project(can_make, actions, buttons) {
  const words = can_make ? "Make a project to begin with, or open one. A project is a folder that holds everything: faces, models and finished shots." : "Start the studio with a project, or with --projects FOLDER to make and open some here.";
  return h("section", { class: "welcome" }, h("h1", {}, "No project is open"), h("p", {}, words), h("ol", { class: "steps" }, ["Make a project.", "Add a clip of each performer.", "Press “Do it all”, and watch."].map((one) => h("li", {}, one))), can_make ? h("div", { class: "bar" }, buttons) : null, actions.length ? null : "");
}
