// @ts-check
// What the room asks of the server about a face: its picture, its drawing as a document, masks as pictures.

import { ConnectionLost, get } from "../../kit/api.js";
import { NO_PAINT } from "./paint.js";

/** @param {string} address @param {AbortSignal} [signal] @returns {Promise<ImageBitmap>} */
export async function bitmap(address, signal) {
  const answer = await fetch(`/api/${address}`, { signal }).catch((error) => {
    throw signal?.aborted ? error : new ConnectionLost();
  });
  if (!answer.ok) {
    const facts = await answer.json().catch(() => ({}));
    if ([502, 503, 504].includes(answer.status) || facts.kind === "NotLetIn") throw new ConnectionLost();
    throw new Error(facts.error ?? `The studio answered ${answer.status}.`);
  }
  return createImageBitmap(await answer.blob());
}

/** @param {Record<string, string>} facts */
export function words(facts) {
  return new URLSearchParams(facts).toString();
}

/**
 * What a face's drawing is as a document of the editor.
 * @param {any} drawing as the server tells it @returns {Promise<import("./editor.js").Doc>}
 */
export async function doc_of(drawing) {
  let paint = NO_PAINT;
  if (drawing.painted) {
    const bytes = Uint8Array.from(atob(drawing.painted), (letter) => letter.charCodeAt(0));
    paint = { base: await createImageBitmap(new Blob([bytes], { type: "image/png" })), strokes: [] };
  }
  return { regions: drawing.regions, open: null, paint, mark: drawing.mark };
}

/** @param {string} faceset @param {string} face */
export function drawing_of(faceset, face) {
  return get(`masks/drawing?${words({ faceset, face })}`);
}

/** @param {string} faceset @param {{name: string, version: string}} face @param {AbortSignal} [signal] */
export function picture_of(faceset, face, signal) {
  return bitmap(`masks/picture?${words({ faceset, face: face.name, v: face.version })}`, signal);
}

/** @param {string} faceset @param {string} face @param {string} name @param {AbortSignal} [signal] */
export function mask_of(faceset, face, name, signal) {
  return bitmap(`masks/mask?${words({ faceset, face, name })}`, signal);
}
