// @ts-check
// A look that is dear runs once at a time: all that ask for it meanwhile get the one run behind it.

/**
 * @param {() => Promise<void>} look
 * @returns {() => Promise<void>} ends with the look that began after it was asked for
 */
export function one_look(look) {
  /** @type {Promise<void> | null} */
  let now = null;
  /** @type {Promise<void> | null} */
  let next = null;
  /** @returns {Promise<void>} */
  const begin = () => (now = look().finally(() => (now = null)));
  /** @returns {Promise<void>} */
  const ask = () => {
    if (!now) return begin();
    next ??= now
      .catch(() => {}) // whoever asked for that one is told
      .then(() => ((next = null), ask()));
    return next;
  };
  return ask;
}
