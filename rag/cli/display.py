"""Answers and hits -> text for a terminal (pure)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rag.answering.disagreement import told
from rag.answering.doubt import doubt, unanswered_lines
from rag.types import Answer, Citation, Hit

_WIDTH = 96
_NEAREST = 3
_OTHERS = 3  # documents that say the same, by name
_PREVIEW = 280  # characters of a passage in a list


def answer_text(answer: Answer, color: bool) -> str:
    """The answer, its citations with the words of the answer marked in their sentence, and its confidence."""
    lines = [f"note: {notice}" for notice in answer.notices]
    lines += [f"read as: {answer.resolved_question}", ""] if answer.resolved_question else []
    said = answer.answer
    if answer.claims and not answer.sure:
        said = (
            doubt(answer.claims[0], [one for one in answer.citations if one.label in answer.claims[0].citations]) + said
        )
    lines += [*(_wrap(line, "") for line in said.split("\n")), ""]
    lines += [*unanswered_lines(answer.unanswered), ""] if answer.answered and answer.unanswered else []
    lines += [_wrap(f"Or: {answer.alternative.text}", ""), ""] if answer.alternative else []
    lines += [line for conflict in answer.conflicts for line in (_wrap(told(conflict, answer.citations), ""), "")]
    for citation in answer.citations:
        lines += citation_lines(citation, color)
    if answer.abstained and answer.abstained.near and answer.hits:
        lines.append("Nearest passages:")
        lines += [f"  - {_hit_where(hit)}: {_preview(hit.passage.text, 140)}" for hit in answer.hits[:_NEAREST]]
        lines.append("")
    seconds = sum(answer.timings.values())
    written = answer.mode == "write" and answer.claims
    faithfulness = f"faithfulness {answer.faithfulness:.2f}, " if written else ""
    model = answer.model or "no model"
    lines.append(f"({faithfulness}confidence {answer.confidence:.2f}; {answer.mode} with {model}; {seconds:.2f} s)")
    return "\n".join(lines)


def citation_lines(citation: Citation, color: bool) -> list[str]:
    """A citation: its place, its quote with the words of the answer marked, and an empty line."""
    return [f"[{citation.label}] {_where(citation)}", _wrap(_marked(citation, color), "    "), ""]


def hits_text(hits: Sequence[Hit]) -> str:
    """The passages with their scores, best first."""
    if not hits:
        return "nothing found: the index is empty"
    return "\n\n".join(
        f"{number:2}. {hit.score:.3f}  {_hit_where(hit)}\n{_wrap(_preview(hit.passage.text, _PREVIEW), '    ')}"
        f"{_also_in(hit)}"
        for number, hit in enumerate(hits, 1)
    )


def _also_in(hit: Hit) -> str:
    """A line with the other documents that say the same, if there are any."""
    if not hit.also_in:
        return ""
    more = f" and {len(hit.also_in) - _OTHERS} more" if len(hit.also_in) > _OTHERS else ""
    return "\n" + _wrap(f"nearly the same in {', '.join(hit.also_in[:_OTHERS])}{more}", "    ")


def _marked(citation: Citation, color: bool) -> str:
    """The quote with the words of the answer between marks, unless they are the whole quote."""
    start, end = citation.answer_start - citation.start, citation.answer_end - citation.start
    quote = citation.quote
    if (start, end) == (0, len(quote)):
        return " ".join(quote.split())
    before, after = ("\x1b[1;4m", "\x1b[0m") if color else ("**", "**")
    return " ".join(f"{quote[:start]}{before}{quote[start:end]}{after}{quote[end:]}".split())


def _where(citation: Citation) -> str:
    place = [citation.title, citation.document_id]
    if citation.page is not None:
        place.append(f"page {citation.page}")
    if citation.section:
        place.append(citation.section)
    if citation.as_of:
        place.append(citation.as_of if citation.as_of_origin == "document" else f"file of {citation.as_of}")
    if citation.stale:
        place.append("changed since it was indexed")
    return ", ".join(place)


def _hit_where(hit: Hit) -> str:
    page = f", page {hit.passage.page}" if hit.passage.page is not None else ""
    return f"{hit.passage.document_id}{page}"


def _preview(text: str, length: int) -> str:
    return textwrap.shorten(text, length, placeholder=" …")


def _wrap(text: str, indent: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)
