// What is copied of an answer: its markers as "[1]", which are buttons on the page, and its sources on request.

/** @import {Answer, Citation} from "../base/types.js" */

import { dateOf, placeOf } from "../base/dom.js";

/** Text of nodes with the markers in brackets: "3 November 1861 [1]". Nodes are those of an answer or a part of it.
 *  @param {DocumentFragment | Element} nodes */
export function textOf(nodes) {
  const copy = /** @type {DocumentFragment | Element} */ (nodes.cloneNode(true));
  for (const marker of copy.querySelectorAll(".marker")) marker.replaceWith(` [${marker.textContent}]`);
  return copy.textContent ?? "";
}

/** Put the text of a selection inside an answer on the clipboard, with its markers.
 *  @param {ClipboardEvent} event */
export function copySelection(event) {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed) return;
  event.clipboardData?.setData("text/plain", textOf(selection.getRangeAt(0).cloneContents()));
  event.preventDefault();
}

/** A source in one line: "[1] Lease, page 3 · Rent, 2024-05-06: “The rent is 940 euros.”"
 *  @param {Citation} citation */
export function sourceLine(citation) {
  const place = [citation.title, placeOf(citation), dateOf(citation)].filter(Boolean).join(", ");
  return `[${citation.label}] ${place}: “${citation.quote.replace(/\s+/g, " ").trim()}”`;
}

/** An answer with its sources, as text.
 *  @param {Answer} answer */
export function withSources(answer) {
  return [answer.answer, ...answer.citations.map(sourceLine)].join("\n\n");
}

/** Put text on the clipboard; false if the browser forbids it.
 *  @param {string} text
 *  @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copied(text); // without https there is no `navigator.clipboard`
  }
}

/** @param {string} text */
function copied(text) {
  const give = (/** @type {ClipboardEvent} */ event) => {
    event.clipboardData?.setData("text/plain", text);
    event.preventDefault();
  };
  document.addEventListener("copy", give, { once: true, capture: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", give, { capture: true });
  return done;
}
