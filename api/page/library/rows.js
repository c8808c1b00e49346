// Documents as rows of the table: searched, filtered, sorted (pure).

/** @import {Info} from "../base/types.js" */

import { folded, partsOf, words } from "../base/text.js";

/** @typedef {{info: Info, title: string, folder: string, type: string, date: string, state: "" | "part" | "stale", text: string}} Row */
/** @typedef {{query: string, type: string, folder: string, state: string, by: "title" | "folder" | "type" | "date" | "size", down: boolean}} Wanted */

/** @param {Info} info
 *  @returns {Row} */
export function rowOf(info) {
  const { folder, type } = partsOf(info.id);
  const state = info.stale ? "stale" : info.notes.length > 0 ? "part" : "";
  return { info, title: info.title, folder, type, date: info.modified?.slice(0, 10) ?? "", state, text: folded(`${info.title} ${info.id}`) };
}

/** The rows that fit, in the order that is wanted. A folder holds those below it.
 *  @param {Row[]} rows
 *  @param {Wanted} wanted
 *  @returns {Row[]} */
export function arranged(rows, { query, type, folder, state, by, down }) {
  const wanted = words(query);
  const fit = rows.filter((row) => (type === "" || row.type === type) && (state === "" || row.state === state)
    && (folder === "" || row.folder === folder || row.folder.startsWith(`${folder}/`)) && wanted.every((word) => row.text.includes(word)));
  const order = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const compare = by === "size"
    ? (/** @type {Row} */ one, /** @type {Row} */ other) => one.info.characters - other.info.characters
    : (/** @type {Row} */ one, /** @type {Row} */ other) => order.compare(one[by], other[by]);
  const sign = down ? -1 : 1;
  return fit.sort((one, other) => sign * compare(one, other) || order.compare(one.info.id, other.info.id));
}

/** The values of a column, each once, in order.
 *  @param {Row[]} rows
 *  @param {"type" | "folder"} column */
export function valuesOf(rows, column) {
  return [...new Set(rows.map((row) => row[column]).filter(Boolean))].sort((one, other) => one.localeCompare(other));
}

/** The rows from `first` up to `last` that are worth having in the page: those in view, and some before and after.
 *  @param {number} top pixels from the first row to the upper edge of what is seen; negative if the row is below it
 *  @param {number} seen pixels that are seen
 *  @param {number} height of a row
 *  @param {number} count of all rows
 *  @returns {[number, number]} */
export function visible(top, seen, height, count) {
  const around = 12;
  const first = Math.min(Math.max(Math.floor(top / height) - around, 0), count);
  return [first, Math.min(Math.max(Math.ceil((top + seen) / height) + around, first), count)];
}
