// An answer on its way: what is known of it, put into the page as it comes. Only checked sentences are ever shown.

/** @import {Answer, Citation, Passage, Place} from "../base/types.js" */
/** @import {Verdict} from "./verdict.js" */

import { button, dateOf, make, placeOf, withCode } from "../base/dom.js";
import { answerPieces, cut, partsOf } from "../base/text.js";
import { t } from "../base/words.js";
import { openSource } from "../source/source.js";
import { copySelection } from "./copying.js";
import { hideQuote, quoting } from "./quote.js";
import { kindOf } from "./verdict.js";

const KEPT_TOGETHER = 24; // letters of a last word that stays on one line with its marker

/** The body of an answer: `passages`, `sentence` and `finish` are called in the order in which they come. */
export class AnswerView {
  /** @param {string} index */
  constructor(index) {
    this.index = index;
    this.text = ""; // the sentences that are shown
    /** @type {Map<number, Citation>} */
    this.labels = new Map();
    this.verdict = make("div");
    this.doubt = make("div");
    this.said = make("p", { class: "said", dir: "auto", hidden: true, oncopy: copySelection });
    this.unanswered = make("div");
    this.documents = make("div");
    this.alternative = make("div");
    this.disagreement = make("div");
    this.notices = make("div");
    this.cited = make("ol", { class: "citations" });
    this.citations = make("div", { hidden: true }, make("h3", {}, t("sources")), this.cited);
    this.found = make("div");
    this.made = make("div");
    this.element = make(
      "div", { class: "answer" },
      this.verdict, this.doubt, this.said, this.alternative, this.unanswered, this.documents, this.disagreement, this.notices, this.citations, this.found, this.made,
    );
  }

  /** @param {Passage[]} passages */
  passages(passages) {
    this.found.replaceChildren(passagesElement(passages, this.index, t("passages_found"), false));
  }

  /** Show a claim with its citations; offsets count from the beginning of `text`.
   *  @param {{text: string, citations: Citation[], before?: string, sure?: boolean}} claim */
  sentence({ text, citations, before = this.text === "" ? "" : " ", sure = true }) {
    this.#cite(citations);
    if (!sure && this.text === "") {
      this.#judge("uncertain");
      this.doubt.replaceChildren(doubtElement(text, citations[0]));
    }
    const alone = { answer: text, claims: [{ start: 0, text }], citations };
    this.said.append(before, ...this.#pieces(alone));
    this.said.hidden = false;
    this.text += before + text;
  }

  /** Show the whole answer; sentences that are shown already stay as they are.
   *  @param {Answer} answer
   *  @param {number} seconds
   *  @param {string} asked */
  finish(answer, seconds, asked) {
    this.index ||= answer.index.name;
    if (answer.answered) this.#cite(answer.citations);
    if (!answer.answered || answer.answer !== this.text) {
      hideQuote();
      this.said.replaceChildren(...(answer.answered ? this.#pieces(answer) : [answer.answer]));
      this.said.hidden = false;
    }
    this.said.replaceChildren(...[...this.said.childNodes].flatMap((node) => withDocuments(node, answer.documents ?? [], this.index)));
    this.#judge(kindOf(answer));
    const [first] = answer.claims;
    const rests = first && answer.citations.find(({ label }) => label === first.citations[0]);
    this.doubt.replaceChildren(answer.sure || !first ? "" : doubtElement(first.text, rests));
    const parts = answer.answered ? answer.unanswered : [];
    this.unanswered.replaceChildren(...parts.map((part) => make("p", { class: "reason", dir: "auto" }, t("part_unanswered", { part }))));
    this.citations.hidden = answer.citations.length === 0;
    this.alternative.replaceChildren(answer.alternative ? this.#alternative(answer.alternative) : "");
    this.disagreement.replaceChildren(...answer.conflicts.map((conflict) => this.#conflict(conflict)));
    const cited = new Set(answer.citations.map((citation) => citation.document_id));
    const others = (answer.documents ?? []).filter((one) => !cited.has(one.id) && !answer.answer.includes(namedAs(one)));
    this.documents.replaceChildren(documentsElement(others, this.index));
    this.notices.replaceChildren(noticesElement(answer.notices));
    const title = answer.answered ? t("passages_found") : t("passages_nearest");
    const open = this.found.querySelector("details")?.open || Boolean(answer.abstained?.near);
    this.found.replaceChildren(passagesElement(answer.passages, this.index, title, open));
    this.made.replaceChildren(madeElement(answer, seconds, asked));
  }

  /** Show how the answer is to be taken, in a sign and in words.
   *  @param {Verdict} kind */
  #judge(kind) {
    this.element.className = `answer ${kind}`;
    const sign = { refused: "–", certain: "✓", uncertain: "?", talk: "i" }[kind];
    this.verdict.replaceChildren(make("p", { class: "verdict" }, make("span", { class: "sign", "aria-hidden": "true" }, sign), t(`verdict_${kind}`)));
  }

  /** Mark the sources that changed or left the library after the answer was given.
   *  @param {(id: string) => string} changed a line for a document that did, else "" */
  mark(changed) {
    for (const item of this.cited.children) { // a document each
      const line = changed(item.dataset.document);
      const told = item.querySelector(".stale");
      if (line && !told) item.querySelector(".source").append(make("span", { class: "stale" }, line));
    }
  }

  /** What another place says that is nearly as good.
   *  @param {NonNullable<Answer["alternative"]>} alternative */
  #alternative({ text, citations }) {
    const sources = citations.map((label) => this.labels.get(label)).filter((found) => found !== undefined);
    const said = this.#pieces({ answer: text, claims: [{ start: 0, text }], citations: sources });
    return make("p", { class: "alternative", dir: "auto", oncopy: copySelection }, make("span", { class: "or" }, t("or")), " ", ...said);
  }

  /** The values of documents that disagree, side by side, each with its sentence and date.
   *  @param {Answer["conflicts"][number]} conflict */
  #conflict({ about, values }) {
    const items = values.map(({ value, claim, citations, as_of: date }) => {
      const sources = citations.map((label) => this.labels.get(label)).filter((found) => found !== undefined);
      const said = this.#pieces({ answer: claim, claims: [{ start: 0, text: claim }], citations: sources });
      return make(
        "li", {}, make("strong", { dir: "auto" }, value), make("span", { class: "place" }, date ? dateOf({ as_of_origin: "document", ...sources[0], as_of: date }) : t("no_date")),
        make("span", { class: "claim", dir: "auto", oncopy: copySelection }, ...said),
      );
    });
    return make("div", { class: "conflict", role: "group", "aria-label": t("disagree") }, make("h3", {}, t("disagree")), make("p", { class: "about", dir: "auto" }, about), make("ul", {}, ...items));
  }

  /** Show sources: quotes that follow one another in one place of a document stand below one heading.
   *  @param {Citation[]} citations */
  #cite(citations) {
    for (const citation of citations.filter(({ label }) => !this.labels.has(label))) {
      this.labels.set(citation.label, citation);
      const open = () => openSource(citation, citation.quote, this.index);
      const number = button(`${citation.label}`, open, { class: "number", "aria-label": t("show_quote", citation) });
      const row = make("div", { class: "cited", "data-label": citation.label }, number, quoteElement(citation));
      const last = this.cited.lastElementChild;
      const place = JSON.stringify([citation.document_id, citation.page, citation.section]);
      if (last?.getAttribute("data-place") === place) last.lastElementChild?.before(row);
      else this.cited.append(make("li", { "data-place": place, "data-document": citation.document_id }, heading(citation, ""), row, opener(citation, citation.quote, this.index)));
      this.citations.hidden = false;
    }
  }

  /** Text and markers; a marker stays with the word before it, behind the full stop that closes it.
   *  @param {{answer: string, claims: {start: number, text: string}[], citations: {label: number}[]}} answer
   *  @returns {(string | Node)[]} */
  #pieces(answer) {
    /** @type {(string | Node)[]} */
    const shown = [];
    /** @type {HTMLElement | null} */
    let together = null; // the last word with its markers
    for (const { text = "", label } of answerPieces(answer)) {
      if (label !== undefined) {
        const before = together === null ? shown.pop() ?? "" : "";
        const last = typeof before === "string" ? before.match(/\S+\s*$/)?.[0] ?? "" : "";
        const word = last.length <= KEPT_TOGETHER ? last : "";
        if (typeof before !== "string") shown.push(before);
        else if (together === null) shown.push(before.slice(0, before.length - word.length));
        together ??= make("span", { class: "together" }, word.trimEnd());
        together?.append(this.#marker(label));
        if (together && shown.at(-1) !== together) shown.push(together);
      } else {
        const closing = together === null ? "" : text.match(/^\S{1,3}(?=\s|$)/)?.[0] ?? "";
        if (closing) together?.querySelector(".marker")?.before(closing);
        if (text.length > closing.length) {
          shown.push(text.slice(closing.length));
          together = null;
        }
      }
    }
    return shown.filter((piece) => piece !== "");
  }

  /** @param {number} label */
  #marker(label) {
    const citation = this.labels.get(label);
    if (citation === undefined) return `[${label}]`;
    const marker = make("button", { type: "button", class: "marker", "aria-label": t("citation", { label, title: citation.title }) }, `${label}`);
    return quoting(marker, () => quoteContents(citation), () => openSource(citation, citation.quote, this.index));
  }
}

/** The sentence on which an answer rests that is not sure, unless its first claim is that sentence.
 *  @param {string} claim
 *  @param {Citation | undefined} citation */
function doubtElement(claim, citation) {
  const letters = (/** @type {string} */ text) => text.replace(/\[\d+\]/g, "").replace(/[^\p{L}\p{N}_]+/gu, "");
  const own = citation === undefined || letters(citation.quote) === letters(claim);
  return own ? "" : make("blockquote", { class: "doubt", dir: "auto" }, citation.quote);
}

/** @param {string[]} lines */
function noticesElement(lines) {
  if (lines.length === 0) return "";
  return make("ul", { class: "notices", "aria-label": t("notices") }, ...lines.map((line) => make("li", {}, ...withCode(line))));
}

/** How the answer was made, for those who want to know.
 *  @param {Answer} answer
 *  @param {number} seconds
 *  @param {string} asked */
function madeElement(answer, seconds, asked) {
  const percent = (/** @type {number | null} */ share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
  const entries = [
    answer.resolved_question && [t("made_resolved"), answer.resolved_question],
    answer.mode === "write" && answer.claims.length > 0 && [t("made_supported"), percent(answer.faithfulness)],
    [t("made_confidence"), percent(answer.confidence)],
    [t("made_mode"), answer.mode],
    answer.model && [t("made_model"), answer.model],
    [t("made_index"), `${answer.index.name}, ${t("made_generation", { n: answer.index.generation })}`],
    [t("made_asked"), t.day(asked)],
    [t("made_time"), t("seconds", { n: seconds.toFixed(1) })],
  ].filter(Boolean);
  const pairs = /** @type {string[][]} */ (entries).map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return make("details", { class: "made" }, make("summary", {}, t("made")), make("dl", {}, ...pairs));
}

/** Source, and quote with the words that are the answer.
 *  @param {Citation} citation */
function quoteContents(citation) {
  return [heading(citation, `${citation.label}`), quoteElement(citation)];
}

/** @param {Citation} citation */
function quoteElement({ quote, start, answer_start: from, answer_end: to }) {
  const [before, words, after] = cut(quote, from - start, to - start);
  return make("blockquote", { dir: "auto" }, before, make("mark", {}, words), after);
}

/** @param {Passage[]} passages
 *  @param {string} index
 *  @param {string} title
 *  @param {boolean} open */
function passagesElement(passages, index, title, open) {
  if (passages.length === 0) return "";
  const items = passages.map((passage) => make(
    "li", {}, heading(passage, ""), make("blockquote", { dir: "auto" }, passage.text), alsoElement(passage.also_in ?? [], index), opener(passage, passage.text, index),
  ));
  return make("details", { class: "passages", open }, make("summary", {}, `${title} (${items.length})`), make("ol", {}, ...items));
}

/** Other documents that say nearly the same as a passage.
 *  @param {string[]} ids
 *  @param {string} index */
function alsoElement(ids, index) {
  if (ids.length === 0) return "";
  const links = ids.map((id) => button(partsOf(id).name, () => openSource({ document_id: id, title: id, start: 0, end: 0 }, "", index), { class: "plain", title: id }));
  return make("p", { class: "also" }, t("also_in"), " ", ...links.flatMap((link, place) => (place === 0 ? [link] : [", ", link])));
}

/** How the text of an answer names a document.
 *  @param {{id: string, title: string}} document */
function namedAs({ id, title }) {
  return `${title} (${id})`;
}

/** A text with the documents that it names as links that open them; an element as it is.
 *  @param {Node} node
 *  @param {Answer["documents"]} documents
 *  @param {string} index
 *  @returns {(string | Node)[]} */
function withDocuments(node, documents, index) {
  if (!(node instanceof Text)) return [node];
  /** @type {(string | Node)[]} */
  const shown = [];
  let rest = node.data;
  for (const one of documents) {
    const at = rest.indexOf(namedAs(one));
    if (at < 0) continue;
    shown.push(rest.slice(0, at), documentLink(one, index));
    rest = rest.slice(at + one.title.length);
  }
  return [...shown, rest];
}

/** Documents that an answer is about and neither names nor cites, each with a link that opens it.
 *  @param {Answer["documents"]} documents
 *  @param {string} index */
function documentsElement(documents, index) {
  if (documents.length === 0) return "";
  const items = documents.map((one) => make("li", {}, documentLink(one, index)));
  return make("details", { class: "passages", open: true }, make("summary", {}, t("documents", { n: documents.length })), make("ol", { class: "listed" }, ...items));
}

/** @param {{id: string, title: string}} document
 *  @param {string} index */
function documentLink({ id, title }, index) {
  const open = (/** @type {Event} */ event) => {
    event.preventDefault();
    openSource({ document_id: id, title, start: 0, end: 0 }, "", index);
  };
  return make("a", { href: `#document=${encodeURIComponent(id)}`, onclick: open, "aria-label": t("open_document", { title }) }, title);
}

/** @param {Citation | Passage} cited
 *  @param {string} number */
function heading(cited, number) {
  const place = placeOf(cited);
  const date = "as_of" in cited ? dateOf(cited) : "";
  return make(
    "p", { class: "source" },
    number && make("span", { class: "number", "aria-hidden": "true" }, number),
    make("strong", { dir: "auto" }, cited.title), place && make("span", { class: "place" }, place),
    date && make("span", { class: "place" }, date),
    "stale" in cited && cited.stale ? make("span", { class: "stale" }, t("stale")) : "",
  );
}

/** @param {Place} cited
 *  @param {string} quote
 *  @param {string} index */
function opener(cited, quote, index) {
  return button(t("show_source"), () => openSource(cited, quote, index), { "aria-label": t("show_source_of", { title: cited.title }) });
}

/** "5 passages found, in 3 documents".
 *  @param {Passage[]} passages */
export function foundLine(passages) {
  const documents = new Set(passages.map((passage) => passage.document_id)).size;
  return t("found", { passages: t("passages", { n: passages.length }), documents: t("documents", { n: documents }) });
}
