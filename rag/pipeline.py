"""The steps of an answer: retrieve, select, read or write, check, answer or abstain."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import zip_longest
from typing import cast

from rag.answering.calibration import made_with, read_calibration
from rag.answering.choose import Chosen, choose
from rag.answering.confidence import confidence, signals_of, threshold
from rag.answering.conflicts import clashes
from rag.answering.disagreement import conflict_of
from rag.answering.extract import extract
from rag.answering.follow_up import asks_again, said_in, without_repeated
from rag.answering.modes import Outcome, Parts
from rag.answering.partly_read import partly_read_notices
from rag.answering.parts import Composed, Composer
from rag.answering.quote import quote
from rag.answering.write import write
from rag.checking.faithfulness import SUPPORTED
from rag.deadline import Deadline
from rag.errors import InputError, ModelError
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

_MESSAGES: dict[AbstentionReason, str] = {
    "no_evidence": "The documents do not answer this question.",
    "declined": "The language model found no answer in the documents.",
    "unsupported": "Nothing that could be said is supported by the documents.",
}
_REFUSALS = frozenset(_MESSAGES.values())  # turns that say nothing of the documents

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
            draft.asked = [self._find(one, snapshot, listed) for one in _questions(parsed, snapshot)]
            draft.unread = snapshot.notes({hit.passage.document_id for one in draft.asked for hit in one.hits})
            draft.generation = snapshot.generation
            draft.origins = snapshot.origins({hit.passage.document_id for one in draft.asked for hit in one.hits})
        draft.hits = tuple(_in_turn([one.hits for one in draft.asked])[:listed])
        draft.clock.lap("retrieve")
        yield Retrieved(draft.hits)
        for one in draft.asked:
            self._choose(one, below, deadline)
        draft.clock.lap("read")
        composer = Composer(draft.dated)
        for one, chosen in draft.said():
            parts = self._parts(draft.mode, one.question, chosen, one.hits[:_EVIDENCE_HITS], deadline)
            draft.outcomes.append((yield from _checked(parts, composer)))
        draft.clock.lap("generate")
        said = composer.composed()
        conflicts = _conflicts(draft, composer) if said.claims else ()
        yield self._answer(draft, said, conflicts, composer.composed().citations)

    def documents(self) -> list[DocumentInfo]:
        """The documents of the index, in order of their ids."""
        with self._index.snapshot() as snapshot:
            return snapshot.documents()

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

    def _find(self, question: Question, snapshot: Snapshot, listed: int) -> _Asked:
        """The passages for one question, of which none is read if it names what no document mentions."""
        question = self._dated(question, snapshot)
        vector = self._models.embedder.embed_query(question.standalone)
        question = with_kind(question, vector)
        hits = retrieve(snapshot, question, lambda: vector, max(listed, _READ), self._seen)
        unknown = unknown_names(question.text, hits[:_READ], snapshot.held)
        return _Asked(question, hits, hits[: 0 if unknown else _READ])

    def _dated(self, question: Question, snapshot: Snapshot) -> Question:
        """The question with the days that it names as the passages write them."""
        if not days_in(question.text):
            return question
        hits = retrieve(snapshot, question, self._embed(question), CANDIDATES, self._seen)
        text = as_written(question.text, hits)
        return question if text == question.text else replace(question, text=text, terms=parse_question(text).terms)

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
            asked.refused = asked.confidence < refuse_below

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

    def _parts(self, mode: Mode, question: Question, chosen: Chosen, hits: Sequence[Hit], deadline: Deadline) -> Parts:
        if mode == "extract":
            return extract(chosen)
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
        reason: AbstentionReason = draft.outcomes[-1].reason if draft.outcomes else "no_evidence"
        abstained = None if composed.claims else Abstention(reason, _MESSAGES[reason])
        support = [claim.support for claim in composed.claims]
        used = [citation.document_id for citation in composed.citations]
        partly = partly_read_notices(used or [hit.passage.document_id for hit in draft.hits], draft.unread)
        draft.clock.lap("check")
        return Answer(
            id=f"ans_{uuid.uuid4().hex}",
            question=draft.question.text,
            answered=abstained is None,
            abstained=abstained,
            answer=abstained.message if abstained else composed.text,
            mode=draft.mode,
            faithfulness=sum(support) / len(support) if support else 0.0,
            confidence=min(one.confidence for one in draft.asked),
            claims=composed.claims,
            citations=citations,
            hits=draft.hits,
            model=self._model_name(draft.mode),
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
    hits: list[Hit]
    read: list[Hit]  # those whose passages are read
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
    asked: list[_Asked] = field(default_factory=list)  # one, or two for a question that asks for two things
    hits: tuple[Hit, ...] = ()  # the listed ones
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)  # notes of the documents that were read in part
    generation: int = 0
    origins: dict[str, Origin] = field(default_factory=dict)  # of the documents of all hits
    outcomes: list[Outcome] = field(default_factory=list)
    clock: _Clock = field(default_factory=_Clock)

    def dated(self, document_id: str) -> AsOf:
        """The date of a document that was found."""
        origin = self.origins.get(document_id)
        return AsOf() if origin is None else dated(document_id, origin)

    def said(self) -> list[tuple[_Asked, Chosen]]:
        """The questions that are answered, each place in the documents once."""
        found: dict[tuple[str, int], tuple[_Asked, Chosen]] = {}
        for one in self.asked:
            if one.chosen is not None and not one.refused:
                found.setdefault((one.chosen.passage.id, one.chosen.span.start), (one, one.chosen))
        return list(found.values())


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
    said = [(one.question, clashes(one.question, chosen, one.read, one.readings)) for one, chosen in draft.said()]
    return tuple(conflict_of(question, groups, composer) for question, groups in said if groups)


def _short_answer(draft: _Draft, composed: Composed) -> ShortAnswer | None:
    """The chosen span, if a citation holds it whole or in part: then as much of it as the citation holds. Of two
    answers, that of the first."""
    if not draft.said() or draft.mode == "write":
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
