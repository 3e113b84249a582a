// @ts-check
// Everything the Frames room can do, with the keys of the manuals.

import { button } from "../../kit/button.js";
import { get } from "../../kit/api.js";
import { ask, ask_text } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import "../../kit/form.js";
import { close_toast } from "../../kit/toast.js";
import { NotKept } from "./keeper.js";

/** @typedef {import("../../kit/keys.js").KeyAction} KeyAction */

/** @param {import("./room.js").FramesRoom} room @returns {Record<string, KeyAction>} */
export function actions(room) {
  return {
    accept: { key: "Enter", does: "Keep this face, next frame", run: () => room.accept() },
    skip: { key: " ", does: "Skip: nothing is kept, next frame", run: () => room.step(1, { keep: false }) },
    before: { key: ",", repeats: true, does: "Previous frame", run: () => room.step(-1) },
    after: { key: ".", repeats: true, does: "Next frame", run: () => room.step(1) },
    next: { key: "n", shift: false, does: "Next frame of the filter", run: () => room.hop(1) },
    last: { key: "n", shift: true, does: "Previous frame of the filter", run: () => room.hop(-1) },
    kind: { key: "b", shift: false, does: "Go through other frames: all, without a face, several, bad, by hand", run: () => room.filters.turn(room, 1) },
    kind_back: { key: "b", shift: true, does: "The same, the other way round", run: () => room.filters.turn(room, -1) },
    carry: { key: "e", shift: false, does: "Carry on to the next frame", run: () => carry_one(room, { count: 1 }) },
    over: { key: "e", shift: true, does: "Carry on over the face that is there", run: () => carry_one(room, { count: 1, existing: "replace" }) },
    many: { key: "p", shift: false, does: "Carry on over many frames", run: () => many(room) },
    from_before: { key: "c", does: "Copy from the previous frame", run: () => room.copy(-1) },
    from_after: { key: "v", does: "Copy from the next frame", run: () => room.copy(1) },
    accuracy: { key: "a", does: "Accuracy: several readings, averaged", run: () => room.set_accurate(!room.accurate) },
    lock: { key: "k", does: "Lock the box, or let it follow", run: () => room.held.toggle_lock() },
    another: { key: "d", does: "Another face in this frame, kept beside those that are there", run: () => room.held.begin_another() },
    read: { key: "f", does: "Read the points in this box again", run: () => room.held.read_again() },
    left: { key: "[", repeats: true, does: "Turn the box to the left", run: () => room.held.turn(-5) },
    right: { key: "]", repeats: true, does: "Turn the box to the right", run: () => room.held.turn(5) },
    revert: { key: "r", does: "As it is stored", run: () => room.revert() },
    ungroup: { key: "Escape", does: "Choose no group of points, or close the newest message", run: () => (room.hand.group.size ? room.hand.choose(new Set()) : close_toast()) },
    remove: { key: "Delete", does: "Remove the face", run: () => room.remove() },
    undo: { key: "z", ctrl: true, shift: false, repeats: true, does: "Undo", run: () => room.undo() },
    redo: { key: "z", ctrl: true, shift: true, repeats: true, does: "Do again", run: () => room.redo() },
    again: { key: "y", ctrl: true, repeats: true, does: "Do again", run: () => room.redo() },
    first: { key: "Home", does: "First frame", run: () => room.go(0) },
    end: { key: "End", does: "Last frame", run: () => room.go(room.count - 1) },
    jump: { key: "g", does: "Go to a frame", run: () => jump(room) },
    help: { key: "h", does: "Show or hide the help", run: () => room.facts.set_help(!room.facts.has_help) },
    leave: { key: "q", does: "Keep the locked face and leave", run: () => room.quit() },
  };
}

/** A key that is pressed before its frame is there does nothing, as the others. @param {import("./room.js").FramesRoom} room @param {object} said */
async function carry_one(room, said) {
  if (!room.told) return;
  await room.carry(said).catch((error) => {
    if (!(error instanceof NotKept)) throw error;
  });
}

/** @type {Record<string, any>} how it was carried on last, in this window */
let carried_last = { count: 25 };

/** @param {import("./room.js").FramesRoom} room */
async function many(room) {
  const declared = await get("frames/carry-options");
  /** @type {Record<string, any>} */
  const said = { ...carried_last, accurate: room.accurate };
  const form = /** @type {import("../../kit/form.js").Form} */ (h("us-form", { searchable: false }));
  form.addEventListener("change", (/** @type {any} */ event) => {
    if (!event.detail) return;
    if (event.detail.value === null) delete said[event.detail.name];
    else said[event.detail.name] = event.detail.value;
  });
  form.options = declared.map((/** @type {any} */ one) => ({ ...one, value: said[one.name] ?? one.default }));
  const choices = [{ label: "Cancel", value: false }, { label: "Carry on", value: true, kind: /** @type {"primary"} */ ("primary") }];
  const words = "It stops where it goes wrong and at any key, and is one step to take back. Begun once more here, it goes on behind the last frame.";
  if (await ask({ title: "Carry this face on", words, content: form, choices, attempt: () => room.carry(said) })) carried_last = said;
}

/** @param {import("./room.js").FramesRoom} room */
async function jump(room) {
  const text = await ask_text("Go to a frame", `Frame, 0 to ${room.count - 1}`, String(room.frame));
  if (text !== null && Number.isInteger(Number(text)) && text.trim()) await room.go(Number(text));
}

/** @param {Record<string, KeyAction>} does @param {HTMLElement} clips the choice of clips */
export function toolbar(does, clips) {
  const accuracy = button(does.accuracy, { label: "Accuracy", pressed: false });
  const lock = button(does.lock, { label: "Locked", pressed: false });
  // The arrow tells the two apart, for whoever sees it.
  const copy = (/** @type {import("../../kit/keys.js").KeyAction} */ from, /** @type {string} */ icon) => {
    const made = button(from, { icon, label: "Copy" });
    made.setAttribute("aria-label", from.does);
    return made;
  };
  const group = (/** @type {HTMLElement[]} */ ...parts) => h("div", { class: "group" }, ...parts);
  const bar = h(
    "div",
    { class: "frames-tools", role: "toolbar", "aria-label": "Tools" },
    clips,
    group(button(does.before, { icon: "◀", label: "" }), button(does.after, { icon: "▶", label: "" })),
    group(button(does.accept, { label: "Keep", kind: "primary" }), button(does.skip, { label: "Skip" })),
    group(lock, accuracy, button(does.read, { label: "Read" }), button(does.another, { label: "New face" })),
    group(button(does.carry, { label: "Carry on" }), button(does.many, { label: "Carry many" })),
    group(copy(does.from_before, "◀"), copy(does.from_after, "▶")),
    group(button(does.revert, { label: "Revert" }), button(does.remove, { label: "Remove" })),
    group(button(does.undo, { icon: "↶", label: "" }), button(does.redo, { icon: "↷", label: "" })),
  );
  return { bar, lock, accuracy };
}
