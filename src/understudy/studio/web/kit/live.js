// @ts-check
// What the server tells every window, by topic. Reconnects by itself, sends what waited, and tells everyone to look anew.

import { outbox } from "./api.js";

const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4000;
const SILENT_MS = 25_000; // the server says `here` every ten seconds: a line that is silent longer is dead

class Live extends EventTarget {
  constructor() {
    super();
    this.connected = false;
    this.locked = false; // the studio is there, and does not know this browser
    this.wait_ms = FIRST_WAIT_MS;
    outbox.addEventListener("change", () => outbox.waiting.length && this.connected && this.#try_soon());
  }

  begin() {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.onopen = () => {
      this.#watch(socket);
      this.#opened();
    };
    socket.onmessage = (event) => {
      this.#watch(socket);
      const message = JSON.parse(event.data);
      this.tell(message.topic, message);
    };
    socket.onclose = () => {
      clearTimeout(this.silent);
      this.#closed();
    };
  }

  async #opened() {
    this.wait_ms = FIRST_WAIT_MS;
    this.connected = true;
    this.locked = false;
    await outbox.send(); // first what was done, so that what is seen then contains it
    this.tell("connected", {});
    this.tell("look-anew", {});
  }

  async #closed() {
    const was = this.connected;
    this.connected = false;
    setTimeout(() => this.begin(), this.wait_ms);
    this.wait_ms = Math.min(LONGEST_WAIT_MS, this.wait_ms * 2);
    if (was) this.tell("lost", {});
    const answer = await fetch("/api/studio").catch(() => null);
    const locked = answer?.status === 401;
    if (locked === this.locked) return;
    this.locked = locked;
    this.tell("lost", {});
  }

  /** Give a socket up that says nothing any more; closing would wait for an answer. @param {WebSocket} socket */
  #watch(socket) {
    clearTimeout(this.silent);
    this.silent = setTimeout(() => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      this.#closed();
    }, SILENT_MS);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  silent;

  /** A request was lost though the socket stands. */
  #try_soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => outbox.send().then(() => outbox.waiting.length && this.#try_soon()), 1000);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /** @param {string} topic @param {object} message */
  tell(topic, message) {
    this.dispatchEvent(new CustomEvent(topic, { detail: message }));
  }
}

/** Topics: `runs`, `project`, `faces`, `frames`, `masks`, `training`, `merge`; and `connected`, `lost`, `look-anew`. */
export const live = new Live();
