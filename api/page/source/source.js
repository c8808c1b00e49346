// The source beside the conversation, a sheet on a phone: a document with a place in it marked, on its page or in its text.

/** @import {Place} from "../base/types.js" */
/** @import {Block} from "./rendering.js" */
/** @import {Ticket} from "../base/store.js" */

import { button, byId, dateOf, make, placeOf, withDays } from "../base/dom.js";
import { bytes, documentAddress, request } from "../base/requests.js";
import { save } from "../base/saving.js";
import { store } from "../base/store.js";
import { partsOf } from "../base/text.js";
import { t } from "../base/words.js";
import { silently } from "../conversation/quote.js";
import { askOnly, limitTo } from "../conversation/scope.js";
import { mayHavePages, placeOnPages, showPages } from "./pages.js";
import { compared, rendered, textAt } from "./rendering.js";

const AROUND = 40_000; // characters before and behind a place that are read with it
const BESIDE = matchMedia("(min-width: 60rem)"); // there is room for it beside the conversation
const pane = byId("source");
/** @type {HTMLElement | null} */
let opener = null; // gets the focus back

byId("source-close").addEventListener("click", closeSource);
pane.addEventListener("cancel", (/** @type {Event} */ event) => {
  event.preventDefault();
  closeSource();
});
pane.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key === "Escape" && !event.defaultPrevented) closeSource();
});
BESIDE.addEventListener("change", () => {
  if (!pane.open) return;
  pane.close();
  reveal();
});

/** Show the document of a citation or passage with `quote` marked, which stands at its code points start..end. If the
 *  quote is not known (null), the text at that place is marked; if it is empty, the document is shown from its beginning.
 *  @param {Place} cited
 *  @param {string | null} quote
 *  @param {string} index */
export async function openSource(cited, quote, index) {
  const ticket = store.ticket("source", index);
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  if (!pane.contains(active)) opener = active;
  head(cited.title, cited.source, cited);
  for (const id of ["source-text", "source-pages", "source-tools"]) byId(id).replaceChildren();
  view("text");
  unread([]);
  notice(t("loading"));
  if (!pane.open) reveal();
  byId("source-close").focus();
  try {
    const [info, isChanged] = await Promise.all([request(documentAddress(cited.document_id, index)), showText(cited, quote, ticket)]);
    if (!ticket.current()) return;
    head(info.title, info.source, cited);
    unread(info.notes);
    tools(cited, quote !== "" && !isChanged, ticket);
  } catch (error) {
    if (!ticket.current()) return;
    notice(/** @type {Error} */ (error).message);
    if (quote) byId("source-text").replaceChildren(make("blockquote", { dir: "auto" }, quote));
  }
}

/** Close the pane; the focus goes back to what opened it. */
export function closeSource() {
  if (!pane.open) return;
  store.ticket("source", ""); // what is on its way is no longer wanted
  document.body.classList.remove("with-source");
  silently(() => {
    pane.close();
    opener?.focus();
  });
}

function reveal() {
  document.body.classList.toggle("with-source", BESIDE.matches);
  if (BESIDE.matches) pane.show();
  else pane.showModal();
}

/** Show the text around the place. -> true if it is no longer what was quoted
 *  @param {Place} cited
 *  @param {string | null} quote
 *  @param {Ticket} ticket */
async function showText(cited, quote, ticket) {
  let found = await stretch(cited, Math.max(cited.start - AROUND, 0), cited.end + AROUND, ticket);
  const isChanged = Boolean(quote) && compared(textAt(found.blocks, cited.start, cited.end)) !== compared(quote ?? "");
  if (isChanged && found.blocks.length === 0) found = await stretch(cited, 0, AROUND, ticket);
  if (!ticket.current()) return isChanged;
  notice(isChanged ? t("source_changed") : "");
  const words = cited.answer_start === undefined ? null : [cited.answer_start, cited.answer_end ?? cited.answer_start];
  const place = isChanged || quote === "" ? null : { start: cited.start, end: cited.end, words };
  const box = byId("source-text");
  const said = isChanged ? make("blockquote", { class: "was", dir: "auto" }, quote) : "";
  const middle = make("div", {}, ...rendered(found.blocks, place));
  box.replaceChildren(said, more(found.before, true, cited, ticket), middle, more(found.next, false, cited, ticket));
  box.scrollTop = 0;
  const mark = box.querySelector("mark strong") ?? box.querySelector("mark");
  if (mark !== null) bringIntoView(mark, box);
  return isChanged;
}

/** Scroll a mark to the upper third of the box, and to the middle of a table that is wider than the box.
 *  @param {Element} mark
 *  @param {HTMLElement} box */
function bringIntoView(mark, box) {
  box.scrollTop += mark.getBoundingClientRect().top - box.getBoundingClientRect().top - box.clientHeight / 3;
  const table = mark.closest(".table");
  if (table === null) return;
  const [inner, outer] = [mark.getBoundingClientRect(), table.getBoundingClientRect()];
  table.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}

/** @param {Place} cited
 *  @param {number} start
 *  @param {number} end
 *  @param {Ticket} ticket
 *  @returns {Promise<{blocks: Block[], before: number | null, next: number | null}>} */
function stretch(cited, start, end, ticket) {
  return request(documentAddress(cited.document_id, ticket.index, `/blocks?start=${start}&end=${Math.max(end, 1)}`));
}

/** A button in the place of the text that goes on there; nothing at the ends.
 *  @param {number | null} from
 *  @param {boolean} isBefore
 *  @param {Place} cited
 *  @param {Ticket} ticket
 *  @returns {Node | ""} */
function more(from, isBefore, cited, ticket) {
  if (from === null) return "";
  const [start, end] = isBefore ? [Math.max(from - AROUND, 0), from] : [from, from + AROUND];
  const asked = button(t(isBefore ? "text_before" : "text_after"), async () => {
    const found = await stretch(cited, start, end, ticket);
    if (!ticket.current()) return;
    const part = make("div", {}, ...rendered(isBefore ? found.blocks.filter((block) => block.start < from) : found.blocks, null));
    const rest = more(isBefore ? found.before : found.next, isBefore, cited, ticket);
    asked.replaceWith(...(isBefore ? [rest, part] : [part, rest]));
    if (rest instanceof HTMLElement) rest.focus({ preventScroll: true });
    else byId("source-text").focus({ preventScroll: true });
  });
  return asked;
}

/** What can be done with the document; a PDF is shown as its pages if the place is found on them.
 *  @param {Place} cited
 *  @param {boolean} isMarked
 *  @param {Ticket} ticket */
async function tools(cited, isMarked, ticket) {
  const id = cited.document_id;
  const saved = async () => {
    try {
      save(partsOf(id).name, "", await bytes(documentAddress(id, ticket.index, "/file")));
    } catch (error) {
      notice(/** @type {Error} */ (error).message);
    }
  };
  /** @type {{sentence: import("../base/types.js").Box[], words: import("../base/types.js").Box[]}} */
  let marked = { sentence: [], words: [] };
  const pages = async () => {
    if (byId("source-pages").children.length === 0) {
      notice(t("loading_pages"));
      try {
        view("pages");
        await showPages(byId("source-pages"), id, ticket.index, marked, ticket.current);
        if (ticket.current()) notice("");
      } catch (error) {
        if (!ticket.current()) return;
        view("text");
        notice(/** @type {Error} */ (error).message);
      }
    } else view("pages");
  };
  const views = mayHavePages(id) ? [button(t("view_pages"), pages, { id: "as-pages", "aria-pressed": "false" }), button(t("view_text"), () => view("text"), { id: "as-text", "aria-pressed": "true" })] : [];
  byId("source-tools").replaceChildren(...views, button(t("ask_only_this"), () => onlyThis(id, ticket.index)), button(t("save_original"), saved));
  if (!isMarked || views.length === 0) return;
  marked = await placeOnPages(cited, ticket.index).catch(() => marked); // the text is there in any case
  if (ticket.current() && marked.sentence.length > 0) await pages();
}

/** @param {"text" | "pages"} name */
function view(name) {
  byId("source-text").hidden = name !== "text";
  byId("source-pages").hidden = name !== "pages";
  byId("as-pages")?.setAttribute("aria-pressed", `${name === "pages"}`);
  byId("as-text")?.setAttribute("aria-pressed", `${name === "text"}`);
}

/** @param {string} id
 *  @param {string} index */
function onlyThis(id, index) {
  closeSource();
  if (!byId("ask-view").hidden && index === store.index) {
    limitTo("document", [id]);
    byId("question").focus();
    return;
  }
  store.choose(index);
  askOnly({ document: [id] });
}

/** @param {string} title
 *  @param {string | undefined} source
 *  @param {Place} cited */
function head(title, source, cited) {
  byId("source-title").textContent = title;
  byId("source-place").replaceChildren(...withDays([source, placeOf(cited), cited.as_of && dateOf(cited)].filter(Boolean).join(" · ")));
}

/** Show what was not read of the document's file, below its text.
 *  @param {string[]} notes */
function unread(notes) {
  const box = byId("source-unread");
  box.hidden = notes.length === 0;
  box.querySelector("summary").textContent = t("read_in_part", { n: notes.length });
  box.querySelector("ul").replaceChildren(...notes.map((line) => make("li", {}, line)));
}

/** @param {string} message */
function notice(message) {
  byId("source-notice").textContent = message;
  byId("source-notice").hidden = message === "";
}
