"""The steps of an answer: retrieve, select, read or write, check, answer or abstain."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from typing import cast

from rag.answering.calibration import made_with, read_calibration
from rag.answering.catalogue import catalogue
from rag.answering.choose import Chosen, choose
from rag.answering.comparison import NO_CONCLUSION, Side, comparison, side_parts, sides, speaks_of
from rag.answering.confidence import confidence, signals_of, threshold
from rag.answering.conflicts import clashes
from rag.answering.count import asks_count, count, states_number
from rag.answering.disagreement import conflict_of
from rag.answering.extract import extract
from rag.answering.follow_up import asks_again, said_in, without_repeated
from rag.answering.form import Form, wanted
from rag.answering.modes import Outcome, Parts, at_once
from rag.answering.outline import summary
from rag.answering.partly_read import partly_read_notices
from rag.answering.parts import Composed, Composer
from rag.answering.quote import quote
from rag.answering.talk import TALK, talk
from rag.answering.write import write
from rag.checking.faithfulness import SUPPORTED
from rag.deadline import Deadline
from rag.errors import DocumentNotFound, InputError, ModelError
from rag.index.sources import Shown, with_path
from rag.ingest.dating import dated
from rag.models import Models, load_models
from rag.retrieval.conversation import parse_history, resolve
from rag.retrieval.days_as_written import as_written
from rag.retrieval.evidence import select_evidence
from rag.retrieval.question import MAX_QUESTION, Question, parse_question, with_kind
from rag.retrieval.search import CANDIDATES, SeenTexts, retrieve
from rag.retrieval.several import questions_in
from rag.retrieval.unknown_names import unknown_names
from rag.seams import Index, PassageReader, Snapshot
from rag.settings import Settings, load_settings
from rag.text.days import days_in
from rag.text.terms import query_terms
from rag.traces.collect import note_evidence, note_readings, watched
from rag.types import (
    Abstention,
    AbstentionReason,
    Answer,
    AnswerStep,
    Ask,
    AsOf,
    Citation,
    Conflict,
    Document,
    DocumentInfo,
    Filters,
    History,
    Hit,
    IndexInfo,
    Message,
    Mode,
    NextClaim,
    Origin,
    PassageReading,
    Retrieved,
    ShortAnswer,
    Usage,
    Vectors,
)

__all__ = ["MAX_QUESTION", "Models", "Pipeline", "load_models", "open_pipeline"]

MAX_K = 100
_READ = 8  # passages that are read whole: the answer is in one of them for 98 of 100 questions
_EVIDENCE_HITS = 10  # passages whose sentences compete to be shown to a model that writes
_EVIDENCE = 4  # sentences that it is shown
_EVIDENCE_SHARE = 0.5  # of the model's context: the rest is for examples, question and answer
_WRITES_FROM = 1_000_000_000  # weights: smaller models invent names and dates when they write freely
_MODES = ("auto", "extract", "quote", "write")

_MESSAGES: Mapping[AbstentionReason, str] = {
    "no_evidence": "The documents do not answer this question.",
    "declined": "The language model found no answer in the documents.",
    "unsupported": "Nothing that could be said is supported by the documents.",
}
_REFUSALS = frozenset([*_MESSAGES.values(), TALK])  # turns that say nothing of the documents

_SIDE_SHARE = 0.25  # of the threshold for the sides of a comparison, which are asked in words of our own
_MADE_OTHERWISE = (
    "The threshold of this index was measured with another reader, embedder or weights, so the packaged one is used: "
    "run `rag calibrate` again."
)


def open_pipeline(
    settings: Settings | None = None,
    models: Models | None = None,
    *,
    answers: bool = True,
    shown: Shown = with_path,
    refuse_below: float | None = None,
) -> Pipeline:
    """The index `settings.index`, ready for questions; `models` that are given are shared, not closed. `shown` makes
    the `source` of a document that answers show; `refuse_below` (0..1) is used in place of the index's threshold.

    Raises `IndexNotFound`, `IndexMismatch`, `ModelError`.
    """
    from rag.stores.open import open_index

    settings = settings or load_settings()
    open_index(settings, None, chunker=False).close()  # an absent index fails before models are loaded
    loaded = models or load_models(settings, answers)
    index = open_index(settings, loaded.embedder, shown=shown)
    return Pipeline(index, loaded, settings, owns_models=models is None, refuse_below=refuse_below)


class Pipeline:
    """Answers questions from one index; its methods may be called from any thread."""

    def __init__(
        self,
        index: Index,
        models: Models,
        settings: Settings,
        owns_models: bool,
        refuse_below: float | None = None,
    ) -> None:
        self._index = index
        self._models = models
        self._settings = settings
        self._owns_models = owns_models
        self._refuse_below = refuse_below
        self._seen = SeenTexts()
        self.name = index.name

    @property
    def generation(self) -> int:
        """The newest published generation of the index."""
        with self._index.snapshot() as snapshot:
            return snapshot.generation

    def search(self, query: str, k: int = 10, filters: Filters | None = None, *, history: History = ()) -> list[Hit]:
        """The best `k` (1..100) passages of documents that fit `filters`, best first; `history` as in `Ask`. Raises
        `InputError`."""
        question = self._read(Ask(query, history=history))
        _check_k(k)
        with self._index.snapshot(filters) as snapshot:
            question = self._dated(question, snapshot)
            return retrieve(snapshot, question, self._embed(question), k, self._seen)

    def ask(self, question: str | Ask) -> Answer:
        """The answer, whose claims are cited and checked, or an abstention. Raises the errors of `stream`."""
        *_, answer = self.stream(question)
        assert isinstance(answer, Answer)
        return answer

    def stream(self, question: str | Ask) -> Generator[AnswerStep, None, None]:
        """The steps of an answer as they become known: the passages that were found, then each sentence when it has
        been checked, with its citations, then the whole answer, which adds no other text. An answer is refused before
        its first sentence or not at all. Closing the generator ends the work.

        Raises `InputError`, `Overloaded`, `ModelError`, and the error of the deadline when it is over.
        """
        ask = question if isinstance(question, Ask) else Ask(question)
        deadline = ask.deadline or Deadline()
        parsed = self._read(ask)
        listed = self._settings.k if ask.k is None else ask.k
        _check_k(listed)
        below, notices = self._threshold()
        draft = _Draft(parsed, self._mode(ask.mode or self._settings.mode), notices)
        with self._index.snapshot(ask.filters) as snapshot:
            draft.generation = snapshot.generation
            draft.asked = [self._understand(self._dated(one, snapshot)) for one in _questions(parsed, snapshot)]
            self._take_form(draft, snapshot)
            for one in draft.asked:
                self._find(one, snapshot, ask.filters, listed)
            found = {hit.passage.document_id for one in draft.asked for hit in one.hits}
            found |= draft.quoted()
            draft.unread, draft.origins = snapshot.notes(found), snapshot.origins(found)
        draft.hits = tuple(_in_turn([one.hits for one in draft.asked])[:listed])
        draft.clock.lap("retrieve")
        yield Retrieved(draft.hits)
        for one in draft.asked:
            self._choose(one, below, deadline)
        self._count_instead(draft)
        draft.clock.lap("read")
        composer = Composer(draft.dated)
        for parts in self._parts(draft, deadline):
            draft.outcomes.append((yield from _checked(parts, composer)))
        draft.clock.lap("generate")
        said = composer.composed()
        conflicts = _conflicts(draft, composer) if said.claims else ()
        yield self._answer(draft, said, conflicts, composer.composed().citations)

    def documents(self) -> list[DocumentInfo]:
        """The documents of the index, in order of their ids."""
        with self._index.snapshot() as snapshot:
            return snapshot.documents()

    def listed(self, after: str | None, most: int) -> list[DocumentInfo]:
        """The first `most` documents behind the id `after`, in order of their ids."""
        with self._index.snapshot() as snapshot:
            return snapshot.listed(after, most)

    def info(self, document_id: str) -> DocumentInfo:
        """What a list says of a document. Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            found = snapshot.info(document_id)
        if found is None:
            raise DocumentNotFound(
                f"the index has no document {document_id[:200]!r}: GET /v1/documents lists those that it has"
            )
        return found

    def document(self, document_id: str) -> Document:
        """The document of that id. Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            return snapshot.document(document_id)

    def close(self) -> None:
        """Close the index, and the models if this pipeline loaded them."""
        self._index.close()
        if self._owns_models:
            self._models.close()

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _read(self, ask: Ask) -> Question:
        """The parsed question, with the words that it takes from the conversation."""
        question = parse_question(ask.question)
        turns = [turn for turn in parse_history(ask.history) if turn.content not in _REFUSALS]
        if not turns:
            return question
        with self._index.snapshot() as snapshot:
            return resolve(question, turns, snapshot.term_weights)

    def _embed(self, question: Question) -> Callable[[], Vectors]:
        return partial(self._models.embedder.embed_query, question.standalone)

    def _mode(self, mode: str) -> Mode:
        if mode not in _MODES:
            raise InputError(f"mode {mode!r} is not known: use one of {', '.join(_MODES)}", "mode")
        model = self._models.language_model
        if mode == "auto":
            return "quote" if model is None or 0 < model.parameters < _WRITES_FROM else "write"
        if mode == "write" and model is None and self._models.load_writer is None:
            return "quote"
        return cast(Mode, mode)

    def _understand(self, question: Question, side: Side | None = None) -> _Asked:
        vector = self._models.embedder.embed_query(question.standalone)
        return _Asked(with_kind(question, vector), vector, side)

    def _take_form(self, draft: _Draft, snapshot: Snapshot) -> None:
        """Give the answer a form of its own, if the question asks for one and the library has what it needs. Then
        nothing is asked of passages; a comparison of two subjects becomes a question for each."""
        question = draft.asked[0].question
        match wanted(question) if len(draft.asked) == 1 else None:
            case "talk":
                draft.form = talk(question, snapshot.held)
            case "library":
                draft.form = catalogue(question.text, snapshot)
            case "summary":
                draft.form = summary(question, snapshot.documents(), self._index.stored)
            case "comparison" if draft.mode != "write" and not question.carried:
                documents = snapshot.documents()
                draft.form = comparison(question.text, documents, self._index.stored)
                if draft.form is None and (two := sides(question.text, documents)):
                    draft.asked = [self._understand(parse_question(side.question), side) for side in two]
        if draft.form is not None:
            draft.asked, draft.share = [], question.share

    def _find(self, asked: _Asked, snapshot: Snapshot, filters: Filters | None, listed: int) -> None:
        """Find the passages for one question, of which none is read if it names what no document mentions."""
        question, count = asked.question, max(listed, _READ)
        if asked.side is not None and asked.side.document is not None:
            within = replace(filters or Filters(), documents=(asked.side.document,))
            with self._index.snapshot(within) as narrow:
                asked.hits = retrieve(narrow, question, lambda: asked.vector, count, self._seen)
        else:
            asked.hits = retrieve(snapshot, question, lambda: asked.vector, count, self._seen)
        if asked.side is not None:
            weigh, subject = snapshot.term_weights, asked.side.subject
            asked.read = [hit for hit in asked.hits[:_READ] if speaks_of(subject, hit, weigh)]
            return
        unknown = unknown_names(question.text, asked.hits[:_READ], snapshot.held)
        asked.read = asked.hits[: 0 if unknown else _READ]

    def _dated(self, question: Question, snapshot: Snapshot) -> Question:
        """The question with the days that it names as the passages write them."""
        if not days_in(question.text):
            return question
        hits = retrieve(snapshot, question, self._embed(question), CANDIDATES, self._seen)
        text = as_written(question.text, hits)
        return question if text == question.text else replace(question, text=text, terms=frozenset(query_terms(text)))

    def _threshold(self) -> tuple[float, tuple[str, ...]]:
        """The confidence below which answers are refused, with a notice if it is not the one of the index."""
        if self._refuse_below is not None:
            return self._refuse_below, ()
        own = read_calibration(self._index.folder)
        if own is None:
            return threshold(), ()
        if own.made_with != made_with(self._models.embedder.fingerprint):
            return threshold(), (_MADE_OTHERWISE,)
        return own.threshold, ()

    def _choose(self, asked: _Asked, refuse_below: float, deadline: Deadline) -> None:
        """Read the passages of one question, and decide if what stands in them answers it."""
        deadline.check()
        reader = self._models.reader
        if reader is None:
            raise ModelError("no reader is loaded, so nothing can be answered: load the models with answers=True")
        readings = reader.read(asked.question.to_read, [hit.passage for hit in asked.read], deadline)
        note_readings(asked.read, readings)
        readings, cited = self._after_last(asked, readings, reader, deadline)
        asked.readings = readings
        asked.chosen = choose(asked.read, readings, cited)
        if asked.chosen is not None:
            asked.confidence = confidence(signals_of(asked.question, asked.chosen))
            asked.refused = asked.confidence < refuse_below * (1.0 if asked.side is None else _SIDE_SHARE)

    def _after_last(
        self, asked: _Asked, readings: list[PassageReading], reader: PassageReader, deadline: Deadline
    ) -> tuple[list[PassageReading], frozenset[str]]:
        """The readings of a follow-up, in which the last answer comes later, and the documents that hold that."""
        earlier = asked.question.earlier
        if earlier is None:
            return readings, frozenset()
        passages = [hit.passage for hit in asked.read if said_in(hit.passage, earlier.answer)]
        if passages and not asks_again(asked.question.terms, earlier):
            before = reader.read(earlier.question, passages, deadline)
            readings = without_repeated(readings, {one.passage.id: one for one in before}, earlier.answer)
        return readings, frozenset(passage.document_id for passage in passages)

    def _count_instead(self, draft: _Draft) -> None:
        """Give the rows to count, if a number is asked for and no sentence states it."""
        asked = draft.asked[0] if len(draft.asked) == 1 else None
        if not asked or draft.mode == "write" or not asks_count(asked.question):
            return
        if asked.refused or (asked.chosen is not None and not states_number(asked.chosen)):
            draft.form = count(asked.question, asked.read, self._index.stored)

    def _parts(self, draft: _Draft, deadline: Deadline) -> Iterator[Parts]:
        """The parts of the answer to each question, or of its form."""
        if draft.form is not None:
            yield at_once(draft.form.parts)
            return
        for number, (one, chosen) in enumerate(draft.said()):
            if one.side is not None:
                yield at_once(side_parts(one.side, chosen, first=number == 0))
            else:
                yield self._said(draft.mode, one, chosen, deadline)

    def _said(self, mode: Mode, asked: _Asked, chosen: Chosen, deadline: Deadline) -> Parts:
        if mode == "extract":
            return extract(chosen)
        question, hits = asked.question, asked.hits[:_EVIDENCE_HITS]
        model = self._models.writer() if mode == "write" else None
        if model is None:
            return quote(question, chosen)
        evidence = select_evidence(hits, _EVIDENCE, int(model.context_tokens * _EVIDENCE_SHARE), model.count_tokens)
        note_evidence(evidence)
        return write(question, evidence, watched(model), deadline)

    def _answer(
        self, draft: _Draft, composed: Composed, conflicts: tuple[Conflict, ...], citations: tuple[Citation, ...]
    ) -> Answer:
        """The answer; `citations` are those of what was composed, and behind them those of the conflicts."""
        abstained = draft.abstained(composed)
        form = draft.form or Form()
        support = [claim.support for claim in composed.claims]
        used = [citation.document_id for citation in composed.citations]
        partly = partly_read_notices(used or [hit.passage.document_id for hit in draft.hits], draft.unread)
        draft.clock.lap("check")
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            question=draft.question.text,
            answered=abstained is None,
            abstained=abstained,
            answer=abstained.message if abstained else composed.text + draft.remark,
            mode=form.mode if draft.form else draft.mode,
            faithfulness=sum(support) / len(support) if support else 0.0,
            confidence=draft.confidence,
            claims=composed.claims,
            citations=citations,
            hits=draft.hits,
            model=self._model_name(draft.mode) if draft.asked else None,
            index=IndexInfo(self.name, draft.generation),
            usage=Usage(
                sum(outcome.usage.prompt_tokens for outcome in draft.outcomes),
                sum(outcome.usage.completion_tokens for outcome in draft.outcomes),
            ),
            timings=draft.clock.seconds,
            notices=(*self._notices(draft.mode), *draft.notices, *([] if abstained else _unanswered(draft)), *partly),
            answer_span=_short_answer(draft, composed),
            resolved_question=draft.question.standalone if draft.question.carried else None,
            conflicts=conflicts,
            documents=form.documents,
        )

    def _notices(self, mode: Mode) -> tuple[str, ...]:
        return self._models.notices if mode != "extract" else ()

    def _model_name(self, mode: Mode) -> str | None:
        model = self._models.language_model if mode == "write" else self._models.reader
        return model.name if model is not None else None


class _Clock:
    """A stopwatch of steps: the seconds of each, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step], self._last = now - self._last, now


@dataclass(slots=True)
class _Asked:
    """A question of those that were asked at once, and what became of it."""

    question: Question
    vector: Vectors
    side: Side | None = None  # of a comparison
    hits: list[Hit] = field(default_factory=list)
    read: list[Hit] = field(default_factory=list)  # those whose passages are read
    readings: list[PassageReading] = field(default_factory=list)  # of these
    chosen: Chosen | None = None
    confidence: float = 0.0
    refused: bool = True


@dataclass(slots=True)
class _Draft:
    """What is known of an answer so far."""

    question: Question
    mode: Mode
    notices: tuple[str, ...] = ()  # on the threshold
    asked: list[_Asked] = field(default_factory=list)  # one, or two for a question that asks for two things; see `form`
    form: Form | None = None  # of its own, for which no passage has to be found
    share: float = 0.0  # probability of the form, if nothing else is asked
    hits: tuple[Hit, ...] = ()  # the listed ones
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)  # notes of the documents that were read in part
    generation: int = 0
    origins: dict[str, Origin] = field(default_factory=dict)  # of the documents of all hits
    outcomes: list[Outcome] = field(default_factory=list)
    clock: _Clock = field(default_factory=_Clock)

    def quoted(self) -> set[str]:
        """The documents that a form of its own quotes."""
        parts = self.form.parts if self.form else ()
        return {place.evidence.passage.document_id for part in parts for place in part.places}

    def dated(self, document_id: str) -> AsOf:
        """The date of a document that was found."""
        origin = self.origins.get(document_id)
        return AsOf() if origin is None else dated(document_id, origin)

    def said(self) -> list[tuple[_Asked, Chosen]]:
        """The questions that are answered, each place in the documents once."""
        found: dict[tuple[str, int, Side | None], tuple[_Asked, Chosen]] = {}
        for one in self.asked:
            if one.chosen is not None and not one.refused:
                found.setdefault((one.chosen.passage.id, one.chosen.span.start, one.side), (one, one.chosen))
        return list(found.values())

    @property
    def remark(self) -> str:
        """Our own words behind the parts, which are no claim."""
        if self.form is not None:
            return self.form.remark
        return NO_CONCLUSION if any(one.side for one in self.asked) else ""

    @property
    def confidence(self) -> float:
        """That of the least certain question; of a form of its own, the probability that it is asked for."""
        if self.asked:
            return min(one.confidence for one in self.asked)
        return 0.0 if self.form is None or self.form.reason else self.share

    def abstained(self, composed: Composed) -> Abstention | None:
        """The reason why there is no answer."""
        if self.form is not None and self.form.reason:
            return Abstention(self.form.reason, self.form.remark)
        if composed.claims or (self.form is not None and self.form.mode == "catalogue"):
            return None
        reason: AbstentionReason = self.outcomes[-1].reason if self.outcomes else "no_evidence"
        return Abstention(reason, _MESSAGES[reason])


def _questions(question: Question, snapshot: Snapshot) -> list[Question]:
    """The questions that are asked at once. The second may leave unsaid what the first one says."""
    first, *rest = questions_in(question.text)
    if not rest:
        return [question]
    one, two = (
        replace(parse_question(text), carried=question.carried, subject=question.subject, earlier=question.earlier)
        for text in (first, *rest)
    )
    return [one, two if two.carried else resolve(two, [Message("user", first)], snapshot.term_weights)]


def _in_turn(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The first hit of each list, then the second of each, and so on; each passage once."""
    found = {hit.passage.id: hit for hits in zip_longest(*lists) for hit in hits if hit is not None}
    return list(found.values())


def _unanswered(draft: _Draft) -> list[str]:
    if draft.form is not None:
        return []
    return [f"The documents do not answer this part: {one.question.text}" for one in draft.asked if one.refused]


def _checked(parts: Parts, composer: Composer) -> Generator[NextClaim, None, Outcome]:
    """The parts that are supported, each put behind the answer so far; the others are not said."""
    try:
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                return cast(Outcome, end.value)
            if part.support >= SUPPORTED:
                yield composer.add(part)
    finally:
        parts.close()  # the model stops writing when nobody reads on


def _conflicts(draft: _Draft, composer: Composer) -> tuple[Conflict, ...]:
    """The places that answer otherwise than what was said, cited behind it."""
    asked = [] if draft.form else [(one, chosen) for one, chosen in draft.said() if one.side is None]
    said = [(one.question, clashes(one.question, chosen, one.read, one.readings)) for one, chosen in asked]
    return tuple(conflict_of(question, groups, composer) for question, groups in said if groups)


def _short_answer(draft: _Draft, composed: Composed) -> ShortAnswer | None:
    """The chosen span, if a citation holds it whole or in part: then as much of it as the citation holds. Of two
    answers, that of the first."""
    if not draft.said() or draft.mode == "write" or draft.remark:
        return None
    chosen = draft.said()[0][1]
    passage, span = chosen.passage, chosen.span
    for citation in composed.citations:
        start, end = max(span.start, citation.start), min(span.end, citation.end)
        if citation.document_id == passage.document_id and start < end:
            whole = composed.citations[-1].end >= span.end or end == span.end
            stop = span.end if whole else end
            text = passage.text[span.start - passage.start : stop - passage.start]
            return ShortAnswer(text, citation.label, span.start, stop)
    return None


def _check_k(k: int) -> None:
    if not 1 <= k <= MAX_K:
        raise InputError(f"k is {k}; it can be 1 to {MAX_K}", "k")
