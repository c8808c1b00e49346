// The list of documents of an index, read a page at a time and kept until it changes.

/** @import {Info} from "../base/types.js" */

import { inIndex, patiently, request } from "../base/requests.js";
import { store } from "../base/store.js";

const PAGE = 1000; // documents of one request
const TELL_MS = 2000; // between two readings of a list, while uploads come in
/** @type {Map<string, Promise<Info[]>>} */
const known = new Map();
/** @type {Set<string>} */
const changed = new Set(); // indexes, since the last reading
let telling = 0;

/** All documents of an index, in order of their ids. Another call takes the list that is there or on its way.
 *  @param {string} index
 *  @param {(so_far: Info[]) => void} progress is told the documents after each page
 *  @returns {Promise<Info[]>} */
export function documentsOf(index, progress = () => {}) {
  const found = known.get(index) ?? read(index, progress);
  if (!known.has(index)) {
    known.set(index, found);
    found.catch(() => { if (known.get(index) === found) known.delete(index); });
  }
  return found;
}

/** Read the list of an index anew at the next call: views hear "documents", of many changes in a row now and then.
 *  @param {string} index */
export function documentsChanged(index) {
  if (telling !== 0) {
    changed.add(index);
    return;
  }
  known.delete(index);
  store.tell("documents");
  telling = setTimeout(() => {
    telling = 0;
    const later = [...changed];
    changed.clear();
    later.forEach(documentsChanged);
  }, TELL_MS);
}

/** @param {string} index
 *  @param {(so_far: Info[]) => void} progress
 *  @returns {Promise<Info[]>} */
async function read(index, progress) {
  const found = new Map(); // by id: a document that comes while pages are read is there once
  for (let after = ""; ;) {
    const from = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const { documents, next } = await patiently(() => request(inIndex(`v1/documents?limit=${PAGE}${from}`, index)));
    for (const info of documents) found.set(info.id, info);
    progress([...found.values()]);
    if (next === undefined) return [...found.values()];
    after = next;
  }
}
