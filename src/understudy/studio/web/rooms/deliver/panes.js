// @ts-check
// What stands at the right of Deliver: finished files with their reports, the ledger, words for the credits.

import { get } from "../../kit/api.js";
import { h, say } from "../../kit/element.js";
import { toast, toast_error } from "../../kit/toast.js";
import { size_words } from "../../kit/words.js";
import { verdict_rows } from "./verify.js";

/** @param {any[]} files */
export function finished_pane(files) {
  if (!files.length) return h("p", { class: "empty" }, "Nothing was finished here yet. What is delivered is listed here with its report; without another place it lies in the project's folder “out”.");
  return h("div", { class: "stack" }, ...files.map(finished_file));
}

/** What was verified stays when the list is drawn anew. By name and time. @type {Map<string, HTMLElement>} */
const verdicts = new Map();

/** @param {any} file */
function finished_file(file) {
  const key = `${file.name} ${file.made_s}`;
  const place = verdicts.get(key) ?? h("div", {});
  verdicts.set(key, place);
  const { report } = file;
  const unswapped = report?.unswapped ?? [];
  const check = async () => {
    place.replaceChildren(h("p", { class: "dim" }, "Reading the marks; the watermark takes some seconds…"));
    const told = await get(`deliver/verify?name=${encodeURIComponent(file.name)}`).catch((error) => (toast_error(error), null));
    place.replaceChildren(...(told ? [verdict_rows(told)] : []));
  };
  const words = report ? `${report.swapped.toLocaleString("en")} of ${report.frames.toLocaleString("en")} frames are swapped.` : "It has no report.";
  const frames = h("table", { class: "small" }, h("tbody", {}, ...unswapped.slice(0, 500).map((/** @type {any} */ one) => h("tr", {}, h("td", { class: "number" }, one.frame), h("td", {}, one.reason)))));
  const why = unswapped.length ? h("details", {}, h("summary", {}, `${unswapped.length.toLocaleString("en")} frames are not swapped, and why`), frames, unswapped.length > 500 ? h("p", { class: "dim" }, "The rest stands in the report beside the file.") : null) : null;
  const marks = file.line ? (file.line.unmarked ? `no marks: ${file.line.unmarked.reason} (${file.line.unmarked.by})` : `${file.line.marks.join(", ")}; line ${file.line.number} of the ledger`) : "the ledger has no line with this name";
  return h("article", { class: "panel finished", "data-file": file.name }, h("b", { class: "name" }, file.name), h("div", { class: "bar" }, h("span", { class: "dim small grow" }, `${size_words(file.size_bytes)} · ${new Date(file.made_s * 1000).toLocaleString()}`), h("button", { type: "button", class: "verify-button", "data-tip": "What its marks say now, as understudy verify does", onclick: check }, "Verify"), file.folder_elsewhere ? null : download_link(file)), file.folder_elsewhere ? h("p", { class: "small dim" }, `It lies in ${file.folder_elsewhere}`) : null, h("p", {}, words, " ", h("span", { class: "dim" }, marks)), why, place);
}

/** What has several files comes as one zip. @param {any} file */
function download_link(file) {
  const packed = file.folder || file.beside.length > 0;
  const tip = packed ? `As one zip, with ${file.folder ? "all its images" : file.beside.join(", ")}${file.folder && file.beside.length ? ` and ${file.beside.join(", ")}` : ""}` : "The file as it is";
  return h("a", { href: `/api/deliver/download?name=${encodeURIComponent(file.name)}`, download: packed ? `${file.name}.zip` : file.name, "data-tip": tip }, packed ? "Download .zip" : "Download");
}

/** @param {any} ledger */
export function ledger_pane(ledger) {
  if (!ledger.lines.length && !ledger.problems.length) return h("p", { class: "empty" }, "The ledger is empty: nothing was finished in this project yet.");
  const state = ledger.problems.length
    ? h("div", { class: "bad" }, ...ledger.problems.map((/** @type {string} */ one) => h("p", {}, one)), h("p", {}, "What it says can't be relied on from the first of these lines."))
    : h("p", { class: "good" }, `${ledger.lines.length} line${ledger.lines.length > 1 ? "s" : ""}, each as it was written. The last one's hash, to keep elsewhere: `, h("code", { class: "hash" }, ledger.last_hash));
  const head = h("tr", {}, ...["", "when", "file", "watermark", "model", "consents", "marks"].map((word) => h("th", {}, word)));
  const rows = [...ledger.lines].reverse().map((/** @type {any} */ line) => {
    const consents = Object.entries(line.recast.consents ?? {}).map(([who, of]) => `${who}: ${/** @type {any} */ (of)?.status ?? ""}`);
    const marks = line.unmarked ? `no marks: ${line.unmarked.reason} (${line.unmarked.by})` : line.marks.join(", ");
    return h("tr", {}, h("td", { class: "number" }, line.number), h("td", {}, new Date(line.at).toLocaleString()), h("td", {}, line.file), h("td", {}, h("code", {}, line.watermark || "–")), h("td", {}, line.recast.model?.name ?? "–"), h("td", {}, consents.join(", ")), h("td", {}, marks));
  });
  return h("div", { class: "stack" }, state, h("div", { class: "scrolls" }, h("table", { class: "small ledger" }, h("thead", {}, head), h("tbody", {}, ...rows))));
}

/** A plain http page of another machine has no clipboard; then the words are chosen, to be copied by hand. @param {HTMLElement} text */
function copied(text) {
  if (navigator.clipboard) {
    navigator.clipboard?.writeText(text.textContent ?? "").then(() => toast("Copied.", { seconds: 2 }), toast_error);
    return;
  }
  getSelection()?.selectAllChildren(text);
  toast("Press Ctrl+C: this page may not write to the clipboard by itself.");
}

/** As its button does, where the words are shown. */
export function copy_credits() {
  /** @type {HTMLElement | null} */ (document.querySelector(".copy-credits"))?.click();
}

/** Words for the credits, in a chosen language. */
export function credits_pane() {
  const language = h("select", { "aria-label": "Language", onchange: () => show() });
  const text = h("pre", { class: "credits" });
  const card = h("code");
  const copy = h("button", { type: "button", class: "copy-credits", "data-tip": "Copy the words for the credits", "data-key": "Y", onclick: () => copied(text) }, "Copy");
  const as_card = h("p", { class: "dim small" }, "As a card for the film: ", card);
  const show = async () => {
    try {
      const told = await get(`deliver/credits?language=${language.value || "en"}`);
      if (!language.options.length) language.replaceChildren(...Object.keys(told.languages).map((one) => h("option", { value: one }, new Intl.DisplayNames(["en"], { type: "language" }).of(one) ?? one)));
      text.classList.remove("bad");
      text.textContent = told.lines.join("\n");
      card.textContent = told.card;
      as_card.hidden = copy.hidden = false;
    } catch (error) {
      text.classList.add("bad");
      as_card.hidden = copy.hidden = true; // there is nothing of either
      say(text, error instanceof Error ? error.message : String(error));
    }
  };
  show();
  return h("div", { class: "stack" }, h("div", { class: "bar" }, language, copy), text, as_card);
}
