"""Steps of an answer -> the text of a chat completion, piece by piece, with its citations in the form that was chosen.

Completions that are streamed and those that are not are made of the same pieces. Does not know JSON.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from api.openai.citations import annotation, escaped, footnote, source, with_footnote_marks
from api.openai.limits import Cutter
from api.openai.markdown import claim_markdown, words_markdown
from api.routes.links import Links
from rag.answering.disagreement import told
from rag.answering.doubt import doubt, other_line, unanswered_lines
from rag.settings import Citations
from rag.types import Alternative, Answer, AnswerStep, Citation, Claim, Hit, NextClaim, Retrieved, Usage

_NEAREST = 3  # passages that are shown with a refusal
_PREVIEW = 200  # characters of each


class Status(NamedTuple):
    """A line about the work, for a front-end that shows it."""

    line: str
    done: bool


class Delta(NamedTuple):
    """The next stretch of text, with the citations of the sentences that are complete by it."""

    content: str
    cited: tuple[tuple[Claim, Citation], ...] = ()  # each claim stands in the text as `content` has it, markdown
    annotations: tuple[dict[str, Any], ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    status: Status | None = None


class Told:
    """Text of one completion, as far as it is known; `answer` is set at the end."""

    def __init__(self, form: Citations, links: Links, cutter: Cutter) -> None:
        self._form = form
        self._links = links
        self._cutter = cutter
        self._added = 0  # characters that were given to the cutter
        self._waiting: list[tuple[int, NextClaim]] = []  # claims whose text, up to that character, is not sent yet
        self._cited: dict[int, Citation] = {}
        self._found: str | None = None  # the line about passages that are being read
        self.answer: Answer | None = None

    @property
    def stopped(self) -> str | None:
        """The stop sequence at which the text ends; None if it ends at none."""
        return self._cutter.stopped

    @property
    def finish(self) -> str:
        """OpenAI's finish reason: `stop` or `length`."""
        return self._cutter.finish or "stop"

    @property
    def usage(self) -> Usage:
        """Tokens that the language model read, and tokens of the text."""
        read = self.answer.usage.prompt_tokens if self.answer else 0
        return Usage(read, self._cutter.tokens)

    def step(self, progress: AnswerStep) -> Delta:
        """The text that a step of the answer adds; empty for a step that adds none. Open WebUI is told what is being
        read, until the first text comes."""
        if isinstance(progress, Retrieved):
            self._found = _found_line(progress.hits) if self._form == "openwebui" else None
            return Delta("", status=Status(self._found, False) if self._found else None)
        said, line = self._said(progress), self._found
        self._found = None
        return said._replace(status=Status(line, True)) if line else said

    def _said(self, progress: NextClaim | Answer) -> Delta:
        match progress:
            case NextClaim(claim, citations, before, sure):
                shown = claim_markdown(claim.text)
                said = with_footnote_marks(shown) if self._form == "footnotes" else shown
                words = "" if sure or self._added else doubt(claim, citations)
                piece = words_markdown(words + before) + said
                self._added += len(piece)
                placed = replace(claim, start=self._added - len(said), end=self._added)  # in the text as it is shown
                self._waiting.append((self._added, progress._replace(claim=placed)))
                return self._delta(self._cutter.add(piece))
            case Answer():
                self.answer = progress
                rest = progress.answer[progress.claims[-1].end :] if progress.claims else progress.answer
                rest = words_markdown(rest)
                last = self._delta(self._cutter.add(rest + _ending(progress)) + self._cutter.end())
                return last._replace(content=last.content + self._footnotes())

    def plain(self, text: str) -> Delta:
        """The whole of a text that rests on no document."""
        return Delta(self._cutter.add(text) + self._cutter.end())

    def _delta(self, content: str) -> Delta:
        complete = [item for end, item in self._waiting if end <= len(self._cutter.text)]
        self._waiting = self._waiting[len(complete) :]
        pairs = [(item.claim, citation) for item in complete for citation in item.citations]
        new = {citation.label: citation for _, citation in pairs if citation.label not in self._cited}
        self._cited |= new
        annotated, listed = self._form == "annotations", self._form == "openwebui"
        return Delta(
            content,
            tuple(pairs),
            tuple(annotation(*pair, self._links) for pair in pairs) if annotated else (),
            tuple(source(citation, self._links) for citation in new.values()) if listed else (),
        )

    def _footnotes(self) -> str:
        if self._form != "footnotes" or not self._cited:
            return ""
        return "\n\n" + "\n".join(footnote(citation, self._links) for citation in self._cited.values())


def _found_line(hits: Sequence[Hit]) -> str | None:
    """The number of passages that were found, and of their documents; None if there are none."""
    documents = len({hit.passage.document_id for hit in hits})
    passages = "1 passage" if len(hits) == 1 else f"{len(hits)} passages"
    return f"{passages} found in {'1 document' if documents == 1 else f'{documents} documents'}" if hits else None


def _ending(answer: Answer) -> str:
    """Text that follows the answer: the parts without an answer, that documents disagree, passages near a question
    that is refused."""
    said = [*(unanswered_lines(answer.unanswered) if answer.answered else ())]
    said += [told(conflict, answer.citations) for conflict in answer.conflicts]
    lines = [_other(answer, answer.alternative)] if answer.alternative else []
    lines += [words_markdown(line) for line in said]
    if answer.abstained and answer.abstained.near:
        lines += ["\n".join(f"- {_near(hit)}" for hit in answer.hits[:_NEAREST])]
    return "".join(f"\n\n{line}" for line in lines)


def _other(answer: Answer, alternative: Alternative) -> str:
    """Words of another place as markdown, with their document."""
    citation = next(one for one in answer.citations if one.label == alternative.citations[0])
    text = textwrap.shorten(citation.quote, 2 * _PREVIEW, placeholder=" …")
    return other_line(escaped(text), escaped(citation.title))


def _near(hit: Hit) -> str:
    """A passage near the question as markdown: its place, and its beginning."""
    page = "" if hit.passage.page is None else f", page {hit.passage.page}"
    text = textwrap.shorten(hit.passage.text, _PREVIEW, placeholder=" …")
    return f"{escaped(hit.passage.title)}{page}: “{escaped(text)}”"
