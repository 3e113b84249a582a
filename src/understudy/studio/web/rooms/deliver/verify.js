// @ts-check
// <us-verify>: a file of anybody is sent, its marks are read, and it is forgotten; what was found, as a table.

import { get, post } from "../../kit/api.js";
import { h, say, StudioElement } from "../../kit/element.js";
import { send_piece } from "../../kit/pieces.js";
import { toast_error } from "../../kit/toast.js";

const STATES = /** @type {Record<string, string>} */ ({ trusted: "good", valid: "warn", tampered: "bad", none: "dim", stripped: "warn" });

/** What was found, as rows and sentences. @param {any} told */
export function verdict_rows(told) {
  const rows = [["state", told.state], ["watermark", told.watermark || "–"], ["ledger", told.ledger || "–"], ["signer", told.signer || "–"], ["source", told.source || "–"]];
  const table = h("table", { class: "facts" }, h("tbody", {}, ...rows.map(([name, words]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", { class: name === "state" ? STATES[words] : "" }, words)))));
  return h("div", { class: "verdict", "data-state": told.state, "data-file": told.name }, table, ...told.sentences.map((/** @type {string} */ one) => h("p", {}, one)));
}

export class VerifyPane extends StudioElement {
  enter() {
    if (this.place) return;
    this.file = h("input", { type: "file", class: "unseen", "aria-label": "A file to verify", onchange: () => this.file.files[0] && this.send(this.file.files[0]) });
    this.place = h("div", { class: "stack verdicts" });
    this.words = h("p", { class: "dim", role: "status" });
    const drop = h("div", { class: "drop" }, h("p", {}, "Drop a film or an image here, or"), h("button", { type: "button", "data-tip": "Any film or image; it is looked at and forgotten", "data-key": "V", onclick: () => this.choose() }, "Choose a file"), this.file);
    drop.addEventListener("dragover", (/** @type {DragEvent} */ event) => (event.preventDefault(), drop.classList.add("over")));
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      drop.classList.remove("over");
      const file = event.dataTransfer?.files[0];
      if (file) this.send(file);
    });
    this.replaceChildren(drop, this.words, this.place);
  }

  choose() {
    this.file?.click();
  }

  /** @param {File} file */
  async send(file) {
    try {
      const { id } = await post("deliver/verify/begin", { name: file.name, size_bytes: file.size });
      let upload = await get(`uploads/${id}`);
      while (upload.have_bytes < file.size) {
        this.say(`Sending ${file.name}: ${Math.round((100 * upload.have_bytes) / file.size)} %`);
        upload = await send_piece(file, upload);
      }
      this.say(`Reading the marks of ${file.name}; the watermark takes some seconds…`);
      const told = await post("deliver/verify/finish", { id });
      this.place?.prepend(h("article", { class: "panel" }, h("b", {}, told.name), verdict_rows(told)));
    } catch (error) {
      toast_error(error);
    }
    this.say("");
    if (this.file) this.file.value = "";
  }

  /** @param {string} words */
  say(words) {
    say(this.words, words);
  }
}

customElements.define("us-verify", VerifyPane);
