// What may be asked next: the headings of passages of the same documents that were found beside the answer (pure).

/** @import {Answer, Info} from "../base/types.js" */

import { t } from "../base/words.js";

const MOST = 3;
const LONGEST = 70; // letters of a heading

/** Questions about the sections that were found and are not those of the answer, in the documents that it cites; in the
 *  nearest one if there is no answer. What else was found may have nothing to do with the question.
 *  @param {Answer} answer
 *  @returns {string[]} */
export function followUps(answer) {
  if (!answer.answered && !answer.abstained?.near) return [];
  const from = new Set((answer.answered ? answer.citations : answer.passages.slice(0, 1)).map((place) => place.document_id));
  const cited = new Set(answer.citations.map((citation) => citation.section));
  const asked = answer.question.toLowerCase();
  const about = new Map(); // heading -> question
  for (const { title, section } of answer.passages.filter((passage) => from.has(passage.document_id))) {
    const heading = section?.split(" > ").at(-1)?.trim() ?? "";
    const tellsMore = heading !== "" && heading !== title && heading.length <= LONGEST && !cited.has(section);
    if (tellsMore && !asked.includes(heading.toLowerCase()) && !about.has(heading)) about.set(heading, questionAbout(heading, title));
  }
  return [...about.values()].slice(0, MOST);
}

/** A heading as a question; of one word with the document that it is in: a word alone asks nothing.
 *  @param {string} heading
 *  @param {string} title */
function questionAbout(heading, title) {
  if (heading.endsWith("?")) return heading;
  return heading.includes(" ") ? `${heading}?` : t("ask_section", { title, heading });
}

/** Questions to begin with: what documents are about, of different folders as far as there are.
 *  @param {Info[]} documents
 *  @returns {string[]} */
export function firstQuestions(documents) {
  const first = new Map();
  for (const info of documents) {
    const folder = info.id.split("/").slice(0, -1).join("/");
    if (info.passages > 1 && info.title.length <= LONGEST) first.set(first.has(folder) ? info.id : folder, info);
  }
  return [...first.values()].slice(0, MOST).map(({ title }) => t("ask_about", { title }));
}
