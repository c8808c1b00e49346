"""Mode write: sentences in the words of a language model, each with the labels that it cites."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.answering.cited_text import Cited, CitedText
from rag.answering.modes import ModeResult, Parts
from rag.answering.parts import Part, QuotedPlace
from rag.answering.prompt import DECLINED, writing_grammar, writing_messages
from rag.checking.faithfulness import check
from rag.deadline import Deadline
from rag.retrieval.question import Question
from rag.seams import LanguageModel
from rag.types import Evidence, Usage

_WRITTEN_TOKENS = 256


def write(
    question: Question, evidence: Sequence[Evidence], model: LanguageModel, deadline: Deadline | None = None
) -> Parts:
    """The sentences of a language model, each with labels of the evidence; checked, not yet filtered by support. Each
    cites evidence that was shown, even if a server ignores the grammar."""
    messages = writing_messages(question.text, evidence)
    grammar = writing_grammar([item.label for item in evidence])
    prompt_tokens = sum(model.count_tokens(message.content) for message in messages)
    by_label = {item.label: item for item in evidence}
    text, tokens, silent = CitedText(by_label), 0, True
    for piece in model.write(messages, grammar, _WRITTEN_TOKENS, deadline):
        tokens += 1
        if silent and (text.rest + piece).lstrip().startswith(DECLINED):
            return ModeResult(Usage(prompt_tokens, tokens), "declined")
        for cited in text.add(piece):
            silent = False
            yield _written_part(cited, by_label, question)
    for cited in text.end():
        yield _written_part(cited, by_label, question)
    return ModeResult(Usage(prompt_tokens, tokens))


def _written_part(claim: Cited, by_label: Mapping[int, Evidence], question: Question) -> Part:
    cited = [by_label[label] for label in claim.labels]
    verdict = check(claim.text, [item.text for item in cited], question.text)
    places = tuple(QuotedPlace(item, item.start, item.end) for item in cited)
    return Part(claim.text, places, verdict.support, verdict.reason)
