// The quote of a citation beside its marker, while the mouse or the keyboard is on it; the marker opens its source.

import { make } from "../base/dom.js";

const LEAVE_MS = 250; // time enough to move the mouse from the marker into the quote
const panel = make("div", { id: "quote", role: "tooltip", hidden: true });
/** @type {HTMLElement | null} */
let shown = null; // the marker whose quote is shown
let leaving = 0;
let silent = false; // the focus comes back to a marker, which is not to show its quote

document.body.append(panel);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && shown !== null) hideQuote();
});
document.addEventListener("pointerdown", (event) => {
  if (shown !== null && !panel.contains(event.target) && !shown.contains(/** @type {Node} */ (event.target))) hideQuote();
});
addEventListener("resize", hideQuote);
addEventListener("scroll", () => { if (shown !== null) place(shown); }, { passive: true });
panel.addEventListener("pointerenter", () => clearTimeout(leaving));
panel.addEventListener("pointerleave", leave);

/** Make a marker show the quote that `contents()` returns, and `open` its source.
 *  @param {HTMLElement} marker
 *  @param {() => Node[]} contents
 *  @param {() => void} open */
export function quoting(marker, contents, open) {
  marker.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(marker, contents); });
  marker.addEventListener("pointerleave", leave);
  marker.addEventListener("focus", () => { if (!silent && marker.matches(":focus-visible")) show(marker, contents); });
  marker.addEventListener("blur", leave);
  marker.addEventListener("click", () => {
    hideQuote();
    open();
  });
  return marker;
}

/** Move the focus without showing a quote.
 *  @param {() => void} move */
export function silently(move) {
  silent = true;
  move();
  silent = false;
}

export function hideQuote() {
  clearTimeout(leaving);
  shown?.removeAttribute("aria-describedby");
  shown = null;
  panel.hidden = true;
}

/** @param {HTMLElement} marker
 *  @param {() => Node[]} contents */
function show(marker, contents) {
  clearTimeout(leaving);
  if (shown === marker) return;
  hideQuote();
  shown = marker;
  panel.replaceChildren(...contents());
  marker.setAttribute("aria-describedby", panel.id);
  panel.hidden = false;
  place(marker);
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(hideQuote, LEAVE_MS);
}

/** Place the quote below the marker, or above if there is more room.
 *  @param {HTMLElement} marker */
function place(marker) {
  const at = marker.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left - 24), Math.max(8, document.documentElement.clientWidth - width - 8));
  const below = at.bottom + 8;
  const top = below + height <= innerHeight || at.top < height + 8 ? below : at.top - height - 8;
  panel.style.setProperty("--left", `${left}px`);
  panel.style.setProperty("--top", `${top}px`);
}
