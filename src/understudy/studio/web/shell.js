// @ts-check
// The frame around the rooms: where one is, what runs, what the connection does, what went wrong.

import { get, outbox } from "./kit/api.js";
import { busy } from "./kit/busy.js";
import { button } from "./kit/button.js";
import { close_dialogs } from "./kit/dialog.js";
import { h, StudioElement } from "./kit/element.js";
import { have_keys, key_words } from "./kit/keys.js";
import { live } from "./kit/live.js";
import { close_toast, let_toasts_go, toast_error } from "./kit/toast.js";
import { begin_tooltips } from "./kit/tooltip.js";
import "./shell/connection.js";
import { show_keys } from "./shell/help.js";
import { show_hints } from "./shell/hints.js";
import { show_palette } from "./shell/palette.js";
import { Left } from "./shell/left.js";
import "./shell/run_bar.js";
import { switch_theme } from "./shell/theme.js";
import "./shell/underway.js";

/** The rooms in the order of a day's work; each is web/rooms/NAME/room.js and defines <us-room-NAME>. */
const ROOMS = ["project", "faces", "frames", "masks", "training", "merge", "deliver"];

/** @param {string} name */
const title_of = (name) => name[0].toUpperCase() + name.slice(1);

class Shell extends StudioElement {
  enter() {
    begin_tooltips();
    this.listen(window, "unhandledrejection", (event) => (event.preventDefault(), toast_error(event.reason)));
    this.listen(window, "error", (event) => toast_error(event.error ?? event.message));
    this.build();
    this.listen(window, "hashchange", () => this.go(true));
    this.listen(live, "project", () => this.look());
    this.listen(live, "look-anew", () => this.look());
    live.begin();
    // What a room remembers in this browser is known by the project.
    this.look().catch(toast_error).then(() => this.go(false));
  }

  build() {
    const help = { key: "?", does: "All keys", run: () => void show_keys() };
    const palette = { key: "k", ctrl: true, everywhere: true, does: "Find anything to do", run: () => void show_palette() };
    const hints = { key: "j", ctrl: true, does: "Letters over everything that can be pressed", run: () => show_hints() };
    const theme = { key: "0", shift: true, does: "Dark or light", run: () => switch_theme() };
    const shut = { key: "Escape", does: "Close the newest message", run: () => close_toast() };
    const rooms = ROOMS.map((name, at) => ({ key: String(at + 1), shift: true, does: `Go to ${title_of(name)}`, run: () => void (location.hash = `#/${name}`) }));
    have_keys(this, "Everywhere", [...rooms, palette, hints, help, theme, shut]);
    this.main = h("main", { tabIndex: -1, id: "room" });
    this.tabs = ROOMS.map((name, at) => h("a", { href: `#/${name}`, "data-room": name, "data-tip": rooms[at].does, "data-key": key_words(rooms[at]) }, title_of(name)));
    this.runs = /** @type {import("./shell/run_bar.js").RunBar} */ (h("us-run-bar"));
    this.name = h("span", { class: "project-name cut" });
    this.left = new Left();
    const skip = h("a", { class: "skip", href: "#room", onclick: (/** @type {Event} */ event) => (event.preventDefault(), this.main.focus()) }, "Skip to the room");
    const right = [button(palette, { kind: "quiet", icon: "⌕", label: "Find" }), button(theme, { kind: "quiet", icon: "◐", label: "" }), button(help, { kind: "quiet", icon: "?", label: "" })];
    this.header = h("header", {}, skip, this.name, h("nav", { "aria-label": "Rooms" }, this.tabs), h("span", { class: "grow" }), h("us-underway", { hidden: true }), this.runs, right);
    this.replaceChildren(this.header, h("div", { class: "notes" }, h("us-connection", { hidden: true }), this.left), this.main);
  }

  async look() {
    const { project, id } = await get("studio");
    if (this.project && outbox.project !== id) {
      outbox.leave(); // all that this window shows and knows is of another project
      return location.reload();
    }
    const begins = this.project === null && project !== null; // one was made or opened, here or in another window
    this.project = project;
    if (outbox.project !== id) {
      outbox.project = id;
      this.left?.look();
    }
    this.name.textContent = project ?? "No project";
    this.name_page();
    if (!this.runs) return;
    this.runs.open = project !== null;
    await this.runs.refresh();
    if (begins && this.main?.querySelector(".no-project")) await this.go(false);
  }

  name_page() {
    const room = title_of(this.room_name ?? ROOMS[0]);
    document.title = [room, this.project, "understudy"].filter(Boolean).join(" – ");
  }

  /** @param {boolean} by_hand whether somebody went there, so that the focus goes along */
  async go(by_hand) {
    const [, name = ROOMS[0], words = ""] = location.hash.match(/^#\/(\w+)\??(.*)$/) ?? [];
    if (!ROOMS.includes(name)) {
      this.show(h("div", { class: "empty", role: "alert" }, `There is no room "${name}". Choose one above.`), name);
      return;
    }
    this.room_name = name;
    this.name_page();
    for (const tab of this.tabs ?? []) {
      if (tab.dataset.room === name) tab.setAttribute("aria-current", "page");
      else tab.removeAttribute("aria-current");
    }
    if (this.project === null && name !== ROOMS[0]) {
      const there = h("a", { href: `#/${ROOMS[0]}` }, "Make or open one");
      this.show(h("div", { class: "empty no-project", "data-room": name }, h("p", {}, `No project is open, so ${title_of(name)} has nothing to show. `, there)), name);
      return;
    }
    const asked = location.hash;
    try {
      await busy(this.main, `Opening ${title_of(name)}…`, import(`./rooms/${name}/room.js`));
      if (location.hash !== asked) return; // somebody went on meanwhile
      const room = /** @type {import("./kit/room.js").Room} */ (h(`us-room-${name}`, { "data-room": name }));
      room.place = Object.fromEntries(new URLSearchParams(words));
      this.show(room, name);
      if (by_hand) this.main.focus({ preventScroll: true });
    } catch (error) {
      const again = h("button", { type: "button", onclick: () => location.reload() }, "Load the page again");
      this.show(h("div", { class: "empty stack", role: "alert" }, h("p", {}, `The room ${title_of(name)} could not be opened: ${error instanceof Error ? error.message : error}`), again), name);
    }
  }

  /** @param {HTMLElement} what @param {string} name */
  show(what, name) {
    close_dialogs();
    let_toasts_go();
    this.main.setAttribute("aria-label", title_of(name));
    this.main.replaceChildren(what);
  }
}

customElements.define("us-shell", Shell);
