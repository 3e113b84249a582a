// @ts-check
// Every action of the masks room with its key: those of the XSeg editor, and on wish those of the mask editor of 2019.

import { button, press_down, say_key, unsay_key } from "../../kit/button.js";
import { h } from "../../kit/element.js";
import { have_keys, key_words } from "../../kit/keys.js";
import { bring_back, put_away } from "./trash.js";

/** @typedef {import("./room.js").MasksRoom} MasksRoom */
/** @typedef {import("../../kit/keys.js").KeyAction} KeyAction */

/** @param {MasksRoom} room @returns {Record<string, KeyAction>} */
export function tool_actions(room) {
  const { editor, view } = room;
  const hold_middle = () => {
    view.hold_middle(!view.holds_middle);
    press_down(room.buttons.middle, view.holds_middle);
  };
  return {
    polygon: { key: "p", does: "Polygon: click adds points, drag moves them, Ctrl+click inserts and deletes, Shift+drag moves a region", run: () => editor.set_tool("polygon") },
    brush: { key: "b", does: "Brush; the right button paints the opposite", run: () => editor.set_tool("brush") },
    eraser: { key: "e", does: "Eraser: takes paint off", run: () => editor.set_tool("eraser") },
    include: { key: "q", does: "Include: what is drawn is face", run: () => editor.set_kind("include") },
    exclude: { key: "w", does: "Exclude: what is drawn covers the face, or is a hole in it", run: () => editor.set_kind("exclude") },
    undo: { key: "z", ctrl: true, repeats: true, does: "Undo", run: () => editor.take_back() },
    redo: { key: "z", ctrl: true, shift: true, repeats: true, does: "Do again", run: () => editor.do_again() },
    last: { key: "r", does: "Put the last face's drawing on this one, by its landmarks", run: () => room.apply_last() },
    remove: { key: "Delete", shift: false, does: "Delete the chosen region, or the last point of an open one", run: () => editor.remove_chosen() },
    clear: { key: "Delete", shift: true, does: "Clear all that is drawn on this face", run: () => editor.clear() },
    confirm: { key: "Enter", does: "Confirm and go on; closes an open region first", run: () => room.confirm() },
    skip: { key: " ", does: "Skip this face and go on", run: () => room.leave_with("skipped") },
    middle: { key: "m", does: "Keep the hand in the middle, the picture moves under it; so it is while Shift is held", run: hold_middle },
  };
}

/** What can be seen of a face, by the editor's name for it. @param {MasksRoom} room @returns {Record<string, KeyAction>} */
export function look_actions(room) {
  return {
    picture: { key: "2", does: "The picture alone", run: () => room.look_at("picture") },
    mask: { key: "3", does: "The picture, with what is no face tinted", run: () => room.look_at("mask") },
    drawn: { key: "4", does: "The face's mask alone", run: () => room.look_at("drawn") },
    overlay: { key: "5", does: "The mask chosen under Compare, alone", run: () => room.look_at("overlay") },
    compare: { key: "`", does: "Lay the mask chosen under Compare over the picture, or take it off", run: () => room.toggle_overlay() },
  };
}

/** @param {MasksRoom} room @returns {Record<string, HTMLButtonElement>} */
export function look_buttons(room) {
  const labels = /** @type {Record<string, string>} */ ({ picture: "Picture", mask: "Tint", drawn: "Mask", overlay: "Compared", compare: "Over" });
  return Object.fromEntries(Object.entries(look_actions(room)).map(([name, action]) => [name, button(action, { label: labels[name], pressed: false })]));
}

/** @param {MasksRoom} room @returns {KeyAction[]} */
export function other_actions(room) {
  const { editor, view } = room;
  return [
    { key: "y", ctrl: true, repeats: true, does: "Do again", run: () => editor.do_again() },
    { key: "Backspace", does: "Delete the chosen region, or the last point of an open one", run: () => editor.remove_chosen() },
    { key: "Escape", does: "Give up an open region; choose none", run: () => editor.give_up() },
    { key: "a", repeats: true, does: "Previous face", run: () => room.step(-1) },
    { key: "d", repeats: true, does: "Next face", run: () => room.step(1) },
    { key: "a", shift: true, repeats: true, does: "Five faces back", run: () => room.step(-5) },
    { key: "d", shift: true, repeats: true, does: "Five faces on", run: () => room.step(5) },
    { key: "a", ctrl: true, does: "Previous face that is drawn on", run: () => room.walk(-1, "drawn") },
    { key: "d", ctrl: true, does: "Next face that is drawn on", run: () => room.walk(1, "drawn") },
    ...Object.values(room.teach.does),
    { key: "x", shift: false, does: "Put this face into the trash and go on", run: () => put_away(room) },
    { key: "x", shift: true, does: "Bring the face back that went to the trash last", run: () => bring_back(room) },
    { key: "u", does: "Take confirmed or skipped off", run: () => room.mark("") },
    { key: "[", repeats: true, does: "Smaller brush", run: () => editor.size_brush(1 / 1.1) },
    { key: "]", repeats: true, does: "Larger brush", run: () => editor.size_brush(1.1) },
    ...Object.values(look_actions(room)),
    { key: "k", does: "Other colours for lines", run: () => ((editor.lines += 1), editor.shown()) },
    { key: "i", does: "Hands of 2019 on or off", run: () => room.set_classic(!editor.classic) },
    ...view.keys(),
  ];
}

/** Keys of 2019, which come before the others. @param {MasksRoom} room @returns {KeyAction[]} */
export function classic_actions(room) {
  const ten = (/** @type {number} */ by) => room.step(10 * by);
  const { confirm, skip } = tool_actions(room);
  return [
    { key: "q", does: "Previous face", repeats: true, run: () => room.step(-1) },
    { key: "z", does: "Previous face", repeats: true, run: () => room.step(-1) },
    { key: "e", does: confirm.does, run: () => room.confirm() },
    { key: "c", does: "Close the region and go on", repeats: true, run: () => room.step(1) },
    { key: "w", does: skip.does, run: () => room.leave_with("skipped") },
    { key: "x", does: "Next face", repeats: true, run: () => room.step(1) },
    { key: "q", shift: true, does: "Ten faces back", run: () => ten(-1) },
    { key: "z", shift: true, does: "Ten faces back", run: () => ten(-1) },
    { key: "x", shift: true, does: "Ten faces on", run: () => ten(1) },
    { key: "c", shift: true, does: "Close the region and go ten faces on", run: () => ten(1) },
    { key: "e", shift: true, does: "Confirm ten faces and go on", run: () => leave_ten_with(room, "confirmed") },
    { key: "w", shift: true, does: "Skip ten faces and go on", run: () => leave_ten_with(room, "skipped") },
  ];
}

/** Ten faces in a row. @param {MasksRoom} room @param {"confirmed" | "skipped"} mark */
async function leave_ten_with(room, mark) {
  for (let number = 0; number < 10 && room.editor.ready; number += 1) {
    const { face } = room.shown;
    room.editor.close_open();
    room.mark(mark);
    await room.step(1);
    if (room.shown.face === face) return; // that was the last one, or the next can't be shown
  }
}

/** All keys that count: what the hands of 2019 have taken is nobody else's. @param {MasksRoom} room @returns {KeyAction[]} */
export function counting_actions(room) {
  const rest = [...Object.values(tool_actions(room)), ...other_actions(room)];
  if (!room.editor.classic) return rest;
  const classic = classic_actions(room);
  const taken = new Set(classic.map(key_words));
  return [...classic, ...rest.filter((action) => !taken.has(key_words(action)))];
}

/** The room has the keys that count now, and the tools' buttons name them. @param {MasksRoom} room */
export function say_keys(room) {
  const counting = counting_actions(room);
  have_keys(room, room.title_words, counting);
  for (const [name, action] of Object.entries(room.tools)) {
    const key = counting.find(({ does }) => does === action.does);
    if (key) say_key(room.buttons[name], key);
    else unsay_key(room.buttons[name]);
  }
}

/** What stands on a tool's button: a sign, a word, and whether it is a switch. @type {Record<string, [string, string, boolean?]>} */
const FACES = {
  polygon: ["⬠", "Polygon", false],
  brush: ["●", "Brush", false],
  eraser: ["◻", "Eraser", false],
  include: ["+", "Include", false],
  exclude: ["−", "Exclude", false],
  undo: ["↶", "Undo"],
  redo: ["↷", "Do again"],
  last: ["⇥", "Last drawing"],
  remove: ["×", "Delete"],
  clear: ["∅", "Clear"],
  confirm: ["✓", "Confirm", false],
  skip: ["✕", "Skip", false],
  middle: ["✛", "In the middle", false],
};

/** @param {Record<string, KeyAction>} tools @returns {Record<string, HTMLButtonElement>} */
export function tool_buttons(tools) {
  return Object.fromEntries(
    Object.entries(tools).map(([name, action]) => {
      const [icon, label, pressed] = FACES[name];
      return [name, button(action, { icon, label, pressed })];
    }),
  );
}

/** @param {Record<string, HTMLButtonElement>} b */
export function toolbar(b) {
  const groups = [[b.polygon, b.brush, b.eraser], [b.include, b.exclude], [b.undo, b.redo, b.last, b.remove, b.clear], [b.confirm, b.skip], [b.middle]];
  const rows = groups.flatMap((group, at) => (at ? [h("hr"), ...group] : group));
  return h("div", { class: "mask-tools", role: "toolbar", "aria-label": "Tools" }, ...rows);
}

/** The wheel sizes the brush, or takes points back. @param {MasksRoom} room @param {WheelEvent} event */
export function wheel({ editor, view }, event) {
  if (event.ctrlKey || event.metaKey || view.wheel_zooms) {
    if (view.ctrl_wheel_zooms || view.wheel_zooms) return;
    event.preventDefault();
    return editor.all_the_way((event.deltaY || event.deltaX) > 0);
  }
  event.preventDefault();
  if (editor.tool !== "polygon") editor.size_brush(event.deltaY < 0 ? 1.1 : 1 / 1.1);
  else if (event.deltaY > 0) editor.take_back();
  else editor.do_again();
}

/** The middle button of 2019 closes. @param {MasksRoom} room @param {PointerEvent} event */
export function classic_middle({ editor }, event) {
  if (!editor.classic || event.button !== 1) return;
  event.stopPropagation();
  event.preventDefault();
  editor.close_open();
}
