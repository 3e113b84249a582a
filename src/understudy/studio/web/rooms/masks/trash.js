// @ts-check
// A face that should not be there goes to the trash from under the hand, and comes back. The trash itself is the faceset's.

import { post } from "../../kit/api.js";
import { toast } from "../../kit/toast.js";

/** @typedef {import("./room.js").MasksRoom} MasksRoom */

/** What went to the trash in this window, the last one last. @type {{faceset: string, face: string}[]} */
const gone = [];

/** The next face comes under the hand, and this one goes to the trash with what is drawn on it. @param {MasksRoom} room */
export async function put_away(room) {
  const { editor, keeper } = room;
  const one = { ...room.shown };
  if (!editor.ready || !one.face || one.face === gone.at(-1)?.face) return;
  editor.close_open();
  gone.push(one);
  const which = room.line_up.stepped(room.at, 1, "all");
  await room.step((await which) === room.at ? -1 : 1);
  try {
    while (keeper.has(one.faceset, one.face) && !keeper.lost) await new Promise((go_on) => keeper.addEventListener("state", go_on, { once: true }));
    await post("faces/reject", { faceset: one.faceset, names: [one.face] });
  } catch (error) {
    gone.splice(gone.indexOf(one), 1);
    throw error;
  }
  toast(`${one.face} went to the trash.`, { label: "Bring it back", run: () => bring_back(room, one) });
}

/** @param {MasksRoom} room @param {{faceset: string, face: string} | undefined} [one] */
export async function bring_back(room, one = gone.at(-1)) {
  if (!one || !gone.includes(one)) return void toast("No face went to the trash from here.");
  const { back } = await post("faces/restore", { faceset: one.faceset, names: [one.face] });
  gone.splice(gone.indexOf(one), 1);
  if (!room.isConnected || room.place.faceset !== one.faceset) return;
  room.place.face = back[0];
  await room.list_faces();
  const place = room.line_up.places.get(back[0]) ?? (await room.line_up.ask({ around: back[0] }));
  if (place >= 0) await room.go_to(place);
}
