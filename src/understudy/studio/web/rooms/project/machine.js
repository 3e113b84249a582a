// @ts-check
// What the machine has left, what could be better in the project, and what runs had to say.

import { get } from "../../kit/api.js";
import { button } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { size_words } from "../../kit/words.js";

/** @param {any} state @param {any | null} machine null while it is not known */
export function machine_panel(state, machine) {
  const disk = state.disk;
  const rows = [
    meter("Disk", `${size_words(disk.free_bytes)} free of ${size_words(disk.total_bytes)}`, 1 - disk.free_bytes / disk.total_bytes),
    h("p", { class: "dim small" }, `This project takes ${size_words(state.size_bytes)}${state.trash_bytes ? `, ${size_words(state.trash_bytes)} of it in the trash` : ""}.`),
  ];
  if (machine) {
    rows.push(meter("Memory", `${size_words(machine.free_bytes)} free of ${size_words(machine.memory_bytes)}`, 1 - machine.free_bytes / machine.memory_bytes));
    for (const device of machine.devices) rows.push(h("div", { class: "device small" }, h("strong", {}, device.name), " ", h("span", { class: "dim" }, `${device.words}, ${size_words(device.free_bytes)} free`)));
  } else rows.push(h("p", { class: "dim small", role: "status" }, "Looking at the devices…"));
  return h("section", { class: "panel", "aria-label": "Machine" }, h("h2", {}, "Machine"), h("div", { class: "stack" }, rows));
}

/** @param {string} name @param {string} words @param {number} share */
function meter(name, words, share) {
  return h("div", { class: "meter" }, h("div", { class: "bar small" }, h("strong", { class: "grow" }, name), h("span", { class: "dim" }, words)), h("progress", { max: 1, value: share, class: share > 0.95 ? "bad" : "", "aria-label": `${name} in use` }));
}

/**
 * Advice of the newest look, and its notices. @param {import("../../kit/runs.js").Run[]} runs @param {any} state
 * @param {import("../../kit/keys.js").KeyAction} action that looks
 * @returns {Promise<HTMLElement>}
 */
export async function advice_panel(runs, state, action) {
  const looks = runs.filter((run) => run.words[0] === "advise");
  const look = looks.find((run) => run.state === "done");
  const busy = looks.some((run) => run.living);
  const why_not = busy ? "It is looking." : state.facesets.some((/** @type {any} */ one) => one.faces) ? "" : "Find faces first.";
  const ask = button(action, { label: busy ? "Looking…" : look ? "Look again" : "Look", why_not });
  const bar = h("div", { class: "bar" }, h("h2", { class: "grow" }, "What could be better"), ask);
  const panel = h("section", { class: "panel advice", "aria-label": "Advice" }, bar);
  if (!look) {
    panel.append(h("p", { class: "dim" }, "Measures the faces and models and says what would help most, each with its number."));
    return panel;
  }
  const { result } = await get(`project/runs/${look.id}/result`);
  const summary = result ?? { advice: [], rules: 0 };
  const rows = summary.advice.map((/** @type {any} */ one) => h("li", { class: one.weight >= 3 ? "heavy" : "" }, h("strong", {}, one.todo), h("div", { class: "small" }, one.seen), h("details", { class: "small dim" }, h("summary", {}, "Why"), one.why, one.command ? h("div", {}, h("code", {}, one.command)) : null)));
  panel.append(rows.length ? h("ol", { class: "list" }, rows) : h("p", { class: "good" }, `Nothing: ${summary.rules} rules looked.`));
  return panel;
}

/** What the newest runs had to say that should be read. @param {import("../../kit/runs.js").Run[]} runs */
export async function notices_panel(runs) {
  const told = await Promise.all(
    runs.filter((run) => run.started).slice(0, 4).map(async (run) => {
      const { events } = await get(`project/runs/${run.id}/events`);
      return events.filter((/** @type {any} */ event) => event.event === "Notice").map((/** @type {any} */ event) => ({ ...event, run: run.title }));
    }),
  );
  const notices = told.flat().slice(-12).reverse();
  const panel = h("section", { class: "panel notices", "aria-label": "Notices", hidden: !notices.length }, h("h2", {}, "What was said"));
  panel.append(h("ul", { class: "list" }, notices.map((one) => h("li", { class: "small" }, h("span", { class: one.level === "warning" ? "warn" : "dim" }, one.level === "warning" ? "warning " : "", one.run, ": "), one.text))));
  return panel;
}
