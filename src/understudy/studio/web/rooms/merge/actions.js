// @ts-check
// What a hand can do in the room, each with its key: the letters of old for the settings, and the rest.

import { ask } from "../../kit/dialog.js";
import { h } from "../../kit/element.js";
import { close_toast, toast } from "../../kit/toast.js";
import { classic_keys } from "./classic_keys.js";
import { make_the_rest, measure } from "./making.js";

/** @typedef {import("./room.js").MergeRoom} MergeRoom */
/** @typedef {import("../../kit/keys.js").KeyAction} KeyAction */

/** It may have been another window's, or lie far from here. @param {string} words */
const say_turned = (words) => void toast(words, { kind: "good" });

/** @param {MergeRoom} room */
export function room_actions(room) {
  const { settings } = room;
  /** Go and give that frame this one's settings. @param {number} to @param {string} frames */
  const carry = async (to, frames) => {
    if (to < 0 || to >= room.shot.frames || to === room.frame) return;
    await settings.copy(room.frame, frames);
    await room.go(to);
  };
  /** The nearest frame of some before or after. @param {number[]} frames @param {number} side */
  const nearest = (frames, side) => {
    const found = frames.filter((frame) => (frame - room.frame) * side > 0).sort((a, b) => (a - b) * side);
    return found[0] ?? room.frame;
  };
  const marks = () => [0, room.shot.frames - 1, ...room.shot.cuts, ...(room.line?.keys ?? []).map((key) => key.frame)];
  const store = (/** @type {"A" | "B"} */ which) => {
    room.snapshots.store(which, settings.values());
    room.say(`Stored ${which}`);
    room.top_bar?.show();
  };
  const look = (/** @type {"" | "A" | "B"} */ which) => {
    room.snapshots.looking_at = which;
    room.say(which ? `Looking at ${which}` : "What counts");
    room.top_bar?.show();
    return room.redo_picture();
  };

  /** A button of the presets. @param {"save" | "use" | "compare" | "remove_button"} which */
  const press = (which) => {
    const made = /** @type {HTMLElement | undefined} */ (room.panel?.presets?.[which]);
    if (!made || made.hidden) throw new Error("No preset is kept yet. Ctrl+S keeps these settings as one.");
    made.click();
  };

  /** @satisfies {Record<string, KeyAction>} */
  const one = {
    before: { key: ",", shift: false, repeats: true, does: "Previous frame", run: () => room.go(room.frame - 1) },
    after: { key: ".", shift: false, repeats: true, does: "Next frame", run: () => room.go(room.frame + 1) },
    start: { key: ",", shift: true, does: "First frame", run: () => room.go(0) },
    left: { key: "ArrowLeft", repeats: true, does: "Previous frame", run: () => room.go(room.frame - 1) },
    right: { key: "ArrowRight", repeats: true, does: "Next frame", run: () => room.go(room.frame + 1) },
    end: { key: "End", does: "Last frame", run: () => room.go(room.shot.frames - 1) },
    home: { key: "Home", does: "First frame", run: () => room.go(0) },
    mark_before: { key: "ArrowUp", does: "Previous key frame or cut", run: () => room.go(nearest(marks(), -1)) },
    mark_after: { key: "ArrowDown", does: "Next key frame or cut", run: () => room.go(nearest(marks(), 1)) },
    unswapped: { key: "ArrowDown", shift: true, does: "Next frame that is not swapped", run: () => room.go(nearest([...room.letters].flatMap((letter, frame) => ("nr".includes(letter) ? [frame] : [])), 1)) },
    carry_back: { key: "m", shift: false, does: "Previous frame, with this one's settings", run: () => carry(room.frame - 1, String(room.frame - 1)) },
    carry_start: { key: "m", shift: true, does: "Back to the first frame, all with these settings", run: () => carry(0, `0:${room.frame - 1}`) },
    carry_on: { key: "/", shift: false, does: "Next frame, with this one's settings", run: () => carry(room.frame + 1, String(room.frame + 1)) },
    carry_end: { key: "/", ctrl: true, does: "All following frames get this one's settings", run: () => room.frame + 1 < room.shot.frames && settings.copy(room.frame, `${room.frame + 1}:`) },
    take_before: { key: "PageUp", does: "Take the previous frame's settings", run: () => room.frame > 0 && settings.copy(room.frame - 1, String(room.frame)) },
    take_after: { key: "PageDown", does: "Take the next frame's settings", run: () => room.frame + 1 < room.shot.frames && settings.copy(room.frame + 1, String(room.frame)) },
    play: { key: " ", does: "Play or pause", run: () => room.player.toggle() },
    render: { key: "Enter", does: "Make the rest in the background", run: () => make_the_rest(room) },
    render_too: { key: ".", shift: true, does: "Make the rest in the background", run: () => make_the_rest(room) },
    render_range: { key: "Enter", shift: true, does: "Make the selected frames, or this one", run: () => make_the_rest(room, room.selected() || String(room.frame)) },
    measure: { key: "e", ctrl: true, does: "Measure jitter and edges of what is merged", run: () => measure(room) },
    undo: { key: "z", ctrl: true, shift: false, does: "Take the last change of settings back", run: () => (settings.changes.length || Object.keys(settings.tried).length ? settings.undo().then(say_turned) : toast("There is nothing to take back.")) },
    redo: { key: "z", ctrl: true, shift: true, does: "Make it again", run: () => (settings.undone.length ? settings.redo().then(say_turned) : toast("Nothing was taken back.")) },
    redo_too: { key: "y", ctrl: true, does: "Make it again", run: () => (settings.undone.length ? settings.redo().then(say_turned) : toast("Nothing was taken back.")) },
    way: { key: "v", shift: true, does: "After, wipe, side by side, difference, alpha", run: () => room.next_way() },
    alpha: { key: "\\", shift: true, does: "What was painted over a checkerboard: view alpha, or back", run: () => room.show_way(room.compare.way === "alpha" ? "after" : "alpha") },
    flip: { key: "[", does: "Before or after", run: () => room.show_way(room.compare.way === "before" ? "after" : "before") },
    store_a: { key: "z", shift: true, does: "Store these settings as A", run: () => store("A") },
    store_b: { key: "x", shift: true, does: "Store these settings as B", run: () => store("B") },
    flip_ab: {
      key: "]",
      does: "Look at A and B in turn",
      run: () => {
        if (!room.snapshots.stored.A && !room.snapshots.stored.B) return toast("Nothing is stored yet: Shift+Z stores these settings as A, Shift+X as B.");
        return look(/** @type {"A"} */ (room.snapshots.flip()));
      },
    },
    look_now: { key: "Escape", does: "Back to the settings that count", run: () => (room.snapshots.looking_at ? look("") : room.compare.instead ? room.layers?.unchoose() : close_toast()) },
    use: { key: "]", ctrl: true, does: "Use the settings that are looked at here", run: () => use(room, look) },
    auto_key: { key: "i", ctrl: true, does: "Keep changes as keys at this frame, or where they count", run: () => room.panel?.choose_scope(settings.scope === "key" ? "auto" : "key") },
    preset_save: { key: "s", ctrl: true, does: "Keep the settings of this frame under a name", run: () => press("save") },
    preset_use: { key: "Enter", ctrl: true, does: "Use the preset here; kept where changes are kept", run: () => press("use") },
    preset_look: { key: "[", ctrl: true, does: "Look at what counts (A) and at the preset (B) in turn, with ]", run: () => press("compare") },
    preset_out: { key: "Delete", ctrl: true, does: "Take this preset out; it goes to the trash", run: () => press("remove_button") },
    panel: { key: "n", shift: true, does: "Settings of the merge", run: () => room.show_tab("settings") },
    steps: { key: "c", shift: true, does: "Every step of this frame", run: () => room.show_tab(room.tab === "steps" ? "settings" : "steps") },
    people: { key: "b", shift: true, does: "Who is painted by whom", run: () => room.show_tab(room.tab === "people" ? "settings" : "people") },
    fit: { key: "0", does: "Fit the whole picture", run: () => room.view?.fit() },
    real: { key: "\\", shift: false, does: "One to one", run: () => room.view?.one_to_one() },
    closer: { key: "=", repeats: true, does: "Zoom in", run: () => room.view?.zoom_at(1.25, room.view.pointer ?? undefined) },
    further: { key: "-", repeats: true, does: "Zoom out", run: () => room.view?.zoom_at(0.8, room.view.pointer ?? undefined) },
    loupe: { key: "'", does: "Loupe", run: () => room.view && ((room.view.loupe = room.view.loupe ? 0 : 4), room.view.redraw()) },
    unselect: { key: "Backspace", does: "Select no frames", run: () => room.line && ((room.line.selection = null), room.line.redraw(), room.show_facts()) },
  };
  const classic = classic_keys(settings, (name, value) => room.say(name, value));
  /** What counts here as A, with these values over it as B; B is looked at. @param {Record<string, any>} values */
  const compare = (values) => {
    const counts = settings.values();
    room.snapshots.store("A", counts);
    room.snapshots.store("B", { ...counts, ...values });
    return look("B");
  };
  return { ...one, compare, all: /** @type {KeyAction[]} */ ([...Object.values(one), ...classic]) };
}

/** @param {MergeRoom} room @param {(which: "") => any} look */
async function use(room, look) {
  const { values, looking_at, difference } = room.snapshots;
  if (!values) return;
  const changed = Object.fromEntries(Object.entries(values).filter(([name, value]) => room.settings.value(name) !== value));
  const names = Object.keys(changed);
  const words = names.length ? `These change: ${names.join(", ")}. They are kept where changes are kept now.` : "They are what counts already.";
  const agreed = await ask({ title: `Use ${looking_at} here?`, words, content: difference ? h("p", { class: "dim small" }, difference) : [], choices: [{ label: "Cancel", value: false }, { label: "Use it", value: true, kind: "primary" }] });
  if (!agreed || !names.length) return;
  await look("");
  await room.settings.try_all(changed);
}
