// An answer on its way: what is known of it, put into the page as it comes. Only checked sentences are ever shown.

import { openDocument } from "./document.js";
import { count, make, placeOf } from "./dom.js";
import { hideQuote, quoting } from "./quote.js";
import { answerPieces, cut } from "./text.js";

/** Contents of the answer's article: `passages`, `sentence` and `finish` are called in the order in which they come. */
export class AnswerView {
  constructor(article, question, index) {
    this.index = index;
    this.doubt = make("div");
    this.said = make("p", { class: "said", dir: "auto" });
    this.unanswered = make("div");
    this.text = ""; // the sentences that are shown
    this.labels = new Map(); // label -> citation
    this.figures = make("div");
    this.cited = make("ol", { class: "citations" });
    this.citations = make("section", { "aria-label": "Sources" }, make("h2", {}, "Sources"), this.cited);
    this.documents = make("div");
    this.found = make("div");
    this.citations.hidden = true;
    this.said.hidden = true;
    this.disagreement = make("div");
    hideQuote();
    const asked = make("p", { class: "asked", dir: "auto" }, question);
    article.replaceChildren(asked, this.doubt, this.said, this.unanswered, this.documents, this.disagreement, this.figures, this.citations, this.found);
  }

  passages(passages) {
    this.found.replaceChildren(passagesElement(passages, this.index, "Passages found", false));
  }

  /** Show a claim with its citations; offsets count from the beginning of `text`. */
  sentence({ text, citations, before = this.text === "" ? "" : " ", sure = true }) {
    this.#cite(citations);
    if (!sure && this.text === "") this.doubt.replaceChildren(doubtElement(text, citations[0]));
    const alone = { answer: text, claims: [{ start: 0, text }], citations };
    this.said.append(before);
    this.said.append(...this.#pieces(alone));
    this.said.hidden = false;
    this.text += before + text;
  }

  /** Show the whole answer; sentences that are shown already stay as they are. */
  finish(answer, seconds) {
    this.index = answer.index.name;
    if (answer.answered) this.#cite(answer.citations);
    if (!answer.answered || answer.answer !== this.text) {
      hideQuote();
      this.said.replaceChildren(...(answer.answered ? this.#pieces(answer) : [answer.answer]));
      this.said.hidden = false;
    }
    const [first] = answer.claims;
    const rests = first && answer.citations.find(({ label }) => label === first.citations[0]);
    this.doubt.replaceChildren(answer.sure || !first ? "" : doubtElement(first.text, rests));
    const parts = answer.answered ? answer.unanswered : [];
    this.unanswered.replaceChildren(...parts.map((part) => make("p", { class: "reason", dir: "auto" }, `The documents do not answer this part: ${part}`)));
    this.citations.hidden = answer.citations.length === 0;
    this.disagreement.replaceChildren(...answer.conflicts.map((conflict) => this.#conflict(conflict)));
    this.documents.replaceChildren(documentsElement(answer.documents ?? [], this.index));
    this.figures.replaceChildren(figures(answer, seconds));
    if (!answer.answered) this.said.before(make("h2", { class: "abstained" }, "No answer from these documents"));
    const title = answer.answered ? "Passages found" : "Nearest passages";
    const open = this.found.querySelector("details")?.open || Boolean(answer.abstained?.near);
    this.found.replaceChildren(passagesElement(answer.passages, this.index, title, open));
  }

  /** The values of documents that disagree, each with its sentence and date. */
  #conflict({ values }) {
    const items = values.map(({ value, claim, citations, as_of: date }) => {
      const sources = citations.map((label) => this.labels.get(label)).filter(Boolean);
      const pieces = answerPieces({ answer: claim, claims: [{ start: 0, text: claim }], citations: sources });
      const parts = pieces.map((piece) => (piece.label === undefined ? piece.text : this.#marker(piece.label)));
      return make("li", {}, make("strong", {}, value), date ? ` (${date}): ` : ": ", make("span", { class: "claim", dir: "auto" }, ...parts));
    });
    return make("section", { class: "conflict", "aria-label": "Documents disagree" }, make("p", {}, "The documents disagree:"), make("ul", {}, ...items));
  }

  #cite(citations) {
    for (const citation of citations.filter(({ label }) => !this.labels.has(label))) {
      this.labels.set(citation.label, citation);
      this.cited.append(citationElement(citation, this.index));
      this.citations.hidden = false;
    }
  }

  #pieces(answer) {
    return answerPieces(answer).map((piece) => (piece.label === undefined ? piece.text : this.#marker(piece.label)));
  }

  #marker(label) {
    const citation = this.labels.get(label);
    const marker = make("button", { type: "button", class: "marker", "aria-label": `Citation ${label}: ${citation.title}` }, `${label}`);
    return quoting(marker, () => citationContents(citation, this.index));
  }
}

/** The words before an answer that is not sure: with the sentence that it rests on, unless its first claim is that sentence. */
function doubtElement(claim, citation) {
  const letters = (text) => text.replace(/\[\d+\]/g, "").replace(/[^\p{L}\p{N}_]+/gu, "");
  const own = citation === undefined || letters(citation.quote) === letters(claim);
  const sentence = own ? "" : make("blockquote", { dir: "auto" }, citation.quote);
  return make("div", { class: "doubt" }, make("p", {}, "Not sure. The nearest passage says:"), sentence);
}

function figures(answer, seconds) {
  const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
  const entries = [
    answer.mode === "write" && answer.claims.length > 0 && ["supported", percent(answer.faithfulness), "Mean support of the answer's sentences by the characters that they cite"],
    ["confidence", percent(answer.confidence), "Probability that the documents hold the answer and that this is it"],
    ["mode", answer.mode, "Answer mode: quote, write or extract; catalogue: from the list of documents"],
    answer.model && ["model", answer.model, "The model that read or wrote"],
    ["time", `${seconds.toFixed(1)} s`, "Time from the question to the checked answer"],
  ].filter(Boolean);
  const pairs = entries.map(([name, value, title]) => make("div", { title }, make("dt", {}, name), make("dd", {}, value)));
  return make("dl", { class: "figures" }, ...pairs);
}

function citationElement(citation, index) {
  return make("li", { id: `citation-${citation.label}` }, ...citationContents(citation, index));
}

/** Source, quote with the words that are the answer, and the button that opens the document. */
function citationContents(citation, index) {
  const { start, answer_start: from, answer_end: to } = citation;
  const [before, words, after] = cut(citation.quote, from - start, to - start);
  const quote = make("blockquote", { dir: "auto" }, before, make("mark", {}, words), after);
  return [heading(citation, `${citation.label}`), quote, opener(citation, citation.quote, index)];
}

function passagesElement(passages, index, title, open) {
  if (passages.length === 0) return "";
  const items = passages.map((passage) => make(
    "li", {},
    heading(passage, ""), make("blockquote", { dir: "auto" }, passage.text), opener(passage, passage.text, index),
  ));
  const details = make("details", { class: "passages" }, make("summary", {}, `${title} (${items.length})`), make("ol", {}, ...items));
  details.open = open;
  return details;
}

/** Documents that an answer names, each with a button that opens it. */
function documentsElement(documents, index) {
  if (documents.length === 0) return "";
  const items = documents.map(({ id, title }) => {
    const open = () => openDocument({ document_id: id, title, start: 0, end: 0 }, "", index);
    return make("li", {}, make("button", { type: "button", "aria-label": `Open the document ${title}`, onclick: open }, title));
  });
  const line = make("summary", {}, count(documents.length, "document"));
  const details = make("details", { class: "passages" }, line, make("ol", {}, ...items));
  details.open = true;
  return details;
}

function heading(cited, number) {
  const place = placeOf(cited);
  const date = cited.as_of ? (cited.as_of_origin === "document" ? cited.as_of : `file of ${cited.as_of}`) : "";
  return make(
    "p", { class: "source" },
    number && make("span", { class: "number", "aria-hidden": "true" }, number),
    make("strong", {}, cited.title), place && make("span", { class: "place" }, place),
    date && make("span", { class: "place" }, date),
    cited.stale ? make("span", { class: "stale" }, "changed since it was indexed") : "",
  );
}

function opener(cited, quote, index) {
  const open = () => openDocument(cited, quote, index);
  return make("button", { type: "button", "aria-label": `Show in the document ${cited.title}`, onclick: open }, "Show in the document");
}

/** "5 passages found, in 3 documents". */
export function foundLine(passages) {
  const documents = new Set(passages.map((passage) => passage.document_id)).size;
  return `${count(passages.length, "passage")} found, in ${count(documents, "document")}`;
}
