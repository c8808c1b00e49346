// The panel with a document's text: its pages if it has any, and a place in it marked and scrolled to.

import { count, make, placeOf } from "./dom.js";
import { documentAddress, request } from "./requests.js";
import { cut, unitIndex } from "./text.js";

const byId = (id) => document.getElementById(id);
let opened = 0; // number of the latest opening: a slow text must not fill the panel of a later one

byId("document-close").addEventListener("click", () => byId("document").close());

/** Show the document of a citation or passage with `quote` marked, which stands at its code points start..end. If the
 *  quote is not known (null), the text at that place is marked; if it is empty, the document is shown from its beginning. */
export async function openDocument(cited, quote, index) {
  const mine = ++opened;
  byId("document-title").textContent = cited.title;
  byId("document-place").textContent = [cited.source, placeOf(cited)].filter(Boolean).join(" · ");
  byId("document-text").replaceChildren();
  showUnread([]);
  notice("Loading the document …");
  if (!byId("document").open) byId("document").showModal();
  try {
    const { text, title, source, pages, notes } = await request(documentAddress(cited.document_id, index, "/text"));
    if (mine !== opened) return;
    byId("document-title").textContent = title;
    byId("document-place").textContent = [source, placeOf(cited)].filter(Boolean).join(" · ");
    const numbered = (pages ?? []).map((offset, place) => ({ offset, number: place + 1 }));
    showUnread(notes ?? []);
    show(text, numbered, cited, quote);
  } catch (error) {
    if (mine === opened) notice(error.message);
  }
}

function show(text, pages, cited, quote) {
  const [before, marked, after] = cut(text, cited.start, cited.end);
  const changed = quote !== null && marked !== quote;
  notice(changed ? "The document has changed since this answer was given: the quote is not marked." : "");
  if (changed || quote === "") {
    byId("document-text").replaceChildren(...withPages(text, 0, pages));
    byId("document-text").scrollTop = 0;
    return;
  }
  const inside = pages.filter(({ offset }) => offset > cited.start && offset < cited.end);
  const mark = make("mark", {}, ...emphasised(cited, marked, inside));
  byId("document-text").replaceChildren(
    ...withPages(before, 0, pages.filter(({ offset }) => offset <= cited.start)),
    mark,
    ...withPages(after, cited.end, pages.filter(({ offset }) => offset >= cited.end)),
  );
  mark.scrollIntoView({ block: "center" });
}

/** A citation's quote with the words that are the answer; a passage as it is. `pages` begin inside. */
function emphasised({ start, answer_start: from, answer_end: to }, quote, pages) {
  const [before, words, after] = from === undefined ? [quote, "", ""] : cut(quote, from - start, to - start);
  if (words === "" || words === quote) return withPages(quote, start, pages);
  const first = pages.filter(({ offset }) => offset <= from);
  return [...withPages(before, start, first), make("strong", {}, words), ...withPages(after, to, pages.filter(({ offset }) => offset >= to))];
}

/** A stretch of the text that begins at code point `start`, with a line at the beginning of each of `pages` (offsets in
 *  it, in order). The lines are in the style sheet, so that what is selected and copied is the text alone. */
function withPages(text, start, pages) {
  const pieces = [];
  let [done, points] = [0, start];
  for (const { offset, number } of pages) {
    const next = done + unitIndex(text.slice(done), offset - points);
    pieces.push(text.slice(done, next), make("span", { class: "page", "data-page": `Page ${number}` }));
    [done, points] = [next, offset];
  }
  return [...pieces, text.slice(done)].filter((piece) => piece !== "");
}

/** Show what was not read of the document's file, below its text. */
function showUnread(notes) {
  const box = byId("document-unread");
  box.hidden = notes.length === 0;
  box.querySelector("summary").textContent = `Read in part: ${count(notes.length, "part")} of the file ${notes.length === 1 ? "was" : "were"} not read`;
  box.querySelector("ul").replaceChildren(...notes.map((line) => make("li", {}, line)));
}

function notice(message) {
  byId("document-notice").textContent = message;
  byId("document-notice").hidden = message === "";
}
