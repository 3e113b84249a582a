// @ts-check
// Requests to the server. A refusal carries the sentence that the library said. What was to be done while the
// connection is lost, or hangs, is kept in the outbox (`outbox.js`) and sent again with the same id.

import { Outbox } from "./outbox.js";

/** What the library refused, in its own words. */
export class Refused extends Error {
  /** @param {string} sentence @param {string} kind @param {number} status */
  constructor(sentence, kind, status) {
    super(sentence);
    this.kind = kind;
    this.status = status;
  }
}

/** The server can't be reached; the shell says so, and rooms look anew when it is back. */
export class ConnectionLost extends Refused {
  constructor() {
    super("The connection to the studio is lost.", "ConnectionLost", 0);
  }
}

/** The studio at this address has another project open by now; what was done waits for its own. */
export class AnotherProject extends ConnectionLost {}

/** The studio has too much to do; it is asked again. */
class TooBusy extends Refused {}

/** How long an answer may take. */
export const timing = { answer_ms: 30_000, upload_bytes_ms: 20, ping_ms: 5000, busy_ms: 1000, busy_times: 30 };

export const outbox = new Outbox(send, (error) => error instanceof ConnectionLost);

/** What is being done, in the words of whoever asked, by action. Says `change`. */
class Underway extends EventTarget {
  /** @type {Map<string, string>} */
  now = new Map();

  /** @param {string} id @param {string} words @param {Promise<any>} promise */
  follow(id, words, promise) {
    this.now.set(id, words);
    this.dispatchEvent(new Event("change"));
    const end = () => {
      this.now.delete(id);
      this.dispatchEvent(new Event("change"));
    };
    promise.then(end, end);
  }
}

export const underway = new Underway();

/**
 * @param {string} path under /api/, e.g. "faces/list?faceset=src/main"
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export function get(path, signal) {
  return unless_busy(() => ask(path, { signal }));
}

/**
 * Do something. Where the connection is lost it waits until it is back; the server does one id once.
 * @param {string} path
 * @param {object} [body]
 * @param {string} [words] what is said while it takes its time, e.g. "Duplicating the project…"
 * @returns {Promise<any>}
 */
export function post(path, body = {}, words = "Doing what you asked…") {
  const id = new_id();
  const outcome = new Promise((done, failed) => {
    const action = { id, path, body: JSON.stringify(body), project: outbox.project, done, failed };
    if (outbox.waiting.length) outbox.keep(action); // what was done before goes before
    else send(action).then(done, (error) => (error instanceof ConnectionLost ? outbox.keep(action) : failed(error)));
  });
  underway.follow(id, words, outcome);
  return outcome;
}

/**
 * The server does one id once: an action that is not answered in time may be asked again, and gets the answer of the first.
 * @param {import("./outbox.js").Action} action
 */
async function send(action) {
  const { id, path, body, project } = action;
  const headers = { "Content-Type": "application/json", "X-Action": id, ...(project && { "X-Project": project }) };
  const patience_ms = () => timing.answer_ms + body.length / timing.upload_bytes_ms;
  try {
    for (;;) {
      try {
        return await unless_busy(() => ask(path, { method: "POST", headers, body, signal: AbortSignal.timeout(patience_ms()) }));
      } catch (error) {
        if (/** @type {any} */ (error)?.name !== "TimeoutError") throw error;
        if (!(await is_there())) throw new ConnectionLost();
        outbox.say_slow(action, true); // it is at it, or the answer was lost on its way
      }
    }
  } finally {
    outbox.say_slow(action, false);
  }
}

async function is_there() {
  const answer = await fetch("/api/studio", { signal: AbortSignal.timeout(timing.ping_ms) }).catch(() => null);
  return Boolean(answer?.ok);
}

/** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function unless_busy(work) {
  for (let times = 0; ; times++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof TooBusy) || times >= timing.busy_times) throw error;
      await new Promise((done) => setTimeout(done, timing.busy_ms));
    }
  }
}

/** @param {string} path @param {RequestInit} how */
async function ask(path, how) {
  let response;
  try {
    response = await fetch(`/api/${path}`, how);
  } catch {
    throw how.signal?.aborted ? how.signal.reason : new ConnectionLost();
  }
  const text = await response.text().catch(() => {
    throw how.signal?.aborted ? how.signal.reason : new ConnectionLost(); // it ended in the middle of its answer
  });
  const facts = parsed(text);
  if (facts.kind === "AnotherProject") throw new AnotherProject();
  if (facts.kind === "TooBusy") throw new TooBusy(facts.error, facts.kind, response.status);
  // A proxy that finds no studio behind it, or a studio that was started anew and doesn't know this browser yet.
  if ([502, 503, 504].includes(response.status) || facts.kind === "NotLetIn") throw new ConnectionLost();
  if (!response.ok) throw new Refused(facts.error ?? `The studio answered ${response.status}.`, facts.kind ?? "", response.status);
  return facts;
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

/** An id that nobody else has. Browsers have crypto.randomUUID on encrypted pages and on their own machine alone. */
export function new_id() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
