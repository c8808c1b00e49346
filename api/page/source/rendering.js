// Blocks of a document as elements: headings, paragraphs, lists, tables and code, with pages and a marked place.

import { make } from "../base/dom.js";
import { cut } from "../base/text.js";
import { t } from "../base/words.js";

/** @typedef {{start: number, text: string}} Piece a text and its place, in code points of the document */
/** @typedef {{kind: string, start: number, end: number, level: number, page: number | null, header: Piece[] | null, rows: Piece[][]}} Block */
/** @typedef {{start: number, end: number, words: number[] | null}} Marked the words are the answer, darker than the rest */

const LEVELS = 6; // of headings, on a page that has two above them

/** The elements of blocks that follow one another. A line tells where a page begins.
 *  @param {Block[]} blocks
 *  @param {Marked | null} place what is marked
 *  @param {number | null} page that the text before is on
 *  @returns {HTMLElement[]} */
export function rendered(blocks, place, page = null) {
  const elements = [];
  for (const block of blocks) {
    if (block.page !== null && block.page !== page) elements.push(make("p", { class: "page" }, t("page_at", { n: block.page })));
    page = block.page;
    elements.push(blockElement(block, place));
  }
  return elements;
}

/** The text of blocks between two places, without the borders of lines and cells.
 *  @param {Block[]} blocks
 *  @param {number} start
 *  @param {number} end */
export function textAt(blocks, start, end) {
  const pieces = new Map(); // by place: a header may be told with each part of a table
  for (const { header, rows } of blocks) for (const piece of [...(header ?? []), ...rows.flat()]) pieces.set(piece.start, piece);
  return [...pieces.values()].sort((one, other) => one.start - other.start).map((piece) => within(piece, start, end)[1]).join("");
}

/** The letters by which a quote is compared with a text.
 *  @param {string} text */
export function compared(text) {
  return text.replace(/[\s|]+/g, "");
}

/** @param {Block} block
 *  @param {Marked | null} place */
function blockElement({ kind, level, header, rows }, place) {
  if (kind === "table") return tableElement(header, rows, place);
  const nodes = rows.flatMap((row, number) => [number > 0 ? "\n" : "", ...row.flatMap((piece) => pieceNodes(piece, place))]);
  if (kind === "heading") return make("p", { class: "heading", role: "heading", "aria-level": Math.min(level + 2, LEVELS), "data-level": level }, ...nodes);
  if (kind === "code") return make("pre", { tabindex: "0" }, ...nodes);
  return make("p", { class: kind }, ...nodes);
}

/** @param {Piece[] | null} header
 *  @param {Piece[][]} rows
 *  @param {Marked | null} place */
function tableElement(header, rows, place) {
  const cells = (/** @type {Piece[]} */ row, /** @type {string} */ tag) => row.map((piece) => make(tag, tag === "th" ? { scope: "col" } : {}, ...pieceNodes(piece, place)));
  const head = header && make("thead", {}, make("tr", {}, ...cells(header, "th")));
  const body = make("tbody", {}, ...rows.map((row) => make("tr", {}, ...cells(row, "td"))));
  return make("div", { class: "table", tabindex: "0", role: "group", "aria-label": t("table") }, make("table", {}, head, body));
}

/** The text before, in and behind a stretch of the document, of one piece.
 *  @param {Piece} piece
 *  @param {number} start
 *  @param {number} end
 *  @returns {[string, string, string]} */
function within({ start: at, text }, start, end) {
  if (end <= at || start >= at + text.length) return [text, "", ""];
  const from = Math.max(start - at, 0);
  return cut(text, from, Math.max(end - at, from));
}

/** @param {Piece} piece
 *  @param {Marked | null} place
 *  @returns {(string | HTMLElement)[]} */
function pieceNodes(piece, place) {
  if (place === null) return [piece.text];
  const [before, marked, after] = within(piece, place.start, place.end);
  if (marked === "") return [piece.text];
  const inside = { start: Math.max(piece.start, place.start), text: marked };
  const [from, to] = place.words ?? [place.start, place.end];
  const [first, words, rest] = from <= place.start && to >= place.end ? [marked, "", ""] : within(inside, from, to);
  const parts = words === "" ? [marked] : [first, make("strong", {}, words), rest];
  return [before, make("mark", {}, ...parts), after];
}
