// @ts-check
// Dark for grading rooms, or light: as the system has it until somebody chooses here. The choice is kept on this machine,
// and is the same in every window.

const KEY = "theme";
const system_is_light = matchMedia("(prefers-color-scheme: light)");

/** @returns {"dark" | "light"} */
export function theme() {
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") return kept;
  return system_is_light.matches ? "light" : "dark";
}

function show() {
  document.documentElement.dataset.theme = theme();
}

/** The other one. */
export function switch_theme() {
  localStorage.setItem(KEY, theme() === "dark" ? "light" : "dark");
  show();
}

// It holds as soon as this is loaded, also on a page of the guide, which has nothing else of the rooms.
show();
window.addEventListener("storage", (event) => event.key === KEY && show());
system_is_light.addEventListener("change", show);
