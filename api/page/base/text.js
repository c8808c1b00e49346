// Strings and offsets: the server counts Unicode code points, JavaScript counts UTF-16 units. No DOM here.

/** @import {Answer, Claim, Citation} from "./types.js" */

const ENDING = /(\[\d+\])+[.!?。！？…]?$/; // the markers of a claim, and what closes it
const STEP = 4096; // code points between two places that are known

/** The UTF-16 index of a code point offset: unitIndex("a😀b", 2) is 3.
 *  @param {string} text
 *  @param {number} points */
export function unitIndex(text, points) {
  let index = 0;
  for (let left = points; left > 0 && index < text.length; left -= 1) {
    index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  }
  return index;
}

/** Offsets of one text, many times: in code points in, in UTF-16 units out.
 *  @param {string} text
 *  @returns {(points: number) => number} */
export function unitsOf(text) {
  if (!/[\ud800-\udfff]/.test(text)) return (points) => Math.min(points, text.length);
  const known = [0]; // the index of every STEPth code point
  for (let index = 0, points = 0; index < text.length; index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1, points += 1) {
    if (points > 0 && points % STEP === 0) known.push(index);
  }
  return (points) => {
    const step = Math.min(Math.floor(points / STEP), known.length - 1);
    return known[step] + unitIndex(text.slice(known[step], known[step] + 2 * (points - step * STEP)), points - step * STEP);
  };
}

/** Cut at a range of code points: the text before it, in it, and after it.
 *  @param {string} text
 *  @param {number} start
 *  @param {number} end
 *  @returns {[string, string, string]} */
export function cut(text, start, end) {
  const from = unitIndex(text, start);
  const to = from + unitIndex(text.slice(from), end - start);
  return [text.slice(0, from), text.slice(from, to), text.slice(to)];
}

/** An answer as pieces of text and citation markers: "Paris [1]." -> [{text: "Paris "}, {label: 1}, {text: "."}].
 *  A number in brackets is a marker at the end of a claim; before, it is part of the claim: "see [1] there [1]."
 *  @param {{answer: string, claims: {start: number, text: string}[], citations: {label: number}[]}} answer
 *  @returns {{text?: string, label?: number}[]} */
export function answerPieces(answer) {
  const labels = new Set(answer.citations.map((citation) => citation.label));
  const bodies = answer.claims.map((claim) => {
    const start = unitIndex(answer.answer, claim.start);
    return [start, start + claim.text.length - (claim.text.match(ENDING)?.[0].length ?? 0)];
  });
  /** @type {{text?: string, label?: number}[]} */
  const pieces = [];
  let done = 0;
  for (const found of answer.answer.matchAll(/\[(\d+)\]/g)) {
    const label = Number(found[1]);
    const isSaid = bodies.some(([start, end]) => start <= found.index && found.index < end);
    if (isSaid || !labels.has(label)) continue;
    pieces.push({ text: answer.answer.slice(done, found.index) }, { label });
    done = found.index + found[0].length;
  }
  pieces.push({ text: answer.answer.slice(done) });
  return pieces.filter((piece) => piece.label !== undefined || piece.text !== "");
}

/** The same letters for searching: lower case, without accents.
 *  @param {string} text */
export function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The words of a search, each of which must be found.
 *  @param {string} query */
export function words(query) {
  return folded(query).split(/\s+/).filter(Boolean);
}

/** "reports/2024/lease.pdf" -> {folder: "reports/2024", name: "lease.pdf", type: "pdf"}.
 *  @param {string} id */
export function partsOf(id) {
  const slash = id.lastIndexOf("/");
  const name = id.slice(slash + 1);
  const dot = name.lastIndexOf(".");
  return { folder: id.slice(0, Math.max(slash, 0)), name, type: dot > 0 ? name.slice(dot + 1).toLowerCase() : "" };
}
