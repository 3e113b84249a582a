// @ts-check
// Sends a file to the studio piece by piece; one that was lost with the connection is sent again from where the file ends.

import { get, Refused, timing } from "./api.js";

const TRIES = 8;
const BUSY = "UploadBusy"; // the piece whose connection was lost; the server waits for it a while longer

/** @param {number} bytes @param {AbortSignal} [signal] */
function in_time(bytes, signal) {
  const patience = AbortSignal.timeout(timing.answer_ms + bytes / timing.upload_bytes_ms);
  return signal ? AbortSignal.any([signal, patience]) : patience;
}

const PRINT_BYTES = 1 << 16; // of its beginning and its end

/**
 * What stands for a file's content: the same file chosen again goes on where it was. Not to be relied on against anybody.
 * @param {File} file
 */
export async function fingerprint(file) {
  const parts = [file.slice(0, PRINT_BYTES), file.slice(Math.max(0, file.size - PRINT_BYTES))];
  let hash = 0xcbf29ce484222325n; // FNV-1a: browsers have crypto.subtle on encrypted pages and their own machine alone
  for (const part of parts) {
    for (const byte of new Uint8Array(await part.arrayBuffer())) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return `${file.size}-${file.lastModified}-${hash.toString(16)}`;
}

/**
 * Send the next piece; answers how the upload stands then.
 * @param {File} file @param {{id: string, have_bytes: number, piece_bytes: number}} upload @param {AbortSignal} [signal]
 */
export async function send_piece(file, upload, signal) {
  for (let tries = 0; ; tries++) {
    const at = upload.have_bytes;
    try {
      const answer = await fetch(`/api/uploads/${upload.id}?at_bytes=${at}`, { method: "PUT", body: file.slice(at, at + upload.piece_bytes), headers: { "Content-Type": "application/octet-stream" }, signal: in_time(upload.piece_bytes, signal) });
      const told = await answer.json();
      if (answer.ok) return told;
      throw new Refused(told.error ?? `The studio answered ${answer.status}.`, told.kind ?? "", answer.status);
    } catch (error) {
      const final = error instanceof Refused && error.kind !== BUSY;
      if (signal?.aborted || final || tries >= TRIES) throw error;
      await new Promise((done) => setTimeout(done, 500 * 2 ** Math.min(tries, 4)));
      upload = await get(`uploads/${upload.id}`).catch(() => upload);
    }
  }
}
