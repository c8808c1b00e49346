// The panel with a document's text, scrolled to a place in it.

import { make, placeOf, request } from "./dom.js";
import { cut } from "./text.js";

const byId = (id) => document.getElementById(id);
let opened = 0; // which opening the panel belongs to: a slow text must not fill the panel of a later one

byId("document-close").addEventListener("click", () => byId("document").close());

/** Show the document of a citation or passage with `quote` marked, which stands at its code points start..end; where the
 *  quote is not known (null), whatever stands there is marked. */
export async function openDocument(cited, quote, index) {
  const mine = ++opened;
  byId("document-title").textContent = cited.title;
  byId("document-place").textContent = [cited.source, placeOf(cited)].filter(Boolean).join(" · ");
  byId("document-text").replaceChildren();
  notice("Loading the document …");
  byId("document").showModal();
  try {
    const address = `v1/documents/${encodeURIComponent(cited.document_id)}/text?index=${encodeURIComponent(index)}`;
    const { text, title, source } = await request(address);
    if (mine !== opened) return;
    byId("document-title").textContent = title;
    byId("document-place").textContent = [source, placeOf(cited)].filter(Boolean).join(" · ");
    show(text, cited, quote);
  } catch (error) {
    if (mine === opened) notice(error.message);
  }
}

function show(text, cited, quote) {
  const [before, marked, after] = cut(text, cited.start, cited.end);
  if (quote !== null && marked !== quote) {
    notice("The document has changed since this answer was given: the place is no longer marked.");
    byId("document-text").replaceChildren(text);
    return;
  }
  notice("");
  const mark = make("mark", {}, ...emphasised(cited, marked));
  byId("document-text").replaceChildren(before, mark, after);
  mark.scrollIntoView({ block: "center" });
}

/** A citation's quote with the words that are the answer; a passage as it is. */
function emphasised({ start, answer_start: from, answer_end: to }, quote) {
  if (from === undefined) return [quote];
  const [before, words, after] = cut(quote, from - start, to - start);
  if (words === quote) return [quote];
  return [before, make("strong", {}, words), after];
}

function notice(message) {
  byId("document-notice").textContent = message;
  byId("document-notice").hidden = message === "";
}
