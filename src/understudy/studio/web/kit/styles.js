// @ts-check
// A room brings its own stylesheet: `await styles(new URL("./room.css", import.meta.url))`.

/** @type {Map<string, Promise<void>>} */
const loaded = new Map();

/**
 * Load a stylesheet once. Resolves when its rules hold, so that a room is never seen undressed.
 * @param {URL | string} address
 * @returns {Promise<void>}
 */
export function styles(address) {
  const href = String(address);
  const before = loaded.get(href);
  if (before) return before;
  const loading = /** @type {Promise<void>} */ (
    new Promise((done, failed) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = href;
      link.onload = () => done();
      link.onerror = () => failed(new Error(`The style sheet ${new URL(href, location.href).pathname} could not be loaded. Reload the page.`));
      document.head.append(link);
    })
  );
  loaded.set(href, loading);
  loading.catch(() => loaded.delete(href));
  return loading;
}
