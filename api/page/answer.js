// An Answer as the server gives it -> elements: the text with its markers, the citations, the passages.

import { openDocument } from "./document.js";
import { make, placeOf } from "./dom.js";
import { answerPieces, cut } from "./text.js";

const REASONS = {
  no_evidence: "No passage is close enough to the question to answer from.",
  declined: "The model was shown the nearest passages and found no answer in them.",
  unsupported: "What the model wrote is not supported by the passages, so it is not shown.",
};

/** The contents of the answer's article; `seconds` is how long it took. */
export function answerElements(answer, seconds) {
  const asked = make("p", { class: "asked", dir: "auto" }, answer.question);
  return answer.answered
    ? [asked, said(answer), figures(answer, seconds), citations(answer), passages(answer, "Passages that were found", false)]
    : [asked, ...abstention(answer), figures(answer, seconds), passages(answer, "Nearest passages", true)];
}

function said(answer) {
  const pieces = answerPieces(answer).map((piece) => (piece.label === undefined ? piece.text : marker(answer, piece.label)));
  return make("p", { class: "said", dir: "auto" }, ...pieces);
}

function marker(answer, label) {
  const { title } = answer.citations.find((citation) => citation.label === label);
  const show = () => {
    const cited = document.getElementById(`citation-${label}`);
    cited.scrollIntoView({ block: "center" });
    cited.focus({ preventScroll: true });
  };
  return make("button", { type: "button", class: "marker", "aria-label": `Citation ${label}: ${title}`, onclick: show }, `${label}`);
}

function abstention(answer) {
  const { reason, message } = answer.abstained;
  const told = message === answer.answer ? "" : message;
  return [
    make("h2", { class: "abstained" }, "No answer from these documents"),
    make("p", { class: "said", dir: "auto" }, answer.answer),
    make("p", { class: "reason" }, REASONS[reason] ?? "", told && ` ${told}`),
  ];
}

function figures(answer, seconds) {
  const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
  const entries = [
    answer.answered && ["supported", percent(answer.faithfulness), "How well the cited characters bear the answer out, on average over its sentences"],
    ["confidence", percent(answer.confidence), "How probable it is that the documents hold the answer and that this is it"],
    ["mode", answer.mode, "How the answer is said"],
    answer.model && ["model", answer.model, "The language model that took part"],
    ["time", `${seconds.toFixed(1)} s`, "From question to checked answer"],
  ].filter(Boolean);
  const pairs = entries.map(([name, value, title]) => make("div", { title }, make("dt", {}, name), make("dd", {}, value)));
  return make("dl", { class: "figures" }, ...pairs);
}

function citations(answer) {
  const items = answer.citations.map((citation) => {
    const { start, answer_start: from, answer_end: to } = citation;
    const [before, words, after] = cut(citation.quote, from - start, to - start);
    const quote = make("blockquote", { dir: "auto" }, before, make("mark", {}, words), after);
    return make(
      "li", { id: `citation-${citation.label}`, tabindex: "-1" },
      heading(citation, `${citation.label}`), quote, opener(citation, citation.quote, answer.index.name),
    );
  });
  return make("section", { "aria-label": "Citations" }, make("h2", {}, "Where it says so"), make("ol", { class: "citations" }, ...items));
}

function passages(answer, title, open) {
  if (answer.passages.length === 0) return "";
  const items = answer.passages.map((passage) => make(
    "li", {},
    heading(passage, ""), make("blockquote", { dir: "auto" }, passage.text), opener(passage, passage.text, answer.index.name),
  ));
  const details = make("details", { class: "passages" }, make("summary", {}, `${title} (${items.length})`), make("ol", {}, ...items));
  details.open = open;
  return details;
}

function heading(cited, number) {
  const place = placeOf(cited);
  return make(
    "p", { class: "source" },
    number && make("span", { class: "number", "aria-hidden": "true" }, number),
    make("strong", {}, cited.title), place && make("span", { class: "place" }, place),
  );
}

function opener(cited, quote, index) {
  const open = () => openDocument(cited, quote, index);
  return make("button", { type: "button", "aria-label": `Show in the document ${cited.title}`, onclick: open }, "Show in the document");
}
