// @ts-check
// Sizes, counts and dates as people read them.

/** @param {number} bytes */
export function size_words(bytes) {
  if (bytes >= 1e12) return `${(bytes / 1e12).toFixed(2)} TB`;
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(bytes >= 1e10 ? 0 : 1)} GB`;
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(0)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`;
}

/** @param {number} count @param {string} what */
export function counted(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** @param {number} count */
export function short_count(count) {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} G`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(count >= 1e7 ? 0 : 1)} M`;
  return count >= 1e4 ? `${(count / 1e3).toFixed(0)} k` : String(count);
}

/** @param {string | number | null} moment ISO text or seconds since 1970 */
export function when_words(moment) {
  if (moment === null || moment === undefined) return "not yet";
  const date = new Date(typeof moment === "number" ? moment * 1000 : moment);
  const today = new Date().toDateString() === date.toDateString();
  const time = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return today ? `today ${time}` : `${date.toLocaleDateString([], { day: "numeric", month: "short" })} ${time}`;
}
