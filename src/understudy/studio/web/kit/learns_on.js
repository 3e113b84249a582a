// @ts-check
// Words for a change of faces while a model learns from them: a training keeps the faces that there were when it began.

import { toast } from "./toast.js";

/** @param {string} model */
export function say_learns_on(model) {
  toast(`The training of ${model} goes on with the faces as they were when it began. For what they are now, stop it and let it train on.`);
}
