// @ts-check
// Words for what goes on beside the requests and is told live: reading a faceset for the first time, a long sort.

import { clock_words } from "./runs.js";

/** @typedef {{done: number, total: number, seconds_left: number | null}} Reading */
/** @typedef {{share: number, seconds_left: number | null}} Sorting */

/** @typedef {{left_out: number, let_through: number, last: number}} Unmeasured of faces that are not measured: what filter and order made of them */

/** @param {number | null} seconds */
function left(seconds) {
  return seconds === null || seconds === undefined ? "" : `, about ${clock_words(seconds)} left`;
}

/** @param {Reading} reading */
export function reading_words({ done, total, seconds_left }) {
  return `Reading the faces for the first time: ${done.toLocaleString("en")} of ${total.toLocaleString("en")}${left(seconds_left)}.`;
}

/** @param {Sorting} sorting */
export function sorting_words({ share, seconds_left }) {
  return `Sorting goes on beside what you do: ${Math.floor(100 * share)} %${left(seconds_left)}.`;
}

/** What a filter and an order made of faces that are not measured; empty where there are none. @param {Unmeasured} unmeasured */
export function unmeasured_words({ left_out, let_through, last }) {
  const faces = (/** @type {number} */ count) => `${count.toLocaleString("en")} ${count === 1 ? "face is" : "faces are"} not measured yet`;
  const parts = [];
  if (left_out) parts.push(`${faces(left_out)}, so the filter leaves ${left_out === 1 ? "it" : "them"} out.`);
  if (let_through) parts.push(`${faces(let_through)}; the filter lets ${let_through === 1 ? "it" : "them"} through for what else it says.`);
  if (last) parts.push(`${faces(last)}, so ${last === 1 ? "it comes" : "they come"} last in this order.`);
  return parts.join(" ");
}
