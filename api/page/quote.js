// The quote of a citation beside its marker: while the mouse or the keyboard is on it, or until it is closed after a tap.

import { make } from "./dom.js";

const LEAVE_MS = 250; // time enough to move the mouse from the marker into the quote
const panel = document.getElementById("quote");
let shown = null; // the marker whose quote is shown
let pinned = false;
let leaving = 0;
let returning = false; // the focus goes back to the marker, which is not to show the quote again

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || shown === null) return;
  close();
});
document.addEventListener("pointerdown", (event) => {
  if (shown !== null && !panel.contains(event.target) && !shown.contains(event.target)) hideQuote();
});
addEventListener("resize", hideQuote);
addEventListener("scroll", () => { if (shown !== null) place(); }, { passive: true });
panel.addEventListener("pointerenter", () => clearTimeout(leaving));
panel.addEventListener("pointerleave", leave);

/** Make a marker show the quote that `contents()` returns. */
export function quoting(marker, contents) {
  marker.setAttribute("aria-haspopup", "dialog");
  marker.setAttribute("aria-expanded", "false");
  marker.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") show(marker, contents, false); });
  marker.addEventListener("pointerleave", leave);
  marker.addEventListener("focus", () => { if (!returning && marker.matches(":focus-visible")) show(marker, contents, false); });
  marker.addEventListener("blur", (event) => { if (!panel.contains(event.relatedTarget)) leave(); });
  marker.addEventListener("click", () => show(marker, contents, true));
  return marker;
}

export function hideQuote() {
  clearTimeout(leaving);
  shown?.setAttribute("aria-expanded", "false");
  shown = null;
  pinned = false;
  panel.hidden = true;
}

/** Close the quote at the reader's wish: if the focus was in it, it goes back to the marker. */
function close() {
  const marker = shown;
  const inside = panel.contains(document.activeElement);
  hideQuote();
  returning = true;
  if (inside) marker.focus();
  returning = false;
}

function show(marker, contents, pin) {
  clearTimeout(leaving);
  if (shown !== marker) {
    hideQuote();
    shown = marker;
    const closing = make("button", { type: "button", class: "close", "aria-label": "Close the quote", onclick: close }, "×");
    panel.replaceChildren(closing, ...contents());
    marker.setAttribute("aria-expanded", "true");
    marker.closest(".said, .claim").after(panel); // so that Tab goes from the answer into the quote
    panel.hidden = false;
    place();
  }
  pinned ||= pin;
}

function leave() {
  clearTimeout(leaving);
  leaving = setTimeout(() => {
    const used = panel.contains(document.activeElement) || (document.activeElement === shown && shown?.matches(":focus-visible"));
    if (!pinned && !used) hideQuote();
  }, LEAVE_MS);
}

/** Place the quote below the marker, or above if there is more room; on a phone the style sheet puts it at the bottom. */
function place() {
  const at = shown.getBoundingClientRect();
  const { width, height } = panel.getBoundingClientRect();
  const left = Math.min(Math.max(8, at.left - 24), Math.max(8, document.documentElement.clientWidth - width - 8));
  const below = at.bottom + 8;
  const top = below + height <= innerHeight || at.top < height + 8 ? below : at.top - height - 8;
  panel.style.setProperty("--left", `${left}px`);
  panel.style.setProperty("--top", `${top}px`);
}
