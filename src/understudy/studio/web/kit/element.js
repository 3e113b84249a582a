// @ts-check
// The base of every element of the studio, and `h` to build the tree. No framework: this is all of it.

const AS_IT_IS = new Set(["option", "textarea", "pre", "code", "kbd", "title"]); // hold text alone, or what was typed
const SPOKEN = new Set(["title", "placeholder", "ariaLabel", "aria-label"]);

/** Words as nodes: what stands between backticks is typed in a terminal or a file. @param {string} words @returns {(Node | string)[]} */
export function spans(words) {
  const parts = words.split("`");
  if (parts.length < 3 || parts.length % 2 === 0) return [words]; // backticks come in pairs
  return parts.map((part, at) => (at % 2 ? Object.assign(document.createElement("code"), { textContent: part }) : part));
}

/** Put words in place of what an element holds; drawn anew only where they are others. @param {Element | null | undefined} element @param {string} words */
export function say(element, words) {
  const nodes = spans(words);
  if (element && element.textContent !== nodes.map((node) => (typeof node === "string" ? node : node.textContent)).join("")) element.replaceChildren(...nodes);
}

/** Where no element can stand: the same in quotation marks. @param {string} words */
function quoted(words) {
  return words.replace(/`([^`]*)`/g, "“$1”");
}

/**
 * Build an element. `on…` properties become listeners, `class` and `data-…`/`aria-…`/`for`/`role` attributes, the rest properties.
 * Words among the children are spoken by `spans`.
 * @param {string} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Node | string | number | null | undefined | false | (Node | string)[])} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, given] of Object.entries(properties)) {
    if (given === undefined || given === null) continue;
    const value = typeof given === "string" && SPOKEN.has(name) ? quoted(given) : given;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.includes("-") || ["class", "for", "role", "list"].includes(name)) element.setAttribute(name, String(value));
    else /** @type {any} */ (element)[name] = value;
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    if (child instanceof Node) element.append(child);
    else element.append(...(AS_IT_IS.has(tag) ? [String(child)] : spans(String(child))));
  }
  return element;
}

/** An element whose listeners end when it leaves the page. */
export class StudioElement extends HTMLElement {
  constructor() {
    super();
    /** @type {AbortController} */
    this.leaving = new AbortController();
  }

  connectedCallback() {
    if (this.leaving.signal.aborted) this.leaving = new AbortController();
    this.enter();
  }

  disconnectedCallback() {
    this.leaving.abort();
    this.leave();
  }

  /** Build and begin; called whenever the element is put on the page. */
  enter() {}

  /** End what `enter` began beside listeners. */
  leave() {}

  /**
   * Listen until this element leaves.
   * @param {EventTarget} target
   * @param {string} kind
   * @param {(event: any) => void} listener
   * @param {AddEventListenerOptions} [options]
   */
  listen(target, kind, listener, options = {}) {
    target.addEventListener(kind, listener, { ...options, signal: this.leaving.signal });
  }
}
