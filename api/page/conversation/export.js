// A conversation as a file: Markdown, one HTML file that needs nothing else, or its sources as CSL JSON (pure).

/** @import {Answer, Citation, Thread, Turn} from "../base/types.js" */

import { dateOf, placeOf } from "../base/dom.js";
import { t } from "../base/words.js";
import { verdictOf } from "./verdict.js";

const STYLE = `:root{color-scheme:light dark}body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
h2{border-top:1px solid #8888;padding-top:1rem;white-space:pre-line}.answer{font-size:1.2rem;white-space:pre-line}blockquote{margin:.3rem 0 1rem;padding-left:.8rem;border-left:3px solid #8888;white-space:pre-line}
mark{background:#ffe58a;color:#1d2321}.verdict{font-weight:600}small,.verdict{color:#777}`;

/** @param {Thread} thread
 *  @param {Turn[]} turns */
export function asMarkdown(thread, turns) {
  const parts = turns.map(({ question, asked, answer }) => {
    const head = `## ${line(question)}\n\n*${t.day(asked)}${answer ? `; ${verdictOf(answer)}` : ""}*`;
    if (answer === null) return `${head}\n\n${t("unfinished")}`;
    return [head, escaped(answer.answer), ...otherLines(answer), ...conflictLines(answer), ...answer.citations.map(quoted)].join("\n\n");
  });
  return `# ${line(thread.name)}\n\n${parts.join("\n\n")}\n`;
}

/** @param {Thread} thread
 *  @param {Turn[]} turns */
export function asPage(thread, turns) {
  const parts = turns.map(({ question, asked, answer }) => {
    if (answer === null) return `<h2>${html(question)}</h2><p>${html(t("unfinished"))}</p>`;
    const facts = [answer.id, `${answer.index.name}, ${t("made_generation", { n: answer.index.generation })}`, answer.mode, answer.model, t.day(asked)];
    const conflicts = answer.conflicts.flatMap(({ values }) => values.map(({ value, as_of: date, claim }) => `<li><strong>${html(value)}</strong> ${html(date ?? t("no_date"))}: ${html(claim)}</li>`));
    return `<h2 dir="auto">${html(question)}</h2><p class="verdict">${html(verdictOf(answer))}</p><p class="answer" dir="auto">${html(answer.answer)}</p>`
      + (answer.alternative ? `<p dir="auto">${html(t("or"))} ${html(answer.alternative.text)}</p>` : "")
      + (conflicts.length > 0 ? `<h3>${html(t("disagree"))}</h3><ul>${conflicts.join("")}</ul>` : "")
      + answer.citations.map(audited).join("") + `<p><small>${html(facts.filter(Boolean).join(" · "))}</small></p>`;
  });
  return `<!doctype html><html lang="${t.language()}"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`
    + `<title>${html(thread.name)}</title><style>${STYLE}</style><h1>${html(thread.name)}</h1>${parts.join("\n")}</html>\n`;
}

/** The documents that are cited, once each, as CSL JSON, which Zotero and others read.
 *  @param {Turn[]} turns */
export function asReferences(turns) {
  const cited = new Map();
  for (const { answer } of turns) {
    for (const citation of answer?.citations ?? []) {
      const date = citation.as_of?.split("-").map(Number);
      cited.set(citation.document_id, {
        id: citation.document_id, type: "document", title: citation.title, source: citation.source,
        ...(date?.every(Number.isFinite) ? { issued: { "date-parts": [date] } } : {}),
      });
    }
  }
  return `${JSON.stringify([...cited.values()], null, 2)}\n`;
}

/** @param {Answer} answer */
function otherLines(answer) {
  return answer.alternative ? [`${t("or")} ${escaped(answer.alternative.text)}`] : [];
}

/** @param {Answer} answer */
function conflictLines(answer) {
  return answer.conflicts.map(({ values }) => `${t("disagree")}:\n\n${values.map(({ value, as_of: date, claim }) => `- **${line(value)}** (${date ?? t("no_date")}): ${line(claim)}`).join("\n")}`);
}

/** @param {Citation} citation */
function quoted(citation) {
  const place = [citation.title, placeOf(citation), dateOf(citation), citation.source].filter(Boolean).map(line).join(", ");
  return `\\[${citation.label}\\] ${place}\n\n${citation.quote.split("\n").map((part) => `> ${escaped(part)}`).join("\n")}`;
}

/** @param {Citation} citation */
function audited(citation) {
  const points = [...citation.quote];
  const [from, to] = [citation.answer_start - citation.start, citation.answer_end - citation.start];
  const [before, words, after] = [points.slice(0, from), points.slice(from, to), points.slice(to)].map((part) => html(part.join("")));
  const place = [`[${citation.label}]`, citation.title, placeOf(citation), dateOf(citation)].filter(Boolean).join(" · ");
  return `<p><strong dir="auto">${html(place)}</strong><br><small>${html(citation.source)}, ${html(t("characters_at", { start: citation.start, end: citation.end }))}</small></p><blockquote dir="auto">${before}<mark>${words}</mark>${after}</blockquote>`;
}

/** @param {string} text */
function line(text) {
  return escaped(text.replace(/\s+/g, " ").trim());
}

/** Text in Markdown, in which nothing is markup.
 *  @param {string} text */
function escaped(text) {
  return text.replace(/[\\`*_[\]<>#|~]/g, "\\$&").replace(/^(\s*)([-+]|\d+[.)])(?=\s)/gm, "$1\\$2");
}

/** @param {string} text */
function html(text) {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
