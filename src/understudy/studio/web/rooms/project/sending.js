// @ts-check
// Sends a clip of this computer to the studio, with its bar and a way to cancel.

import { ConnectionLost, outbox, post, Refused } from "../../kit/api.js";
import { h } from "../../kit/element.js";
import { forget, remember, windows } from "../../kit/kept.js";
import { fingerprint, send_piece } from "../../kit/pieces.js";

/** The browser asks before a window is closed that is just sending. @param {BeforeUnloadEvent} event */
const stay = (event) => event.preventDefault();

/**
 * Send a file; answers its place's id, or null where it was cancelled. What came of the same file before is not sent again.
 * @param {File} file @param {"src" | "dst"} role what it is to be @returns {Promise<string | null>}
 */
export async function send_clip(file, role) {
  const print = await fingerprint(file);
  const leaving = new AbortController();
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${file.name}` });
  const words = h("span", { class: "grow cut" }, `Sending ${file.name}…`);
  const box = h("div", { class: "sending panel", role: "status" }, h("div", { class: "bar" }, words, h("button", { type: "button", onclick: () => leaving.abort() }, "Cancel")), bar);
  document.querySelector("us-room-project .sendings")?.append(box);
  let upload = null;
  const entry = { id: `${outbox.project}-${print}-${file.name}`, project: outbox.project, window: windows.id, order: Date.now(), name: file.name, print, role };
  window.addEventListener("beforeunload", stay);
  try {
    await remember("uploads", entry);
    upload = await post("uploads", { name: file.name, size_bytes: file.size, fingerprint: print });
    while (upload.have_bytes < file.size) {
      if (leaving.signal.aborted) return null;
      upload = await send_piece(file, upload, leaving.signal);
      bar.value = upload.have_bytes / file.size;
      words.textContent = `Sending ${file.name}: ${Math.round(bar.value * 100)} %`;
    }
    words.textContent = `Looking into ${file.name}…`;
    const { clip } = await post(`uploads/${upload.id}/finish`);
    await forget("uploads", entry.id);
    return clip;
  } catch (error) {
    if (leaving.signal.aborted) return null;
    if (error instanceof Refused && !(error instanceof ConnectionLost)) await forget("uploads", entry.id); // the studio won't have it
    throw error;
  } finally {
    window.removeEventListener("beforeunload", stay);
    box.remove();
    if (leaving.signal.aborted) await forget("uploads", entry.id);
    if (leaving.signal.aborted && upload) await post(`uploads/${upload.id}/cancel`);
  }
}
