// @ts-check
// What this browser remembers over a closed window: actions that were not sent, files that were not sent to their end.
// Each belongs to a project and to the window that made it. Where a browser keeps nothing, nothing is remembered.

const BASE = "understudy";
const STORES = /** @type {const} */ (["actions", "uploads"]);

/** @typedef {"actions" | "uploads"} Store */
/** @typedef {{id: string, project: string, window: string, order: number} & Record<string, any>} Entry */

/** @type {Promise<IDBDatabase> | undefined} */
let base;

function opened() {
  base ??= new Promise((done, failed) => {
    const asked = indexedDB.open(BASE, 1);
    asked.onupgradeneeded = () => STORES.forEach((store) => asked.result.createObjectStore(store, { keyPath: "id" }));
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
  return base;
}

/**
 * @template T
 * @param {Store} store @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} ask
 * @returns {Promise<T | null>} null where this browser keeps nothing
 */
async function asked(store, mode, ask) {
  try {
    const request = ask((await opened()).transaction(store, mode).objectStore(store));
    return await new Promise((done, failed) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => failed(request.error);
    });
  } catch (error) {
    console.info("This browser keeps nothing:", error); // a private window, or a full disk
    return null;
  }
}

/** @param {Store} store @param {Entry} entry */
export function remember(store, entry) {
  return asked(store, "readwrite", (one) => one.put(entry));
}

/** @param {Store} store @param {string} id */
export function forget(store, id) {
  return asked(store, "readwrite", (one) => one.delete(id));
}

/** All of a project, the oldest first. @param {Store} store @param {string} project @returns {Promise<Entry[]>} */
export async function remembered(store, project) {
  const all = (await asked(store, "readonly", (one) => one.getAll())) ?? [];
  return all.filter((entry) => entry.project === project).sort((one, other) => one.order - other.order);
}

const ANSWER_WITHIN_MS = 400;

/** The windows of this browser, by which those that are open are told from those that were closed. */
class Windows extends EventTarget {
  id = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  channel = new BroadcastChannel(BASE);
  /** @type {Set<string>} */
  heard = new Set();

  constructor() {
    super();
    this.channel.onmessage = ({ data }) => {
      if (data.asks) this.channel.postMessage({ here: this.id });
      if (data.here) this.heard.add(data.here);
      if (data.changed) this.dispatchEvent(new Event("changed"));
    };
  }

  /** What is remembered changed; other windows look anew. */
  tell() {
    this.channel.postMessage({ changed: true });
  }

  /** Who asks while it is being asked gets the same answer. @type {Promise<Set<string>> | undefined} */
  #asking;

  /** @returns {Promise<Set<string>>} the ids of all that are open, this one among them */
  open() {
    return (this.#asking ??= this.#ask().finally(() => (this.#asking = undefined)));
  }

  async #ask() {
    this.heard = new Set([this.id]);
    this.channel.postMessage({ asks: true });
    await new Promise((done) => setTimeout(done, ANSWER_WITHIN_MS));
    return this.heard;
  }
}

export const windows = new Windows();

/** What closed windows left. @param {Store} store @param {string} project */
export async function left(store, project) {
  const all = await remembered(store, project);
  if (!all.length) return [];
  const open = await windows.open();
  return all.filter((entry) => !open.has(entry.window));
}
