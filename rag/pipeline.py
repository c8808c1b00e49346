"""The steps of an answer: retrieve, select, read or write, check, answer or abstain."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import zip_longest
from typing import cast

from rag.answering.calibration import made_with, read_calibration
from rag.answering.catalogue import catalogue
from rag.answering.choose import Chosen, choose, sentences_around
from rag.answering.column import column_extreme, column_total, says_result
from rag.answering.comparison import NO_CONCLUSION, Side, comparison, side_parts, sides, speaks_of
from rag.answering.confidence import confidence, signals_of, sure_from, threshold
from rag.answering.conflicts import clashes
from rag.answering.count import asks_count, count, states_number
from rag.answering.disagreement import conflict_of
from rag.answering.doubt import without_doubt
from rag.answering.extract import extract
from rag.answering.follow_up import asks_again, said_in, without_repeated
from rag.answering.form import SAID_SO, Form, says_so, wanted
from rag.answering.modes import Outcome, Parts, at_once
from rag.answering.named_cell import in_named_cell
from rag.answering.not_quotable import new_text, not_quotable, not_stated, without_superlatives
from rag.answering.outline import outline_of, summary
from rag.answering.partly_read import partly_read_notices
from rag.answering.parts import Composed, Composer
from rag.answering.quote import quote
from rag.answering.refusal import is_near, is_refusal, no_document_fits, no_question, refusal
from rag.answering.rows import LookUp
from rag.answering.same_place import answered_elsewhere
from rag.answering.talk import talk
from rag.answering.unread import names_document, unread_by_name, unread_by_words, unread_lines
from rag.answering.write import write
from rag.checking.faithfulness import SUPPORTED
from rag.deadline import Deadline
from rag.errors import DocumentNotFound, InputError, ModelError
from rag.index.sources import Shown, with_path
from rag.index.unread import MOST, unread
from rag.ingest.dating import dated
from rag.models import Models, load_models
from rag.retrieval.conversation import parse_history, refers_back, resolve
from rag.retrieval.days_as_written import as_written
from rag.retrieval.evidence import select_evidence
from rag.retrieval.pasted import without_pasted
from rag.retrieval.question import MAX_QUESTION, Question, is_word, one_line, parse_question, with_kind
from rag.retrieval.search import CANDIDATES, SeenTexts, question_weights, retrieve
from rag.retrieval.several import questions_in
from rag.retrieval.unknown_names import unknown_names
from rag.seams import Index, PassageReader, Snapshot
from rag.settings import Settings, load_settings
from rag.text.days import days_in, months_in
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
    StoredDocument,
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

_NEAREST = 3  # passages of which one at least is near the question where something near it is said to be there
_SIDE_SHARE = 0.25  # of the thresholds for the sides of a comparison, which are asked in words of our own
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
        draft = _Draft(
            parsed, one_line(ask.question), self._mode(ask.mode or self._settings.mode), notices, ask.filters
        )
        draft.id = ask.id or draft.id
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
        whole = self._as_found(draft, deadline)
        for one in draft.asked:
            self._choose(one, below, deadline, whole)
        self._tell_apart(draft.asked, below)
        self._compute_instead(draft, whole)
        draft.clock.lap("read")
        composer = Composer(draft.dated)
        said_at: set[tuple[str, int, int]] = set()
        for parts in self._parts(draft, deadline, whole):
            said_at = set() if draft.compared else said_at
            outcome, spoke = yield from _checked(parts, composer, draft.sure, said_at)
            draft.outcomes.append(outcome)
            draft.spoke.append(spoke)
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

    def origin(self, document_id: str) -> Origin:
        """The file behind a document, as it was when it was read. Raises `DocumentNotFound`."""
        with self._index.snapshot() as snapshot:
            found = snapshot.origins([document_id]).get(document_id)
        if found is None:
            raise DocumentNotFound(
                f"the index has no document {document_id[:200]!r}: GET /v1/documents lists those that it has"
            )
        return found

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
        """The parsed question, with the words that it takes from the conversation, or from a text pasted with it."""
        text, pasted = without_pasted(ask.question) if isinstance(ask.question, str) else (ask.question, "")
        question = parse_question(text)
        turns = [
            turn._replace(content=without_doubt(turn.content)) if turn.role == "assistant" else turn
            for turn in parse_history(ask.history)
            if not is_refusal(turn.content)
        ]
        if pasted and refers_back(question):
            turns.append(Message("user", pasted))
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
        draft.form = self._unread(draft, snapshot)
        if draft.form is None and len(draft.asked) == 1:
            draft.form = self._own_form(draft, question, snapshot)
        if draft.form is not None:
            draft.asked, draft.share = [], max(question.share, SAID_SO if says_so(question.text) else 0.0)

    def _own_form(self, draft: _Draft, question: Question, snapshot: Snapshot) -> Form | None:
        if draft.mode != "write" and says_so(question.text) is None and (form := new_text(question.text)):
            return form
        match wanted(question):
            case "talk":
                return talk(question, snapshot.held)
            case "library":
                form = catalogue(question.text, snapshot, draft.filters)
            case "summary":
                form = summary(question, draft.asked[0].vector, snapshot.documents(), snapshot.stored)
            case "comparison" if draft.mode != "write" and not question.carried:
                documents = snapshot.documents()
                form = comparison(question.text, documents, snapshot.stored)
                if form is None and (two := sides(question.text, documents)):
                    draft.asked = [self._understand(parse_question(side.question), side) for side in two]
                    return None
            case _:
                form = None
        if form is None and is_word(question):
            form = outline_of(question.text, snapshot.documents(), snapshot.stored)
        return form or (not_quotable(question.text) if draft.mode != "write" else None)

    def _unread(self, draft: _Draft, snapshot: Snapshot) -> Form | None:
        """The refusal of a question that names a file which could not be read, and no document; if it may mean such a
        file, that is noted for the answer."""
        text = draft.question.text
        files = unread(self._index.failures(MOST))
        named = unread_by_name(text, files)
        if named and not names_document(text, snapshot.documents()):
            return Form(remark="\n".join(unread_lines(named)), reason="unread")
        draft.unreadable = tuple(unread_lines(named or unread_by_words(text, files)))
        return None

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
            asked.weights = snapshot.term_weights(query_terms(asked.side.subject))
            asked.read = [hit for hit in asked.hits[:_READ] if speaks_of(asked.weights, hit.passage, hit.passage.text)]
            return
        if question.kind != "yesno":  # which is about a case: what documents say of its kind answers it
            asked.unknown = unknown_names(question.text, asked.hits[:_READ], snapshot.held)
        asked.read = asked.hits[: 0 if asked.unknown or is_word(question) else _READ]

    def _dated(self, question: Question, snapshot: Snapshot) -> Question:
        """The question with the days and months that it names as the passages write them."""
        if not (days_in(question.text) or months_in(question.text)):
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
        if own.made_with != made_with(self._index.settings.embedder):
            return threshold(), (_MADE_OTHERWISE,)
        return own.threshold, ()

    def _tell_apart(self, asked: Sequence[_Asked], refuse_below: float) -> None:
        """Choose another place for the part of two that the place found for both does not answer."""
        for one, other in [(asked[0], asked[1]), (asked[1], asked[0])] if len(asked) == 2 else []:
            if one.chosen is None or other.chosen is None or one.side is not None:
                continue
            if answered_elsewhere(one.question, other.question, one.chosen, other.chosen):
                taken = one.chosen.passage.id
                left = [pair for pair in zip(one.read, one.readings, strict=True) if pair[0].passage.id != taken]
                one.read, one.readings = [hit for hit, _ in left], [reading for _, reading in left]
                one.chosen = choose(one.read, one.readings)
                one.confidence = confidence(signals_of(one.question, one.chosen)) if one.chosen else 0.0
                one.refused = one.chosen is None or one.confidence < refuse_below

    def _choose(self, asked: _Asked, refuse_below: float, deadline: Deadline, whole: LookUp) -> None:
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
            asked.refused = asked.confidence < refuse_below * asked.share
        if asked.side is not None and asked.chosen is not None:
            said = " ".join(item.text for item in sentences_around(asked.chosen))
            asked.refused |= not speaks_of(asked.weights, asked.chosen.passage, said)
        if asked.chosen is not None and not asked.refused:
            asked.chosen = in_named_cell(asked.question, asked.chosen, whole)

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

    def _compute_instead(self, draft: _Draft, whole: LookUp) -> None:
        """Give the cells to add up or compare, or the rows to count, if that is asked for and no sentence states it; if
        there are none, refuse a question for the most of several documents."""
        asked = draft.asked[0] if len(draft.asked) == 1 else None
        if not asked or asked.side is not None or draft.mode == "write":
            return
        about = asked.question, asked.read, whole
        if asked.chosen is None or asked.refused or not says_result(asked.chosen):
            draft.form = column_total(*about) or column_extreme(*about)
        unstated = asked.refused or (asked.chosen is not None and not states_number(asked.chosen, asked.question))
        if draft.form is None and unstated and asks_count(asked.question):
            draft.form = count(*about, whole=asked.refused)
        if draft.form is None and not asked.refused:
            draft.form = not_stated(asked.question.text, asked.read, asked.chosen)

    def _as_found(self, draft: _Draft, deadline: Deadline) -> LookUp:
        """The whole documents of the hits, each read once; None for one that was changed or removed since its passages
        were found."""

        @cache
        def stored(document_id: str) -> StoredDocument | None:
            with self._index.snapshot() as snapshot:
                now, found = snapshot.origins([document_id]).get(document_id), draft.origins.get(document_id)
                same = now is not None and found is not None and now.version == found.version
                return snapshot.stored(document_id) if same else None

        def in_time(document_id: str) -> StoredDocument | None:
            deadline.check()
            return stored(document_id)

        return in_time

    def _parts(self, draft: _Draft, deadline: Deadline, whole: LookUp) -> Iterator[Parts]:
        """The parts of the answer to each question, or of its form."""
        if draft.form is not None:
            yield at_once(draft.form.parts)
            return
        for number, (one, chosen) in enumerate(draft.said()):
            if one.side is not None:
                yield at_once(side_parts(one.side, chosen, first=number == 0))
            else:
                yield self._said(draft.mode, one, chosen, deadline, whole)

    def _said(self, mode: Mode, asked: _Asked, chosen: Chosen, deadline: Deadline, whole: LookUp) -> Parts:
        if mode == "extract":
            return extract(chosen)
        question, hits = asked.question, asked.hits[:_EVIDENCE_HITS]
        model = self._models.writer() if mode == "write" else None
        if model is None:
            return quote(question, chosen, whole)
        evidence = select_evidence(hits, _EVIDENCE, int(model.context_tokens * _EVIDENCE_SHARE), model.count_tokens)
        note_evidence(evidence)
        return write(question, evidence, watched(model), deadline)

    def _answer(
        self, draft: _Draft, composed: Composed, conflicts: tuple[Conflict, ...], citations: tuple[Citation, ...]
    ) -> Answer:
        """The answer; `citations` are those of what was composed, and behind them those of the conflicts."""
        abstained = self._abstained(draft, composed)
        form = draft.form or Form()
        support = [claim.support for claim in composed.claims]
        used = [citation.document_id for citation in composed.citations]
        partly = partly_read_notices(used or [hit.passage.document_id for hit in draft.hits], draft.unread)
        draft.clock.lap("check")
        return Answer(
            id=draft.id,
            question=draft.text,
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
            notices=(*self._notices(draft.mode), *draft.notices, *(() if abstained else draft.unreadable), *partly),
            answer_span=_short_answer(draft, composed),
            resolved_question=draft.question.standalone if draft.resolved else None,
            conflicts=conflicts,
            documents=form.documents,
            sure=abstained is None and draft.sure,
            unanswered=draft.unanswered(),
        )

    def _abstained(self, draft: _Draft, composed: Composed) -> Abstention | None:
        """The reason why there is no answer, None if there is one."""
        form = draft.form
        if form is not None and form.reason:
            return Abstention(form.reason, form.remark)
        if composed.claims or (form is not None and form.mode == "catalogue"):
            return None
        if is_word(draft.question):
            with self._index.snapshot(draft.filters) as snapshot:
                return no_question(draft.question.text, _any_near(draft.asked, snapshot))
        if draft.unreadable:
            return Abstention("unread", "\n".join(draft.unreadable))
        reason: AbstentionReason = draft.outcomes[-1].reason if draft.outcomes else "no_evidence"
        with self._index.snapshot(draft.filters) as snapshot:
            if not draft.hits and draft.filters is not None and not snapshot.documents():
                return Abstention(reason, no_document_fits(draft.filters))
            near = _any_near(draft.asked, snapshot)
        alone = draft.asked[0] if near and len(draft.asked) == 1 else None
        if alone and (compared := not_stated(alone.question.text, alone.read, alone.chosen)):
            return Abstention("not_quotable", compared.remark)
        return refusal(reason, near, [name for one in draft.asked for name in one.unknown], empty=not draft.hits)

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
    weights: dict[str, float] = field(default_factory=dict)  # of the words of a side's subject
    unknown: tuple[str, ...] = ()  # names that no document mentions
    read: list[Hit] = field(default_factory=list)  # those whose passages are read
    readings: list[PassageReading] = field(default_factory=list)  # of these
    chosen: Chosen | None = None
    confidence: float = 0.0
    refused: bool = True

    @property
    def share(self) -> float:
        """The share of the thresholds of confidence that holds for it."""
        return 1.0 if self.side is None else _SIDE_SHARE

    @property
    def part(self) -> str:
        """The part of the whole question that it is."""
        return self.question.text if self.side is None else self.side.subject


@dataclass(slots=True)
class _Draft:
    """What is known of an answer so far."""

    question: Question
    text: str  # as it was asked, with what was pasted with it
    mode: Mode
    notices: tuple[str, ...] = ()  # on the threshold
    filters: Filters | None = None
    asked: list[_Asked] = field(default_factory=list)  # one, or two for a question that asks for two things; see `form`
    form: Form | None = None  # of its own, for which no passage has to be found
    share: float = 0.0  # probability of the form, if nothing else is asked
    hits: tuple[Hit, ...] = ()  # the listed ones
    unreadable: tuple[str, ...] = ()  # what to tell of files that could not be read and may be meant
    unread: dict[str, tuple[str, ...]] = field(default_factory=dict)  # notes of the documents that were read in part
    generation: int = 0
    origins: dict[str, Origin] = field(default_factory=dict)  # of the documents of all hits
    outcomes: list[Outcome] = field(default_factory=list)
    spoke: list[bool] = field(default_factory=list)  # for each outcome: True if it had a supported part
    clock: _Clock = field(default_factory=_Clock)
    id: str = field(default_factory=lambda: f"ans_{uuid.uuid4().hex}")

    @property
    def resolved(self) -> bool:
        """True if the question is read otherwise than it was asked."""
        return bool(self.question.carried) or len(self.question.text) < len(self.text)

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
        return (NO_CONCLUSION if self.compared else "") + "".join(outcome.remark for outcome in self.outcomes)

    @property
    def compared(self) -> bool:
        """True if the sides of a comparison are asked for."""
        return any(one.side is not None for one in self.asked)

    @property
    def confidence(self) -> float:
        """That of the least certain question that is answered, else of any; of a form of its own, the probability that
        it is asked for."""
        if self.asked:
            return min(one.confidence for one in [one for one, _ in self.said()] or self.asked)
        return 0.0 if self.form is None or self.form.reason else self.share

    @property
    def sure(self) -> bool:
        """False where fewer than two of three answers of such confidence are right."""
        if self.form is not None:
            return self.form.sure
        return all(one.confidence >= sure_from() * one.share for one, _ in self.said())

    def unanswered(self) -> tuple[str, ...]:
        """The parts of a question of several that have no claim in the answer."""
        if self.form is not None or len(self.asked) < 2:
            return ()
        silent = {id(one) for (one, _), spoke in zip(self.said(), self.spoke, strict=True) if not spoke}
        return tuple(one.part for one in self.asked if one.refused or id(one) in silent)


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


def _any_near(asked: Sequence[_Asked], snapshot: Snapshot) -> bool:
    """True if one of the first passages that were found is near its question."""
    return any(
        is_near(hit, without_superlatives(question_weights(snapshot, one.question), one.question.text))
        for one in asked
        for hit in one.hits[:_NEAREST]
    )


def _in_turn(lists: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The first hit of each list, then the second of each, and so on; each passage once."""
    found = {hit.passage.id: hit for hits in zip_longest(*lists) for hit in hits if hit is not None}
    return list(found.values())


def _checked(
    parts: Parts, composer: Composer, sure: bool, said_at: set[tuple[str, int, int]]
) -> Generator[NextClaim, None, tuple[Outcome, bool]]:
    """The parts that are supported, each put behind the answer so far; the others are not said, nor are those again
    whose sentences were quoted for another part of the question. Returns with the outcome if one was supported."""
    before, spoke = frozenset(said_at), False
    try:
        while True:
            try:
                part = next(parts)
            except StopIteration as end:
                return cast(Outcome, end.value), spoke
            if part.support < SUPPORTED:
                continue
            spoke = True
            places = {(one.evidence.passage.document_id, one.evidence.start, one.evidence.end) for one in part.places}
            if not places or not places <= before:
                yield composer.add(part)._replace(sure=sure)
            said_at |= places
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
    if not draft.said() or draft.mode == "write" or draft.form is not None or draft.compared:
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
